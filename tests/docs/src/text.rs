//! Files that people read a part of, and that part.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::literals::sentences;
use crate::page::{Page, root};
use crate::template::Template;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A page, without code.
    Page,
    /// A page with its code: help texts, and messages as they are sent.
    PageWithCode,
    /// The same, without the names and words of its data: some are sent by their old names, too.
    PageWithData,
    /// The descriptions of the stack's template.
    Template,
    /// A template of the dashboard: its text.
    Html,
    /// Production code: its sentences.
    Rust,
    /// The comments of code. Lines stay.
    Comments,
}

/// What people read of the file at `path`, which begins at the root. Pages and templates keep their lines.
pub fn readable(path: &Path, source: Source) -> Result<String> {
    let text = || fs::read_to_string(root().join(path)).with_context(|| path.display().to_string());
    Ok(match source {
        Source::Page => Page::read(path)?.prose(),
        Source::PageWithCode => text()?,
        Source::PageWithData => without_words_of_data(&text()?),
        Source::Template => {
            let template = Template::read()?;
            let all =
                template.parameters.iter().chain(&template.outputs).chain(&template.alarms).chain(&template.resources);
            all.map(|described| format!("{}: {}\n", described.name, described.description)).collect()
        }
        Source::Html => without_markup(&text()?),
        Source::Rust => sentences(&text()?),
        Source::Comments => {
            let comment = |line: &str| line.trim_start().strip_prefix("//").unwrap_or_default().to_owned();
            text()?.lines().map(comment).collect::<Vec<_>>().join("\n")
        }
    })
}

/// Without what stands in quotes alone and is one word.
fn without_words_of_data(text: &str) -> String {
    let is_word =
        |part: &str| !part.is_empty() && part.chars().all(|sign| sign.is_alphanumeric() || "_-".contains(sign));
    let parts: Vec<&str> = text.split('"').collect();
    let last = parts.len() - 1;
    let kept = parts.iter().enumerate().map(|(at, part)| if at > 0 && at < last && is_word(part) { " " } else { part });
    kept.collect::<Vec<_>>().join("\"")
}

/// Without tags, comments, statements and expressions; lines stay.
fn without_markup(html: &str) -> String {
    let mut text = String::new();
    let mut rest = html;
    while !rest.is_empty() {
        let end = [("<!--", "-->"), ("<", ">"), ("{#", "#}"), ("{%", "%}"), ("{{", "}}")]
            .into_iter()
            .find(|(begin, _)| rest.starts_with(begin));
        if let Some((_, end)) = end {
            let length = rest.find(end).map_or(rest.len(), |at| at + end.len());
            text.extend(rest[..length].chars().filter(|sign| *sign == '\n'));
            text.push(' ');
            rest = &rest[length..];
        } else {
            let mut signs = rest.chars();
            text.extend(signs.next());
            rest = signs.as_str();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_data_are_not_read_as_text() {
        let json = "\"remedy\": \"Attach it by itself.\",\n\"kind\": [\"budget\"]";
        let kept = without_words_of_data(json);
        assert!(!kept.contains("remedy") && !kept.contains("budget") && kept.contains("by itself"), "{kept}");
        assert_eq!(kept.lines().count(), 2);
    }

    #[test]
    fn text_is_what_is_left_without_markup() {
        let html = "<p class=\"look\">One {# look #}\n{% if look %}two{% endif %} {{ look }}</p>\n";
        assert_eq!(without_markup(html).split_whitespace().collect::<Vec<_>>(), ["One", "two"]);
        assert_eq!(without_markup(html).lines().count(), 2);
    }
}
