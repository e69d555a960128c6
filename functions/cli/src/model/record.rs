//! DNS records that an endpoint needs, and how they are.

use serde::{Deserialize, Serialize};

use super::check::Found;

/// A DNS record for the domain's owner to create. Programs get exactly these four, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) name: String,
    /// `CNAME`, or `ALIAS` where none can stand.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) value: String,
    pub(crate) purpose: String,
}

/// A required record beside what the last look found.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CheckedRecord {
    #[serde(flatten)]
    pub(crate) record: Record,
    /// None if it was never looked at.
    #[serde(default)]
    pub(crate) status: Option<RecordStatus>,
    #[serde(default)]
    pub(crate) found: Vec<Found>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RecordStatus {
    Ok,
    Missing,
    Mismatch,
    Conflict,
    Unreachable,
    /// One that a newer API has and this program does not know.
    #[serde(other)]
    Unknown,
}

impl RecordStatus {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Missing => "missing",
            Self::Mismatch => "mismatch",
            Self::Conflict => "conflict",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct RecordList {
    pub(crate) records: Vec<CheckedRecord>,
}
