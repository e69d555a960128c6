//! Times as people read them, by one rule everywhere.
//!
//! The exact time in UTC to the second, and beside it its distance from now. The distance is in whole seconds under two
//! minutes, in minutes under two hours, in hours under two days, and in days beyond: the largest unit that fits at least twice.
//! It is rounded down, so that nothing is promised to last longer than it does. Less than a second is "just now".

use time::macros::format_description;
use time::{Duration, OffsetDateTime, UtcOffset};

/// A unit of distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit {
    /// In seconds: the shortest distance that it is used for.
    pub from: u64,
    /// In seconds.
    pub length: u64,
    pub name: &'static str,
}

/// Largest first. The dashboard's script uses the same units.
pub const UNITS: [Unit; 4] = [
    Unit { from: 172_800, length: 86_400, name: "day" },
    Unit { from: 7_200, length: 3_600, name: "hour" },
    Unit { from: 120, length: 60, name: "minute" },
    Unit { from: 1, length: 1, name: "second" },
];

/// `2026-03-01 12:30:00 UTC`
pub fn exact(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    at.to_offset(UtcOffset::UTC).format(format).expect("all parts are there")
}

/// `in 59 days`, `40 hours ago`, `just now`
pub fn relative(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let seconds = (at - now).whole_seconds();
    let Some((count, unit)) = UNITS
        .iter()
        .find(|unit| seconds.unsigned_abs() >= unit.from)
        .map(|unit| (seconds.unsigned_abs() / unit.length, unit.name))
    else {
        return "just now".into();
    };
    let plural = if count == 1 { "" } else { "s" };
    if seconds > 0 { format!("in {count} {unit}{plural}") } else { format!("{count} {unit}{plural} ago") }
}

/// `2026-03-01 12:30:00 UTC (in 59 days)`
pub fn timestamp(at: OffsetDateTime, now: OffsetDateTime) -> String {
    format!("{} ({})", exact(at), relative(at, now))
}

/// The verb for a certificate that ends `at`.
pub fn expires(at: OffsetDateTime, now: OffsetDateTime) -> &'static str {
    if at > now { "expires" } else { "expired" }
}

/// How long something took: `440 ms`, `12.0 s`, `3 min 20 s`, `2 h 5 min`. Rounded down; a negative length is zero.
pub fn length(span: Duration) -> String {
    let milliseconds = u64::try_from(span.whole_milliseconds()).unwrap_or_default();
    let (seconds, minutes) = (milliseconds / 1000, milliseconds / 60_000);
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..100_000 => format!("{seconds}.{} s", milliseconds % 1000 / 100),
        100_000..7_200_000 => format!("{minutes} min {} s", seconds % 60),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// A length of time as people type it: `90s`, `15m`, `1h30m`, `14d`. `None` for anything else, and for zero.
pub fn typed_length(text: &str) -> Option<Duration> {
    let (mut whole, mut rest) = (0_i64, text);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let count: i64 = rest[..digits].parse().ok()?;
        let unit = match rest.as_bytes()[digits] {
            b's' => 1,
            b'm' => 60,
            b'h' => 3_600,
            b'd' => 86_400,
            _ => return None,
        };
        whole = whole.checked_add(count.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    (whole > 0).then(|| Duration::seconds(whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00 UTC);

    #[test]
    fn a_timestamp_is_exact_in_utc_and_relative() {
        assert_eq!(timestamp(datetime!(2026-03-01 01:30 +1), NOW), "2026-03-01 00:30:00 UTC (in 59 days)");
    }

    #[test]
    fn a_distance_is_in_the_largest_unit_of_which_there_are_two_rounded_down() {
        for (distance, words) in [
            (Duration::ZERO, "just now"),
            (Duration::milliseconds(999), "just now"),
            (Duration::milliseconds(-999), "just now"),
            (Duration::SECOND, "in 1 second"),
            (Duration::seconds(-1), "1 second ago"),
            (Duration::seconds(119), "in 119 seconds"),
            (Duration::seconds(-120), "2 minutes ago"),
            (Duration::seconds(7_199), "in 119 minutes"),
            (Duration::hours(-2), "2 hours ago"),
            (Duration::hours(40), "in 40 hours"),
            (Duration::seconds(172_799), "in 47 hours"),
            (Duration::hours(48), "in 2 days"),
            (Duration::seconds(90 * 86_400 - 1), "in 89 days"),
            (Duration::days(-800), "800 days ago"),
        ] {
            assert_eq!(relative(NOW + distance, NOW), words, "{distance}");
        }
    }

    #[test]
    fn a_length_has_tenths_of_a_second_from_one_second_to_a_hundred() {
        for (milliseconds, words) in [
            (-5, "0 ms"),
            (999, "999 ms"),
            (1_000, "1.0 s"),
            (99_999, "99.9 s"),
            (100_000, "1 min 40 s"),
            (200_000, "3 min 20 s"),
            (7_199_999, "119 min 59 s"),
            (7_200_000, "2 h 0 min"),
            (90_000_000, "25 h 0 min"),
        ] {
            assert_eq!(length(Duration::milliseconds(milliseconds)), words);
        }
    }

    #[test]
    fn a_typed_length_has_units_and_is_more_than_nothing() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("1h30m", 5_400), ("14d", 1_209_600), ("1d12h", 129_600)] {
            assert_eq!(typed_length(text), Some(Duration::seconds(seconds)), "{text}");
        }
        for text in
            ["", "0s", "15", "d", "-5m", "1.5h", "15m ", "5µs", "1w", "99999999999999999999d", "999999999999999999d"]
        {
            assert_eq!(typed_length(text), None, "{text}");
        }
    }
}
