//! Markdown pages, with their headings, links and code.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// The folder of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Puts `text` into the page `path`, between `begin` and `end`, in place of the text there.
pub fn fill_in(path: &str, begin: &str, end: &str, text: &str) -> Result<()> {
    let file = root().join(path);
    let page = fs::read_to_string(&file).context(path.to_owned())?;
    let (before, rest) = page.split_once(begin).context("the page has a place for it")?;
    let (_, after) = rest.split_once(end).context("the place has an end")?;
    fs::write(file, format!("{before}{begin}\n{text}\n{end}{after}")).context(path.to_owned())
}

#[derive(Clone, Debug)]
pub struct Page {
    /// From the root: `docs/how-to/deploy.md`.
    pub path: PathBuf,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct Link {
    pub line: usize,
    pub target: String,
}

/// A block or a span of code.
#[derive(Clone, Debug)]
pub struct Code {
    pub line: usize,
    /// Of a block; a span has none.
    pub language: Option<String>,
    pub text: String,
}

/// Every page that people read: those of the root, and all below docs.
pub fn pages() -> Result<Vec<Page>> {
    let root = root();
    let mut paths = Vec::new();
    for entry in fs::read_dir(&root)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
    collect(&root.join("docs"), &mut paths)?;
    paths.sort();
    paths.into_iter().map(|path| Page::read(path.strip_prefix(&root)?)).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
    Ok(())
}

impl Page {
    /// Reads the page at `path`, which begins at the root.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(root().join(path)).with_context(|| path.display().to_string())?;
        Ok(Self { path: path.to_owned(), text })
    }

    fn events(&self) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
        Parser::new_ext(&self.text, Options::ENABLE_TABLES).into_offset_iter()
    }

    fn line(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }

    /// The anchors of the headings, as GitHub makes them.
    pub fn anchors(&self) -> Vec<String> {
        let mut anchors: Vec<String> = Vec::new();
        let mut heading: Option<String> = None;
        for (event, _) in self.events() {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                Event::End(TagEnd::Heading(_)) => {
                    let plain = anchor(&heading.take().unwrap_or_default());
                    let earlier = anchors.iter().filter(|other| is_numbered(other, &plain)).count();
                    anchors.push(if earlier == 0 { plain } else { format!("{plain}-{earlier}") });
                }
                _ => {}
            }
        }
        anchors
    }

    /// Links and images.
    pub fn links(&self) -> Vec<Link> {
        let links = self.events().filter_map(|(event, at)| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some(Link { line: self.line(at.start), target: dest_url.to_string() })
            }
            _ => None,
        });
        links.collect()
    }

    pub fn code(&self) -> Vec<Code> {
        let mut found = Vec::new();
        let mut block: Option<Code> = None;
        for (event, at) in self.events() {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let language = match kind {
                        CodeBlockKind::Fenced(language) => language.to_string(),
                        CodeBlockKind::Indented => String::new(),
                    };
                    block = Some(Code { line: self.line(at.start), language: Some(language), text: String::new() });
                }
                Event::Text(text) => {
                    if let Some(block) = &mut block {
                        block.text.push_str(&text);
                    }
                }
                Event::End(TagEnd::CodeBlock) => found.extend(block.take()),
                Event::Code(text) => {
                    found.push(Code { line: self.line(at.start), language: None, text: text.to_string() });
                }
                _ => {}
            }
        }
        found
    }

    /// The text without code, one line of it for each line of the page.
    pub fn prose(&self) -> String {
        let mut lines = vec![String::new(); self.text.lines().count() + 1];
        let mut in_block = false;
        for (event, at) in self.events() {
            match event {
                Event::Start(Tag::CodeBlock(_)) => in_block = true,
                Event::End(TagEnd::CodeBlock) => in_block = false,
                Event::Text(text) if !in_block => {
                    let line = &mut lines[self.line(at.start) - 1];
                    line.push_str(&text);
                }
                // A word of code is no word of ours, and still parts those beside it.
                Event::Code(_) => lines[self.line(at.start) - 1].push_str(" … "),
                Event::End(TagEnd::TableCell) => lines[self.line(at.start) - 1].push_str(" … "),
                _ => {}
            }
        }
        lines.join("\n")
    }
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|sign| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|sign| if sign == ' ' { '-' } else { sign }).collect()
}

/// Whether `anchor` is `plain`, or one of its repetitions: `plain-1`.
fn is_numbered(anchor: &str, plain: &str) -> bool {
    match anchor.strip_prefix(plain) {
        Some("") => true,
        Some(rest) => rest.strip_prefix('-').is_some_and(|number| number.parse::<u32>().is_ok()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(text: &str) -> Page {
        Page { path: "docs/page.md".into(), text: text.to_owned() }
    }

    #[test]
    fn a_heading_has_the_anchor_that_github_makes() {
        let page = page("# One, two: `three`\n## One\n## One\n### When the account changes\n");
        assert_eq!(page.anchors(), ["one-two-three", "one", "one-1", "when-the-account-changes"]);
    }

    #[test]
    fn prose_is_what_is_left_without_code() {
        let page = page("Look `look` here\n\n```sh\nlook\n```\n\nand [there](look.md)\n");
        let prose = page.prose();
        assert_eq!(prose.split_whitespace().collect::<Vec<_>>(), ["Look", "…", "here", "and", "there"]);
        assert_eq!(prose.lines().position(|line| line.contains("there")), Some(6), "{prose:?}");
    }

    #[test]
    fn code_has_its_line_and_language() {
        let page = page("a `b`\n\n```sh\nc\n```\n");
        let code: Vec<_> =
            page.code().into_iter().map(|code| (code.line, code.language.unwrap_or_default(), code.text)).collect();
        assert_eq!(code, [(1, String::new(), "b".to_owned()), (3, "sh".to_owned(), "c\n".to_owned())]);
    }
}
