//! What a test orders of the cloud's own name servers. It lies in a file, as they are another process.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::keys::{DenialFault, SignatureFault};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Orders {
    /// Zones that are signed.
    pub(crate) signed: BTreeSet<String>,
    /// Zones whose DS record is of an algorithm that no resolver knows: they count as unsigned (RFC 4035 §5.2).
    #[serde(default)]
    pub(crate) signed_oddly: BTreeSet<String>,
    pub(crate) faults: Vec<ServerFault>,
}

/// Something that is wrong with a zone at one of its servers, or at all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFault {
    pub zone: String,
    /// Its name, as `ns1.dns.test`. `None` is every server.
    pub server: Option<String>,
    pub effect: ServerEffect,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ServerEffect {
    /// Takes every question, and answers none.
    Silent,
    /// SERVFAIL, whatever is asked.
    ServFail,
    /// REFUSED, whatever is asked: it does not serve the zone.
    Refused,
    /// An empty answer with the AA bit clear, as from a resolver.
    WithoutAuthority,
    /// FORMERR to questions with EDNS.
    NoEdns,
    /// Takes questions with EDNS, and answers those without alone.
    DropsEdns,
    /// SERVFAIL to questions for this type.
    FailingAt(String),
    /// REFUSED to questions for this type.
    RefusingAt(String),
    /// NOTIMP to questions for this type.
    NotImplementingAt(String),
    /// Nothing to questions for this type.
    SilentAt(String),
    /// Empty answers come without a SOA record.
    WithoutSoa,
    /// Empty answers come with the root's SOA record.
    ForeignSoa,
    /// How a signed zone denies what it does not have: by NSEC3 records or by NSEC records, and with what fault.
    Denials { hashed: bool, fault: Option<DenialFault> },
    /// Signatures at `owner`, or all of them, are faulty.
    Signatures { owner: Option<String>, fault: SignatureFault },
}

impl Orders {
    pub(crate) fn read(file: &Path) -> Result<Self> {
        match fs::read_to_string(file) {
            Ok(text) => serde_json::from_str(&text).with_context(|| format!("reading {}", file.display())),
            Err(_) => Ok(Self::default()),
        }
    }

    /// They hold for the next question.
    pub(crate) fn write(&self, file: &Path) -> Result<()> {
        let unfinished = file.with_extension("new");
        fs::write(&unfinished, serde_json::to_string(self)?)?;
        fs::rename(unfinished, file).with_context(|| format!("writing {}", file.display()))
    }
}
