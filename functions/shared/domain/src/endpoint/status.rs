//! The status of an endpoint in one word.

use serde::{Deserialize, Serialize};

/// The state of an endpoint in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointStatus {
    /// Somebody must do something before there is a good certificate, or before it can be renewed.
    ActionRequired,
    /// There is a good certificate, but something is wrong that will break it or its use.
    Degraded,
    /// It failed, and is retried automatically. No action needed.
    Retrying,
    /// A new endpoint, before its first certificate: the domain owner's DNS records are missing or not yet correct.
    WaitingForDns,
    /// A certificate is being issued.
    Issuing,
    /// It is being removed, its records have been missing for so long that they are checked less often, or they now prove
    /// another registration.
    Paused,
    /// There is a good certificate, and nothing prevents the next one.
    Ready,
}

impl EndpointStatus {
    /// In the order in which they need attention.
    pub const ALL: [Self; 7] = [
        Self::ActionRequired,
        Self::Degraded,
        Self::Retrying,
        Self::WaitingForDns,
        Self::Issuing,
        Self::Paused,
        Self::Ready,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ActionRequired => "action_required",
            Self::Degraded => "degraded",
            Self::Retrying => "retrying",
            Self::WaitingForDns => "waiting_for_dns",
            Self::Issuing => "issuing",
            Self::Paused => "paused",
            Self::Ready => "ready",
        }
    }
}
