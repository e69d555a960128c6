//! Times as people read them: relative, with the exact time beside it.

use askama::Template;
use askama::filters::HtmlSafe;
use time::OffsetDateTime;
use time::macros::format_description;
use vocabulary::times;

/// The time at which a page is made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    pub(crate) now: OffsetDateTime,
}

/// One time: relative, with the exact one on hover and for programs. The script keeps it up to date.
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
        Moment { machine: machine(at), exact: exact(at), relative: self.relative(at) }
    }

    pub(crate) fn relative(self, at: &OffsetDateTime) -> String {
        times::relative(*at, self.now)
    }
}

/// RFC 3339, to the second.
pub(crate) fn machine(at: &OffsetDateTime) -> String {
    written(at, format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"))
}

/// `2027-02-22 12:00:05 UTC`
pub(crate) fn exact(at: &OffsetDateTime) -> String {
    times::exact(*at)
}

/// `22 Feb 2027`
pub(crate) fn day(at: &OffsetDateTime) -> String {
    written(at, format_description!("[day padding:none] [month repr:short] [year]"))
}

fn written(at: &OffsetDateTime, format: &[time::format_description::BorrowedFormatItem<'_>]) -> String {
    at.to_offset(time::UtcOffset::UTC).format(format).expect("a date has all the parts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_script_counts_in_the_same_units() {
        let units = times::UNITS.map(|unit| format!(r#"[{}, {}, "{}"]"#, unit.from, unit.length, unit.name));
        let script = include_str!("../../assets/script.js");
        assert!(script.contains(&format!("const units = [{}];", units.join(", "))), "{units:?}");
    }

    #[test]
    fn a_relative_time_carries_the_exact_time_in_utc() {
        let clock = Clock { now: datetime!(2026-11-24 12:00 UTC) };
        assert_eq!(
            clock.moment(&datetime!(2026-11-24 14:00:05 +2)).to_string(),
            r#"<time datetime="2026-11-24T12:00:05Z" title="2026-11-24 12:00:05 UTC" data-relative>in 5 seconds</time>"#
        );
    }
}
