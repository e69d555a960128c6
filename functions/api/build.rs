//! Brings htmx to where `include_bytes!` finds it (`make set-up` fetches it; no copy of it is kept in git), and makes HTML of
//! docs/.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

#[path = "build/documents.rs"]
mod documents;

const FETCHED: &str = ".local/web/htmx.js";
const DOCS: &str = "../../docs";

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script by the environment")]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed={DOCS}");
    let variable = |name| PathBuf::from(env::var_os(name).expect("cargo sets it for build scripts"));
    let (manifest, out) = (variable("CARGO_MANIFEST_DIR"), variable("OUT_DIR"));
    let fetched = manifest.ancestors().map(|folder| folder.join(FETCHED)).find(|file| file.is_file());
    match fetched {
        Some(fetched) => bring(&fetched, &out.join("htmx.js")),
        None => give_up(&format!("{FETCHED} is missing: make set-up fetches it")),
    }
    if let Err(error) = documents::write(&manifest.join(DOCS), &out) {
        give_up(&format!("docs/ cannot be rendered: {error}"));
    }
}

fn bring(from: &Path, to: &Path) {
    println!("cargo::rerun-if-changed={}", from.display());
    if let Err(error) = fs::copy(from, to) {
        give_up(&format!("cannot copy {}: {error}", from.display()));
    }
}

fn give_up(why: &str) -> ! {
    println!("cargo::error={why}");
    process::exit(1);
}
