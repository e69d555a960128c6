//! A certificate's lifetime as a bar: the elapsed part, the renewal and the expiry.

use askama::Template;
use askama::filters::HtmlSafe;
use wire::CertificateView;

use super::moment::{Clock, day, exact};

#[derive(Debug, Template)]
#[template(path = "parts/life.html")]
pub(crate) struct Life {
    /// Per cent of the whole life.
    spent: f64,
    renewal: f64,
    tone: &'static str,
    begins: String,
    renews: String,
    ends: String,
    summary: String,
}

impl HtmlSafe for Life {}

impl Life {
    /// `None` without a certificate.
    pub(crate) fn of(certificate: &CertificateView, clock: Clock) -> Option<Self> {
        let (begin, end, renew) = (certificate.not_before?, certificate.not_after?, certificate.renews_at?);
        let whole = (end - begin).as_seconds_f64().max(1.0);
        let share = |at| (((at - begin) as time::Duration).as_seconds_f64() * 100.0 / whole).clamp(0.0, 100.0);
        let tone = match clock.now {
            now if now >= end => "bad",
            now if now >= renew => "warn",
            _ => "good",
        };
        Some(Self {
            spent: share(clock.now),
            renewal: share(renew),
            tone,
            begins: day(&begin),
            renews: day(&renew),
            ends: day(&end),
            summary: format!(
                "Valid from {} to {}; {:.0} per cent of its life is over; renewal {} ({})",
                exact(&begin),
                exact(&end),
                share(clock.now),
                clock.relative(&renew),
                exact(&renew),
            ),
        })
    }

    /// A label in the middle of its mark would leave the picture near an edge.
    fn anchor(&self) -> &'static str {
        match self.renewal {
            at if at < 15.0 => "start",
            at if at > 85.0 => "end",
            _ => "middle",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::OffsetDateTime;
    use time::macros::datetime;

    fn life(now: OffsetDateTime) -> Life {
        let certificate = CertificateView {
            state: wire::CertificateState::Active.into(),
            arn: None,
            serial: None,
            issuer: None,
            directory: None,
            names: Vec::new(),
            not_before: Some(datetime!(2026-11-01 0:00 UTC)),
            not_after: Some(datetime!(2026-12-01 0:00 UTC)),
            imported_at: None,
            renews_at: Some(datetime!(2026-11-21 0:00 UTC)),
        };
        Life::of(&certificate, Clock { now }).expect("a certificate")
    }

    #[test]
    fn the_bar_changes_colour_at_renewal_and_at_expiry_and_stays_in_its_frame() {
        let before = life(datetime!(2026-11-16 0:00 UTC));
        assert_eq!((before.spent, before.tone), (50.0, "good"));
        assert!((before.renewal - 66.7).abs() < 0.1);
        assert_eq!(life(datetime!(2026-11-21 0:00 UTC)).tone, "warn");
        let after = life(datetime!(2027-03-01 0:00 UTC));
        assert_eq!((after.spent, after.tone), (100.0, "bad"));
    }
}
