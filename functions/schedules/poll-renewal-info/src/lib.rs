//! Asks each CA when it wants certificates renewed, and moves their renewals accordingly.

use domain::acts::DueRound;
use domain::ports::{AdviceIndex, DUE_SHARDS, DueEntry, RenewalInformation, ServiceFault};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use time::OffsetDateTime;
use vocabulary::acme::renewal_info::ask_again_at;
use vocabulary::acme::{ASK_AGAIN_AFTER_FAILURE, ASK_AGAIN_WHEN_AT_REST, ASK_AGAIN_WITHOUT_ADVICE, RenewalAdvice};
use vocabulary::names::EndpointId;

/// Entries of one shard that are read at once.
const PAGE: u32 = 25;
/// Requests under way at once: polite to a CA, and far below its limits (Let's Encrypt: 250 a second).
const CONCURRENCY: usize = 8;

/// What one run did. Logged, and returned to the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PollReport {
    pub asked: u32,
    /// Renewals that have another time than before.
    pub moved: u32,
    /// Certificates for which the CA suggests no window.
    pub without_advice: u32,
    /// Certificates for which the CA could not be asked, and why; it is asked again in an hour.
    pub failed: Vec<String>,
    /// For how many seconds one of them had been due when this run came to it.
    pub longest_overdue: i64,
    /// Whether time ran out with more to do: the next run goes on.
    pub more: bool,
}

impl PollReport {
    fn saw(&mut self, round: &DueRound, now: OffsetDateTime) {
        self.longest_overdue = self.longest_overdue.max(round.longest_overdue(now).whole_seconds());
    }
}

/// The result for one certificate.
enum Asked {
    Moved,
    AsBefore,
    WithoutAdvice,
}

/// Runs once. `jitter` draws a number in 0.0..1.0; `has_time` says whether there is time for another page.
///
/// Single failures do not stop it: an endpoint that fails is postponed, so that it does not hold up the others.
pub async fn poll<I: AdviceIndex + Sync, C: RenewalInformation + Sync>(
    index: &I,
    cas: &[C],
    now: OffsetDateTime,
    jitter: impl Fn() -> f64,
    has_time: impl Fn() -> bool,
) -> Result<PollReport, ServiceFault> {
    let mut report = PollReport::default();
    loop {
        if !has_time() {
            report.more = true;
            return Ok(report);
        }
        let pages: Vec<_> = stream::iter(0..DUE_SHARDS)
            .map(|shard| index.advice_due(shard, now, PAGE))
            .buffered(DUE_SHARDS as usize)
            .try_collect()
            .await?;
        let round = DueRound::merge(&pages, PAGE);
        report.saw(&round, now);
        let ask = |entry: DueEntry| {
            let (jitter, id) = (jitter(), entry.endpoint);
            async move { (ask_one(index, cas, &id, now, jitter).await, id) }
        };
        let mut answers = stream::iter(round.entries).map(ask).buffer_unordered(CONCURRENCY);
        let mut moved = false;
        while let Some((answer, id)) = answers.next().await {
            report.asked += 1;
            let failed = match answer {
                Ok(Asked::Moved) => {
                    report.moved += 1;
                    None
                }
                Ok(Asked::AsBefore) => None,
                Ok(Asked::WithoutAdvice) => {
                    report.without_advice += 1;
                    None
                }
                Err(why) => Some(why),
            };
            moved |= match failed {
                None => true,
                Some(why) => {
                    tracing::warn!(endpoint = %id, why, "the CA could not be asked for renewal information");
                    report.failed.push(format!("{id}: {why}"));
                    index.postpone_advice(&id, now + ASK_AGAIN_AFTER_FAILURE).await.is_ok()
                }
            };
        }
        // A round of which nothing could be moved would come back unchanged.
        if !round.more || !moved {
            return Ok(report);
        }
    }
}

async fn ask_one<I: AdviceIndex, C: RenewalInformation>(
    index: &I,
    cas: &[C],
    id: &EndpointId,
    now: OffsetDateTime,
    jitter: f64,
) -> Result<Asked, String> {
    let fault = |fault: ServiceFault| fault.to_string();
    let endpoint = index.find(id).await.map_err(fault)?;
    let named = endpoint.as_ref().and_then(|endpoint| {
        let held = endpoint.certificate.as_ref()?;
        cas.iter().find_map(|ca| Some((held, ca, endpoint.replaceable_at(ca.directory())?)))
    });
    let answer = match named {
        Some((_, ca, certificate_id)) => ca.renewal_info(certificate_id).await.map_err(|error| error.to_string())?,
        None => None,
    };
    let (Some((held, ..)), Some(info)) = (named, answer) else {
        // None of these CAs issued it, or that one suggests no window: the fraction of its life decides.
        index.postpone_advice(id, now + ASK_AGAIN_WITHOUT_ADVICE).await.map_err(fault)?;
        return Ok(Asked::WithoutAdvice);
    };
    let advice = RenewalAdvice::follow(held.advice.as_ref(), info.window, info.explanation, jitter);
    let ask_again = ask_again_at(now, info.retry_after);
    if held.advice.as_ref() == Some(&advice) && held.renew_at == advice.renew_at {
        index.postpone_advice(id, ask_again).await.map_err(fault)?;
        return Ok(Asked::AsBefore);
    }
    if !index.record_advice(id, held, &advice, ask_again).await.map_err(fault)? {
        index.postpone_advice(id, now + ASK_AGAIN_WHEN_AT_REST).await.map_err(fault)?;
        return Ok(Asked::AsBefore);
    }
    Ok(if advice.renew_at == held.renew_at { Asked::AsBefore } else { Asked::Moved })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ports::{CaError, EndpointReader, Registry, RenewalInfo};
    use testkit::{MemoryEndpoints, contracts};
    use time::Duration;
    use time::macros::datetime;
    use vocabulary::acme::RenewalWindow;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);
    const DIRECTORY: &str = "https://ca.example/directory";

    /// Advises the same window for all, but does not answer for the first certificate.
    struct Ca {
        directory: &'static str,
        window: Option<RenewalWindow>,
        fails_for: Option<&'static str>,
    }

    impl RenewalInformation for Ca {
        fn directory(&self) -> &str {
            self.directory
        }

        async fn renewal_info(&self, certificate_id: &str) -> Result<Option<RenewalInfo>, CaError> {
            if self.fails_for == Some(certificate_id) {
                return Err(CaError::Unavailable { detail: "no answer".into(), retry_after: None });
            }
            let retry_after = Some(Duration::hours(6));
            Ok(self.window.map(|window| RenewalInfo { window, explanation: None, retry_after }))
        }
    }

    fn ca(window: Option<RenewalWindow>) -> Ca {
        Ca { directory: DIRECTORY, window, fails_for: None }
    }

    /// Endpoints at rest, each with a certificate from the CA at `directory` that it calls `id.NUMBER`.
    async fn endpoints(count: u64, directory: &str) -> (MemoryEndpoints, Vec<EndpointId>) {
        let endpoints = MemoryEndpoints::default();
        let mut ids = Vec::new();
        for number in 0..count {
            let mut endpoint = contracts::endpoint(number, NOW);
            endpoint.certificate = Some(testkit::installed(&endpoint, NOW));
            let held = endpoint.certificate.as_mut().expect("just set");
            held.directory = Some(directory.into());
            held.renewal_id = Some(format!("id.{number}"));
            endpoint.due_at = Some(held.renew_at);
            endpoint.advice_at = Some(NOW);
            endpoints.register(&endpoint, &contracts::registered(&endpoint), None).await.expect("in memory");
            ids.push(endpoint.id);
        }
        (endpoints, ids)
    }

    async fn run(endpoints: &MemoryEndpoints, ca: &Ca, now: OffsetDateTime) -> PollReport {
        poll(endpoints, std::slice::from_ref(ca), now, || 0.5, || true).await.expect("in memory")
    }

    #[tokio::test]
    async fn a_window_that_moves_into_the_past_makes_the_endpoint_due_at_once() {
        let (endpoints, ids) = endpoints(1, DIRECTORY).await;
        let later = RenewalWindow { start: NOW + Duration::days(59), end: NOW + Duration::days(61) };
        let report = run(&endpoints, &ca(Some(later)), NOW).await;
        let before = endpoints.find(&ids[0]).await.expect("in memory").expect("there");
        assert_eq!((report.asked, before.due_at), (1, Some(NOW + Duration::days(60))));
        assert_eq!(run(&endpoints, &ca(None), NOW).await.asked, 0, "not before the CA wants");

        let revoked = RenewalWindow { start: NOW - Duration::days(2), end: NOW - Duration::days(1) };
        let now = NOW + Duration::hours(6);
        assert_eq!(run(&endpoints, &ca(Some(revoked)), now).await.moved, 1);
        let after = endpoints.find(&ids[0]).await.expect("in memory").expect("there");
        assert!(after.due_at < Some(now) && !after.is_current(now));
    }

    #[tokio::test]
    async fn a_certificate_that_fails_delays_no_other() {
        let (endpoints, ids) = endpoints(40, DIRECTORY).await;
        let window = RenewalWindow { start: NOW + Duration::DAY, end: NOW + Duration::days(2) };
        let report = run(&endpoints, &Ca { fails_for: Some("id.7"), ..ca(Some(window)) }, NOW).await;
        assert_eq!((report.asked, report.moved, report.failed.len()), (40, 39, 1));
        assert!(report.failed[0].contains(ids[7].as_str()) && report.failed[0].contains("no answer"));
        let unasked = endpoints.find(&ids[7]).await.expect("in memory").expect("there");
        assert_eq!(unasked.advice_at, Some(NOW + ASK_AGAIN_AFTER_FAILURE));
    }

    #[tokio::test]
    async fn without_a_suggested_window_the_renewal_stays_at_its_fraction_of_the_lifetime() {
        let (of_another, ids) = endpoints(1, "https://another.example/directory").await;
        let window = Some(RenewalWindow { start: NOW, end: NOW });
        let report = run(&of_another, &ca(window), NOW).await;
        assert_eq!((report.without_advice, report.moved), (1, 0), "another CA's certificate is not asked for");
        let (silent, silent_ids) = endpoints(1, DIRECTORY).await;
        run(&silent, &ca(None), NOW).await;
        for (endpoints, id) in [(&of_another, &ids[0]), (&silent, &silent_ids[0])] {
            let left = endpoints.find(id).await.expect("in memory").expect("there");
            assert_eq!(left.due_at, left.certificate.map(|held| held.renew_at));
            assert_eq!(left.advice_at, Some(NOW + ASK_AGAIN_WITHOUT_ADVICE));
        }
    }

    #[tokio::test]
    async fn each_certificate_is_polled_at_the_ca_that_issued_it() {
        let (endpoints, ids) = endpoints(1, "https://second.example/directory").await;
        let window = |days| Some(RenewalWindow { start: NOW + Duration::days(days), end: NOW + Duration::days(days) });
        let second = Ca { directory: "https://second.example/directory", ..ca(window(40)) };
        let report = poll(&endpoints, &[ca(window(10)), second], NOW, || 0.5, || true).await.expect("in memory");
        assert_eq!(report.moved, 1);
        let moved = endpoints.find(&ids[0]).await.expect("in memory").expect("there");
        assert_eq!(moved.due_at, Some(NOW + Duration::days(40)));
    }

    #[tokio::test]
    async fn without_time_left_nothing_is_polled() {
        let (endpoints, _) = endpoints(1, DIRECTORY).await;
        let report = poll(&endpoints, &[ca(None)], NOW, || 0.5, || false).await.expect("in memory");
        assert_eq!((report.asked, report.more), (0, true));
    }
}
