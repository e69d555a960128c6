//! Events of an endpoint, in order: its attempts and what people did.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{Open, Origin};

/// Kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    Registered,
    Changed,
    Checked,
    RenewalRequested,
    LinkCreated,
    LinkRevoked,
    Muted,
    Unmuted,
    RemovalRequested,
    RevocationRequested,
    CertificateRevoked,
    RevocationRefused,
    AttemptStarted,
    CertificateIssued,
    CertificateRenewed,
    CertificateUnchanged,
    AttemptFailed,
    Removed,
}

/// One event of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Sorts by time; unique within the endpoint. Send it as `after` to continue from it.
    pub id: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    #[schema(value_type = EventKind)]
    pub kind: Open<EventKind>,
    pub by: Origin,
    /// In one sentence.
    pub summary: String,
    /// Whether it is an `attempt_failed` of the set-up: before the first certificate, the domain owner's records were
    /// not correct yet.
    #[serde(default)]
    #[schema(required = true)]
    pub set_up: bool,
    /// The endpoint's id, in the events of all endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The endpoint's first name, in the events of all endpoints; absent if it is no longer known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventList {
    /// Newest first.
    pub events: Vec<Event>,
}
