//! What happened to an endpoint, and the links that were made for it.

use serde::Deserialize;
use time::OffsetDateTime;

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Event {
    /// Sorts by time.
    pub(crate) id: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) at: OffsetDateTime,
    pub(crate) kind: String,
    pub(crate) by: Origin,
    pub(crate) summary: String,
}

/// Who did it, from where.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Origin {
    pub(crate) who: String,
    #[serde(default)]
    pub(crate) address: Option<String>,
}

/// Newest first.
#[derive(Debug, Deserialize)]
pub(crate) struct EventList {
    pub(crate) events: Vec<Event>,
}

/// A link to the customer's page.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Share {
    pub(crate) id: String,
    pub(crate) created_by: Origin,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) expires_at: OffsetDateTime,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ShareList {
    pub(crate) shares: Vec<Share>,
}

/// A link that was just made, with its URL, which is shown this once.
#[derive(Debug, Deserialize)]
pub(crate) struct NewShare {
    #[serde(flatten)]
    pub(crate) share: Share,
    pub(crate) url: String,
}
