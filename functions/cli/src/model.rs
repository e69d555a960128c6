//! The API's objects, as far as this program looks into them. Fields it does not know are left alone.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::terminal::disarm;

/// What the API answered: the object itself for programs, and what was understood of it for people.
#[derive(Debug)]
pub(crate) struct Answer<T> {
    pub(crate) json: Value,
    /// Its texts may be printed on a terminal.
    pub(crate) seen: T,
}

impl<T: DeserializeOwned> Answer<T> {
    pub(crate) fn read(json: Value) -> Result<Self, serde_json::Error> {
        let mut harmless = json.clone();
        disarm(&mut harmless);
        Ok(Self { seen: serde_json::from_value(harmless)?, json })
    }
}

/// What `POST /v1/endpoints` takes.
#[derive(Debug, Serialize)]
pub(crate) struct Registration<'a> {
    pub(crate) domain: &'a str,
    pub(crate) also: &'a [String],
    pub(crate) reachability: &'a str,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Endpoint {
    pub(crate) id: String,
    pub(crate) domain: String,
    #[serde(default)]
    pub(crate) display_names: Vec<String>,
    pub(crate) reachability: String,
    pub(crate) state: State,
    #[serde(default)]
    pub(crate) records: Vec<Record>,
    #[serde(default)]
    pub(crate) certificate: Option<Certificate>,
    #[serde(default)]
    pub(crate) failure: Option<Failure>,
    #[serde(default)]
    pub(crate) attempt: u64,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) next_attempt_at: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) renews_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created_at: OffsetDateTime,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    Pending,
    Issuing,
    Active,
    Failing,
    Removing,
    /// One that a newer API has and this program does not know.
    #[serde(other)]
    Unknown,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Issuing => "issuing",
            Self::Active => "active",
            Self::Failing => "failing",
            Self::Removing => "removing",
            Self::Unknown => "unknown",
        }
    }
}

/// A DNS record for the domain's owner to create. Programs get exactly these four, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) value: String,
    pub(crate) purpose: String,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Certificate {
    pub(crate) arn: String,
    pub(crate) serial: String,
    pub(crate) issuer: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) not_before: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) not_after: OffsetDateTime,
    #[serde(default)]
    pub(crate) names: Vec<String>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) imported_at: Option<OffsetDateTime>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Failure {
    pub(crate) name: String,
    pub(crate) actor: Actor,
    pub(crate) summary: String,
    pub(crate) remedy: String,
    /// Of the row of failures; absent in an attempt's own.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) since: Option<OffsetDateTime>,
    #[serde(default)]
    pub(crate) attempts: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Actor {
    Customer,
    Operator,
    Ca,
    #[serde(other)]
    Unknown,
}

impl Actor {
    /// Who it is, in a sentence that ends in “must act”.
    pub(crate) fn as_person(self) -> &'static str {
        match self {
            Self::Customer => "the domain's owner",
            Self::Operator => "the operator of this installation",
            Self::Ca => "the certificate authority",
            Self::Unknown => "somebody",
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Attempt {
    pub(crate) attempt: u64,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) started_at: OffsetDateTime,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub(crate) finished_at: Option<OffsetDateTime>,
    pub(crate) outcome: Outcome,
    #[serde(default)]
    pub(crate) method: Option<String>,
    #[serde(default)]
    pub(crate) failure: Option<Failure>,
    #[serde(default)]
    pub(crate) steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Running,
    Issued,
    Renewed,
    Unchanged,
    Failed,
    Removed,
    #[serde(other)]
    Unknown,
}

impl Outcome {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Issued => "issued",
            Self::Renewed => "renewed",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
            Self::Removed => "removed",
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Step {
    #[serde(default)]
    pub(crate) milliseconds: u64,
    #[serde(default)]
    pub(crate) ca_requests: u64,
    #[serde(default)]
    pub(crate) route53_calls: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EndpointPage {
    pub(crate) endpoints: Vec<Value>,
    #[serde(default)]
    pub(crate) next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RecordList {
    pub(crate) records: Vec<Record>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AttemptList {
    pub(crate) attempts: Vec<Attempt>,
}

/// The attempt that a request started.
#[derive(Debug, Deserialize)]
pub(crate) struct Started {
    pub(crate) attempt: u64,
}
