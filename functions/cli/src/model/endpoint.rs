//! An endpoint: its verdict, and the three parts it is made of.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use super::check::{Finding, Provider, Serving};
use super::record::{CheckedRecord, Record};

/// What `POST /v1/endpoints` and `POST /v1/checks` take; the latter without a tenant.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Registration<'a> {
    pub(crate) domain: &'a str,
    pub(crate) also: &'a [String],
    pub(crate) reachability: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dns_method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tenant: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) listeners: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) regions: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'a str>,
}

/// What `PATCH /v1/endpoints/{endpoint}` takes: what is left out stays as it is.
#[derive(Debug, Serialize)]
pub(crate) struct Change<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) also: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reachability: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dns_method: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) listeners: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) regions: Option<&'a [String]>,
    /// Empty: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'a str>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) tenant: String,
    pub(crate) domain: String,
    #[serde(default)]
    pub(crate) display_names: Vec<String>,
    pub(crate) reachability: String,
    /// None from an API of an earlier release.
    #[serde(default)]
    pub(crate) dns_method: Option<String>,
    pub(crate) verdict: Verdict,
    /// Whose move it is.
    pub(crate) actor: Mover,
    pub(crate) reason: String,
    pub(crate) next_step: String,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) breaks_at: Option<OffsetDateTime>,
    pub(crate) dns: Dns,
    pub(crate) certificate: Certificate,
    #[serde(default)]
    pub(crate) deployment: Deployment,
    #[serde(default)]
    pub(crate) serving: Serving,
    #[serde(default)]
    pub(crate) watch: Option<Watch>,
    #[serde(default)]
    pub(crate) failure: Option<Failure>,
    #[serde(default)]
    pub(crate) attempt: u64,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) next_attempt_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created_at: OffsetDateTime,
}

impl Endpoint {
    /// As its owner writes it.
    pub(crate) fn title(&self) -> &str {
        self.display_names.first().unwrap_or(&self.domain)
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.dns.records.iter().map(|checked| &checked.record)
    }
}

/// What an endpoint is, in one word; in the order in which they need attention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    ActionRequired,
    Degraded,
    Retrying,
    Issuing,
    Paused,
    Ready,
    /// One that a newer API has and this program does not know.
    #[serde(other)]
    Unknown,
}

impl Verdict {
    /// For people.
    pub(crate) fn as_words(self) -> &'static str {
        match self {
            Self::ActionRequired => "action required",
            Self::Degraded => "degraded",
            Self::Retrying => "retrying",
            Self::Issuing => "issuing",
            Self::Paused => "paused",
            Self::Ready => "ready",
            Self::Unknown => "unknown",
        }
    }
}

/// Whose move it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mover {
    Customer,
    Operator,
    Ca,
    Nobody,
    #[serde(other)]
    Unknown,
}

impl Mover {
    /// Who it is, in a sentence that ends in “must act”.
    pub(crate) fn as_person(self) -> &'static str {
        match self {
            Self::Customer => "the domain's owner",
            Self::Operator => "the operator of this installation",
            Self::Ca => "the certificate authority",
            Self::Nobody => "nobody",
            Self::Unknown => "somebody",
        }
    }

    /// The same for a column of a table.
    pub(crate) fn as_word(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Operator => "operator",
            Self::Ca => "CA",
            Self::Nobody => "-",
            Self::Unknown => "somebody",
        }
    }
}

/// The required records beside what was found.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Dns {
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) checked_at: Option<OffsetDateTime>,
    #[serde(default)]
    pub(crate) records: Vec<CheckedRecord>,
    #[serde(default)]
    pub(crate) findings: Vec<Finding>,
    #[serde(default)]
    pub(crate) provider: Option<Provider>,
}

/// The certificate in ACM; all but the state is empty while there is none.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Certificate {
    pub(crate) state: CertificateState,
    #[serde(default)]
    pub(crate) arn: Option<String>,
    #[serde(default)]
    pub(crate) serial: Option<String>,
    #[serde(default)]
    pub(crate) issuer: Option<String>,
    #[serde(default)]
    pub(crate) directory: Option<String>,
    #[serde(default)]
    pub(crate) names: Vec<String>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) not_before: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) not_after: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) imported_at: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) renews_at: Option<OffsetDateTime>,
}

/// Where the certificate goes besides ACM at home.
#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct Deployment {
    #[serde(default)]
    pub(crate) listeners: Vec<Listener>,
    #[serde(default)]
    pub(crate) role: Option<String>,
    #[serde(default)]
    pub(crate) copies: Vec<Copy>,
    #[serde(default)]
    pub(crate) regions: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Listener {
    pub(crate) arn: String,
    pub(crate) wanted: bool,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) attached_at: Option<OffsetDateTime>,
}

/// The certificate in a further region.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Copy {
    pub(crate) region: String,
    pub(crate) arn: String,
    pub(crate) current: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CertificateState {
    None,
    Issuing,
    Active,
    Expiring,
    Expired,
    Failed,
    #[serde(other)]
    Unknown,
}

impl CertificateState {
    /// For people.
    pub(crate) fn as_words(self) -> &'static str {
        match self {
            Self::None => "none yet",
            Self::Issuing => "none yet, on its way",
            Self::Active => "active",
            Self::Expiring => "active, its renewal is due",
            Self::Expired => "expired",
            Self::Failed => "none yet, the last attempt failed",
            Self::Unknown => "unknown",
        }
    }

    /// Whether there is one that browsers accept.
    pub(crate) fn is_good(self) -> bool {
        matches!(self, Self::Active | Self::Expiring)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Failure {
    pub(crate) name: String,
    pub(crate) actor: Mover,
    pub(crate) summary: String,
    pub(crate) remedy: String,
    /// Of the row of failures; absent in an attempt's own.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) since: Option<OffsetDateTime>,
    #[serde(default)]
    pub(crate) attempts: Option<u64>,
    /// Since when the endpoint has been parked.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) parked_since: Option<OffsetDateTime>,
}

/// What is seen of it in the background.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Watch {
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) looked_at: OffsetDateTime,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) dns_good_at: Option<OffsetDateTime>,
    #[serde(default)]
    pub(crate) symptoms: Vec<Symptom>,
    #[serde(default)]
    pub(crate) used_by: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Symptom {
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) since: OffsetDateTime,
    pub(crate) summary: String,
    pub(crate) remedy: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EndpointPage {
    pub(crate) endpoints: Vec<Value>,
    #[serde(default)]
    pub(crate) next_cursor: Option<String>,
}
