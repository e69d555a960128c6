//! Links between pages.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::page::{Link, Page, root};

/// What a link leads to.
enum Target {
    /// Another site, or a mail.
    Elsewhere,
    Here {
        path: PathBuf,
        anchor: Option<String>,
    },
}

fn target(page: &Page, link: &Link) -> Target {
    if link.target.contains("://") || link.target.starts_with("mailto:") {
        return Target::Elsewhere;
    }
    let (path, anchor) = match link.target.split_once('#') {
        Some((path, anchor)) => (path, Some(anchor.to_owned())),
        None => (link.target.as_str(), None),
    };
    let folder = page.path.parent().unwrap_or(Path::new(""));
    let path = if path.is_empty() { page.path.clone() } else { normal(&folder.join(path)) };
    Target::Here { path, anchor }
}

/// Without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                parts.pop();
            }
            Component::Normal(name) => parts.push(name),
            _ => {}
        }
    }
    parts
}

/// Relative links without a file or a heading, each as a line to read.
pub fn broken_links(pages: &[Page]) -> Vec<String> {
    let anchors: BTreeMap<&Path, Vec<String>> =
        pages.iter().map(|page| (page.path.as_path(), page.anchors())).collect();
    let mut broken = Vec::new();
    for page in pages {
        for link in page.links() {
            let Target::Here { path, anchor } = target(page, &link) else { continue };
            let place = format!("{}:{}: {}", page.path.display(), link.line, link.target);
            if !anchors.contains_key(path.as_path()) && !root().join(&path).exists() {
                broken.push(format!("{place}: no such file"));
            } else if let Some(anchor) = anchor
                && !anchors.get(path.as_path()).is_some_and(|there| there.contains(&anchor))
            {
                broken.push(format!("{place}: no such heading"));
            }
        }
    }
    broken
}

/// Pages below docs that `text` names, as programs and comments do.
pub fn named_pages(text: &str) -> BTreeSet<PathBuf> {
    let named = text.match_indices("docs/").filter_map(|(at, _)| {
        let rest = &text[at..];
        let end = rest.find(|sign: char| !(sign.is_ascii_alphanumeric() || "/_.-".contains(sign)));
        let path = rest[..end.unwrap_or(rest.len())].trim_end_matches('.');
        path.ends_with(".md").then(|| PathBuf::from(path))
    });
    named.collect()
}

/// The pages that `from` links to.
pub fn linked_pages(from: &Page) -> BTreeSet<PathBuf> {
    let links = from.links();
    let paths = links.iter().filter_map(|link| match target(from, link) {
        Target::Here { path, .. } => Some(path),
        Target::Elsewhere => None,
    });
    paths.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_without_its_file_or_its_heading_is_broken() {
        let text = "# Real\n[a](../README.md) [b](nowhere.md) [c](#real) [d](#unreal) [e](https://example.com)\n";
        let page = Page { path: "docs/page.md".into(), text: text.to_owned() };
        let broken = broken_links(&[page]);
        assert_eq!(broken, ["docs/page.md:2: nowhere.md: no such file", "docs/page.md:2: #unreal: no such heading"]);
    }
}
