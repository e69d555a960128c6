//! Computes the version that every program reports: the workspace's, with the commit if `MANAGED_HTTPS_COMMIT` names one.
//!
//! `make deploy` and `make release` set it. Other builds do not, so that a new commit alone recompiles nothing.

use std::env;

#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "cargo tells a build script by the environment, and hears it by its output"
)]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=MANAGED_HTTPS_COMMIT");
    let version = env::var("CARGO_PKG_VERSION").expect("cargo sets it for build scripts");
    let commit = env::var("MANAGED_HTTPS_COMMIT").unwrap_or_default();
    // Build metadata of Semantic Versioning: letters, digits and hyphens.
    let is_metadata = commit.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    let version = match commit.as_str() {
        "" => version,
        commit if is_metadata => format!("{version}+{commit}"),
        commit => {
            println!("cargo::error=MANAGED_HTTPS_COMMIT is no commit: {commit}");
            return;
        }
    };
    println!("cargo::rustc-env=MANAGED_HTTPS_VERSION={version}");
}
