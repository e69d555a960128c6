//! A record's name as typed at a DNS provider: without its zone.

use crate::names::domain_name::registered_domain;

/// A name in two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneName {
    /// `@` for the zone itself, `www`, `_acme-challenge.shop`.
    pub relative: String,
    /// `example.com`
    pub zone: String,
}

impl ZoneName {
    /// `name` in its zone: the one with this apex, if that is known and contains it, else its registrable domain, which is the
    /// zone unless a part of it is delegated.
    pub fn of(name: &str, apex: Option<&str>) -> Self {
        let registrable = registered_domain(name).unwrap_or(name);
        let zone = apex.filter(|apex| relative(name, apex).is_some()).unwrap_or(registrable);
        let relative = relative(name, zone).unwrap_or_else(|| name.to_owned());
        Self { relative, zone: zone.to_owned() }
    }
}

/// `None` if the name is not in the zone.
fn relative(name: &str, zone: &str) -> Option<String> {
    match name.strip_suffix(zone)? {
        "" => Some("@".to_owned()),
        rest => rest.strip_suffix('.').map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_given_relative_to_its_zone() {
        for (name, apex, relative, zone) in [
            ("example.com", None, "@", "example.com"),
            ("www.example.co.uk", None, "www", "example.co.uk"),
            ("*.example.com", None, "*", "example.com"),
            ("_acme-challenge.shop.example.com", None, "_acme-challenge.shop", "example.com"),
            ("_acme-challenge.shop.example.com", Some("shop.example.com"), "_acme-challenge", "shop.example.com"),
            ("shop.example.com", Some("shop.example.com"), "@", "shop.example.com"),
            // An apex of another name of the endpoint.
            ("www.example.org", Some("example.com"), "www", "example.org"),
            ("www.badexample.com", Some("example.com"), "www", "badexample.com"),
            ("com", None, "@", "com"),
        ] {
            let expected = ZoneName { relative: relative.into(), zone: zone.into() };
            assert_eq!(ZoneName::of(name, apex), expected, "{name}");
        }
    }
}
