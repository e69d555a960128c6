use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Open;

/// One record to create, as it is typed into a zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequiredRecord {
    /// Full name, without trailing dot.
    pub name: String,
    /// `CNAME`, `TXT`, or `ALIAS` where DNS allows no CNAME (RFC 1034 §3.6.2).
    #[serde(rename = "type")]
    pub kind: String,
    /// For a TXT record: the text itself, without quotes and in one piece.
    pub value: String,
    /// What the record is for, in one sentence.
    pub purpose: String,
}

/// Whether a required record is correct.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordStatus {
    /// Every authoritative server that answers has the expected record.
    Ok,
    /// There is no record at the name.
    Missing,
    /// There is a different record at the name.
    Mismatch,
    /// Servers give different answers, or another record prevents it.
    Conflict,
    /// No authoritative server gives a usable answer.
    Unreachable,
}

/// The answer of one authoritative server about a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Found {
    /// Name or address of the server.
    #[serde(default)]
    #[schema(required = true)]
    pub server: String,
    /// The records at the name, as in a zone file: `CNAME x.example`. Empty if there is none.
    #[serde(default)]
    #[schema(required = true)]
    pub records: Vec<String>,
    /// The targets of the CNAME chain in order, and last the addresses.
    #[serde(default)]
    #[schema(required = true)]
    pub chain: Vec<String>,
    /// Why there is no answer: `NXDOMAIN`, `SERVFAIL`, `REFUSED`, a timeout, in words. Null with an answer.
    pub error: Option<String>,
}

/// A required record, and what was found.
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
    /// True: the certificate does not need it. The domain owner creates it when visitors are to reach the platform.
    #[serde(default)]
    #[schema(required = true)]
    pub later: bool,
    #[serde(default)]
    #[schema(required = true)]
    pub found: Vec<Found>,
    /// Link to create it in one step at the DNS provider (Domain Connect). Absent if the provider does not offer it, or
    /// if the record is correct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<ConnectLink>,
}

/// A link for the domain owner: follow it, sign in at the DNS provider, and confirm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConnectLink {
    /// The DNS provider, as it calls itself.
    pub provider: String,
    /// The host of the link.
    pub host: String,
    pub url: String,
}

impl RecordView {
    pub fn is_right(&self) -> bool {
        self.status.as_ref().is_some_and(|status| *status == RecordStatus::Ok)
    }

    /// Whether it is not correct yet, and only visitors need it.
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
