//! When an endpoint is checked. Nothing here is in days, and nothing is random: an endpoint always has the same times.

use time::{Duration, OffsetDateTime};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::names::EndpointId;

use crate::endpoint::health::{Health, settles_at};

/// However short a certificate's lifetime, it is checked this many times, if the schedule runs often enough.
const CHECKS_IN_A_LIFETIME: i32 = 100;

/// The schedules run at most every minute.
const SHORTEST: Duration = Duration::MINUTE;

/// How soon to check again what only one check has seen.
const UNTIL_CONFIRMED: Duration = Duration::minutes(10);

/// How soon to check an endpoint again that an attempt was working on, or that could not be checked.
pub const ASK_AGAIN: Duration = Duration::minutes(5);

/// The default interval between two checks.
pub const DEFAULT_INTERVAL: Duration = Duration::hours(6);

/// The interval between two checks of `held`: `longest`, or a hundredth of a short lifetime.
pub fn interval(held: &InstalledCertificate, longest: Duration) -> Duration {
    let part = (held.not_after - held.not_before) / CHECKS_IN_A_LIFETIME;
    part.min(longest).max(SHORTEST)
}

/// The first check after `now` of those that are `interval` apart; always within `interval`.
///
/// Each endpoint has its own phase in the interval, so that endpoints registered together are not checked together.
pub fn next_check(id: &EndpointId, interval: Duration, now: OffsetDateTime) -> OffsetDateTime {
    let phase = id.phase(interval).whole_seconds();
    let interval = interval.whole_seconds().max(1);
    let periods = (now.unix_timestamp() - phase).div_euclid(interval) + 1;
    OffsetDateTime::from_unix_timestamp(periods * interval + phase).expect("within an interval of now")
}

/// The first check of a certificate that was just recorded: at its usual time, and after a renewal as soon as the host must
/// have switched to it. The configured interval is unknown here.
pub fn first_check(id: &EndpointId, held: &InstalledCertificate) -> OffsetDateTime {
    if held.renewal {
        return settles_at(held);
    }
    next_check(id, interval(held, DEFAULT_INTERVAL), held.imported_at)
}

/// The check after one that found `health`: earlier than usual if something must be confirmed, or if the host may still be
/// switching to a new certificate.
pub fn check_after(id: &EndpointId, health: &Health, held: &InstalledCertificate, longest: Duration) -> OffsetDateTime {
    let (now, settled) = (health.checked_at, settles_at(held));
    let in_turn = next_check(id, interval(held, longest), now);
    let confirm = health.is_in_doubt().then_some(now + UNTIL_CONFIRMED);
    let changeover = (now < settled).then_some(settled);
    [confirm, changeover].into_iter().flatten().fold(in_turn, OffsetDateTime::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::tests::{NOW, ailing, certificate, endpoint, quiet};
    use proptest::prelude::*;

    fn id(seed: u128) -> EndpointId {
        EndpointId::from_random(seed.to_be_bytes())
    }

    #[test]
    fn a_thousand_endpoints_registered_together_are_checked_evenly_over_the_interval() {
        let interval = Duration::hours(6);
        let mut tenths = [0; 10];
        for seed in 0..1000 {
            let after = next_check(&id(seed), interval, NOW) - NOW;
            tenths[usize::try_from((after.whole_seconds() - 1) * 10 / interval.whole_seconds()).expect("a tenth")] += 1;
        }
        assert!(tenths.iter().all(|&count| (70..=130).contains(&count)), "{tenths:?}");
    }

    #[test]
    fn a_phase_is_the_same_in_every_release() {
        let first = |seed| next_check(&id(seed), Duration::hours(6), OffsetDateTime::UNIX_EPOCH).unix_timestamp();
        assert_eq!([0, 1, 2].map(first), [9432, 14_063, 21_019]);
    }

    #[test]
    fn a_certificate_of_days_is_checked_more_often_than_one_of_months() {
        let six = Duration::hours(6);
        let of = |lifetime: Duration| interval(&certificate(&endpoint(), lifetime), six);
        assert_eq!(of(Duration::days(90)), six);
        assert_eq!(of(Duration::days(25)), six, "the boundary: a hundredth of it is the interval");
        assert_eq!(of(Duration::hours(160)), Duration::minutes(96));
        assert_eq!(of(Duration::minutes(4)), SHORTEST);
        assert_eq!(interval(&certificate(&endpoint(), Duration::days(90)), Duration::HOUR), Duration::HOUR);
    }

    #[test]
    fn a_symptom_of_one_check_alone_is_checked_again_soon() {
        let (endpoint, longest) = (endpoint(), Duration::hours(6));
        let held =
            InstalledCertificate { imported_at: NOW - Duration::days(1), ..certificate(&endpoint, Duration::days(90)) };
        let after = |health: &Health| check_after(&endpoint.id, health, &held, longest);
        assert_eq!(after(&quiet(NOW)), next_check(&endpoint.id, longest, NOW));
        assert_eq!(after(&ailing(NOW, 1)), (NOW + UNTIL_CONFIRMED).min(next_check(&endpoint.id, longest, NOW)));
        assert_eq!(after(&ailing(NOW, 2)), next_check(&endpoint.id, longest, NOW));
        let fresh = InstalledCertificate { imported_at: NOW, ..held.clone() };
        let changeover = check_after(&endpoint.id, &quiet(NOW), &fresh, longest);
        assert_eq!(changeover, settles_at(&fresh).min(next_check(&endpoint.id, longest, NOW)));
    }

    proptest! {
        #[test]
        fn every_interval_has_exactly_one_check(
            seed in any::<u128>(), seconds in 60_i64..200_000, now in 0_i64..4_000_000_000,
        ) {
            let (id, interval) = (id(seed), Duration::seconds(seconds));
            let now = OffsetDateTime::from_unix_timestamp(now).expect("in range");
            let next = next_check(&id, interval, now);
            prop_assert!(now < next && next <= now + interval);
            prop_assert_eq!(next_check(&id, interval, next), next + interval);
            prop_assert_eq!(next_check(&id, interval, next - Duration::SECOND), next);
        }
    }
}
