//! Asks the CAs in turn, until one takes the order.

use domain::acts::choose_ca::{all_failed, asks_the_next, keeps_out};
use domain::acts::{Authorities, Authority, Passed};
use domain::endpoint::Endpoint;
use domain::ports::{AttemptJournal, CaaLookup, CertificateAuthority, KeyVault, RateLimits};
use futures::future::join_all;
use time::OffsetDateTime;
use tokio::sync::OnceCell;
use vocabulary::acme::{Challenges, OpenOrder, Token};
use vocabulary::dns::CaaLevel;
use vocabulary::failure::Failure;

use crate::ordering::Ordering;
use crate::resuming::resume;

/// An order, and the tokens that were taken for it if it is new.
pub(crate) type Asked = (OpenOrder, Vec<Token>);

/// What a request for an order needs.
pub(crate) struct Asking<'a, J, C, K, B, L> {
    pub(crate) journal: &'a J,
    pub(crate) attempt: u64,
    pub(crate) cas: &'a [C],
    pub(crate) authorities: &'a Authorities,
    /// Those of them that may be asked, in the order of asking.
    pub(crate) turn: &'a [&'a Authority],
    pub(crate) keys: &'a K,
    pub(crate) rate_limits: &'a B,
    pub(crate) caa: &'a L,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) challenges: &'a Challenges,
    /// The open order, if it is of use.
    pub(crate) open: Option<&'a OpenOrder>,
    /// How often the flow has run this step, with this time.
    pub(crate) tries: u32,
    pub(crate) now: OffsetDateTime,
}

impl<J: AttemptJournal, C: CertificateAuthority, K: KeyVault, B: RateLimits, L: CaaLookup> Asking<'_, J, C, K, B, L> {
    /// The order, at the first CA that is due, or at a fallback CA.
    pub(crate) async fn ask(&self) -> Result<Asked, Failure> {
        let (first, others) = self.turn.split_first().expect("there is one at least");
        let failure = match self.ask_at(first).await {
            Err(failure) if asks_the_next(&failure, self.tries, self.now) => failure,
            answer => return answer,
        };
        let (mut passed, caa) = (Vec::new(), OnceCell::new());
        for &authority in others {
            let outcome = match self.kept_out(authority, &caa).await {
                Some(why) => Passed::Over(why),
                None => match self.ask_at(authority).await {
                    Ok(order) => {
                        tracing::warn!(
                            summary = failure.guidance.summary,
                            stood_in = authority.host(),
                            "another CA was asked"
                        );
                        return Ok(order);
                    }
                    Err(failure) => Passed::Failed(failure),
                },
            };
            passed.push((authority, outcome));
        }
        Err(all_failed(failure, passed))
    }

    async fn ask_at(&self, authority: &Authority) -> Result<Asked, Failure> {
        let ca = self.cas.iter().find(|ca| ca.directory() == authority.directory);
        let ca = ca.expect("each CA of the list can be spoken to");
        let open = self.open.filter(|order| order.directory == authority.directory);
        if let Some(order) = open
            && let Some(order) = resume(ca, self.challenges, order).await?
        {
            return Ok((order, Vec::new()));
        }
        let Self { journal, attempt, rate_limits, endpoint, challenges, tries, now, .. } = *self;
        let ordering =
            Ordering { journal, attempt, ca, rate_limits, pace: &authority.pace, endpoint, challenges, tries, now };
        ordering.order_anew(self.keys).await
    }

    /// Why `authority` may be no fallback. The first of the list is nobody's fallback, and where an order is open this was
    /// checked before. `caa` keeps what the records of each name say: it is the same for all.
    async fn kept_out(&self, authority: &Authority, caa: &OnceCell<Vec<Vec<CaaLevel>>>) -> Option<String> {
        let directory = &authority.directory;
        if *directory == self.authorities.first().directory
            || self.open.is_some_and(|order| order.directory == *directory)
        {
            return None;
        }
        let names = || self.endpoint.names.iter();
        let answers = caa.get_or_init(|| join_all(names().map(|name| self.caa.caa(name)))).await;
        names().zip(answers).find_map(|(name, levels)| keeps_out(authority, self.challenges, name, levels))
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fail, run, run_with};
    use domain::acts::TRIES;
    use testkit::{Fixture, MemoryCa};
    use time::Duration;
    use vocabulary::acme::Reachability;
    use vocabulary::failure::FailureName;
    use vocabulary::guidance::WaitingOn;

    /// With a second CA behind the fixture's own.
    async fn fixture() -> (Fixture, MemoryCa) {
        let mut fixture = Fixture::new(Reachability::Internal).await;
        fixture.input.retries = TRIES - 1;
        let second = fixture.ca.another("memory://second/directory");
        (fixture, second)
    }

    #[tokio::test]
    async fn the_next_ca_is_used_after_repeated_silence() {
        let (mut fixture, second) = fixture().await;
        fixture.ca.set_unavailable(true);
        fixture.input.retries = TRIES - 2;
        let failure = run_with(&fixture, &second).await.expect_err("the flow tries again");
        assert_eq!((failure.name, second.requests()), (FailureName::Unavailable, 0));
        fixture.input.retries += 1;
        run_with(&fixture, &second).await.expect("opened");
        assert_eq!(fixture.order().await.directory, "memory://second/directory");
        assert_eq!((fixture.keys.len(), second.orders()), (1, 1), "one key, whoever signs it");
        run_with(&fixture, &second).await.expect("resumed");
        assert_eq!(second.orders(), 1, "it is gone on with there");
    }

    #[tokio::test]
    async fn only_the_first_ca_is_contacted_while_it_answers() {
        let (mut fixture, second) = fixture().await;
        run_with(&fixture, &second).await.expect("opened");
        assert_eq!((fixture.ca.orders(), second.requests()), (1, 0));
        // A refusal that another CA would repeat is no reason to ask it.
        fail(&mut fixture, FailureName::CaRefused, WaitingOn::Ca).await;
        run_with(&fixture, &second).await.expect("resumed");
        assert_eq!(second.requests(), 0);
    }

    #[tokio::test]
    async fn after_a_failure_in_the_middle_of_an_order_the_next_ca_is_used() {
        let (fixture, second) = fixture().await;
        let mut fixture = fixture.with_order().await.with_publications().await;
        let published = fixture.order().await.published_txt_values();
        fail(&mut fixture, FailureName::TimedOut, WaitingOn::Ca).await;
        run_with(&fixture, &second).await.expect("opened");
        let order = fixture.order().await;
        assert_eq!((order.directory.as_str(), fixture.ca.orders()), ("memory://second/directory", 1));
        assert!(published.iter().all(|value| order.published_txt_values().contains(value)), "it is cleaned up later");
        // And when the fallback CA is unavailable in turn, the first one is used again.
        fail(&mut fixture, FailureName::Unavailable, WaitingOn::Ca).await;
        run_with(&fixture, &second).await.expect("opened");
        assert_eq!(fixture.order().await.directory, "memory://ca/directory");
    }

    #[tokio::test]
    async fn a_fallback_ca_that_caa_forbids_is_not_used_and_the_failure_says_so() {
        let (fixture, second) = fixture().await;
        fixture.ca.set_unavailable(true);
        fixture.prober.restrict("example.com", "0 issue \"someone.example\"");
        let failure = run_with(&fixture, &second).await.expect_err("nobody may");
        assert_eq!(
            (failure.name, failure.guidance.waiting_on, second.requests()),
            (FailureName::Unavailable, WaitingOn::Ca, 0)
        );
        assert!(
            failure.guidance.summary.contains("second was not asked in its place: the CAA records of example.com"),
            "{failure}"
        );
        fixture.prober.restrict("example.com", "0 issue \"second\"");
        run_with(&fixture, &second).await.expect("allowed");
    }

    #[tokio::test]
    async fn when_no_ca_answers_the_flow_goes_on_trying() {
        let (fixture, second) = fixture().await;
        fixture.ca.set_unavailable(true);
        second.set_unavailable(true);
        let failure = run_with(&fixture, &second).await.expect_err("both are away");
        assert!(failure.name.mends_itself() && failure.guidance.summary.contains("Then second was asked"), "{failure}");
        fixture.ca.set_unavailable(false);
        run_with(&fixture, &second).await.expect("opened");
        assert_eq!(fixture.order().await.directory, "memory://ca/directory");
    }

    #[tokio::test]
    async fn the_retry_time_of_the_first_ca_is_kept_though_the_second_names_none() {
        let (fixture, second) = fixture().await;
        let until = fixture.now + Duration::hours(2);
        fixture.ca.set_busy(Some(until));
        second.set_unavailable(true);
        let failure = run_with(&fixture, &second).await.expect_err("neither takes it");
        assert_eq!((failure.name, failure.retry_after), (FailureName::CaUnavailable, Some(until)));
    }

    #[tokio::test]
    async fn an_installation_with_one_ca_waits_for_it() {
        let (fixture, _) = fixture().await;
        fixture.ca.set_unavailable(true);
        let failure = run(&fixture).await.expect_err("away");
        assert!(failure.name.mends_itself() && !failure.guidance.summary.contains("asked"), "{failure}");
    }
}
