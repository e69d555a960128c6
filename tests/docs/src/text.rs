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
    /// The descriptions of the stack's template.
    Template,
    /// A template of the dashboard: its text.
    Html,
    /// Production code: its sentences.
    Rust,
}

/// What people read of the file at `path`, which begins at the root. Pages and templates keep their lines.
pub fn readable(path: &Path, source: Source) -> Result<String> {
    let text = || fs::read_to_string(root().join(path)).with_context(|| path.display().to_string());
    Ok(match source {
        Source::Page => Page::read(path)?.prose(),
        Source::PageWithCode => text()?,
        Source::Template => {
            let template = Template::read()?;
            let all = template.parameters.iter().chain(&template.outputs).chain(&template.alarms);
            all.map(|described| format!("{}: {}\n", described.name, described.description)).collect()
        }
        Source::Html => without_markup(&text()?),
        Source::Rust => sentences(&text()?),
    })
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
    fn text_is_what_is_left_without_markup() {
        let html = "<p class=\"look\">One {# look #}\n{% if look %}two{% endif %} {{ look }}</p>\n";
        assert_eq!(without_markup(html).split_whitespace().collect::<Vec<_>>(), ["One", "two"]);
        assert_eq!(without_markup(html).lines().count(), 2);
    }
}
