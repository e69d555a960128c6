//! DNS records that an endpoint needs, and how they are.

use serde::{Deserialize, Serialize};

use super::check::Found;

/// A DNS record for the domain's owner to create. Programs get exactly these four, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) name: String,
    /// `CNAME`, or `ALIAS` where none can stand, or `TXT`.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) value: String,
    pub(crate) purpose: String,
}

/// Octets of one string in a TXT record (RFC 1035 §3.3).
const MOST_OCTETS: usize = 255;

impl Record {
    /// The text of a TXT record in strings of quotes, with `between` them: a record has room for 255 octets in each,
    /// and whoever reads it puts them together again. `None` of another record.
    pub(crate) fn quoted(&self, between: &str) -> Option<String> {
        if self.kind != "TXT" {
            return None;
        }
        let (mut parts, mut octets) = (vec![String::new()], 0);
        for c in self.value.chars() {
            if octets + c.len_utf8() > MOST_OCTETS {
                parts.push(String::new());
                octets = 0;
            }
            let part = parts.last_mut().expect("never empty");
            if matches!(c, '"' | '\\') {
                part.push('\\');
            }
            part.push(c);
            octets += c.len_utf8();
        }
        Some(format!("\"{}\"", parts.join(&format!("\"{between}\""))))
    }
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
