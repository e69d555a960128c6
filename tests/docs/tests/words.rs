//! The words of the glossary, in everything people read.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use documentation::{Source, old_words, pages, readable, relative_pronouns, words};

/// Everything people read.
const CHECKED: &[(&str, Source)] = &[
    ("README.md", Source::Page),
    ("CONTRIBUTING.md", Source::Page),
    ("SECURITY.md", Source::Page),
    ("docs", Source::Page),
    ("template.yaml", Source::Template),
    ("functions/api/templates", Source::Html),
    ("functions/api/src", Source::Rust),
    ("functions/shared/domain/src", Source::Rust),
    ("functions/shared/vocabulary/src", Source::Rust),
    ("functions/inspect-installation/src", Source::Rust),
    ("functions/reconcile-certificates/src", Source::Rust),
    ("functions/serve-custom-resource/src", Source::Rust),
    ("functions/schedules", Source::Rust),
    ("functions/shared/adapters/src", Source::Rust),
    ("docs/reference/cli.md", Source::PageWithCode),
    ("functions/shared/runtime/src", Source::Rust),
    ("functions/flow", Source::Rust),
    ("functions/cli/src", Source::Rust),
    ("functions/shared/diagnosis/src", Source::Rust),
    ("functions/shared/wire/src", Source::Rust),
    ("docs/reference/checks.md", Source::PageWithCode),
    ("docs/reference/events.md", Source::PageWithData),
    ("docs/reference/failure-drills.md", Source::PageWithData),
];

/// Relative pronouns for each 1,000 words: README and guides.
const MOST_PRONOUNS: f64 = 15.0;

/// Tests have words of their own.
fn is_a_test(path: &Path) -> bool {
    path.components()
        .any(|part| matches!(part.as_os_str().to_str(), Some("tests" | "tests.rs" | "properties.rs" | "Cargo.toml")))
}

/// The files below `path`, or itself.
fn files(path: &str) -> Result<Vec<PathBuf>> {
    let root = documentation::root();
    let mut open = vec![root.join(path)];
    let mut files = Vec::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            for entry in std::fs::read_dir(path)? {
                open.push(entry?.path());
            }
        } else if path.extension().is_some_and(|extension| extension != "png") {
            let path = path.strip_prefix(&root)?.to_owned();
            files.extend((!is_a_test(&path)).then_some(path));
        }
    }
    files.sort();
    Ok(files)
}

/// What they say with old words.
fn found(sets: &[(&str, Source)]) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for (set, source) in sets {
        for path in &files(set)? {
            for word in old_words(&readable(path, *source)?) {
                lines.push(format!("{}:{}: “{}”: {}", path.display(), word.line, word.old, word.better));
            }
        }
    }
    Ok(lines)
}

#[test]
fn no_old_word_is_used() -> Result<()> {
    let found = found(CHECKED)?;
    ensure!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

/// Of the old words, those that mean nothing else in a comment.
const IN_COMMENTS: [&str; 6] = ["anew", "whose move*", "whose turn", "standing record*", "the engine", "parked"];

/// What explains former names says them.
const OF_FORMER_NAMES: &str = "functions/shared/wire/src/renamed.rs";

#[test]
fn no_old_word_is_used_in_a_comment() -> Result<()> {
    let mut found = Vec::new();
    let code = files("functions")?.into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "rs"));
    for path in code.filter(|path| path != Path::new(OF_FORMER_NAMES)) {
        let used = old_words(&readable(&path, Source::Comments)?);
        let old = used.iter().filter(|word| IN_COMMENTS.contains(&word.old));
        found.extend(old.map(|word| format!("{}:{}: “{}”: {}", path.display(), word.line, word.old, word.better)));
    }
    ensure!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

#[test]
fn readme_and_guides_have_few_relative_pronouns() -> Result<()> {
    let guides = pages()?.into_iter().filter(|page| {
        page.path == Path::new("README.md")
            || page.path == Path::new("docs/tutorial.md")
            || page.path.starts_with("docs/how-to")
    });
    let mut measured = 0;
    let mut too_many = Vec::new();
    for page in guides {
        let prose = page.prose();
        let rate = relative_pronouns(&prose);
        // In a page of a few sentences one pronoun says nothing.
        if rate > MOST_PRONOUNS && words(&prose).len() > 150 {
            too_many.push(format!("{}: {rate:.1}", page.path.display()));
        }
        measured += 1;
    }
    ensure!(measured > 15, "the guides were found");
    ensure!(too_many.is_empty(), "of 1,000 words, at most {MOST_PRONOUNS}:\n{}", too_many.join("\n"));
    Ok(())
}
