use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Open;

/// One record to create, as it is typed into a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequiredRecord {
    /// Full name, without trailing dot.
    pub name: String,
    /// `CNAME`, or `ALIAS` where a CNAME cannot stand (RFC 1034 §3.6.2), or `TXT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Of a TXT record the text itself, without quotes and in one piece.
    pub value: String,
    /// What the record is for, in one sentence.
    pub purpose: String,
}

/// Whether a required record is as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordStatus {
    /// Every authoritative server that answers says what is expected.
    Ok,
    /// Nothing stands at the name.
    Missing,
    /// Something else stands there.
    Mismatch,
    /// Servers say different things, or another record prevents it.
    Conflict,
    /// No authoritative server gives a usable answer.
    Unreachable,
}

/// What one authoritative server said about a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Found {
    /// Name or address of the server.
    #[serde(default)]
    #[schema(required = true)]
    pub server: String,
    /// The records at the name, as in a zone file: `CNAME x.example`. Empty when there is none.
    #[serde(default)]
    #[schema(required = true)]
    pub records: Vec<String>,
    /// Each name that a CNAME points to, in order, and last the addresses it ends in.
    #[serde(default)]
    #[schema(required = true)]
    pub chain: Vec<String>,
    /// Why there is no answer: `NXDOMAIN`, `SERVFAIL`, `REFUSED`, a timeout, in words. Absent with an answer.
    pub error: Option<String>,
}

/// A required record beside what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordCheck {
    #[serde(flatten)]
    pub record: RequiredRecord,
    #[serde(default)]
    #[schema(value_type = RecordStatus, required = true)]
    pub status: Open<RecordStatus>,
    #[serde(default)]
    #[schema(required = true)]
    pub found: Vec<Found>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordView {
    #[serde(flatten)]
    pub record: RequiredRecord,
    /// Null if it was never checked.
    #[schema(value_type = Option<RecordStatus>)]
    pub status: Option<Open<RecordStatus>>,
    /// The certificate does not wait for it: it is to be created when the visitors are to come to the platform.
    #[serde(default)]
    #[schema(required = true)]
    pub later: bool,
    #[serde(default)]
    #[schema(required = true)]
    pub found: Vec<Found>,
    /// Where the domain owner creates it at their DNS provider in one step (Domain Connect). Absent where that is not offered,
    /// and where the record is right.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<ConnectLink>,
}

/// A link that the domain owner follows, signs in there, and confirms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectLink {
    /// The DNS provider, as it calls itself.
    pub provider: String,
    /// The host that the link leads to.
    pub host: String,
    pub url: String,
}

impl RecordView {
    pub fn is_right(&self) -> bool {
        self.status.as_ref().is_some_and(|status| *status == RecordStatus::Ok)
    }

    /// Whether it is not right yet, and nothing but the visitors waits for it.
    pub fn waits_for_visitors(&self) -> bool {
        self.later && !self.is_right()
    }
}

impl From<RecordCheck> for RecordView {
    fn from(RecordCheck { record, status, found }: RecordCheck) -> Self {
        Self { record, status: Some(status), later: false, found, connect: None }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordList {
    pub records: Vec<RecordView>,
}
