//! The names of one certificate.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::names::certificate_name::CertificateName;
use crate::names::domain_name::DomainName;
use crate::names::name_error::NameError;

/// The names of one endpoint and of its certificate; the first one names the endpoint.
///
/// At least one, no duplicates, none covered by a wildcard beside it (the CA refuses such an order).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<CertificateName>", into = "Vec<CertificateName>")]
pub struct EndpointNames(Vec<CertificateName>);

/// How many names an endpoint may have under any profile: a registration is one transaction, which DynamoDB limits to 100
/// writes, and three of them are the endpoint, the event and the request's key. The largest profile of Let's Encrypt
/// would take 100.
pub const MOST_NAMES: usize = 97;

/// How many names an endpoint may have under `profile`.
///
/// Source: letsencrypt.org/docs/profiles (tlsserver and shortlived 25), else [`MOST_NAMES`].
pub fn most_names(profile: Option<&str>) -> usize {
    match profile {
        Some("tlsserver" | "shortlived") => 25,
        _ => MOST_NAMES,
    }
}

/// Why a list of names is refused, and which input field is at fault (`domain` or `also[1]`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NamesError {
    #[error("{error}")]
    Name { field: String, error: NameError },
    #[error("“{name}” is covered by “{wildcard}” already, and the CA refuses both in one certificate; leave it out")]
    Covered { field: String, name: CertificateName, wildcard: CertificateName },
    #[error("{count} names are more than one endpoint can have here ({most}); register a second endpoint")]
    TooMany { count: usize, most: usize },
}

impl NamesError {
    pub fn field(&self) -> &str {
        match self {
            Self::Name { field, .. } | Self::Covered { field, .. } => field,
            Self::TooMany { .. } => "also",
        }
    }
}

impl EndpointNames {
    /// Parses the endpoint's domain and its additional names; exact duplicates are merged.
    pub fn parse(domain: &str, also: &[String], most: usize) -> Result<Self, NamesError> {
        let fields = std::iter::once(("domain".to_owned(), domain))
            .chain(also.iter().enumerate().map(|(i, text)| (format!("also[{i}]"), text.as_str())));
        let mut names: Vec<(String, CertificateName)> = Vec::new();
        for (field, text) in fields {
            let name: CertificateName =
                text.parse().map_err(|error| NamesError::Name { field: field.clone(), error })?;
            if names.iter().all(|(_, known)| *known != name) {
                names.push((field, name));
            }
        }
        for (field, name) in &names {
            if let Some((_, wildcard)) = names.iter().find(|(_, w)| w != name && w.covers(name)) {
                return Err(NamesError::Covered {
                    field: field.clone(),
                    name: name.clone(),
                    wildcard: wildcard.clone(),
                });
            }
        }
        if names.len() > most {
            return Err(NamesError::TooMany { count: names.len(), most });
        }
        Ok(Self(names.into_iter().map(|(_, name)| name).collect()))
    }

    /// The endpoint's first name.
    pub fn primary(&self) -> &CertificateName {
        &self.0[0]
    }

    pub fn iter(&self) -> impl Iterator<Item = &CertificateName> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never true: an endpoint has at least one name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The distinct names below which the CA looks for `_acme-challenge`: an apex and its wildcard share one.
    pub fn authorization_names(&self) -> BTreeSet<&DomainName> {
        self.0.iter().map(|name| &name.base).collect()
    }

    /// Whether both are the same set, in any order.
    pub fn same_set(&self, other: &[CertificateName]) -> bool {
        self.0.iter().collect::<BTreeSet<_>>() == other.iter().collect::<BTreeSet<_>>()
    }

    pub fn same_set_as(&self, other: &Self) -> bool {
        self.same_set(&other.0)
    }
}

impl TryFrom<Vec<CertificateName>> for EndpointNames {
    type Error = &'static str;

    fn try_from(names: Vec<CertificateName>) -> Result<Self, Self::Error> {
        match names.is_empty() {
            true => Err("an endpoint has at least one name"),
            false => Ok(Self(names)),
        }
    }
}

impl From<EndpointNames> for Vec<CertificateName> {
    fn from(names: EndpointNames) -> Self {
        names.0
    }
}

/// Each authorization name of `names` once, with whether its record must be valid for the wildcard.
pub fn persistent_names<'a>(names: impl IntoIterator<Item = &'a CertificateName>) -> BTreeMap<&'a DomainName, bool> {
    let mut authorization_names = BTreeMap::new();
    for name in names {
        *authorization_names.entry(&name.base).or_default() |= name.wildcard;
    }
    authorization_names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(domain: &str, also: &[&str]) -> Result<Vec<String>, NamesError> {
        let also: Vec<String> = also.iter().map(|s| s.to_string()).collect();
        EndpointNames::parse(domain, &also, 3).map(|names| names.iter().map(CertificateName::to_string).collect())
    }

    #[test]
    fn duplicates_are_folded_and_order_is_kept() {
        assert_eq!(
            parse("b.example.com", &["a.example.com", "B.example.com."]),
            Ok(vec!["b.example.com".into(), "a.example.com".into()])
        );
    }

    #[test]
    fn a_name_covered_by_a_wildcard_is_refused_in_any_position() {
        let refused = |result: Result<_, NamesError>| result.expect_err("covered").field().to_owned();
        assert_eq!(refused(parse("www.example.com", &["*.example.com"])), "domain");
        assert_eq!(refused(parse("*.example.com", &["www.example.com"])), "also[0]");
        assert!(parse("example.com", &["*.example.com"]).is_ok());
    }

    #[test]
    fn the_field_at_fault_is_named() {
        let error = parse("example.com", &["a.example.com", "not a name"]).expect_err("a bad name");
        assert_eq!(error.field(), "also[1]");
    }

    #[test]
    fn an_endpoint_has_at_most_as_many_names_as_the_profile_allows() {
        let also = ["b.example.com", "c.example.com", "d.example.com"];
        assert!(parse("a.example.com", &also[..2]).is_ok());
        assert_eq!(parse("a.example.com", &also), Err(NamesError::TooMany { count: 4, most: 3 }));
        assert_eq!((most_names(None), most_names(Some("tlsserver"))), (MOST_NAMES, 25));
    }

    #[test]
    fn an_apex_and_its_wildcard_share_one_authorization_name() {
        let names = EndpointNames::parse("example.com", &["*.example.com".into()], 3).expect("valid");
        assert_eq!(names.authorization_names().len(), 1);
    }
}
