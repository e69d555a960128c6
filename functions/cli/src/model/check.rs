//! What a look at a domain's DNS and host found.

use serde::Deserialize;
use time::OffsetDateTime;

use super::endpoint::Mover;
use super::record::{CheckedRecord, Record};

/// What one authoritative server said about a record.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Found {
    pub(crate) server: String,
    /// As in a zone file: `CNAME x.example`.
    pub(crate) records: Vec<String>,
    /// The further names that a CNAME led to, and last the addresses.
    pub(crate) chain: Vec<String>,
    pub(crate) error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Severity {
    Notice,
    Warning,
    /// Also what this program does not know: better looked at than passed over.
    #[serde(other)]
    Error,
}

impl Severity {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// An entry of the catalogue of checks that applies.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Finding {
    pub(crate) check: String,
    pub(crate) severity: Severity,
    pub(crate) subject: String,
    #[serde(default)]
    pub(crate) expected: String,
    #[serde(default)]
    pub(crate) found: String,
    #[serde(default)]
    pub(crate) explanation: String,
    pub(crate) actor: Mover,
    pub(crate) fix: Fix,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Fix {
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) record: Option<Record>,
    #[serde(default)]
    pub(crate) command: Option<String>,
}

/// The DNS provider of the domain's owner.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) typing: String,
    #[serde(default)]
    pub(crate) trap: Option<String>,
}

/// What a TLS connection to the host showed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(crate) enum Serving {
    Unreachable {
        host: String,
        reason: String,
    },
    Presented {
        host: String,
        serial: String,
        issuer: String,
        #[serde(with = "time::serde::rfc3339")]
        not_after: OffsetDateTime,
        ours: bool,
        name_matches: bool,
        #[serde(default = "assumed")]
        chain_complete: bool,
    },
    #[default]
    #[serde(other)]
    NotChecked,
}

/// Of an API from before chains were looked at.
fn assumed() -> bool {
    true
}

/// A look at a domain that need not be registered.
#[derive(Debug, Deserialize)]
pub(crate) struct Preflight {
    pub(crate) domain: String,
    pub(crate) well: bool,
    #[serde(default)]
    pub(crate) records: Vec<CheckedRecord>,
    #[serde(default)]
    pub(crate) findings: Vec<Finding>,
    #[serde(default)]
    pub(crate) provider: Option<Provider>,
    #[serde(default)]
    pub(crate) serving: Serving,
}
