use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use vocabulary::names::endpoint_names::MOST_NAMES;
use vocabulary::names::{CertificateName, EndpointNames};
use wire::{DnsMethod, EndpointView, Preflight, Reachability, Registration, Wish};

/// The columns of a CSV file, and the fields of an object, in the order in which they are written.
pub(crate) const COLUMNS: [&str; 12] = [
    "domain",
    "names",
    "reachability",
    "challenge",
    "tenant",
    "label",
    "listeners",
    "regions",
    "role",
    "adopt_arn",
    TAGS,
    EXPORT_KEY,
];
pub(crate) const TAGS: &str = "tags";
pub(crate) const EXPORT_KEY: &str = "export_key";
/// Those that hold several values.
pub(crate) const LISTS: [&str; 3] = ["names", "listeners", "regions"];

/// One endpoint of a file. An absent field is the API's default for a new endpoint, and leaves an existing one as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Line {
    pub(crate) domain: String,
    /// Additional names (SANs).
    #[serde(default, alias = "also", skip_serializing_if = "Option::is_none")]
    pub(crate) names: Option<Vec<String>>,
    pub(crate) reachability: Reachability,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) challenge: Option<DnsMethod>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<String>,
    /// Of the delegation that its records lead to already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) listeners: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) regions: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    /// The certificate in ACM that the first one replaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) adopt_arn: Option<String>,
    /// Of the certificate in ACM, besides the installation's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tags: Option<BTreeMap<String, String>>,
    /// Whether its certificates are exported with their private keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) export_key: Option<bool>,
}

impl Line {
    /// The line that registers this endpoint. `is_operator`: a tenant can set neither the tenant nor the label.
    pub(crate) fn of(endpoint: &EndpointView, is_operator: bool) -> Option<Self> {
        let some = |texts: Vec<String>| Some(texts).filter(|texts| !texts.is_empty());
        let deployment = &endpoint.deployment;
        Some(Self {
            domain: endpoint.domain.clone(),
            names: some(endpoint.names.iter().filter(|name| **name != endpoint.domain).cloned().collect()),
            reachability: *endpoint.reachability.known()?,
            challenge: endpoint.challenge.known().copied().filter(|challenge| *challenge != DnsMethod::default()),
            tenant: is_operator.then(|| endpoint.tenant.clone()),
            label: Some(endpoint.label.clone()).filter(|label| is_operator && !label.is_empty()),
            listeners: some(wanted_listeners(endpoint).map(str::to_owned).collect()),
            regions: some(deployment.regions.clone()),
            role: deployment.role.clone(),
            // Elsewhere it is another certificate.
            adopt_arn: None,
            tags: Some(deployment.tags.clone()).filter(|tags| !tags.is_empty()),
            export_key: Some(true).filter(|_| is_exported(endpoint)),
        })
    }

    pub(crate) fn registration(&self) -> Registration {
        Registration {
            domain: self.domain.clone(),
            also: self.names.clone().unwrap_or_default(),
            reachability: self.reachability,
            challenge: self.challenge,
            tenant: self.tenant.clone(),
            listeners: self.listeners.clone().unwrap_or_default(),
            regions: self.regions.clone().unwrap_or_default(),
            role: self.role.clone(),
            adopt: self.adopt_arn.clone(),
            label: self.label.clone(),
            tags: self.tags.clone().unwrap_or_default(),
            export_key: self.export_key.unwrap_or_default(),
        }
    }

    pub(crate) fn preflight(&self) -> Preflight {
        Preflight {
            domain: self.domain.clone(),
            also: self.names.clone().unwrap_or_default(),
            reachability: self.reachability,
            challenge: self.challenge.unwrap_or_default(),
        }
    }

    /// All its names as the API writes them, or the field that is wrong and why.
    pub(crate) fn all_names(&self) -> Result<BTreeSet<String>, (String, String)> {
        let also = self.names.as_deref().unwrap_or_default();
        let names = EndpointNames::parse(&self.domain, also, MOST_NAMES)
            .map_err(|error| (error.field().replace("also", "names"), error.to_string()))?;
        Ok(names.iter().map(ToString::to_string).collect())
    }

    /// Whether the endpoint has another label than the line says, which cannot be changed.
    pub(crate) fn has_other_label(&self, endpoint: &EndpointView) -> bool {
        self.label.as_ref().is_some_and(|label| *label != endpoint.label)
    }

    /// Whether the endpoint goes by the line's domain.
    pub(crate) fn is_of(&self, endpoint: &EndpointView) -> bool {
        self.domain.parse::<CertificateName>().is_ok_and(|name| name.to_string() == endpoint.domain)
    }

    /// What has to change in an existing endpoint: nothing that the line does not name.
    pub(crate) fn wish(&self, endpoint: &EndpointView) -> Wish {
        let names: BTreeSet<String> = endpoint.names.iter().cloned().collect();
        let other_names = self.names.is_some() && self.all_names().is_ok_and(|wanted| wanted != names);
        let other = |asked: &Option<Vec<String>>, has: BTreeSet<&str>| {
            asked.clone().filter(|asked| asked.iter().map(String::as_str).collect::<BTreeSet<_>>() != has)
        };
        Wish {
            also: self.names.clone().filter(|_| other_names),
            reachability: Some(self.reachability).filter(|reachability| endpoint.reachability != *reachability),
            challenge: self.challenge.filter(|challenge| endpoint.challenge != *challenge),
            listeners: other(&self.listeners, wanted_listeners(endpoint).collect()),
            regions: other(&self.regions, endpoint.deployment.regions.iter().map(String::as_str).collect()),
            role: self.role.clone().filter(|_| self.role != endpoint.deployment.role),
            // Only a first certificate replaces another.
            adopt: self
                .adopt_arn
                .clone()
                .filter(|arn| endpoint.certificate.arn.is_none() && endpoint.deployment.adopt.as_ref() != Some(arn)),
            tags: self.tags.clone().filter(|tags| *tags != endpoint.deployment.tags),
            export_key: self.export_key.filter(|wanted| *wanted != is_exported(endpoint)),
        }
    }
}

fn is_exported(endpoint: &EndpointView) -> bool {
    endpoint.deployment.export.as_ref().is_some_and(|export| export.wanted)
}

fn wanted_listeners(endpoint: &EndpointView) -> impl Iterator<Item = &str> {
    endpoint.deployment.listeners.iter().filter(|listener| listener.wanted).map(|listener| listener.arn.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::sample;

    #[test]
    fn the_line_of_an_endpoint_changes_nothing_about_it() {
        let endpoint = sample::endpoint();
        for is_operator in [true, false] {
            let line = Line::of(&endpoint, is_operator).expect("its words are known");
            assert_eq!(line.wish(&endpoint), Wish::default());
            assert_eq!((line.tenant.is_some(), line.label.is_some()), (is_operator, is_operator));
            assert_eq!(line.registration().label.as_ref(), Some(&endpoint.label).filter(|_| is_operator));
            assert!(!line.has_other_label(&endpoint));
        }
        let line = Line::of(&endpoint, true).expect("its words are known");
        let of_before = EndpointView { label: String::new(), ..endpoint };
        assert!(line.has_other_label(&of_before));
        assert_eq!(Line::of(&of_before, true).and_then(|line| line.label), None, "an API of before says none");
    }

    #[test]
    fn only_fields_that_a_line_gives_and_that_differ_are_changed() {
        let endpoint = sample::endpoint();
        let line = Line::of(&endpoint, false).expect("its words are known");
        let silent = Line {
            names: None,
            challenge: None,
            listeners: None,
            regions: None,
            role: None,
            tags: None,
            export_key: None,
            ..line.clone()
        };
        assert_eq!(silent.wish(&endpoint), Wish::default());
        let other = match line.reachability {
            Reachability::External => Reachability::Internal,
            Reachability::Internal => Reachability::External,
        };
        let changed = Line { reachability: other, ..silent.clone() };
        assert_eq!(changed.wish(&endpoint), Wish { reachability: Some(other), ..Wish::default() });
        let more = Line { names: Some(vec!["more.example.net".into()]), ..silent.clone() };
        assert_eq!(more.wish(&endpoint), Wish { also: more.names.clone(), ..Wish::default() });
        let tagged = Line { tags: Some([("team".into(), "bank".into())].into()), ..silent.clone() };
        assert_eq!(tagged.wish(&endpoint), Wish { tags: tagged.tags.clone(), ..Wish::default() });
        let exported = Line { export_key: Some(true), ..silent.clone() };
        assert_eq!(exported.wish(&endpoint), Wish { export_key: Some(true), ..Wish::default() });
        let none = Line { names: Some(Vec::new()), ..silent };
        assert_eq!(none.wish(&endpoint).also, Some(Vec::new()), "an empty list is all of it");
    }

    #[test]
    fn names_are_compared_as_the_api_writes_them() {
        let line = |names: &[&str]| Line {
            domain: " Bücher.Example ".into(),
            names: Some(names.iter().map(|name| (*name).to_owned()).collect()),
            ..Line::of(&sample::endpoint(), false).expect("its words are known")
        };
        let names = line(&["WWW.bücher.example", "bücher.example"]).all_names().expect("names");
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["www.xn--bcher-kva.example", "xn--bcher-kva.example"]);
        assert_eq!(line(&["a..b"]).all_names().expect_err("no name").0, "names[0]");
    }
}
