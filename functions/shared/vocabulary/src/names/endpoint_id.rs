//! What identifies a registration: its id, and the label of its delegation.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use time::Duration;

use crate::stable_hash::{hash_32, spread_64};

/// 128 random bits in lower-case base32 (26 characters): fits a DNS label and an execution name.
fn base32(bytes: [u8; 16]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let bits = u128::from_be_bytes(bytes);
    (0..26).rev().map(|i| char::from(ALPHABET[(bits >> (i * 5)) as usize & 31])).collect()
}

fn is_base32(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'2'..=b'7'))
}

/// Identifies an endpoint permanently: `ep-` and 128 random bits, never reused. Has no dot, so it is never a domain.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EndpointId(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an endpoint id: it starts with ep- and has 26 letters and digits")]
pub struct EndpointIdError;

impl EndpointId {
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(format!("ep-{}", base32(bytes)))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which of `shards` slices of the due index the endpoint is in.
    pub fn shard(&self, shards: u32) -> u32 {
        hash_32(self.0.as_bytes()) % shards
    }

    /// The endpoint's own part of `interval`, in whole seconds and less than it: it spreads evenly what would be due together.
    pub fn phase(&self, interval: Duration) -> Duration {
        let seconds = u128::from(interval.whole_seconds().unsigned_abs());
        let phase = (u128::from(spread_64(self.0.as_bytes())) * seconds) >> 64;
        Duration::seconds(i64::try_from(phase).expect("less than the interval"))
    }
}

impl FromStr for EndpointId {
    type Err = EndpointIdError;

    fn from_str(text: &str) -> Result<Self, EndpointIdError> {
        let random = text.strip_prefix("ep-").ok_or(EndpointIdError)?;
        is_base32(random).then(|| Self(text.to_owned())).ok_or(EndpointIdError)
    }
}

impl TryFrom<String> for EndpointId {
    type Error = EndpointIdError;

    fn try_from(text: String) -> Result<Self, EndpointIdError> {
        text.parse()
    }
}

impl From<EndpointId> for String {
    fn from(id: EndpointId) -> Self {
        id.0
    }
}

impl fmt::Display for EndpointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The label below the delegation zone that a domain owner's `_acme-challenge` must point to.
///
/// 128 random bits, one per registration, never reused: a CNAME left behind by a former owner is useless to whoever registers
/// the domain next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DelegationLabel(String);

impl DelegationLabel {
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(base32(bytes))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The full name that every `_acme-challenge` of the endpoint is an alias of.
    pub fn target(&self, delegation_zone: &str) -> String {
        format!("{}.{}", self.0, delegation_zone.trim_end_matches('.').to_ascii_lowercase())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the label of a delegation: it has 26 letters a to z and digits 2 to 7")]
pub struct DelegationLabelError;

/// A label that an installation created earlier: registrations that move to another installation keep theirs.
impl FromStr for DelegationLabel {
    type Err = DelegationLabelError;

    fn from_str(text: &str) -> Result<Self, DelegationLabelError> {
        is_base32(text).then(|| Self(text.to_owned())).ok_or(DelegationLabelError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_read_as_it_was_made_and_nothing_else_is_one() {
        let label = DelegationLabel::from_random([0xa5; 16]);
        assert_eq!(label.as_str().parse(), Ok(label.clone()));
        let longer = format!("{}a", label.as_str());
        let dotted = format!("{}.", &label.as_str()[..25]);
        for bad in ["", "www", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxy1", &longer, &dotted] {
            assert_eq!(bad.parse::<DelegationLabel>(), Err(DelegationLabelError), "{bad}");
        }
    }
}
