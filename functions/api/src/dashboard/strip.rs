//! An endpoint's last 90 days, a square for each day.

use askama::Template;
use askama::filters::HtmlSafe;
use domain::endpoint::{Attempt, Outcome};
use time::{Date, Duration, OffsetDateTime};

use super::moment::Clock;
use crate::service::HISTORY;

const DAYS: i64 = 90;
/// Of one square, with the gap.
const STEP: i64 = 8;

#[derive(Debug, Template)]
#[template(path = "parts/strip.html")]
pub(crate) struct Strip {
    squares: Vec<Square>,
    summary: String,
}

impl HtmlSafe for Strip {}

#[derive(Debug, PartialEq, Eq)]
struct Square {
    x: i64,
    kind: Day,
    title: String,
}

/// What a day was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// Before the registration.
    Before,
    /// From before the attempts that are known.
    Unknown,
    /// Without a certificate yet.
    Waiting,
    /// After the certificate has expired.
    Expired,
    /// With a certificate.
    Good,
    /// A certificate was issued or renewed.
    Renewed,
    /// An attempt failed, and none succeeded.
    Failed,
}

impl Day {
    fn tone(self) -> &'static str {
        match self {
            Self::Before | Self::Unknown => "none",
            Self::Expired => "bad",
            Self::Waiting => "wait",
            Self::Good => "good",
            Self::Renewed => "new",
            Self::Failed => "bad",
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Before => "not registered",
            Self::Unknown => "not known, as there were many attempts since",
            Self::Expired => "certificate expired",
            Self::Waiting => "no certificate yet",
            Self::Good => "certificate valid",
            Self::Renewed => "certificate issued or renewed",
            Self::Failed => "attempt failed",
        }
    }
}

impl Strip {
    /// `attempts`: as many as are known; `set_up` says which of them were part of the set-up. `certificate`: when the
    /// current certificate began, and when it expires.
    pub(crate) fn of(
        attempts: &[Attempt],
        set_up: impl Fn(&Attempt) -> bool,
        created_at: OffsetDateTime,
        certificate: Option<(OffsetDateTime, OffsetDateTime)>,
        clock: Clock,
    ) -> Self {
        let today = clock.now.date();
        let first = today.saturating_sub(Duration::days(DAYS - 1));
        let days = (0..DAYS).map(|back| first.saturating_add(Duration::days(back)));
        let kinds: Vec<_> =
            days.map(|day| (day, kind(day, attempts, &set_up, created_at.date(), certificate))).collect();
        let count = |kind: Day| kinds.iter().filter(|(_, one)| *one == kind).count();
        let known = kinds.iter().rev().take_while(|(_, kind)| *kind != Day::Unknown).count();
        let summary = format!(
            "The last {known} days: certificate issued or renewed on {}, failed attempts on {}.",
            days_of(count(Day::Renewed)),
            days_of(count(Day::Failed)),
        );
        let square = |(index, (day, kind)): (i64, (Date, Day))| Square {
            x: index * STEP,
            kind,
            title: format!("{day}: {}", kind.word()),
        };
        Self { squares: (0..).zip(kinds).map(square).collect(), summary }
    }

    fn width(&self) -> i64 {
        DAYS * STEP
    }
}

fn days_of(count: usize) -> String {
    format!("{count} day{}", if count == 1 { "" } else { "s" })
}

/// Whether there may have been attempts on `day` that are not among `attempts`, as these are the last of many.
fn is_before_all(day: Date, attempts: &[Attempt]) -> bool {
    attempts.len() >= HISTORY as usize && attempts.iter().all(|attempt| day < attempt.started_at.date())
}

fn kind(
    day: Date,
    attempts: &[Attempt],
    set_up: impl Fn(&Attempt) -> bool,
    created: Date,
    certificate: Option<(OffsetDateTime, OffsetDateTime)>,
) -> Day {
    if day < created {
        return Day::Before;
    }
    let ended = |attempt: &&Attempt| attempt.finished_at.is_some_and(|at| at.date() == day);
    let succeeded = |attempt: &Attempt| matches!(attempt.outcome, Outcome::Issued | Outcome::Renewed);
    let of_day = || attempts.iter().filter(ended);
    if of_day().any(succeeded) {
        return Day::Renewed;
    }
    if of_day().any(|attempt| attempt.outcome == Outcome::Failed && !set_up(attempt)) {
        return Day::Failed;
    }
    let Some((from, until)) = certificate else {
        return if is_before_all(day, attempts) { Day::Unknown } else { Day::Waiting };
    };
    // Each certificate replaces a good one, as far as attempts show.
    let before = |attempt: &&Attempt| succeeded(attempt) && attempt.finished_at.is_some_and(|at| at.date() < day);
    match () {
        () if day > until.date() => Day::Expired,
        () if from.date() <= day || attempts.iter().any(|attempt| before(&attempt)) => Day::Good,
        () if is_before_all(day, attempts) => Day::Unknown,
        () => Day::Waiting,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn attempt(days_ago: i64, outcome: Outcome) -> Attempt {
        let at = NOW - Duration::days(days_ago);
        Attempt {
            attempt: 1,
            started_at: at,
            finished_at: Some(at),
            outcome,
            method: None,
            order: None,
            directory: None,
            failure: None,
            execution: "x".into(),
            steps: Vec::new(),
        }
    }

    fn kinds(attempts: &[Attempt], age: i64, certificate: Option<(OffsetDateTime, OffsetDateTime)>) -> Vec<Day> {
        let strip = Strip::of(attempts, |_| false, NOW - Duration::days(age), certificate, Clock { now: NOW });
        assert_eq!(strip.squares.len(), 90);
        strip.squares.iter().map(|square| square.kind).collect()
    }

    #[test]
    fn each_day_shows_what_happened_on_it() {
        let held = Some((NOW - Duration::days(5), NOW + Duration::days(85)));
        let kinds =
            kinds(&[attempt(5, Outcome::Issued), attempt(5, Outcome::Failed), attempt(8, Outcome::Failed)], 10, held);
        let ago = |days: usize| kinds[89 - days];
        assert_eq!([ago(11), ago(10), ago(8), ago(6)], [Day::Before, Day::Waiting, Day::Failed, Day::Waiting]);
        assert_eq!([ago(5), ago(4), ago(0)], [Day::Renewed, Day::Good, Day::Good]);
    }

    #[test]
    fn after_its_certificate_has_expired_no_day_is_good() {
        let held = Some((NOW - Duration::days(20), NOW - Duration::days(5)));
        let kinds = kinds(&[attempt(20, Outcome::Issued), attempt(2, Outcome::Failed)], 30, held);
        let ago = |days: usize| kinds[89 - days];
        assert_eq!(
            [ago(19), ago(5), ago(4), ago(2), ago(0)],
            [Day::Good, Day::Good, Day::Expired, Day::Failed, Day::Expired]
        );
    }

    #[test]
    fn days_before_the_oldest_known_attempt_are_unknown() {
        let many: Vec<_> = (0..HISTORY).map(|_| attempt(3, Outcome::Failed)).collect();
        let strip = Strip::of(&many, |_| false, NOW - Duration::days(60), None, Clock { now: NOW });
        assert!(strip.summary.starts_with("The last 4 days: "), "{}", strip.summary);
        let kinds = kinds(&many, 60, None);
        let ago = |days: usize| kinds[89 - days];
        assert_eq!(
            [ago(61), ago(60), ago(4), ago(3), ago(1)],
            [Day::Before, Day::Unknown, Day::Unknown, Day::Failed, Day::Waiting]
        );
    }

    #[test]
    fn without_a_certificate_no_day_is_good() {
        assert!(kinds(&[], 200, None).iter().all(|kind| *kind == Day::Waiting));
    }
}
