//! What the template wants of an endpoint.

use std::collections::BTreeMap;

use domain::endpoint::Endpoint;
use serde::Deserialize;
use serde::de::IgnoredAny;
use vocabulary::names::{CertificateName, TenantId};
use wire::{DnsMethod, Reachability, Registration, Wish};

use crate::event::Properties;

/// The properties of a `Custom::ManagedHttpsEndpoint`. A parameter of the template that is left empty is as good as absent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Written {
    // CloudFormation's own: named, so that they are not taken for a mistake.
    #[serde(default)]
    service_token: Ignored,
    #[serde(default)]
    service_timeout: Ignored,
    domain: String,
    #[serde(default)]
    additional_names: Vec<String>,
    reachability: Reachability,
    #[serde(default)]
    challenge: Option<DnsMethod>,
    #[serde(default)]
    tenant: String,
    #[serde(default)]
    listeners: Vec<String>,
    #[serde(default)]
    regions: Vec<String>,
    #[serde(default)]
    role: String,
    #[serde(default)]
    adopt_certificate_arn: String,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(default)]
    export_key: Switch,
}

/// CloudFormation sends a boolean as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
enum Switch {
    #[serde(rename = "true")]
    On,
    #[default]
    #[serde(rename = "false", alias = "")]
    Off,
}

/// Any value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

/// What the template wants of an endpoint, in the words of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted(Registration);

impl Wanted {
    /// # Errors
    ///
    /// Which property is wrong, and how, in words for the author of the template.
    pub(crate) fn read(properties: &Properties) -> Result<Self, String> {
        let written: Written = serde_path_to_error::deserialize(serde_json::Value::Object(properties.clone()))
            .map_err(|error| match error.path().to_string().as_str() {
                "." => format!("The properties are not valid: {}.", error.inner()),
                path => format!("The property {path} is not valid: {}.", error.inner()),
            })?;
        let filled = |text: String| Some(text).filter(|text| !text.is_empty());
        // An empty CommaDelimitedList is a list of one empty text.
        let all = |texts: Vec<String>| texts.into_iter().filter_map(filled).collect();
        Ok(Self(Registration {
            domain: written.domain,
            also: all(written.additional_names),
            reachability: written.reachability,
            challenge: Some(written.challenge.unwrap_or_default()),
            tenant: filled(written.tenant),
            listeners: all(written.listeners),
            regions: all(written.regions),
            role: filled(written.role),
            adopt: filled(written.adopt_certificate_arn),
            label: None,
            tags: written.tags,
            export_key: written.export_key == Switch::On,
        }))
    }

    pub(crate) fn registration(&self) -> Registration {
        self.0.clone()
    }

    /// The tenant of the endpoint; `None` if the text is no tenant.
    pub(crate) fn tenant(&self) -> Option<TenantId> {
        self.0.tenant.as_deref().map_or(Ok(TenantId::fallback()), str::parse).ok()
    }

    /// Whether `endpoint` can become what is wanted: a domain and a tenant cannot be changed.
    pub(crate) fn is_of(&self, endpoint: &Endpoint) -> bool {
        let domain: Option<CertificateName> = self.0.domain.parse().ok();
        domain.as_ref() == Some(endpoint.names.primary()) && self.tenant().as_ref() == Some(&endpoint.tenant)
    }

    /// What has changed from `before`: changes made since by other means stay. Without `before`, everything that can be
    /// changed at any time.
    pub(crate) fn wish(&self, before: Option<&Self>) -> Wish {
        let (now, before) = (&self.0, before.map(|before| &before.0));
        fn changed<T: Clone + PartialEq>(now: &T, before: Option<&T>) -> Option<T> {
            before.is_none_or(|before| before != now).then(|| now.clone())
        }
        // Refused once there is a certificate, so only where the template has changed.
        let text = |now: &Option<String>, before: Option<&Option<String>>| match before {
            Some(before) if before != now => Some(now.clone().unwrap_or_default()),
            Some(_) => None,
            None => now.clone(),
        };
        Wish {
            also: changed(&now.also, before.map(|b| &b.also)),
            reachability: changed(&now.reachability, before.map(|b| &b.reachability)),
            challenge: changed(&now.challenge, before.map(|b| &b.challenge)).flatten(),
            listeners: changed(&now.listeners, before.map(|b| &b.listeners)),
            regions: changed(&now.regions, before.map(|b| &b.regions)),
            role: text(&now.role, before.map(|b| &b.role)),
            adopt: text(&now.adopt, before.map(|b| &b.adopt)),
            tags: changed(&now.tags, before.map(|b| &b.tags)),
            export_key: changed(&now.export_key, before.map(|b| &b.export_key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(properties: Value) -> Result<Wanted, String> {
        let Value::Object(properties) = properties else { panic!("properties are an object") };
        Wanted::read(&properties)
    }

    fn wanted(properties: Value) -> Wanted {
        read(properties).expect("valid")
    }

    #[test]
    fn empty_parameters_of_a_template_count_as_absent() {
        let least = wanted(json!({"Domain": "www.example.com", "Reachability": "external"}));
        let empty = wanted(json!({
            "ServiceToken": "arn:aws:lambda:…", "ServiceTimeout": "600", "Domain": "www.example.com",
            "Reachability": "external", "AdditionalNames": [""], "Tenant": "", "Listeners": [""], "Regions": [],
            "Role": "", "AdoptCertificateArn": "", "Challenge": "dns-01",
        }));
        assert_eq!(empty, least);
        assert_eq!(least.tenant(), Some(TenantId::fallback()));
    }

    #[test]
    fn a_mistake_in_a_template_is_named() {
        let why = |properties: Value| read(properties).expect_err("refused");
        let missing = why(json!({"Reachability": "external"}));
        assert!(missing.contains("`Domain`"), "{missing}");
        let unknown = why(json!({"Domain": "a.example", "Reachability": "external", "Tennant": "acme"}));
        assert!(unknown.contains("`Tennant`") && unknown.contains("`Tenant`"), "{unknown}");
        let value = why(json!({"Domain": "a.example", "Reachability": "outside"}));
        assert!(value.starts_with("The property Reachability is not valid:"), "{value}");
        let list = why(json!({"Domain": "a.example", "Reachability": "external", "AdditionalNames": "b.example"}));
        assert!(list.starts_with("The property AdditionalNames is not valid:"), "{list}");
    }

    #[test]
    fn tags_and_the_export_are_written_as_cloudformation_hands_them_over() {
        let plain = json!({"Domain": "a.example", "Reachability": "external", "ExportKey": ""});
        let asked =
            json!({"Domain": "a.example", "Reachability": "external", "Tags": {"team": "a"}, "ExportKey": "true"});
        let (before, now) = (wanted(plain), wanted(asked));
        let wish = now.wish(Some(&before));
        assert_eq!((wish.tags, wish.export_key), (Some([("team".into(), "a".into())].into()), Some(true)));
        assert_eq!(before.wish(Some(&now)).export_key, Some(false));
        assert!(read(json!({"Domain": "a.example", "Reachability": "external", "ExportKey": "yes"})).is_err());
    }

    #[test]
    fn only_what_the_template_changed_is_changed() {
        let before = wanted(json!({"Domain": "a.example", "Reachability": "external", "Role": "r", "Regions": ["x"]}));
        let now = wanted(json!({"Domain": "a.example", "Reachability": "internal", "AdditionalNames": ["b.example"]}));
        assert_eq!(
            now.wish(Some(&before)),
            Wish {
                also: Some(vec!["b.example".into()]),
                reachability: Some(Reachability::Internal),
                regions: Some(vec![]),
                role: Some(String::new()),
                ..Wish::default()
            }
        );
        assert_eq!(now.wish(Some(&now)), Wish::default());
        let all = now.wish(None);
        assert_eq!((all.listeners, all.challenge, all.role), (Some(vec![]), Some(DnsMethod::Dns01), None));
    }
}
