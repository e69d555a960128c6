//! Commands in code, as a shell would read them.

use std::iter::Peekable;
use std::path::PathBuf;
use std::str::Chars;

use crate::page::Page;

/// One call of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub page: PathBuf,
    pub line: usize,
    /// The program first. Variables stand as they are written.
    pub words: Vec<String>,
}

/// Every call of `program` in the blocks and spans of code. The changelog also names commands of earlier versions, so it
/// is left out.
pub fn commands(pages: &[Page], program: &str) -> Vec<Command> {
    let mut found = Vec::new();
    for page in pages.iter().filter(|page| !page.path.ends_with("CHANGELOG.md")) {
        for code in page.code() {
            for (number, line) in joined(&code.text) {
                let line_number = code.line + number + usize::from(code.language.is_some());
                // In what a program prints, only a line that is a command is one.
                let printed = code.language.as_deref().is_some_and(|language| language != "sh");
                let trimmed = line.trim().trim_start_matches("$ ");
                let calls = if printed { called(trimmed, program, true) } else { called(&line, program, false) };
                let calls = calls.into_iter();
                found.extend(calls.map(|words| Command { page: page.path.clone(), line: line_number, words }));
            }
        }
    }
    found
}

/// The targets of `make` in code.
pub fn make_targets(pages: &[Page]) -> Vec<Command> {
    let calls = commands(pages, "make").into_iter();
    calls
        .filter(|call| call.words.get(1).is_some_and(|word| word.chars().all(|sign| sign.is_ascii_lowercase())))
        .collect()
}

/// Lines that end with a backslash go on; each with the number of its first line.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        let (part, goes_on) = match line.strip_suffix('\\') {
            Some(part) => (part, true),
            None => (line, false),
        };
        match lines.last_mut() {
            Some((_, before)) if open => before.push_str(part),
            _ => lines.push((number, part.to_owned())),
        }
        open = goes_on;
    }
    lines
}

/// The calls of `program` in one line; with `at_start` only one that the line begins with.
fn called(line: &str, program: &str, at_start: bool) -> Vec<Vec<String>> {
    let calls = line.match_indices(program).filter(|(at, _)| {
        let (before, after) = (&line[..*at], &line[at + program.len()..]);
        let is_word = after.starts_with(' ');
        let begins = before.is_empty()
            || before.ends_with("/bin/")
            || (before.ends_with([' ', '(', '`']) && !before.trim_end().ends_with("--bin") && is_command(before));
        is_word && begins && (!at_start || before.is_empty())
    });
    calls.map(|(at, _)| words(&line[at..])).collect()
}

/// Whether a program may follow `before`: at the start, or after what ends or begins a command.
fn is_command(before: &str) -> bool {
    let before = before.trim_end();
    let last = before.rsplit([' ', '"']).next().unwrap_or_default();
    before.is_empty() || before.ends_with(['|', '&', ';', '(', '`']) || matches!(last, "do" | "then" | "!" | "$")
}

/// The words of the command that `line` begins with.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut signs = line.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            ' ' => words.extend(word.take()),
            '|' | ';' | '&' | ')' | '>' | '<' | '`' => break,
            '#' if word.is_none() => break,
            '\'' | '"' => quoted(&mut signs, sign, word.get_or_insert_default()),
            '$' if signs.peek() == Some(&'(') => substituted(&mut signs, word.get_or_insert_default()),
            _ => word.get_or_insert_default().push(sign),
        }
    }
    words.extend(word);
    words
}

fn quoted(signs: &mut Peekable<Chars<'_>>, end: char, word: &mut String) {
    while let Some(sign) = signs.next() {
        match sign {
            _ if sign == end => return,
            // Within, quotation marks are the other command's own.
            '$' if end == '"' && signs.peek() == Some(&'(') => substituted(signs, word),
            _ => word.push(sign),
        }
    }
}

/// What another command prints, as it is written: `$(output TableName)`.
fn substituted(signs: &mut Peekable<Chars<'_>>, word: &mut String) {
    let mut depth = 0_u32;
    word.push('$');
    for sign in signs.by_ref() {
        word.push(sign);
        match sign {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let page = Page { path: "page.md".into(), text: text.to_owned() };
        commands(&[page], "managed-https").into_iter().map(|command| command.words[1..].join(" ")).collect()
    }

    #[test]
    fn commands_are_found_in_blocks_and_spans() {
        let text = "Run `managed-https doctor`:\n\n```sh\nid=$(managed-https show a.test --format json | python3)\n\
                    terraform apply && managed-https wait a.test \\\n  --timeout 1h # then\n\
                    managed-https add a.test --also '*.a.test' >out\n```\n";
        let expected =
            ["doctor", "show a.test --format json", "wait a.test --timeout 1h", "add a.test --also *.a.test"];
        assert_eq!(found(text), expected);
    }

    #[test]
    fn a_command_substitution_is_part_of_a_word() {
        let text = "```sh\nmanaged-https wait \"$(output \"A B\")\" --token $(issue --for me) --timeout 1h\n```\n";
        assert_eq!(found(text), ["wait $(output \"A B\") --token $(issue --for me) --timeout 1h"]);
    }

    #[test]
    fn a_name_is_not_a_command() {
        let text = "```sh\nexport STACK_NAME=managed-https\naws deploy --stack-name managed-https-edge --x y\n\
                    cargo test --bin managed-https documented\n```\n\n```text\nUsage: managed-https [OPTIONS]\n  managed-https list\n```\n";
        assert_eq!(found(text), ["list"]);
    }
}
