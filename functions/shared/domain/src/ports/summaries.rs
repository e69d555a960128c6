use std::future::Future;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use vocabulary::names::{EndpointId, Scope};

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::status::EndpointStatus;
use crate::overview::Summary;
use crate::ports::registry::{EndpointPage, Position};
use vocabulary::failure::ServiceFault;

/// The number of parts of about equal size into which the endpoints are split.
pub const SUMMARY_PARTS: u32 = 4;

/// The summary of one part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryPart {
    pub part: u32,
    /// When its walk began.
    #[serde(with = "time::serde::rfc3339")]
    pub as_of: OffsetDateTime,
    pub summary: Summary,
}

/// A change to an endpoint since then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentChange {
    pub endpoint: EndpointId,
    /// The status with which it was counted before; absent if it was new.
    pub was: Option<EndpointStatus>,
    pub at: OffsetDateTime,
}

/// Stored summaries, so that an overview costs the same however many endpoints there are.
pub trait Summaries {
    /// Up to `limit` endpoints of one part after `after`, by domain. A page may have fewer without being the last.
    fn list_part(
        &self,
        part: u32,
        after: Option<&Position>,
        limit: u32,
    ) -> impl Future<Output = Result<EndpointPage, ServiceFault>> + Send;

    /// Stores the summary of a part of the scope, unless a newer one is stored. It is deleted after a day.
    fn save_summary(&self, scope: &Scope, part: &SummaryPart) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// The stored summaries of the scope, by part; parts that were never summed up are missing.
    fn summaries(&self, scope: &Scope) -> impl Future<Output = Result<Vec<SummaryPart>, ServiceFault>> + Send;

    /// Records a change to `endpoint` at `at`, for its tenant's overview and for that of all.
    fn note_change(
        &self,
        endpoint: &Endpoint,
        was: Option<EndpointStatus>,
        at: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// The newest `limit` changes in the scope, newest first.
    fn recent_changes(
        &self,
        scope: &Scope,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<RecentChange>, ServiceFault>> + Send;
}
