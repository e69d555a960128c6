//! A common mistake in forms: the zone appended to the target.

/// Whether `to` is `target` with a zone around `name` appended: forms append it if the final dot is missing.
pub(crate) fn is_appended(name: &str, target: &str, to: &str) -> bool {
    let zone = to.strip_prefix(target).and_then(|rest| rest.strip_prefix('.'));
    zone.is_some_and(|zone| name == zone || name.ends_with(&format!(".{zone}")))
}
