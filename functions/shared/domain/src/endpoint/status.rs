//! The status of an endpoint in one word.

use serde::{Deserialize, Serialize};

/// The state of an endpoint in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointStatus {
    /// Somebody must do something before there is a good certificate, or before it can be renewed.
    ActionRequired,
    /// A good certificate is in place, and something is wrong that will break it or its use.
    Degraded,
    /// It failed, and is tried again automatically; nobody need act.
    Retrying,
    /// A certificate is being issued.
    Issuing,
    /// Nothing is waited for: it is being removed, or its owner seems to have left.
    Paused,
    /// A good certificate is in place, and nothing stands in the way of the next one.
    Ready,
}

impl EndpointStatus {
    /// In the order in which they need attention.
    pub const ALL: [Self; 6] =
        [Self::ActionRequired, Self::Degraded, Self::Retrying, Self::Issuing, Self::Paused, Self::Ready];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::ActionRequired => "action_required",
            Self::Degraded => "degraded",
            Self::Retrying => "retrying",
            Self::Issuing => "issuing",
            Self::Paused => "paused",
            Self::Ready => "ready",
        }
    }
}
