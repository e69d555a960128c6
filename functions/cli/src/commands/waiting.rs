//! Waiting for the installation: what the state of an endpoint means, and when to ask again.

use std::time::{Duration, Instant};

use wire::{Attempt, CertificateState, EndpointView, FailureName, FailureView, Open, Outcome, RequiredRecord};

use crate::api::error::ApiError;
use crate::arguments::Timeout;
use crate::terminal::progress::Progress;

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// Consecutive requests that may fail before the wait ends.
const UNANSWERED: u32 = 8;
/// How often a one-time operation is requested while no answer comes.
const TRIES: u32 = 4;

/// What an endpoint's state means to somebody who waits for its certificate.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Standing<'a> {
    /// The certificate is there, and no attempt is at work.
    Ready,
    /// An attempt is at work, or will be.
    AtWork,
    /// The last attempt failed; it is retried automatically.
    Failing(&'a FailureView),
    /// It is being removed: no certificate will be issued.
    Leaving,
}

pub(crate) fn standing(endpoint: &EndpointView) -> Standing<'_> {
    let at_work = endpoint.next_attempt_at.is_none();
    match &endpoint.failure {
        _ if endpoint.leaves() => Standing::Leaving,
        // A failure beside a good certificate is of its renewal, or of what was left behind.
        _ if has_good_certificate(endpoint) && !at_work => Standing::Ready,
        // While the next attempt runs the last one's failure still stands, unless a check knows better since.
        Some(failure) if failure.summary == endpoint.reason => Standing::Failing(failure),
        Some(_) | None => Standing::AtWork,
    }
}

/// Whether there is one that browsers accept.
fn has_good_certificate(endpoint: &EndpointView) -> bool {
    matches!(endpoint.certificate.state, Open::Known(CertificateState::Active | CertificateState::Expiring))
}

/// The end of attempt `number`, once there is one.
///
/// An attempt that died leaves no end; then the next one's counts, which took its work over.
pub(crate) fn end_of(number: u64, attempts: &[Attempt]) -> Option<&Attempt> {
    let ended = |a: &&Attempt| a.attempt >= number && a.finished_at.is_some() && a.outcome != Outcome::Running;
    attempts.iter().filter(ended).min_by_key(|a| a.attempt)
}

/// The records that a failure speaks of by their full names; all of them if it names none.
pub(crate) fn records_named<'a>(failure: &FailureView, records: &[&'a RequiredRecord]) -> Vec<&'a RequiredRecord> {
    let spoken = format!("{} {}", failure.summary, failure.remedy);
    // A name ends at a character that no name contains: `_acme-challenge.www.example.com` does not name its host.
    let outside = |c: char| !(c.is_alphanumeric() || "-_.*".contains(c));
    let words: Vec<&str> = spoken.split(outside).map(|word| word.trim_end_matches('.')).collect();
    let named: Vec<_> = records
        .iter()
        .filter(|r| words.windows(3).any(|w| w[0] == r.name && w[1] == r.kind && w[2] == r.value))
        .copied()
        .collect();
    if !named.is_empty() {
        return named;
    }
    let named: Vec<_> = records.iter().filter(|r| words.contains(&r.name.as_str())).copied().collect();
    if named.is_empty() { records.to_vec() } else { named }
}

/// Remembers the last reported failure, so that each is reported once.
#[derive(Debug, Default)]
pub(crate) struct Told(Option<(Open<FailureName>, String)>);

impl Told {
    pub(crate) fn is_news(&mut self, failure: &FailureView) -> bool {
        let this = (failure.name.clone(), failure.summary.clone());
        let news = self.0.as_ref() != Some(&this);
        self.0 = Some(this);
        news
    }
}

/// How long to pause after one pause: quick at first, since much is done in seconds, then gentle with the API.
fn pause_after(pause: Duration) -> Duration {
    (pause * 3 / 2).min(LONGEST_PAUSE)
}

/// Retries a few times while errors are temporary.
#[expect(clippy::disallowed_methods, reason = "a person waits at the terminal, and no function")]
pub(crate) async fn insist<T>(mut ask: impl AsyncFnMut() -> Result<T, ApiError>) -> Result<T, ApiError> {
    let mut pause = FIRST_PAUSE;
    for _ in 1..TRIES {
        match ask().await {
            Err(error) if error.is_passing() => tokio::time::sleep(pause).await,
            end => return end,
        }
        pause = pause_after(pause);
    }
    ask().await
}

/// Polls until there is an end, or for `limit`: then `None`.
///
/// Temporary errors are tolerated, up to a number of consecutive ones.
#[expect(clippy::disallowed_methods, reason = "a person waits at the terminal, and no function")]
pub(crate) async fn until<T>(
    limit: Timeout,
    progress: &mut Progress,
    mut style: impl AsyncFnMut(&mut Progress) -> Result<Option<T>, ApiError>,
) -> Result<Option<T>, ApiError> {
    let begun = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut unanswered = 0;
    loop {
        match style(progress).await {
            Ok(Some(end)) => return Ok(Some(end)),
            Ok(None) => unanswered = 0,
            Err(error) if error.is_passing() && unanswered < UNANSWERED => {
                unanswered += 1;
                progress.doing("the API does not answer: retrying");
            }
            Err(error) => return Err(error),
        }
        let left = limit.0.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Ok(None);
        }
        // The last check is at the very end of the limit.
        tokio::time::sleep(pause.min(left)).await;
        pause = pause_after(pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use wire::WaitingOn;

    fn failure(summary: &str, remedy: &str) -> Value {
        json!({"name": "RecordsNotReady", "actor": "customer", "summary": summary, "remedy": remedy,
            "since": "2026-01-01T00:00:00Z", "attempts": 1})
    }

    fn endpoint(status: &str, certificate: &str, next: Option<&str>, failure: Option<Value>) -> EndpointView {
        serde_json::from_value(
            json!({"id": "ep-1", "domain": "a.example", "reachability": "external", "status": status,
            "actor": "nobody", "reason": "r", "next_step": "n", "dns": {}, "certificate": {"state": certificate},
            "created_at": "2026-01-01T00:00:00Z", "next_attempt_at": next, "failure": failure}),
        )
        .expect("an endpoint")
    }

    const LATER: Option<&str> = Some("2026-03-01T00:00:00Z");

    fn attempt(number: u64, outcome: &str, ended: bool) -> Attempt {
        serde_json::from_value(json!({"attempt": number, "outcome": outcome, "started_at": "2026-01-01T00:00:00Z",
            "finished_at": ended.then_some("2026-01-01T00:01:00Z"), "execution": "e", "order": null}))
        .expect("an attempt")
    }

    #[test]
    fn an_endpoint_is_ready_when_it_has_a_certificate_and_no_attempt_runs() {
        assert_eq!(standing(&endpoint("issuing", "none", LATER, None)), Standing::AtWork);
        assert_eq!(standing(&endpoint("issuing", "active", None, None)), Standing::AtWork);
        assert_eq!(standing(&endpoint("ready", "active", LATER, None)), Standing::Ready);
        assert_eq!(standing(&endpoint("degraded", "expiring", LATER, None)), Standing::Ready);
        assert_eq!(standing(&endpoint("action_required", "expired", LATER, None)), Standing::AtWork);
        let left_behind = Some(failure("a TXT record is left", ""));
        assert_eq!(standing(&endpoint("degraded", "active", LATER, left_behind)), Standing::Ready);
    }

    #[test]
    fn a_failure_counts_until_a_check_finds_otherwise_and_a_removal_ends_the_wait() {
        for next in [LATER, None] {
            let mut endpoint = endpoint("action_required", "failed", next, Some(failure("no CNAME", "create it")));
            assert_eq!(standing(&endpoint), Standing::AtWork, "{next:?}: a check knows better since");
            endpoint.reason = "no CNAME".into();
            assert!(matches!(standing(&endpoint), Standing::Failing(f) if f.summary == "no CNAME"), "{next:?}");
        }
        assert_eq!(standing(&endpoint("paused", "active", LATER, None)), Standing::Leaving);
        let mut paused = endpoint("paused", "failed", LATER, Some(failure("no CNAME", "create it")));
        paused.actor = WaitingOn::DomainOwner.into();
        paused.reason = "no CNAME".into();
        assert!(matches!(standing(&paused), Standing::Failing(_)), "it stays, and waits for its customer");
        assert_eq!(standing(&endpoint("something-new", "none", LATER, None)), Standing::AtWork);
    }

    #[test]
    fn an_attempt_ends_with_its_own_record_or_with_that_of_the_one_that_took_over() {
        assert!(end_of(2, &[attempt(1, "issued", true)]).is_none());
        assert!(end_of(2, &[attempt(2, "running", false), attempt(1, "issued", true)]).is_none());
        let attempts = [attempt(4, "renewed", true), attempt(3, "failed", true), attempt(2, "running", false)];
        assert_eq!(end_of(2, &attempts).map(|a| a.attempt), Some(3));
        assert_eq!(end_of(4, &attempts).map(|a| a.outcome.clone()), Some(Outcome::Renewed.into()));
    }

    #[test]
    fn a_failure_names_the_record_it_is_about() {
        let record = |name: &str| RequiredRecord {
            name: name.into(),
            kind: "CNAME".into(),
            value: "x.acme.example".into(),
            purpose: String::new(),
        };
        let records = [record("www.example.com"), record("_acme-challenge.www.example.com")];
        let about = |summary: &str, remedy: &str| {
            let failure: FailureView = serde_json::from_value(failure(summary, remedy)).expect("a failure");
            records_named(&failure, &records.iter().collect::<Vec<_>>())
                .into_iter()
                .map(|r| r.name.as_str())
                .collect::<Vec<_>>()
        };
        let both = ["www.example.com", "_acme-challenge.www.example.com"];
        assert_eq!(about("_acme-challenge.www.example.com points to a.example.", "Create it"), both[1..]);
        assert_eq!(about("http://www.example.com/ does not give the platform's answer", ""), both[..1]);
        // The name servers of the host are spoken of, but the record to create is spelled out.
        assert_eq!(
            about("no name server of www.example.com answers", "_acme-challenge.www.example.com CNAME x.acme.example"),
            both[1..]
        );
        assert_eq!(about("something else", ""), both);
    }

    #[test]
    fn each_failure_is_printed_once_and_again_after_another() {
        let mut told = Told::default();
        let [a, b] =
            ["a", "b"].map(|text| serde_json::from_value::<FailureView>(failure(text, "")).expect("a failure"));
        assert!(told.is_news(&a) && !told.is_news(&a) && told.is_news(&b) && !told.is_news(&b) && told.is_news(&a));
    }

    #[test]
    fn pauses_grow_from_half_a_second_to_three() {
        let pauses: Vec<_> = std::iter::successors(Some(FIRST_PAUSE), |p| Some(pause_after(*p))).take(8).collect();
        assert_eq!(pauses[0], Duration::from_millis(500));
        assert!(pauses.is_sorted() && pauses[7] == LONGEST_PAUSE);
    }
}
