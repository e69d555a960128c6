//! What happened to an endpoint, in order: its attempts and what people did.

use serde::{Deserialize, Serialize};
use time::{Date, OffsetDateTime};
use vocabulary::names::Origin;
use vocabulary::text::printable;

use crate::endpoint::attempt::{Attempt, Outcome};

/// What an event says happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    Registered,
    Changed,
    Checked,
    RenewalRequested,
    LinkCreated,
    LinkRevoked,
    Muted,
    Unmuted,
    RemovalRequested,
    RevocationRequested,
    CertificateRevoked,
    /// The CA refused: the certificate stays valid until it expires.
    RevocationRefused,
    AttemptStarted,
    CertificateIssued,
    CertificateRenewed,
    CertificateUnchanged,
    AttemptFailed,
    Removed,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Sorts by time, and is unique within the endpoint: pass it as `after` to read on from it.
    pub id: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    pub kind: EventKind,
    pub by: Origin,
    /// In one sentence.
    pub summary: String,
    /// Whether it ends an attempt that found the domain owner's records not right. Read from the attempt, not stored.
    #[serde(skip)]
    pub waits_for_records: bool,
}

impl Event {
    /// An act of `by`. `salt` distinguishes events of the same millisecond.
    pub fn act(kind: EventKind, by: Origin, summary: impl AsRef<str>, at: OffsetDateTime, salt: u16) -> Self {
        let id = event_id(at, &format!("{salt:04x}"));
        Self { id, at, kind, by, summary: printable(summary.as_ref(), 500), waits_for_records: false }
    }

    /// The events in an attempt's record: its start and, once it has ended, its end.
    pub fn of_attempt(attempt: &Attempt) -> Vec<Self> {
        let itself = Origin::itself();
        let number = attempt.attempt;
        let event = |at, part: &str, kind, summary: String| Self {
            // After all acts of the same millisecond: an act may cause an attempt, never the reverse.
            id: event_id(at, &format!("fffff{number:010}{part}")),
            at,
            kind,
            by: itself.clone(),
            summary,
            waits_for_records: false,
        };
        let start = event(attempt.started_at, "a", EventKind::AttemptStarted, format!("Attempt {number} started."));
        let end = attempt.finished_at.and_then(|at| {
            let (kind, summary) = match attempt.outcome {
                Outcome::Running => return None,
                Outcome::Issued => (EventKind::CertificateIssued, "The certificate was issued and imported.".into()),
                Outcome::Renewed => (EventKind::CertificateRenewed, "The certificate was renewed and imported.".into()),
                Outcome::Unchanged => {
                    (EventKind::CertificateUnchanged, "The current certificate is good: nothing to do.".into())
                }
                Outcome::Failed => {
                    let why = attempt.failure.as_ref().map_or("", |failure| failure.guidance.summary.as_str());
                    // Missing records are mostly set-up.
                    let ended = if attempt.waits_for_records() { "is waiting for DNS records" } else { "failed" };
                    (EventKind::AttemptFailed, printable(&format!("Attempt {number} {ended}: {why}"), 500))
                }
                Outcome::Removed => (EventKind::Removed, "The endpoint was removed.".into()),
            };
            Some(Self { waits_for_records: attempt.waits_for_records(), ..event(at, "b", kind, summary) })
        });
        [Some(start), end].into_iter().flatten().collect()
    }
}

/// `events`, limited to one response: the newest, or the first of those later than `after`, so that reading on skips none.
/// Newest first.
pub fn page_of<T>(mut events: Vec<T>, id: impl Fn(&T) -> &str, after: Option<&str>, limit: usize) -> Vec<T> {
    events.sort_by(|a, b| id(b).cmp(id(a)));
    match after {
        None => events.truncate(limit),
        Some(after) => {
            events.retain(|event| id(event) > after);
            events.drain(..events.len().saturating_sub(limit));
        }
    }
    events
}

/// Which of one endpoint's `events` were set-up, not failures, as for attempts. `certified`: whether it has a certificate now.
pub fn set_up_events(events: &[Event], certified: bool) -> impl Fn(&Event) -> bool + use<> {
    let first = events.iter().filter(|event| event.kind == EventKind::CertificateIssued).map(|event| &event.id).min();
    let first = first.cloned();
    move |event| event.waits_for_records && first.as_ref().map_or(!certified, |first| event.id < *first)
}

/// The day (UTC) of an event, from its id; `None` if it is no id.
pub fn day_of(id: &str) -> Option<Date> {
    let milliseconds: i128 = id.split_once('-')?.0.parse().ok()?;
    OffsetDateTime::from_unix_timestamp_nanos(milliseconds * 1_000_000).ok().map(OffsetDateTime::date)
}

/// Attempts and acts in one line, the newest first.
pub fn time_line(acts: impl IntoIterator<Item = Event>, attempts: &[Attempt]) -> Vec<Event> {
    let mut events: Vec<_> = acts.into_iter().chain(attempts.iter().flat_map(Event::of_attempt)).collect();
    events.sort_by(|a, b| b.id.cmp(&a.id));
    events.dedup_by(|a, b| a.id == b.id);
    events
}

/// Milliseconds since 1970, padded so that text sorts as time does, and a part that distinguishes equal times.
fn event_id(at: OffsetDateTime, distinction: &str) -> String {
    format!("{:015}-{distinction}", at.unix_timestamp_nanos() / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
    use time::macros::datetime;
    use vocabulary::failure::{Failure, FailureName};
    use vocabulary::guidance::WaitingOn;

    const START: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn attempt(number: u64, outcome: Outcome) -> Attempt {
        Attempt {
            attempt: number,
            started_at: START + Duration::minutes(number.cast_signed()),
            finished_at: (outcome != Outcome::Running)
                .then(|| START + Duration::minutes(number.cast_signed()) + Duration::SECOND),
            outcome,
            method: None,
            order: None,
            directory: None,
            failure: (outcome == Outcome::Failed)
                .then(|| Failure::new(FailureName::RecordsNotReady, WaitingOn::DomainOwner, "no CNAME", "create it")),
            execution: "x".into(),
            steps: Vec::new(),
        }
    }

    #[test]
    fn attempts_and_acts_make_one_timeline_newest_first() {
        let by = Origin { who: "arn:aws:iam::1:user/ann".into(), address: Some("192.0.2.1".into()), operator: true };
        let registered = Event::act(EventKind::Registered, by, "Registered.", START, 7);
        let line = time_line([registered], &[attempt(2, Outcome::Running), attempt(1, Outcome::Failed)]);
        let kinds: Vec<_> = line.iter().map(|event| event.kind).collect();
        assert_eq!(
            kinds,
            [EventKind::AttemptStarted, EventKind::AttemptFailed, EventKind::AttemptStarted, EventKind::Registered]
        );
        assert!(line[1].summary.contains("no CNAME"));
        assert!(line.windows(2).all(|pair| pair[0].id > pair[1].id && pair[0].at >= pair[1].at));
    }

    #[test]
    fn waiting_for_records_is_set_up_before_the_first_certificate_alone() {
        let line =
            time_line([], &[attempt(3, Outcome::Failed), attempt(2, Outcome::Issued), attempt(1, Outcome::Failed)]);
        let ended = |events: &[Event], certified| {
            let set_up = set_up_events(events, certified);
            let failed = events.iter().filter(|event| event.kind == EventKind::AttemptFailed);
            failed.map(set_up).collect::<Vec<_>>()
        };
        assert_eq!(ended(&line, true), [false, true], "newest first");
        assert_eq!(ended(&line[..2], true), [false], "the first certificate is from before what is listed");
        assert_eq!(ended(&line[..2], false), [true]);
    }

    #[test]
    fn an_attempt_comes_after_the_act_that_caused_it_within_a_millisecond() {
        for salt in [0, 7, u16::MAX] {
            let registered = Event::act(EventKind::Registered, Origin::itself(), "Registered.", START, salt);
            let started = Attempt { started_at: START, ..attempt(1, Outcome::Running) };
            let kinds: Vec<_> = time_line([registered], &[started]).iter().map(|event| event.kind).collect();
            assert_eq!(kinds, [EventKind::AttemptStarted, EventKind::Registered], "{salt:04x}");
        }
    }

    #[test]
    fn a_page_has_the_newest_events_or_the_first_after_one() {
        let page = |after, limit| page_of(vec!["2", "4", "1", "3"], |id| id, after, limit);
        assert_eq!(page(None, 2), ["4", "3"]);
        assert_eq!(page(Some("1"), 2), ["3", "2"]);
        assert_eq!(page(Some("4"), 2), [""; 0]);
    }

    #[test]
    fn the_id_of_an_event_contains_its_day() {
        let at = datetime!(2026-11-24 23:59:59.999 UTC);
        let event = Event::act(EventKind::Changed, Origin::itself(), "Changed.", at, 1);
        assert_eq!(day_of(&event.id), Some(at.date()));
        assert_eq!((day_of("x"), day_of("x-1")), (None, None));
    }
}
