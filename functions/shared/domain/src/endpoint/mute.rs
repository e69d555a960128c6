//! Nobody is notified of an endpoint for a time: a known problem that is being fixed, or planned maintenance.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::Origin;

use crate::endpoint::notified::Severity;

/// The longest a mute lasts: an endpoint that should be silent for longer should be removed, or fixed.
pub const LONGEST_MUTE: Duration = Duration::days(90);
/// The longest reason, in characters.
pub const LONGEST_REASON: usize = 200;

/// From when until when nobody is notified of an endpoint, and why. What lasts is notified afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mute {
    /// Inclusive.
    #[serde(with = "time::serde::rfc3339")]
    pub from: OffsetDateTime,
    /// Exclusive.
    #[serde(with = "time::serde::rfc3339")]
    pub until: OffsetDateTime,
    pub reason: String,
    pub by: Origin,
}

impl Mute {
    pub fn is_on(&self, now: OffsetDateTime) -> bool {
        self.from <= now && now < self.until
    }

    /// Whether it holds back notifications that wait on `owner`. Those of a certificate about to expire are always sent, and a
    /// tenant cannot mute what the operator has to do.
    pub fn holds(&self, owner: WaitingOn, severity: Severity, now: OffsetDateTime) -> bool {
        self.is_on(now) && severity < Severity::Page && (self.by.operator || owner != WaitingOn::Operator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const FROM: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn by(operator: bool) -> Mute {
        let by = Origin { who: "ann".into(), address: None, operator };
        Mute { from: FROM, until: FROM + Duration::HOUR, reason: "moving".into(), by }
    }

    #[test]
    fn a_mute_includes_its_first_instant_and_not_its_last() {
        let on = |at| by(true).is_on(at);
        assert!(!on(FROM - Duration::NANOSECOND) && on(FROM));
        assert!(on(FROM + Duration::HOUR - Duration::NANOSECOND) && !on(FROM + Duration::HOUR));
    }

    #[test]
    fn severity_page_is_never_muted_and_no_tenant_mutes_an_issue_of_the_operator() {
        let holds = |operator, owner, severity| by(operator).holds(owner, severity, FROM);
        assert!(
            holds(false, WaitingOn::DomainOwner, Severity::Error) && holds(true, WaitingOn::Operator, Severity::Error)
        );
        assert!(!holds(true, WaitingOn::DomainOwner, Severity::Page));
        assert!(!holds(false, WaitingOn::Operator, Severity::Notice));
        assert!(!by(true).holds(WaitingOn::DomainOwner, Severity::Notice, FROM + Duration::HOUR));
    }
}
