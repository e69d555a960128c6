//! Bodies of requests. The API reads them strictly: it refuses unknown fields and words by name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// Whether the CA can open a connection to the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Reachability {
    /// Open to the internet: validated over HTTP-01 (wildcards over DNS).
    External,
    /// Internal or IP-filtered: validated over DNS, at the delegated name or by a persistent record.
    Internal,
}

/// The challenge for names that are validated over DNS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum DnsMethod {
    /// By a new value for each order, published at the delegated name (RFC 8555 §8.4).
    #[default]
    #[serde(rename = "dns-01")]
    Dns01,
    /// By a persistent validation record that names our account; nothing is published (draft-ietf-acme-dns-persist).
    #[serde(rename = "dns-persist-01")]
    DnsPersist01,
}

impl DnsMethod {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// An endpoint to register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"domain": "shop.example.com", "also": ["*.shop.example.com"], "reachability": "external"}))]
pub struct Registration {
    /// The endpoint's first name; may be a wildcard. Cannot be changed later.
    #[schema(max_length = 253)]
    pub domain: String,
    /// Additional names (SANs) for the same certificate.
    #[serde(default)]
    #[schema(max_items = 96)]
    pub also: Vec<String>,
    pub reachability: Reachability,
    /// The challenge for names that are validated over DNS; `dns-01` if absent.
    // Its name in earlier releases is taken as well, for one release.
    #[serde(default, alias = "dns_method", skip_serializing_if = "Option::is_none")]
    pub challenge: Option<DnsMethod>,
    /// Tenant of the endpoint. Operators only; `default` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[A-Za-z0-9._-]{1,64}$")]
    pub tenant: Option<String>,
    /// ARNs of listeners (ALB, NLB) for the certificate; or one `pool:NAME` for the listener of that pool with the most
    /// room. Operators only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 20)]
    pub listeners: Vec<String>,
    /// Additional regions for the certificate, besides the installation's own and those of the listeners. Operators
    /// only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 10)]
    pub regions: Vec<String>,
    /// Role to assume for all targets, one of the installation's `DeploymentRoleArns`. Operators only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// ARN of an imported certificate in use in the installation's region. The endpoint's first certificate replaces it
    /// under that ARN, if its tags assign it to this endpoint. Operators only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt: Option<String>,
    /// Label of the delegation that the domain owner's records lead to already: `label` of the same registration in
    /// another installation of the delegation zone, or in a lost one. A new label if absent. Operators only: with it,
    /// they vouch that the domain belongs to this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[a-z2-7]{26}$")]
    pub label: Option<String>,
    /// Tags for the certificate in ACM, besides the installation's own. Operators only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Whether to export each certificate with its private key to a secret for the role `ExportRoleArn`. An
    /// installation without that role refuses it.
    #[serde(default, skip_serializing_if = "is_off")]
    pub export_key: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_off(switch: &bool) -> bool {
    !switch
}

/// Changes of an endpoint. Absent fields stay as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"also": ["www.shop.example.com"], "reachability": "internal"}))]
pub struct Wish {
    /// All additional names (SANs). Names left out are removed from the endpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 96)]
    pub also: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reachability: Option<Reachability>,
    /// The challenge for names that are validated over DNS.
    #[serde(alias = "dns_method", skip_serializing_if = "Option::is_none")]
    pub challenge: Option<DnsMethod>,
    /// All listeners (ALB, NLB) for the certificate; it is removed from listeners left out. Or one `pool:NAME`.
    /// Operators only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 20)]
    pub listeners: Option<Vec<String>>,
    /// All additional regions, besides the installation's own and those of the listeners. Operators only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 10)]
    pub regions: Option<Vec<String>>,
    /// One of the installation's `DeploymentRoleArns`, or empty for none. Only before the first certificate. Operators
    /// only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// As in a registration, or empty for none. Only before the first certificate. Operators only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<String>,
    /// All tags of the certificate in ACM, besides the installation's own; tags left out are removed. Operators only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// True: each certificate from now on is exported with its private key; this needs a new certificate. False: the
    /// secret is deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export_key: Option<bool>,
}

/// A domain to check before it is registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"domain": "shop.example.com", "reachability": "external"}))]
pub struct Preflight {
    #[schema(max_length = 253)]
    pub domain: String,
    #[serde(default)]
    #[schema(max_items = 96)]
    pub also: Vec<String>,
    pub reachability: Reachability,
    /// The challenge for names that are validated over DNS, as in a registration.
    // The default is not sent: an API from before there was a choice refuses the field.
    #[serde(default, alias = "dns_method", skip_serializing_if = "DnsMethod::is_default")]
    pub challenge: DnsMethod,
}

/// Why a certificate is revoked (RFC 5280 §5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationReason {
    Unspecified,
    /// Somebody else has, or may have, the key.
    KeyCompromise,
    Superseded,
    /// The names are no longer in use, or no longer the tenant's.
    CessationOfOperation,
}

/// A request to revoke the current certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "key-compromise"}))]
pub struct RevocationWish {
    pub reason: RevocationReason,
}

/// A mute: nobody is notified of the endpoint for a time, at most 90 days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"until": "2026-12-24T06:00:00Z", "reason": "The domain moves to another DNS provider."}))]
pub struct MuteWish {
    /// Now if absent.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub from: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub until: OffsetDateTime,
    /// Why; visible to everybody who sees the endpoint.
    #[schema(min_length = 1, max_length = 200)]
    pub reason: String,
}

/// Options of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"expires_in_days": 14}))]
pub struct LinkWish {
    /// 30 if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 365)]
    pub expires_in_days: Option<u16>,
}
