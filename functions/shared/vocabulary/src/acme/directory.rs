//! The address of a CA.

/// The host of a directory's URL, by which people distinguish CAs.
pub fn host(directory: &str) -> &str {
    let rest = directory.split_once("://").map_or(directory, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}
