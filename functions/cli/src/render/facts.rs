//! Names and their values, one below the other.

use super::width::{cells, padded};
use crate::terminal::output::Style;

/// Programs whose commands occur in our texts.
const PROGRAMS: [&str; 9] = ["managed-https", "aws", "sam", "make", "curl", "dig", "eval", "date", "export"];
/// What a command follows in a sentence.
const BEFORE_COMMANDS: [&str; 3] = ["run", "Run", "→"];
/// Where a command in a sentence ends.
const AFTER_COMMANDS: [&str; 3] = ["; ", ". ", " ("];

/// Leaves out empty values, and folds long ones between words only: a word, such as an ARN, and a command stay whole, so
/// that they can be copied.
pub(super) fn facts(style: Style, facts: &[(&str, String)]) -> String {
    let facts = facts.iter().filter(|(_, value)| !value.is_empty());
    let names = facts.clone().map(|(name, _)| cells(name)).max().unwrap_or_default();
    let room = style.width.map(|width| usize::from(width).saturating_sub(names + 4));
    let mut text = String::new();
    for (name, value) in facts {
        let mut name = *name;
        for line in fold(value, room) {
            text += format!(" {}   {line}", padded(name, names)).trim_end();
            text += "\n";
            name = "";
        }
    }
    text
}

/// The lines of `value`, none wider than `room` cells unless a word or a command is.
pub(super) fn fold(value: &str, room: Option<usize>) -> Vec<String> {
    let Some(room) = room else { return vec![value.to_owned()] };
    let mut lines = vec![String::new()];
    let mut used = 0;
    for piece in pieces(value) {
        let length = cells(piece);
        if used > 0 && used + 1 + length > room {
            lines.push(String::new());
            used = 0;
        }
        let line = lines.last_mut().expect("there is a first one");
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(piece);
        used += length;
    }
    lines
}

/// What stays on one line: words, and whole commands.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces: Vec<&str> = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let word = rest.split_whitespace().next().unwrap_or(rest);
        let length = if word.starts_with('`') {
            quoted_length(rest)
        } else if starts_command(pieces.last().copied(), word) {
            command_length(rest)
        } else {
            word.len()
        };
        let (piece, after) = rest.split_at(length);
        pieces.push(piece.trim_end());
        rest = after.trim_start();
    }
    pieces
}

fn starts_command(before: Option<&str>, word: &str) -> bool {
    let follows = before.is_none_or(|before| before.ends_with(':') || BEFORE_COMMANDS.contains(&before));
    follows && PROGRAMS.contains(&word)
}

/// From a backtick to the blank after its counterpart.
fn quoted_length(text: &str) -> usize {
    let word_end = |from: usize| text[from..].find(char::is_whitespace).map_or(text.len(), |at| from + at);
    match text[1..].find('`') {
        Some(end) => word_end(end + 2),
        None => word_end(0),
    }
}

fn command_length(text: &str) -> usize {
    AFTER_COMMANDS.iter().filter_map(|end| text.find(end)).min().map_or(text.len(), |at| match text.as_bytes()[at] {
        b' ' => at,
        _ => at + 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_folded_between_words_and_words_are_not() {
        let rows = [("Name", "one two three".to_owned()), ("A", "arn:aws:acm:eu-central-1:1".to_owned())];
        let text = facts(Style { colour: false, width: Some(16) }, &rows);
        assert_eq!(text, " Name   one two\n        three\n A      arn:aws:acm:eu-central-1:1\n");
        let wide = [("名前", "証明書 は 有効".to_owned()), ("A", "b".to_owned())];
        let text = facts(Style { colour: false, width: Some(16) }, &wide);
        assert_eq!(text, " 名前   証明書\n        は 有効\n A      b\n", "two cells to a character");
        let piped = facts(Style { colour: false, width: None }, &rows);
        assert_eq!(piped.lines().count(), 2);
    }

    #[test]
    fn a_command_stays_on_one_line_anywhere_in_a_text() {
        let command = "managed-https renew www.example.com --wait";
        for text in [
            command.to_owned(),
            format!("Create the record; then: {command}"),
            format!("To retry now: {command}; it takes a minute."),
            format!("Correct it. Run `{command}`, and wait."),
            format!("Confirm it (by hand). Then run {command}"),
        ] {
            for room in [1, 10, 20, 50] {
                let lines = fold(&text, Some(room));
                assert!(lines.iter().any(|line| line.contains(command)), "{room} {lines:?}");
                assert_eq!(lines.join(" "), text);
                assert!(lines.iter().all(|line| cells(line) <= room || !line.contains(' ') || line.contains(command)));
            }
        }
        // A word that is also the name of a program is none in a sentence.
        assert_eq!(fold("what they make of it", Some(9)), ["what they", "make of", "it"].map(str::to_owned));
    }
}
