//! Names and what they stand for, one below the other.

use super::width::{cells, padded};
use crate::terminal::output::Look;

/// Leaves out what is empty, and folds long values between words only: a word, such as an ARN, stays one that can be copied.
pub(super) fn facts(look: Look, facts: &[(&str, String)]) -> String {
    let facts = facts.iter().filter(|(_, value)| !value.is_empty());
    let names = facts.clone().map(|(name, _)| cells(name)).max().unwrap_or_default();
    let room = look.width.map(|width| usize::from(width).saturating_sub(names + 4));
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

/// The lines of `value`, none wider than `room` cells unless a word is.
pub(super) fn fold(value: &str, room: Option<usize>) -> Vec<String> {
    let Some(room) = room else { return vec![value.to_owned()] };
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in value.split_whitespace() {
        let length = cells(word);
        if used > 0 && used + 1 + length > room {
            lines.push(String::new());
            used = 0;
        }
        let line = lines.last_mut().expect("there is a first one");
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += length;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_folded_between_words_and_words_are_not() {
        let rows = [("Name", "one two three".to_owned()), ("A", "arn:aws:acm:eu-central-1:1".to_owned())];
        let text = facts(Look { colour: false, width: Some(16) }, &rows);
        assert_eq!(text, " Name   one two\n        three\n A      arn:aws:acm:eu-central-1:1\n");
        let wide = [("名前", "証明書 は 有効".to_owned()), ("A", "b".to_owned())];
        let text = facts(Look { colour: false, width: Some(16) }, &wide);
        assert_eq!(text, " 名前   証明書\n        は 有効\n A      b\n", "two cells to a character");
        let piped = facts(Look { colour: false, width: None }, &rows);
        assert_eq!(piped.lines().count(), 2);
    }
}
