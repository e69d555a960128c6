use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::endpoint::Endpoint;
use crate::failure::Actor;

/// How soon somebody should look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = AlertSeverity)]
pub enum Severity {
    /// Nothing is wrong.
    #[default]
    Info,
    /// Something must be done, and there is time.
    Notice,
    /// Under a third of the certificate's life is left.
    Warning,
    /// Under a fifth.
    Error,
    /// Under a tenth, or it has expired.
    Page,
}

impl Severity {
    pub const ALL: [Self; 5] = [Self::Info, Self::Notice, Self::Warning, Self::Error, Self::Page];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Page => "page",
        }
    }

    /// How much a trouble matters by the part of a certificate's life that is left at `now`.
    ///
    /// "Under" is meant as it is said: with exactly a third left it is a notice.
    pub fn of_life(not_before: OffsetDateTime, not_after: OffsetDateTime, now: OffsetDateTime) -> Self {
        let (life, left) = (not_after - not_before, not_after - now);
        let under = |part: i32| left * part < life;
        match () {
            () if under(10) => Self::Page,
            () if under(5) => Self::Error,
            () if under(3) => Self::Warning,
            () => Self::Notice,
        }
    }

    /// How much it matters that `endpoint` cannot get its next certificate until `actor` does something.
    ///
    /// Without a certificate nothing breaks that worked, so time does not make it worse: a customer who has yet to create
    /// records is given notice, and the digest goes on about it; a platform that cannot serve a new customer is warned.
    pub fn of(endpoint: &Endpoint, actor: Actor, now: OffsetDateTime) -> Self {
        match (&endpoint.certificate, actor) {
            (Some(held), _) => Self::of_life(held.not_before, held.not_after, now),
            (None, Actor::Operator) => Self::Warning,
            (None, Actor::Customer | Actor::Ca) => Self::Notice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::Duration;
    use time::macros::datetime;

    const START: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);
    const TICK: Duration = Duration::NANOSECOND;

    #[test]
    fn each_severity_begins_just_after_its_part_of_the_life() {
        let end = START + Duration::days(90);
        let with_left = |left: Duration| Severity::of_life(START, end, end - left);
        for (days, before, after) in [
            (30, Severity::Notice, Severity::Warning),
            (18, Severity::Warning, Severity::Error),
            (9, Severity::Error, Severity::Page),
        ] {
            let edge = Duration::days(days);
            assert_eq!((with_left(edge), with_left(edge - TICK)), (before, after), "{days} days left of 90");
        }
        assert_eq!(with_left(Duration::ZERO), Severity::Page);
        assert_eq!(with_left(-Duration::DAY), Severity::Page, "expired");
    }

    proptest! {
        #[test]
        fn severity_never_falls_while_a_certificate_lives(
            life in 60_i64..400 * 86_400, a in -1.0_f64..1.5, b in -1.0_f64..1.5,
        ) {
            let end = START + Duration::seconds(life);
            let at = |part: f64| Severity::of_life(START, end, START + Duration::seconds(life) * part);
            prop_assert!(at(a.min(b)) <= at(a.max(b)));
            prop_assert!(at(a) >= Severity::Notice);
        }
    }
}
