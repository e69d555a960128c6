//! The words of a command line that are more than text.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vocabulary::times::typed_length;

/// A domain or an endpoint id, as it goes into a path of the API.
///
/// IDNs become A-labels here, so that the path is ASCII and is signed as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndpointName(String);

impl EndpointName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is an id: those have no dot, and all domains have one.
    pub(crate) fn is_id(&self) -> bool {
        self.0.starts_with("ep-") && !self.0.contains('.')
    }
}

impl FromStr for EndpointName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A path of dots alone would be taken for a relative one on its way.
        let blank = text.chars().all(|c| c == '.');
        if blank || text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '/') {
            return Err("not a domain (shop.example.com) and not an endpoint id (ep-…)".into());
        }
        let ascii = if text.is_ascii() { None } else { idna::domain_to_ascii(text).ok() };
        Ok(Self(ascii.unwrap_or_else(|| text.to_owned())))
    }
}

/// The id of a link, or its start: 8 to 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ShareId(String);

impl ShareId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ShareId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
        fits.then(|| Self(text.to_ascii_lowercase())).ok_or_else(|| {
            "not the id of a link, nor its first 8 digits or more; `managed-https share ENDPOINT --list` shows them"
                .into()
        })
    }
}

/// A pause such as `2s` or `3m`, which may be none: `0s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pause(pub(crate) Duration);

impl FromStr for Pause {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "0" | "0s" => Ok(Self(Duration::ZERO)),
            _ => text.parse().map(|Timeout(pause)| Self(pause)),
        }
    }
}

/// A time limit such as `90s`, `15m` or `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeout(pub(crate) Duration);

impl FromStr for Timeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let length = typed_length(text).ok_or("not a time: write it like 90s, 15m or 1h30m")?;
        let seconds = length.whole_seconds().unsigned_abs();
        // A day is longer than any attempt; an instant must not overflow.
        match seconds <= 24 * 3600 {
            true => Ok(Self(Duration::from_secs(seconds))),
            false => Err("must be at most 24h".into()),
        }
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        for (count, unit) in [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')] {
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

/// A length of time in days, hours, minutes and seconds, of any size: `8h`, `7d`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) time::Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        typed_length(text).map(Self).ok_or_else(|| "not a length of time: write it like 90m, 8h or 7d".into())
    }
}

/// A time of a certain day (RFC 3339).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time(pub(crate) OffsetDateTime);

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = OffsetDateTime::parse(text, &Rfc3339);
        time.map(Self).map_err(|_| "not a time: write it like 2026-12-24T06:00:00Z or 2026-12-24T07:00:00+01:00".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_has_units_and_is_written_as_it_is_read() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("1h30m", 5400), ("24h", 86_400)] {
            let parsed: Timeout = text.parse().expect(text);
            assert_eq!(parsed.0.as_secs(), seconds);
            assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }
        for text in [
            "",
            "0s",
            "15",
            "m",
            "-5m",
            "2d",
            "25h",
            "1.5h",
            "15m ",
            "99999999999999999999s",
            "9999999999999999999h",
            "5µs",
        ] {
            assert!(text.parse::<Timeout>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_needs_an_offset_and_a_duration_its_unit() {
        for good in ["2026-12-24T06:00:00Z", "2026-12-24T07:00:00+01:00"] {
            assert_eq!(good.parse::<Time>().map(|time| time.0.unix_timestamp()), Ok(1_798_092_000), "{good}");
        }
        for bad in ["2026-12-24", "2026-12-24T06:00:00", "tomorrow", ""] {
            assert!(bad.parse::<Time>().is_err(), "{bad}");
        }
        assert_eq!("7d".parse(), Ok(Span(time::Duration::days(7))));
        assert!("7".parse::<Span>().is_err() && "".parse::<Span>().is_err());
    }

    #[test]
    fn an_endpoint_is_named_by_what_fits_one_segment_of_a_path() {
        let name = |text: &str| text.parse::<EndpointName>().map(|name| name.0);
        assert_eq!(name("*.example.com").as_deref(), Ok("*.example.com"));
        assert_eq!(name("bücher.example").as_deref(), Ok("xn--bcher-kva.example"));
        for text in ["", ".", "..", "a b", "a/b", "https://example.com", "a\nb"] {
            assert!(name(text).is_err(), "{text:?}");
        }
    }
}
