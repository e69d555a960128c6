//! When renewal opens, as a part of the lifetime.

use time::{Duration, OffsetDateTime};

/// A lifetime under this is renewed at half of it (as Let's Encrypt's ARI windows do).
const SHORT_LIFETIME: Duration = Duration::days(10);

/// How far `jitter` spreads renewals, as a part of the lifetime.
const RENEWAL_SPREAD: f64 = 0.02;

/// When renewal of a certificate opens, to the second: 2/3 of its lifetime, 1/2 if that is under ten days.
///
/// `jitter` in 0.0..1.0 moves it by up to one percent of the lifetime either way, so that certificates
/// issued together are not renewed together.
pub fn renewal_opens(not_before: OffsetDateTime, not_after: OffsetDateTime, jitter: f64) -> OffsetDateTime {
    let lifetime = not_after - not_before;
    let fraction = if lifetime < SHORT_LIFETIME { 1.0 / 2.0 } else { 2.0 / 3.0 };
    let opens = not_before + lifetime * (fraction + RENEWAL_SPREAD * (jitter - 0.5));
    opens.replace_nanosecond(0).expect("zero is a nanosecond")
}
