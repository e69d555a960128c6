//! Ends an attempt: what came of it, when the next one is due, and who is told.

use domain::attempt::{Attempt, Outcome, execution_name};
use domain::endpoint::Failing;
use domain::failure::FailureName;
use domain::flow::{CaughtFailure, Progress, Status, StepInput};
use domain::notice::Notice;
use domain::order::OrderStatus;
use domain::ports::{AttemptJournal, CertificateStore, Deletion, KeyVault, Notifier, Settlement, owned_endpoint};
use domain::schedule::{LEASE, next_attempt};
use domain::{Endpoint, Failure};
use time::OffsetDateTime;

/// What the step works with.
pub struct Ports<'a, J, K, S, N> {
    pub journal: &'a J,
    pub keys: &'a K,
    pub store: &'a S,
    pub notifier: &'a N,
}

/// Runs the step. `jitter` in 0.0..1.0 spreads the retries.
///
/// People are told before the end is recorded: a run that dies between the two tells them twice, which is better than never.
pub async fn settle_attempt<J, K, S, N>(
    ports: &Ports<'_, J, K, S, N>,
    input: &StepInput,
    now: OffsetDateTime,
    jitter: f64,
) -> Result<Progress, Failure>
where
    J: AttemptJournal,
    K: KeyVault,
    S: CertificateStore,
    N: Notifier,
{
    let endpoint = owned_endpoint(ports.journal, input).await?;
    let end = End { ports, input, endpoint: &endpoint, now, jitter };
    let clean_up_failure = input.clean_up_failure.as_ref().map(CaughtFailure::to_failure);
    if endpoint.removing {
        // What could not be taken away is tried again before the endpoint is forgotten.
        return match clean_up_failure {
            Some(failure) => end.fail(failure, true).await,
            None => end.retire().await,
        };
    }
    match (input.failure.as_ref().map(CaughtFailure::to_failure), clean_up_failure) {
        (Some(failure), clean_up) => end.fail(failure, clean_up.is_some()).await,
        (None, Some(failure)) if !end.is_news() => end.fail(failure, true).await,
        (None, clean_up) => end.succeed(clean_up).await,
    }
}

/// The end of one attempt.
struct End<'a, J, K, S, N> {
    ports: &'a Ports<'a, J, K, S, N>,
    input: &'a StepInput,
    endpoint: &'a Endpoint,
    now: OffsetDateTime,
    jitter: f64,
}

impl<J, K, S, N> End<'_, J, K, S, N>
where
    J: AttemptJournal,
    K: KeyVault,
    S: CertificateStore,
    N: Notifier,
{
    /// Whether a certificate was imported that nobody has been told of.
    fn is_news(&self) -> bool {
        self.endpoint.certificate.as_ref().is_some_and(|held| !held.announced)
    }

    async fn succeed(&self, clean_up_failure: Option<Failure>) -> Result<Progress, Failure> {
        let held = self.endpoint.certificate.as_ref().filter(|held| self.is_news() || self.now < held.renew_at);
        let Some(held) = held else {
            let failure = Failure::unavailable("The flow ended without a certificate and without saying why.");
            return self.fail(failure, clean_up_failure.is_some()).await;
        };
        self.ports.keys.forget(&self.endpoint.id, held.generation).await?;
        let outcome = match (self.is_news(), held.renewal) {
            (false, _) => Outcome::Unchanged,
            (true, false) => Outcome::Issued,
            (true, true) => Outcome::Renewed,
        };
        if outcome != Outcome::Unchanged {
            self.ports.notifier.notify(&Notice::certificate(self.endpoint, held, held.renewal)).await?;
        }
        let failing = clean_up_failure.map(|failure| Failing { failure, since: self.now, attempts: 1 });
        let settlement = Settlement {
            due_at: match &failing {
                Some(failing) => next_attempt(&failing.failure, 1, self.now, self.now, self.jitter),
                None => held.renew_at,
            },
            drop_order: failing.is_none(),
            announced: true,
            removing: self.endpoint.removing,
            attempt: self.record(outcome, failing.as_ref().map(|failing| failing.failure.clone())),
            failing,
        };
        self.ports.journal.settle(&self.endpoint.id, self.input.attempt, &settlement).await?;
        Ok(self.input.reached(Status::Succeeded))
    }

    /// `left_behind`: whether something may still be published.
    async fn fail(&self, failure: Failure, left_behind: bool) -> Result<Progress, Failure> {
        let before = self.endpoint.failing.as_ref();
        let failing = Failing {
            since: before.map_or(self.now, |before| before.since),
            attempts: before.map_or(0, |before| before.attempts) + 1,
            failure,
        };
        let Failing { failure, since, attempts } = &failing;
        let due_at = next_attempt(failure, *attempts, *since, self.now, self.jitter);
        // One message for one cause; the same again and again helps nobody.
        let same = |before: &Failing| (before.failure.name, before.failure.actor) == (failure.name, failure.actor);
        if !before.is_some_and(same) {
            self.ports.notifier.notify(&Notice::failure(self.endpoint, failure, *since, due_at)).await?;
        }
        let of_no_use = self.endpoint.order.as_ref().is_some_and(|order| order.status == OrderStatus::Invalid)
            || matches!(failure.name, FailureName::OrderLost | FailureName::CertificateRejected);
        let settlement = Settlement {
            due_at,
            // While something of it is published, the order is what remembers it.
            drop_order: of_no_use && !left_behind,
            announced: false,
            removing: self.endpoint.removing,
            attempt: self.record(Outcome::Failed, Some(failure.clone())),
            failing: Some(failing),
        };
        self.ports.journal.settle(&self.endpoint.id, self.input.attempt, &settlement).await?;
        Ok(self.input.reached(Status::Failed))
    }

    /// Deletes an endpoint whose publications are gone: certificate, keys, then the endpoint itself.
    async fn retire(&self) -> Result<Progress, Failure> {
        let mut kept = None;
        if let Some(held) = &self.endpoint.certificate
            && self.ports.store.delete(&held.arn).await? == Deletion::InUse
        {
            kept = Some(held.arn.as_str());
        }
        // One more than the newest that is known: a run may have died between making a key and recording it.
        self.ports.keys.forget(&self.endpoint.id, self.endpoint.generation + 1).await?;
        self.ports.notifier.notify(&Notice::removed(self.endpoint, kept)).await?;
        self.ports.journal.erase(self.endpoint, &self.record(Outcome::Removed, None)).await?;
        Ok(self.input.reached(Status::Removed))
    }

    /// The attempt as history keeps it. It began when its lease did.
    fn record(&self, outcome: Outcome, failure: Option<Failure>) -> Attempt {
        let order = self.endpoint.order.as_ref();
        let mut progress = self.input.progress.clone();
        let caught = self.input.failure.iter().chain(&self.input.clean_up_failure);
        caught.filter_map(CaughtFailure::usage).for_each(|usage| progress.record(usage));
        Attempt {
            attempt: self.input.attempt,
            started_at: self.endpoint.lease_until.map_or(self.now, |until| until - LEASE),
            finished_at: Some(self.now),
            outcome,
            method: order.and_then(|order| order.method()),
            order: order.map(|order| order.url.clone()),
            failure,
            execution: execution_name(&self.input.endpoint, self.input.attempt),
            steps: progress.usage,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Reachability;
    use domain::failure::Actor;
    use domain::notice::NoticeKind;
    use domain::ports::{DueEntry, DueIndex, Registry};
    use testkit::Scene;
    use time::Duration;

    async fn run(scene: &Scene) -> Result<Progress, Failure> {
        let ports = Ports {
            journal: &scene.endpoints,
            keys: &scene.keys,
            store: &scene.certificates,
            notifier: &scene.notifier,
        };
        settle_attempt(&ports, &scene.input, scene.now, 0.0).await
    }

    fn caught(name: FailureName, actor: Actor) -> CaughtFailure {
        let message = serde_json::to_string(&Failure::new(name, actor, "what", "do")).expect("plain data");
        let cause = serde_json::json!({"errorMessage": message}).to_string();
        CaughtFailure { error: name.to_string(), cause }
    }

    /// Claims the next attempt at its due time.
    async fn next(scene: &mut Scene) {
        let due_at = scene.endpoint().await.due_at.expect("due some time");
        scene.now = due_at;
        let entry = DueEntry { endpoint: scene.input.endpoint.clone(), due_at };
        let attempt = scene.endpoints.claim(&entry, due_at, due_at + LEASE).await.expect("in memory").expect("free");
        scene.input.attempt = attempt;
    }

    #[tokio::test]
    async fn the_same_failure_is_counted_and_told_once_and_another_is_told_again() {
        let mut scene = Scene::new(Reachability::Internal).await;
        let first = scene.now;
        for (name, actor) in [
            (FailureName::ChallengeFailed, Actor::Customer),
            (FailureName::ChallengeFailed, Actor::Customer),
            (FailureName::RateLimited, Actor::Ca),
        ] {
            scene.input.failure = Some(caught(name, actor));
            assert_eq!(run(&scene).await.expect("settled").status, Status::Failed);
            next(&mut scene).await;
        }
        let failing = scene.endpoint().await.failing.expect("recorded");
        assert_eq!((failing.attempts, failing.since), (3, first));
        assert_eq!(scene.notifier.kinds(), [NoticeKind::ActionRequired, NoticeKind::IssuanceFailed]);
        assert_eq!(scene.now - first, Duration::minutes(1 + 10 + 100), "backing off as the CA suggests");
    }

    #[tokio::test]
    async fn a_lost_order_is_dropped_unless_something_of_it_may_still_be_published() {
        for (left_behind, kept) in [(false, false), (true, true)] {
            let mut scene = Scene::new(Reachability::Internal).await.with_order().await;
            scene.input.failure = Some(caught(FailureName::OrderLost, Actor::Ca));
            scene.input.clean_up_failure = left_behind.then(|| caught(FailureName::Misconfigured, Actor::Operator));
            run(&scene).await.expect("settled");
            assert_eq!(scene.endpoint().await.order.is_some(), kept);
        }
    }

    #[tokio::test]
    async fn a_flow_that_ends_with_nothing_in_hand_is_a_failure() {
        let scene = Scene::new(Reachability::Internal).await;
        assert_eq!(run(&scene).await.expect("settled").status, Status::Failed);
        assert_eq!(scene.notifier.kinds(), [NoticeKind::IssuanceFailed]);
    }

    #[tokio::test]
    async fn a_removal_waits_for_its_clean_up_and_then_leaves_nothing() {
        let mut scene = Scene::new(Reachability::Internal).await.with_order().await;
        scene.endpoints.begin_removal(&scene.input.endpoint, scene.now).await.expect("in memory");
        scene.input.clean_up_failure = Some(caught(FailureName::Unavailable, Actor::Operator));
        assert_eq!(run(&scene).await.expect("settled").status, Status::Failed);
        assert!(scene.endpoint().await.removing, "what is left is tried again");
        next(&mut scene).await;
        scene.input.clean_up_failure = None;
        assert_eq!(run(&scene).await.expect("settled").status, Status::Removed);
        assert!(scene.endpoints.is_empty() && scene.keys.is_empty());
    }
}
