//! Output for terminals: harmless text, colour where it is wanted, words quoted for a shell.

use std::env;
use std::io::{self, IsTerminal};

use serde_json::Value;
use vocabulary::text::{is_invisible, visible};

/// How to write to a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    pub(crate) colour: bool,
    /// Columns; none where it is not a terminal, and lines are not to be folded.
    pub(crate) width: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Red = 31,
    Green = 32,
    Yellow = 33,
    Cyan = 36,
}

impl Style {
    pub(crate) fn of_stdout() -> Self {
        Self { colour: colour_wanted(&io::stdout()), width: comfy_table::Table::new().width() }
    }

    pub(crate) fn paint(self, text: &str, colour: Colour) -> String {
        if self.colour { format!("\u{1b}[1;{}m{text}\u{1b}[0m", colour as u8) } else { text.to_owned() }
    }
}

/// See <https://no-color.org>: any value but the empty one means no colour.
#[expect(clippy::disallowed_methods, reason = "variables for terminals, and no configuration of ours")]
pub(crate) fn colour_wanted(stream: &impl IsTerminal) -> bool {
    let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    stream.is_terminal() && !refused && !dumb
}

/// Makes text from elsewhere safe for one line of a terminal.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().map(visible).collect()
}

/// Makes every text in `value` [`harmless`].
pub(crate) fn disarm(value: &mut Value) {
    match value {
        Value::String(text) => *text = harmless(text),
        Value::Array(items) => items.iter_mut().for_each(disarm),
        Value::Object(fields) => fields.values_mut().for_each(disarm),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Writes JSON whose texts are unchanged for a program, and do not control a terminal.
pub(crate) fn json_text(value: &impl serde::Serialize) -> String {
    invisible_escaped(&serde_json::to_string_pretty(value).expect("values of JSON can be written"))
}

/// One element of an array that is written piece by piece, as [`json_text`] would write it; without the separator.
pub(crate) fn json_item(value: &Value) -> String {
    let text = json_text(value);
    let lines: Vec<_> = text.lines().map(|line| format!("  {line}")).collect();
    lines.join("\n")
}

/// The same on one line, for a stream of objects.
pub(crate) fn json_line(value: &Value) -> String {
    invisible_escaped(&value.to_string())
}

fn invisible_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        // Outside of strings only the line breaks are control characters.
        if c == '\n' || !is_invisible(c) {
            out.push(c);
            continue;
        }
        // Beyond the basic plane two escapes stand for one character (RFC 8259 §7).
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    }
    out.push('\n');
    out
}

/// `text` as one word of a shell's command.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    if plain { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn hostile_text_steers_no_terminal() {
        assert_eq!(harmless("a\r\nb\u{1b}[31m\u{9b}2J\u{202e}x"), "a  b\u{fffd}[31m\u{fffd}2J\u{fffd}x");
        for c in ['\u{61c}', '\u{2028}', '\u{2029}', '\u{ad}', '\u{180e}', '\u{e0000}', '\u{e007f}'] {
            assert_eq!(harmless(&format!("a{c}b")), "a\u{fffd}b", "U+{:04X}", u32::from(c));
        }
        let mut value = json!({"a": ["\u{7}"], "b": {"c": "\u{1b}]0;x"}});
        disarm(&mut value);
        assert_eq!(value, json!({"a": ["\u{fffd}"], "b": {"c": "\u{fffd}]0;x"}}));
    }

    #[test]
    fn json_keeps_its_meaning_and_steers_no_terminal() {
        let value = json!({"summary": "\u{9b}2J \u{1b}[0m \u{202e} \u{ad} \u{e0041} ü “”\n"});
        let text = json_text(&value);
        assert!(!text.trim_end().lines().any(|line| line.chars().any(is_invisible)), "{text:?}");
        assert!(text.contains("\\udb40\\udc41"), "a tag is written as a pair: {text}");
        assert!(text.contains("ü “”"));
        assert_eq!(serde_json::from_str::<Value>(&text).expect("JSON"), value);
    }

    #[test]
    fn the_items_of_an_array_make_the_same_text_as_the_array() {
        let items = json!([{"a": ["\u{7}", {}], "b": "x\ny"}, {"c": null}]);
        let pieces: Vec<_> = items.as_array().expect("an array").iter().map(json_item).collect();
        assert_eq!(format!("[\n{}\n]\n", pieces.join(",\n")), json_text(&items));
    }

    #[test]
    fn a_word_for_a_shell_is_quoted_where_a_shell_would_change_it() {
        assert_eq!(shell_word("www.example.com"), "www.example.com");
        assert_eq!(shell_word("*.example.com"), "'*.example.com'");
        assert_eq!(shell_word("a'$(b)"), "'a'\\''$(b)'");
    }
}
