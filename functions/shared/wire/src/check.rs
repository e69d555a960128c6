//! What a check of records and host found.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{DnsMethod, Open, Reachability, RecordCheck, RequiredRecord, WaitingOn};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; nothing fails because of it.
    Notice,
    /// Works now, but may not always.
    Warning,
    /// No certificate can be issued, or the host does not serve it.
    Error,
}

/// The next step after a finding, ready to be copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Fix {
    /// In one or two sentences, for the party it is waiting on.
    pub text: String,
    /// The record to create or to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RequiredRecord>,
    /// A command to run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
}

/// A problem found by a check: what is wrong, why, and who it is waiting on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// Name of the check: `delegation-missing`. Stable.
    pub check: String,
    #[schema(value_type = Severity)]
    pub severity: Open<Severity>,
    /// The DNS name or host it is about.
    pub subject: String,
    #[serde(default)]
    #[schema(required = true)]
    pub expected: String,
    #[serde(default)]
    #[schema(required = true)]
    pub found: String,
    #[serde(default)]
    #[schema(required = true)]
    pub explanation: String,
    #[serde(flatten, with = "crate::renamed::waiting_on")]
    #[schema(value_type = crate::renamed::WaitingOnFields)]
    pub actor: Open<WaitingOn>,
    #[serde(flatten, with = "crate::renamed::fix")]
    #[schema(value_type = crate::renamed::FixFields)]
    pub fix: Fix,
}

/// The domain owner's DNS provider, recognised by its name servers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProviderHint {
    /// Cloudflare, Route 53 …
    pub name: String,
    /// The apex of the zone; absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// How to type a record's name at this provider, with the name itself: "Type `_acme-challenge.shop` …".
    pub typing: String,
    /// A common mistake at this provider; null where none is known.
    pub trap: Option<String>,
}

/// Result of a TLS connection to the host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Serving {
    /// No TLS connection could be made.
    Unreachable { host: String, reason: String },
    /// The host presented a certificate.
    Presented {
        host: String,
        serial: String,
        issuer: String,
        #[serde(with = "time::serde::rfc3339")]
        not_after: OffsetDateTime,
        /// Whether it is the certificate in ACM.
        ours: bool,
        /// Whether it covers the host's name.
        name_matches: bool,
        /// Whether the host also sent the intermediate certificates, each signed by the next.
        #[serde(default = "assumed")]
        chain_complete: bool,
    },
    /// Not checked: an internal host, or no certificate yet.
    #[default]
    #[serde(other)]
    NotChecked,
}

/// Of a check from before chains were checked.
fn assumed() -> bool {
    true
}

/// Everything one check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckReport {
    #[serde(with = "time::serde::rfc3339")]
    pub checked_at: OffsetDateTime,
    #[serde(default)]
    #[schema(required = true)]
    pub records: Vec<RecordCheck>,
    /// Most severe first.
    #[serde(default)]
    #[schema(required = true)]
    pub findings: Vec<Finding>,
    pub provider: Option<ProviderHint>,
    #[serde(default)]
    #[schema(required = true)]
    pub serving: Serving,
}

/// A check of a domain, registered or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreflightView {
    pub domain: String,
    #[serde(default)]
    #[schema(value_type = Reachability, required = true)]
    pub reachability: Open<Reachability>,
    /// The challenge for names that are validated over DNS.
    #[serde(default)]
    #[schema(value_type = DnsMethod, required = true)]
    pub challenge: Open<DnsMethod>,
    /// The same as `challenge`, under its name in earlier releases. The next release removes it.
    #[serde(default)]
    #[schema(value_type = DnsMethod, required = true)]
    pub dns_method: Open<DnsMethod>,
    /// Whether nothing prevents a certificate.
    pub well: bool,
    #[serde(flatten)]
    pub report: CheckReport,
}
