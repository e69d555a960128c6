//! What CAs may still have on record as validated for a registration.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::names::certificate_name::CertificateName;

/// An authorization at a CA (RFC 8555 §7.1.4), which the account may reuse while it is valid: for any tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownAuthorization {
    /// Of the CA.
    pub directory: String,
    pub url: String,
    pub name: CertificateName,
}

/// The most of one name at one CA: a CA reuses its authorization, so earlier ones have ended.
const MOST_OF_A_NAME: usize = 2;
/// The most of a registration: as many as two full orders.
const MOST: usize = 200;

/// `known` and then `newer`, each once; only the newest if there are too many.
pub fn remembering(
    known: impl IntoIterator<Item = KnownAuthorization>,
    newer: impl IntoIterator<Item = KnownAuthorization>,
) -> Vec<KnownAuthorization> {
    let all: Vec<_> = known.into_iter().chain(newer).collect();
    let mut of_name: BTreeMap<(String, CertificateName), usize> = BTreeMap::new();
    let mut kept: Vec<KnownAuthorization> = Vec::new();
    for one in all.into_iter().rev() {
        let count = of_name.entry((one.directory.clone(), one.name.clone())).or_default();
        let is_known = kept.iter().any(|known| known.url == one.url);
        if kept.len() < MOST && *count < MOST_OF_A_NAME && !is_known {
            *count += 1;
            kept.push(one);
        }
    }
    kept.reverse();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str, number: usize) -> KnownAuthorization {
        KnownAuthorization {
            directory: "https://ca.example/directory".into(),
            url: format!("https://ca.example/authz/{name}/{number}"),
            name: name.parse().expect("a name"),
        }
    }

    #[test]
    fn an_authorization_is_remembered_once_and_moves_to_the_newest() {
        let (first, second) = (known("a.example.com", 1), known("b.example.com", 1));
        assert_eq!(remembering([first.clone(), second.clone()], [first.clone()]), [second, first]);
    }

    #[test]
    fn the_newest_authorizations_are_remembered_per_name_and_in_total() {
        let of_one = remembering((0..5).map(|number| known("a.example.com", number)), []);
        assert_eq!(of_one, [known("a.example.com", 3), known("a.example.com", 4)]);
        let elsewhere =
            KnownAuthorization { directory: "https://other.example/directory".into(), ..known("a.example.com", 9) };
        assert_eq!(remembering(of_one, [elsewhere]).len(), 3, "another CA has its own");
        let many = (0..300).map(|number| known(&format!("n{number}.example.com"), 1));
        let many = remembering([], many);
        assert_eq!((many.len(), &many[0]), (MOST, &known("n100.example.com", 1)));
    }
}
