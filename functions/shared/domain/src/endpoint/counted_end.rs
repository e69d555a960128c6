use time::{Duration, OffsetDateTime};
use vocabulary::names::TenantId;

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::track_record::AttemptEnd;

/// How the end of an attempt is counted, per tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedEnd {
    pub tenant: TenantId,
    /// Absent if it says nothing about success: it had nothing to do, or only waited for the first records.
    pub end: Option<AttemptEnd>,
    /// How long after registration the first certificate was issued, if this is it.
    pub first_after: Option<Duration>,
}

impl CountedEnd {
    /// `ended`: the endpoint as the attempt leaves it, at `now`.
    pub fn of(ended: &Endpoint, end: Option<AttemptEnd>, now: OffsetDateTime) -> Self {
        let first = ended.track.issued_at.filter(|at| end.is_some() && *at == now);
        Self { tenant: ended.tenant.clone(), end, first_after: first.map(|at| at - ended.created_at) }
    }
}
