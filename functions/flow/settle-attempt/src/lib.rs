//! Ends an attempt: what came of it, when the next one is due, and who is told.

use domain::acts::attach_listeners::detach;
use domain::acts::notify::tell;
use domain::acts::owned_endpoint::owned_endpoint;
use domain::alert::notifications::decide;
use domain::alert::{Alert, Decision, NotificationPolicy};
use domain::endpoint::attempt::execution_name;
use domain::endpoint::schedule::next_attempt;
use domain::endpoint::{Attempt, Endpoint, Failing, LEASE, Notifications, Outcome};
use domain::flow::{AttemptTrace, CaughtFailure, Progress, Status, StepInput};
use domain::ports::{
    AttemptJournal, CertificateStore, Deletion, Destinations, KeyVault, Notifier, Settlement, SharedCauses, Traces,
};
use time::OffsetDateTime;
use vocabulary::acme::OrderStatus;
use vocabulary::failure::{Failure, FailureName};

/// What the step works with.
pub struct Ports<'a, J, K, S, N, C, T> {
    pub journal: &'a J,
    pub keys: &'a K,
    pub destinations: &'a S,
    pub notifier: &'a N,
    pub causes: &'a C,
    pub traces: &'a T,
    /// Of whom people are notified when, and where the links lead.
    pub policy: NotificationPolicy<'a>,
}

/// Runs the step. `jitter` in 0.0..1.0 spreads the retries.
///
/// People are told before the end is recorded: a run that dies between the two tells them twice, which is better than never.
/// So is the trace sent, which is the same trace however often it comes.
pub async fn settle_attempt<J, K, S, N, C, T>(
    ports: &Ports<'_, J, K, S, N, C, T>,
    input: &StepInput,
    now: OffsetDateTime,
    jitter: f64,
) -> Result<Progress, Failure>
where
    J: AttemptJournal,
    K: KeyVault,
    S: Destinations<Certificates: CertificateStore>,
    N: Notifier,
    C: SharedCauses,
    T: Traces,
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
struct End<'a, J, K, S, N, C, T> {
    ports: &'a Ports<'a, J, K, S, N, C, T>,
    input: &'a StepInput,
    endpoint: &'a Endpoint,
    now: OffsetDateTime,
    jitter: f64,
}

impl<J, K, S, N, C, T> End<'_, J, K, S, N, C, T>
where
    J: AttemptJournal,
    K: KeyVault,
    S: Destinations<Certificates: CertificateStore>,
    N: Notifier,
    C: SharedCauses,
    T: Traces,
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
            let alert = Alert::certificate(self.endpoint, held, self.now).linked(self.ports.policy.dashboard);
            self.ports.notifier.notify(&alert).await?;
        }
        let failing = clean_up_failure.map(|failure| Failing::first(failure, self.now));
        let due_at = match &failing {
            Some(failing) => next_attempt(failing, self.now, self.jitter),
            None => held.renew_at,
        };
        let settlement = Settlement {
            due_at,
            told: self.tell(failing.clone(), due_at).await?,
            drop_order: failing.is_none(),
            announced: true,
            removing: self.endpoint.removing,
            attempt: self.record(outcome, failing.as_ref().map(|failing| failing.failure.clone())).await,
            failing,
        };
        self.ports.journal.settle(&self.endpoint.id, self.input.attempt, &settlement).await?;
        Ok(self.input.reached(Status::Succeeded))
    }

    /// `left_behind`: whether something may still be published.
    async fn fail(&self, failure: Failure, left_behind: bool) -> Result<Progress, Failure> {
        let before = self.endpoint.failing.as_ref();
        let directory = self.endpoint.order.as_ref().map(|order| order.directory.as_str());
        let failing = Failing::after(before, failure, self.endpoint.certificate.as_ref(), self.now).at(directory);
        let due_at = next_attempt(&failing, self.now, self.jitter);
        let told = self.tell(Some(failing.clone()), due_at).await?;
        let failure = &failing.failure;
        let of_no_use = self.endpoint.order.as_ref().is_some_and(|order| order.status == OrderStatus::Invalid)
            || matches!(failure.name, FailureName::OrderLost | FailureName::CertificateRejected);
        let settlement = Settlement {
            due_at,
            // While something of it is published, the order is what remembers it.
            drop_order: of_no_use && !left_behind,
            announced: false,
            told,
            removing: self.endpoint.removing,
            attempt: self.record(Outcome::Failed, Some(failure.clone())).await,
            failing: Some(failing),
        };
        self.ports.journal.settle(&self.endpoint.id, self.input.attempt, &settlement).await?;
        Ok(self.input.reached(Status::Failed))
    }

    /// Deletes an endpoint whose publications are gone: off its listeners, certificates, keys, then the endpoint itself.
    async fn retire(&self) -> Result<Progress, Failure> {
        let kept = match self.withdraw().await {
            Ok(kept) => kept,
            Err(failure) if failure.name.mends_itself() => return Err(failure),
            // Nothing is published any more: only the endpoint remembers what is left of it elsewhere.
            Err(failure) => return self.fail(failure, false).await,
        };
        // One more than the newest that is known: a run may have died between making a key and recording it.
        self.ports.keys.forget(&self.endpoint.id, self.endpoint.generation + 1).await?;
        self.leave_shared_causes().await?;
        let alert = Alert::removed(self.endpoint, &kept, self.now).linked(self.ports.policy.dashboard);
        self.ports.notifier.notify(&alert).await?;
        let attempt = self.record(Outcome::Removed, None).await;
        self.ports.journal.erase(self.endpoint, &attempt).await?;
        Ok(self.input.reached(Status::Removed))
    }

    /// Takes the certificate off its listeners, then out of ACM everywhere. Returns the ARNs that something else uses.
    async fn withdraw(&self) -> Result<Vec<String>, Failure> {
        let Some(held) = &self.endpoint.certificate else { return Ok(Vec::new()) };
        let destinations = self.ports.destinations;
        for known in &held.listeners {
            // A listener's default certificate stays, and is then in use: its ARN is told.
            detach(destinations, self.endpoint, held, &known.listener).await?;
        }
        let mut kept = Vec::new();
        let copies = held.copies.iter().map(|copy| (&copy.region, &copy.arn));
        for (region, arn) in copies.chain([(destinations.home(), &held.arn)]) {
            let store = destinations.certificates(&self.endpoint.deployment.place(region)).await?;
            if store.delete(arn).await? == Deletion::InUse {
                kept.push(arn.clone());
            }
        }
        Ok(kept)
    }

    /// Tells what is news about the endpoint as it is about to be written, and returns what to keep of it.
    async fn tell(&self, failing: Option<Failing>, due_at: OffsetDateTime) -> Result<Notifications, Failure> {
        let ended = Endpoint { failing, due_at: Some(due_at), lease_until: None, ..self.endpoint.clone() };
        let decision = decide(&ended, self.now, &self.ports.policy);
        let Ports { notifier, causes, policy, .. } = *self.ports;
        tell(notifier, causes, &ended, &decision, policy.dashboard, self.now).await?;
        Ok(decision.notifications)
    }

    /// An endpoint that is gone meets no cause any more. That it is gone is all there is to be told of it.
    async fn leave_shared_causes(&self) -> Result<(), Failure> {
        let shared = self.endpoint.told.told.iter().filter(|told| told.shared);
        let left = shared.map(|told| (told.cause.clone(), told.owner)).collect();
        let decision = Decision { left, ..Decision::default() };
        let Ports { notifier, causes, policy, .. } = *self.ports;
        Ok(tell(notifier, causes, self.endpoint, &decision, policy.dashboard, self.now).await?)
    }

    /// The attempt as history keeps it, and its trace sent. It began when its lease did.
    async fn record(&self, outcome: Outcome, failure: Option<Failure>) -> Attempt {
        let order = self.endpoint.order.as_ref();
        let mut progress = self.input.progress.clone();
        let caught = self.input.failure.iter().chain(&self.input.clean_up_failure);
        caught.filter_map(CaughtFailure::usage).for_each(|usage| progress.record(usage));
        let attempt = Attempt {
            attempt: self.input.attempt,
            started_at: self.endpoint.lease_until.map_or(self.now, |until| until - LEASE),
            finished_at: Some(self.now),
            outcome,
            method: order.and_then(|order| order.method()),
            order: order.map(|order| order.url.clone()),
            directory: order.map(|order| order.directory.clone()),
            failure,
            execution: execution_name(&self.input.endpoint, self.input.attempt),
            steps: progress.usage,
        };
        self.ports.traces.send(&AttemptTrace::of(self.endpoint, self.input, &attempt)).await;
        attempt
    }
}

#[cfg(test)]
mod tests;
