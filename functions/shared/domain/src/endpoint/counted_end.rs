use time::{Duration, OffsetDateTime};
use vocabulary::names::TenantId;

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::track_record::AttemptEnd;

/// What the end of an attempt is counted as, tenant by tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedEnd {
    pub tenant: TenantId,
    /// Absent where it says nothing of success: it had nothing to do, or waited for the first records alone.
    pub end: Option<AttemptEnd>,
    /// How long after the registration the first certificate came, if this is it.
    pub first_after: Option<Duration>,
}

impl CountedEnd {
    /// `ended`: the endpoint as the attempt leaves it, at `now`.
    pub fn of(ended: &Endpoint, end: Option<AttemptEnd>, now: OffsetDateTime) -> Self {
        let first = ended.track.issued_at.filter(|at| end.is_some() && *at == now);
        Self { tenant: ended.tenant.clone(), end, first_after: first.map(|at| at - ended.created_at) }
    }
}
