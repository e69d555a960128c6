use crate::endpoint::notified::Severity;

impl Severity {
    pub const ALL: [Self; 5] = [Self::Info, Self::Notice, Self::Warning, Self::Error, Self::Page];
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;
    use time::{Duration, OffsetDateTime};

    const START: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    const TICK: Duration = Duration::NANOSECOND;

    #[test]
    fn each_severity_begins_just_after_its_part_of_the_lifetime() {
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
        fn severity_never_falls_as_a_certificate_ages(
            life in 60_i64..400 * 86_400, a in -1.0_f64..1.5, b in -1.0_f64..1.5,
        ) {
            let end = START + Duration::seconds(life);
            let at = |part: f64| Severity::of_life(START, end, START + Duration::seconds(life) * part);
            prop_assert!(at(a.min(b)) <= at(a.max(b)));
            prop_assert!(at(a) >= Severity::Notice);
        }
    }
}
