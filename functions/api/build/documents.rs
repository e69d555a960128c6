//! Renders the pages of docs/ to HTML at build time: the deployed function has no Markdown parser.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use pulldown_cmark::{Alignment, CowStr, Event, Options, Parser, Tag, TagEnd, html};

/// Writes `documents.rs` to `out`: an expression, with the path below `docs`, the title and the HTML of each page.
pub(crate) fn write(docs: &Path, out: &Path) -> io::Result<()> {
    let mut pages = BTreeMap::new();
    collect(docs, docs, &mut pages)?;
    let mut source = String::from("&[\n");
    for (path, text) in &pages {
        let (title, html) = render(path, text, &|target| pages.contains_key(target));
        let path = path.to_str().ok_or_else(|| io::Error::other("a page's name is no text"))?;
        writeln!(source, "    Document {{ path: {path:?}, title: {title:?}, html: {html:?} }},")
            .map_err(io::Error::other)?;
    }
    source.push(']');
    fs::write(out.join("documents.rs"), source)
}

fn collect(docs: &Path, folder: &Path, pages: &mut BTreeMap<PathBuf, String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(docs, &path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let below = path.strip_prefix(docs).map_err(io::Error::other)?;
            pages.insert(below.to_owned(), fs::read_to_string(&path)?);
        }
    }
    Ok(())
}

/// Title and HTML of the page at `path`. A link to a target that is not served becomes plain text.
fn render(path: &Path, text: &str, is_page: &dyn Fn(&Path) -> bool) -> (String, String) {
    let mut events: Vec<Event<'_>> = Parser::new_ext(text, Options::ENABLE_TABLES).collect();
    let titles = name_headings(&mut events);
    // One in another has no end of its own.
    let mut dropped = 0_u32;
    events.retain_mut(|event| match event {
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => false,
        Event::Start(Tag::Link { dest_url, .. }) if !is_served(path, dest_url, is_page) => {
            dropped += 1;
            false
        }
        Event::End(TagEnd::Link) if dropped > 0 => {
            dropped -= 1;
            false
        }
        // The Content-Security-Policy allows no inline styles, which column alignment would become.
        Event::Start(Tag::Table(alignments)) => {
            alignments.fill(Alignment::None);
            true
        }
        _ => true,
    });
    let mut page = String::new();
    html::push_html(&mut page, events.into_iter());
    (titles.into_iter().next().unwrap_or_else(|| path.display().to_string()), page)
}

/// Gives each heading an anchor, as GitHub does. Returns the headings' texts.
fn name_headings(events: &mut [Event<'_>]) -> Vec<String> {
    let mut titles = Vec::new();
    let mut anchors: Vec<String> = Vec::new();
    let starts: Vec<usize> = events
        .iter()
        .enumerate()
        .filter(|(_, event)| matches!(event, Event::Start(Tag::Heading { .. })))
        .map(|(at, _)| at)
        .collect();
    for start in starts {
        let inside = events[start..].iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
        let title: String = inside
            .filter_map(|event| match event {
                Event::Text(text) | Event::Code(text) => Some(text.as_ref()),
                _ => None,
            })
            .collect();
        let plain = anchor(&title);
        let earlier = anchors.iter().filter(|known| **known == plain).count();
        if let Event::Start(Tag::Heading { id, .. }) = &mut events[start] {
            let own = if earlier == 0 { plain.clone() } else { format!("{plain}-{earlier}") };
            *id = Some(CowStr::from(own));
        }
        anchors.push(plain);
        titles.push(title);
    }
    titles
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|sign| sign.is_alphanumeric() || matches!(sign, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|sign| if sign == ' ' { '-' } else { sign }).collect()
}

/// Whether a link of the page at `path` opens: on another site, on this page, or at another page that is served.
fn is_served(path: &Path, target: &str, is_page: &dyn Fn(&Path) -> bool) -> bool {
    if target.starts_with("https://") || target.starts_with('#') {
        return true;
    }
    let file = target.split('#').next().unwrap_or_default();
    let mut resolved = path.parent().map(Path::to_owned).unwrap_or_default();
    for part in Path::new(file).components() {
        match part {
            Component::Normal(part) => resolved.push(part),
            // Above docs nothing is served.
            Component::ParentDir if resolved.pop() => {}
            Component::CurDir => {}
            _ => return false,
        }
    }
    is_page(&resolved)
}
