//! Moments as people read them: how long ago, and the exact time beside it.

use askama::Template;
use askama::filters::HtmlSafe;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

/// The time at which a page is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) now: OffsetDateTime,
}

/// One moment: relative, with the exact one on hover and for programs. The script keeps it up to date.
#[derive(Debug, Template)]
#[template(
    ext = "html",
    source = r#"<time datetime="{{ machine }}" title="{{ exact }}" data-relative>{{ relative }}</time>"#
)]
pub(crate) struct Moment {
    machine: String,
    exact: String,
    relative: String,
}

impl HtmlSafe for Moment {}

impl Clock {
    pub(crate) fn moment(self, at: &OffsetDateTime) -> Moment {
        Moment { machine: machine(at), exact: exact(at), relative: relative(*at - self.now) }
    }

    pub(crate) fn relative(self, at: &OffsetDateTime) -> String {
        relative(*at - self.now)
    }
}

/// RFC 3339, to the second.
pub(crate) fn machine(at: &OffsetDateTime) -> String {
    written(at, format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"))
}

/// `2027-02-22 12:00:05 UTC`
pub(crate) fn exact(at: &OffsetDateTime) -> String {
    written(at, format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC"))
}

/// `22 Feb 2027`
pub(crate) fn day(at: &OffsetDateTime) -> String {
    written(at, format_description!("[day padding:none] [month repr:short] [year]"))
}

fn written(at: &OffsetDateTime, format: &[time::format_description::BorrowedFormatItem<'_>]) -> String {
    at.to_offset(time::UtcOffset::UTC).format(format).expect("a date has all the parts")
}

/// In the largest unit of which there are at least two or so; `script.js` says the same.
fn relative(from_now: Duration) -> String {
    let seconds = from_now.whole_seconds().unsigned_abs();
    let (count, unit) = match seconds {
        0..45 => return if from_now.is_negative() || seconds == 0 { "just now" } else { "in a moment" }.to_owned(),
        45..5_400 => (rounded(seconds, 60), "minute"),
        5_400..129_600 => (rounded(seconds, 3_600), "hour"),
        129_600..63_072_000 => (rounded(seconds, 86_400), "day"),
        _ => (rounded(seconds, 31_557_600), "year"),
    };
    let plural = if count == 1 { "" } else { "s" };
    if from_now.is_negative() { format!("{count} {unit}{plural} ago") } else { format!("in {count} {unit}{plural}") }
}

fn rounded(seconds: u64, unit: u64) -> u64 {
    (seconds + unit / 2) / unit
}

/// How long something took: `0.4 s`, `12 s`, `3 min`.
pub(crate) fn took(time: Duration) -> String {
    let seconds = time.as_seconds_f64().max(0.0);
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0} min", seconds / 60.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn a_moment_is_told_in_a_unit_that_says_enough() {
        for (seconds, words) in [
            (0, "just now"),
            (-44, "just now"),
            (44, "in a moment"),
            (-45, "1 minute ago"),
            (60, "in 1 minute"),
            (-5_399, "90 minutes ago"),
            (5_400, "in 2 hours"),
            (129_600, "in 2 days"),
            (-89 * 86_400, "89 days ago"),
            (800 * 86_400, "in 2 years"),
        ] {
            assert_eq!(relative(Duration::seconds(seconds)), words, "{seconds}");
        }
    }

    #[test]
    fn a_moment_carries_the_exact_time_in_utc() {
        let clock = Clock { now: datetime!(2026-11-24 12:00 UTC) };
        assert_eq!(
            clock.moment(&datetime!(2026-11-24 14:00:05 +2)).to_string(),
            r#"<time datetime="2026-11-24T12:00:05Z" title="2026-11-24 12:00:05 UTC" data-relative>in a moment</time>"#
        );
    }

    #[test]
    fn durations_are_short() {
        assert_eq!(took(Duration::milliseconds(430)), "0.4 s");
        assert_eq!(took(Duration::seconds(75)), "75 s");
        assert_eq!(took(Duration::seconds(200)), "3 min");
    }
}
