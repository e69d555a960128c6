//! Names whose records the domain owner has moved to another registration.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use vocabulary::names::{DomainName, EndpointNames};

/// Names that another registration has proven since. The endpoint is paused, and its certificate is removed later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Authorization names.
    pub names: BTreeSet<DomainName>,
    /// When the first of them moved.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// How long its certificate stays, so that the domain owner can notice before a listener loses it.
    #[serde(with = "time::serde::rfc3339")]
    pub certificate_until: OffsetDateTime,
}

impl Moved {
    /// `before` with `name` added, which moved at `now`.
    pub fn with(
        before: Option<&Self>,
        name: DomainName,
        now: OffsetDateTime,
        certificate_until: OffsetDateTime,
    ) -> Self {
        let mut moved = before.cloned().unwrap_or(Self { names: BTreeSet::new(), since: now, certificate_until });
        moved.names.insert(name);
        moved
    }

    /// What remains of it for an endpoint that has only `names`.
    pub fn within(&self, names: &EndpointNames) -> Option<Self> {
        let kept = names.authorization_names();
        let names: BTreeSet<_> = self.names.iter().filter(|name| kept.contains(name)).cloned().collect();
        (!names.is_empty()).then_some(Self { names, ..self.clone() })
    }

    /// `shop.example.com and www.example.com`
    pub fn in_words(&self) -> String {
        let names: Vec<_> = self.names.iter().map(ToString::to_string).collect();
        names.join(" and ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    #[test]
    fn the_grace_begins_with_the_first_name_and_ends_with_the_last_that_is_left() {
        let name = |text: &str| text.parse::<DomainName>().expect("a name");
        let until = NOW + Duration::DAY;
        let first = Moved::with(None, name("a.example.com"), NOW, until);
        let both = Moved::with(Some(&first), name("b.example.com"), NOW + Duration::HOUR, until + Duration::HOUR);
        assert_eq!(
            (both.since, both.certificate_until, both.in_words().as_str()),
            (NOW, until, "a.example.com and b.example.com")
        );
        let names = |domain: &str| EndpointNames::parse(domain, &[], 9).expect("valid");
        assert_eq!(both.within(&names("b.example.com")).map(|left| left.names.len()), Some(1));
        assert_eq!(both.within(&names("c.example.com")), None);
    }
}
