//! Times, exact and as people say them.

use time::macros::format_description;
use time::{Duration, OffsetDateTime, UtcOffset};

/// `2026-03-01 12:30:00 UTC (in 59 days)`
pub(crate) fn moment(at: OffsetDateTime, now: OffsetDateTime) -> String {
    format!("{} ({})", exact(at), relative(at, now))
}

pub(super) fn exact(at: OffsetDateTime) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    at.to_offset(UtcOffset::UTC).format(format).expect("all parts are there")
}

pub(super) fn relative(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let distance = at - now;
    match distance.abs() < Duration::SECOND {
        true => "now".into(),
        false if distance.is_positive() => format!("in {}", rough(distance)),
        false => format!("{} ago", rough(-distance)),
    }
}

/// In the largest unit of which there are two, cut: nothing is promised to last longer than it does.
fn rough(span: Duration) -> String {
    let seconds = span.whole_seconds();
    let (count, unit) = match seconds {
        172_800.. => (seconds / 86_400, "day"),
        7_200.. => (seconds / 3_600, "hour"),
        120.. => (seconds / 60, "minute"),
        _ => (seconds, "second"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// How long something took: `440 ms`, `12.0 s`, `3 min 20 s`.
pub(super) fn length(milliseconds: u64) -> String {
    match milliseconds {
        0..1000 => format!("{milliseconds} ms"),
        1000..100_000 => format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100),
        _ => format!("{} min {} s", milliseconds / 60_000, milliseconds / 1000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_moment_is_exact_and_relative() {
        let now = datetime!(2026-01-01 00:00 UTC);
        let relative = |span| relative(now + span, now);
        assert_eq!(moment(datetime!(2026-03-01 01:30 +1), now), "2026-03-01 00:30:00 UTC (in 59 days)");
        assert_eq!(relative(Duration::milliseconds(-999)), "now");
        assert_eq!(relative(Duration::SECOND), "in 1 second");
        assert_eq!(relative(Duration::seconds(-119)), "119 seconds ago");
        assert_eq!(relative(Duration::seconds(-120)), "2 minutes ago");
        assert_eq!(relative(Duration::hours(47)), "in 47 hours");
        assert_eq!(relative(Duration::hours(48)), "in 2 days");
    }

    #[test]
    fn a_length_is_told_in_seconds_from_one_to_a_hundred() {
        assert_eq!(length(999), "999 ms");
        assert_eq!(length(1000), "1.0 s");
        assert_eq!(length(99_999), "99.9 s");
        assert_eq!(length(200_000), "3 min 20 s");
    }
}
