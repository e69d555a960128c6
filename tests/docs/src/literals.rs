//! The sentences of a Rust file: its string literals, without those of its tests.

/// Each literal with a blank in it on the line where it begins; comments and everything else are left out. What is filled
/// in (`{name}`) is a blank.
pub(crate) fn sentences(source: &str) -> String {
    let production = source.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let mut out = String::new();
    let mut rest = production;
    while let Some(at) = rest.find(['"', '/', '\'', '\n']) {
        let (sign, after) = (&rest[at..=at], &rest[at + 1..]);
        let raw = sign == "\"" && rest[..at].trim_end_matches('#').ends_with('r');
        rest = match sign {
            "\n" => {
                out.push('\n');
                after
            }
            "/" if after.starts_with('/') => &after[after.find('\n').unwrap_or(after.len())..],
            // A character, or a lifetime.
            "'" if after.starts_with('\\') => after.get(2..).unwrap_or_default(),
            "'" => after.strip_prefix('"').unwrap_or(after),
            "\"" => {
                let (literal, rest) = literal(after, raw);
                if literal.trim().contains(' ') {
                    out.push_str(&without_fields(literal));
                }
                // What it spans keeps its lines.
                out.extend(literal.matches('\n').map(|_| '\n'));
                rest
            }
            _ => after,
        };
    }
    out
}

/// Up to the quote that ends it, and what comes after.
fn literal(text: &str, raw: bool) -> (&str, &str) {
    let mut escaped = false;
    for (at, sign) in text.char_indices() {
        match sign {
            '"' if !escaped => return (&text[..at], &text[at + 1..]),
            '\\' if !raw => escaped = !escaped,
            _ => escaped = false,
        }
    }
    (text, "")
}

/// On one line.
fn without_fields(literal: &str) -> String {
    let mut depth = 0_u32;
    let mut text = String::from(" ");
    for sign in literal.chars() {
        match sign {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            '\n' | '\\' => text.push(' '),
            sign if depth == 0 => text.push(sign),
            _ => {}
        }
    }
    // No phrase runs from one literal into the next.
    text.push_str(" …");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_literals_with_a_blank_of_production_code_on_their_lines() {
        let source = "// a \"comment here\"\nlet a = \"one word: {name}\";\nlet b = '\"';\nlet c = \"remedy\";\n\
                      let d = \"two \\\n    lines \\\" here\";\nlet e = r\"raw text\";\n#[cfg(test)]\nmod tests { \"in a test\" }";
        let found = sentences(source);
        let lines: Vec<_> = found.lines().map(str::trim).collect();
        assert_eq!(lines[1], "one word:  …");
        assert!(lines[4].starts_with("two") && lines[4].contains("here"), "{lines:?}");
        assert_eq!(lines[6], "raw text …");
        assert!(!found.contains("remedy") && !found.contains("comment") && !found.contains("test"), "{found}");
    }
}
