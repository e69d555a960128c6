//! Names that programs match and that differed in the previous release: both are accepted until the next release.

use serde::{Deserialize, Deserializer};

/// The previous and the current name, of checks and of kinds of events.
const RENAMED: [(&str, &str); 9] = [
    ("standing-missing", "persistent-missing"),
    ("standing-elsewhere", "persistent-elsewhere"),
    ("standing-malformed", "persistent-malformed"),
    ("standing-expired", "persistent-expired"),
    ("standing-wildcard", "persistent-wildcard"),
    ("stand-in-directory", "fallback-directory"),
    ("stand-in-account", "fallback-account"),
    ("EngineUnhealthy", "InstallationUnhealthy"),
    ("parked", "paused"),
];

/// The current name, from either name.
pub fn name_now(name: &str) -> &str {
    RENAMED.iter().find(|(former, _)| *former == name).map_or(name, |(_, now)| now)
}

/// The name in the previous release, if it differed.
pub fn former_name(name: &str) -> Option<&'static str> {
    RENAMED.iter().find(|(_, now)| *now == name).map(|(former, _)| *former)
}

/// Reads a name that may have been stored by the previous release.
pub fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(name_now(&String::deserialize(deserializer)?).to_owned())
}

/// As [`read`], for an optional name.
pub fn read_optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let name = Option::<String>::deserialize(deserializer)?;
    Ok(name.map(|name| name_now(&name).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn former_and_new_names_map_to_each_other_and_the_rest_stays() {
        for (former, now) in RENAMED {
            assert_eq!((name_now(former), name_now(now), former_name(now)), (now, now, Some(former)));
            assert_eq!(former_name(former), None);
        }
        assert_eq!((name_now("delegation-missing"), former_name("delegation-missing")), ("delegation-missing", None));
    }
}
