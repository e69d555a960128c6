//! Which version runs.

/// The workspace's version, with the commit if it was built from a known one: `0.2.0+02a4ee165599`.
///
/// One for the functions and the CLI. Semantic Versioning 2.0.0; the commit is build metadata (§10).
pub const VERSION: &str = env!("MANAGED_HTTPS_VERSION");

/// The user agent of the functions and the CLI (RFC 9110 §10.1.5).
pub const USER_AGENT: &str = concat!("managed-https/", env!("MANAGED_HTTPS_VERSION"));
