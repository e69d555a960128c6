//! The page `docs/reference/cli.md` and the manual pages are made of the help texts.

use std::fs;
use std::path::Path;

use crate::{assert_status, command, out};

const RENEW: &str = "docs/reference/cli.md is stale: renew it with `make build && .local/bin/managed-https reference > docs/reference/cli.md`";

fn reference() -> String {
    let output = command("", &["reference"]).env_clear().output().expect("starts");
    assert_status(&output, 0);
    out(&output).to_owned()
}

#[test]
fn the_reference_in_docs_is_what_the_program_says() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/cli.md");
    assert!(fs::read_to_string(page).expect("the page is there") == reference(), "{RENEW}");
}

#[test]
fn no_help_text_is_wider_than_a_terminal() {
    let page = reference();
    let texts = page.split("```").skip(1).step_by(2);
    for line in texts.flat_map(str::lines) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn every_command_has_examples() {
    let page = reference();
    let commands: Vec<_> = page.split("\n## ").skip(1).collect();
    assert_eq!(commands.len(), 21);
    for command in commands {
        assert!(command.contains("\nExamples:\n  "), "{command}");
    }
}

#[test]
fn there_is_a_manual_page_for_each_command() {
    let directory = std::env::temp_dir().join(format!("managed-https-man-{}", std::process::id()));
    let output = command("", &["man", directory.to_str().expect("text")]).env_clear().output().expect("starts");
    assert_status(&output, 0);
    let page = fs::read_to_string(directory.join("managed-https-check.1")).expect("a page");
    for part in [".TH managed-https-check 1", ".SH SYNOPSIS", "managed\\-https check www.example.com"] {
        assert!(page.contains(part), "{part} is missing in\n{page}");
    }
    assert_eq!(fs::read_dir(&directory).expect("a directory").count(), 22);
    fs::remove_dir_all(&directory).expect("it can be removed");
}
