//! Revoking a certificate at the CA that issued it (RFC 8555 §7.6).

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// The reason, one of those that CAs accept from a certificate's owner (RFC 5280 §5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationReason {
    Unspecified,
    /// Somebody else has, or may have, the key.
    KeyCompromise,
    Superseded,
    /// The names are no longer in use, or no longer the tenant's.
    CessationOfOperation,
}

impl RevocationReason {
    pub const ALL: [Self; 4] = [Self::Unspecified, Self::KeyCompromise, Self::Superseded, Self::CessationOfOperation];

    /// CRLReason.
    pub fn code(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key-compromise",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation-of-operation",
        }
    }
}

/// A certificate to be revoked. It is as good as any until then, so another one replaces it first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocation {
    /// As [`normalize_serial`](crate::certificate::installed::normalize_serial) writes it.
    pub serial: String,
    /// DER, base64url without padding: sent to the CA.
    pub certificate: String,
    /// Directory URL of the CA that issued it.
    pub directory: String,
    pub reason: RevocationReason,
    #[serde(with = "time::serde::rfc3339")]
    pub requested_at: OffsetDateTime,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_written_as_it_is_serialized() {
        for reason in RevocationReason::ALL {
            assert_eq!(serde_json::to_value(reason).expect("serializes"), reason.as_str());
        }
    }
}
