//! Ends an attempt: records its outcome and when the next one is due, and notifies people.

mod folding;
mod giving_way;
mod withdrawing;

use domain::acts::notify::tell;
use domain::acts::owned_endpoint::owned_endpoint;
use domain::acts::take_tokens::left_over;
use domain::alert::notifications::decide;
use domain::alert::{Alert, Decision, NotificationPolicy};
use domain::endpoint::attempt::execution_name;
use domain::endpoint::schedule::next_attempt;
use domain::endpoint::{Attempt, AttemptEnd, CountedEnd, Endpoint, Failing, LEASE, Outcome, Step, Unsent};
use domain::flow::{AttemptTrace, CaughtFailure, Progress, Status, StepInput};
use domain::ports::{
    AttemptJournal, CertificateStore, Claims, Destinations, FaultKind, KeyExport, KeyVault, Notifier, RateLimits,
    ServiceFault, Settlement, SharedCauses, Traces,
};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{Limit, OpenOrder, OrderStatus, Token};
use vocabulary::failure::{Failure, FailureName};

use folding::fold;
use giving_way::give_way;
use withdrawing::withdraw;

/// How often an endpoint checks whether its certificate can come off its listeners, on the first day after its names have
/// moved: by then the other registration has its own.
const GIVES_WAY_EVERY: Duration = Duration::hours(1);
const GIVES_WAY_WITHIN: Duration = Duration::days(1);

/// What the step works with.
pub struct Ports<'a, J, K, S, N, C, T, X> {
    pub journal: &'a J,
    pub keys: &'a K,
    pub destinations: &'a S,
    pub notifier: &'a N,
    pub causes: &'a C,
    pub traces: &'a T,
    pub exports: &'a X,
    /// When people are notified of what, and where the links lead.
    pub policy: NotificationPolicy<'a>,
    /// How long a registration may be unproven before it is paused.
    pub unproven_patience: Duration,
    /// How many messages a tenant gets about new endpoints that wait for their domain owner; the rest is left to its digest.
    pub setup_messages: Option<Limit>,
}

/// How an attempt was ended.
#[derive(Debug)]
pub struct Settled {
    pub progress: Progress,
    /// What is counted of the attempt.
    pub counted: CountedEnd,
    /// Why people could not be notified of it. The end is recorded all the same, with the notifications that are still to
    /// be sent: the next end, or the next health check, sends them.
    pub untold: Option<Failure>,
}

impl Settled {
    /// The step's result. An end that nobody is notified of is the installation's fault: it fails the execution, and an
    /// alarm rings.
    pub fn told(self) -> Result<Progress, Failure> {
        self.untold.map_or(Ok(self.progress), Err)
    }
}

/// Runs the step. `jitter` in 0.0..1.0 spreads the retries.
///
/// The end is recorded first, in one write with the notifications to send and with the tokens that go back; then people are
/// notified; then it is recorded that they were. A run that dies in between notifies them twice, under the same ids, which
/// is better than never. The trace may also be sent twice; it is the same trace each time.
pub async fn settle_attempt<J, K, S, N, C, T, X>(
    ports: &Ports<'_, J, K, S, N, C, T, X>,
    input: &StepInput,
    now: OffsetDateTime,
    jitter: f64,
) -> Result<Settled, Failure>
where
    J: AttemptJournal + Claims + RateLimits + Sync,
    K: KeyVault,
    S: Destinations<Certificates: CertificateStore>,
    N: Notifier,
    C: SharedCauses,
    T: Traces,
    X: KeyExport,
{
    let mut endpoint = match owned_endpoint(ports.journal, input).await {
        Ok(endpoint) => endpoint,
        Err(failure) => return tell_what_is_left(ports, input, now, jitter, failure).await,
    };
    if endpoint.is_past_its_grace(now) {
        let end = End { ports, input, endpoint: &endpoint, now, jitter };
        match withdraw(ports.destinations, ports.exports, &endpoint).await {
            Ok(kept) if kept.is_empty() => {
                endpoint = endpoint.without_certificate();
                let known = &endpoint.authorizations;
                ports.journal.forget_certificate(&endpoint.id, input.attempt, known).await?;
            }
            // Something that is not ours uses it: it goes at a later attempt.
            Ok(_) => {}
            Err(failure) if failure.name.mends_itself() => return Err(failure),
            Err(failure) => return end.fail(failure, true).await,
        }
    }
    if endpoint.moved.is_some() && !endpoint.removing {
        endpoint.certificate = give_way(ports.journal, ports.destinations, &endpoint, input.attempt, now).await?;
    }
    let end = End { ports, input, endpoint: &endpoint, now, jitter };
    let clean_up_failure =
        input.clean_up_failure.as_ref().map(CaughtFailure::to_failure).or_else(|| left_by_update(input));
    if endpoint.removing {
        // What could not be removed is retried before the endpoint is forgotten.
        return match clean_up_failure {
            Some(failure) => end.fail(failure, true).await,
            // The removal came in the middle of the attempt. The next one begins with it: see `open-order`.
            None if !endpoint.known_authorizations().is_empty() => end.again_at_once(false).await,
            // What it took of the CA's limits goes back with the write that drops the order: exactly once.
            None if end.owes_tokens() => end.again_at_once(true).await,
            None => end.retire().await,
        };
    }
    match (input.failure.as_ref().map(CaughtFailure::to_failure), clean_up_failure) {
        // The certificate serves: people are notified of it, with what is still to be done.
        (Some(failure), _) if end.is_news() && endpoint.lacks_export_or_tags_alone() => {
            end.succeed(Some(failure)).await
        }
        (Some(failure), clean_up) => end.fail(failure, clean_up.is_some()).await,
        (None, Some(failure)) if !end.is_news() => end.fail(failure, true).await,
        (None, clean_up) => end.succeed(clean_up).await,
    }
}

/// An execution keeps the definition that it began with: that of the release before does not ask the zone's writer. The order
/// is kept, so that the next attempt does.
fn left_by_update(input: &StepInput) -> Option<Failure> {
    let left = input.progress.status == Status::RecordsLeft;
    left.then(|| {
        Failure::unavailable("The stack was updated during the attempt: TXT values of its order are still published.")
    })
}

/// If this attempt is settled, and people were not notified of its end: only that is done again.
async fn tell_what_is_left<J, K, S, N, C, T, X>(
    ports: &Ports<'_, J, K, S, N, C, T, X>,
    input: &StepInput,
    now: OffsetDateTime,
    jitter: f64,
    superseded: Failure,
) -> Result<Settled, Failure>
where
    J: AttemptJournal + Claims + RateLimits + Sync,
    K: KeyVault,
    S: Destinations<Certificates: CertificateStore>,
    N: Notifier,
    C: SharedCauses,
    T: Traces,
    X: KeyExport,
{
    let found = ports.journal.find(&input.endpoint).await?;
    let settled = found.filter(|endpoint| endpoint.attempt == input.attempt && endpoint.unsent.is_some());
    let Some(endpoint) = settled else { return Err(superseded) };
    let status = if endpoint.failing.is_some() { Status::Failed } else { Status::Succeeded };
    let decision = decide(&endpoint, now, &ports.policy);
    let untold = End { ports, input, endpoint: &endpoint, now, jitter }.tell(&endpoint, &decision).await?;
    Ok(Settled { progress: input.reached(status), counted: CountedEnd::of(&endpoint, None, now), untold })
}

/// The end of one attempt.
struct End<'a, J, K, S, N, C, T, X> {
    ports: &'a Ports<'a, J, K, S, N, C, T, X>,
    input: &'a StepInput,
    endpoint: &'a Endpoint,
    now: OffsetDateTime,
    jitter: f64,
}

impl<J, K, S, N, C, T, X> End<'_, J, K, S, N, C, T, X>
where
    J: AttemptJournal + Claims + RateLimits + Sync,
    K: KeyVault,
    S: Destinations<Certificates: CertificateStore>,
    N: Notifier,
    C: SharedCauses,
    T: Traces,
    X: KeyExport,
{
    /// Whether a certificate was imported that nobody has been notified of.
    fn is_news(&self) -> bool {
        self.endpoint.certificate.as_ref().is_some_and(|held| !held.announced)
    }

    /// `left`: what is still to be done, and why it failed.
    async fn succeed(&self, left: Option<Failure>) -> Result<Settled, Failure> {
        let held = self.endpoint.certificate.as_ref().filter(|held| self.is_news() || self.now < held.renew_at);
        let Some(held) = held else {
            let failure = Failure::unavailable("The flow ended without a certificate and without saying why.");
            return self.fail(failure, left.is_some()).await;
        };
        if !held.lacks_export(&self.endpoint.deployment) {
            self.ports.keys.forget(&self.endpoint.id, held.generation).await?;
        }
        let outcome = match (self.is_news(), held.renewal) {
            (false, _) => Outcome::Unchanged,
            (true, false) => Outcome::Issued,
            (true, true) => Outcome::Renewed,
        };
        let failing = left.map(|failure| Failing::first(failure, self.now));
        let due_at = match &failing {
            Some(failing) => next_attempt(failing, self.now, self.jitter),
            // The next attempt revokes the one before it.
            None if self.endpoint.revocation.is_some() => self.now,
            // Retired certificates go with an attempt that finds the current one good.
            None => {
                held.retired.iter().map(|old| old.goes_at(self.now)).min().unwrap_or(held.renew_at).min(held.renew_at)
            }
        };
        let ending = Ending { due_at, drop_order: failing.is_none(), announced: true, outcome, failing };
        self.settle(ending, Status::Succeeded).await
    }

    /// `left_behind`: whether something may still be published.
    async fn fail(&self, failure: Failure, left_behind: bool) -> Result<Settled, Failure> {
        let before = self.endpoint.failing.as_ref();
        let directory = self.endpoint.order.as_ref().map(|order| order.directory.as_str());
        let (held, patience) = (self.endpoint.certificate.as_ref(), self.ports.unproven_patience);
        let failing = Failing::after(before, failure, held, patience, self.now).at(directory);
        let due_at = next_attempt(&failing, self.now, self.jitter);
        let due_at = self.endpoint.grace_ends(self.now).map_or(due_at, |ends| due_at.min(ends));
        let is_attached = held.is_some_and(|held| !held.listeners.is_empty());
        let moved = self.endpoint.moved.as_ref().filter(|_| is_attached);
        let due_at = match moved.is_some_and(|moved| self.now < moved.since + GIVES_WAY_WITHIN) {
            true => due_at.min(self.now + GIVES_WAY_EVERY),
            false => due_at,
        };
        let failure = &failing.failure;
        let of_no_use = self.endpoint.order.as_ref().is_some_and(|order| order.status == OrderStatus::Invalid)
            || matches!(failure.name, FailureName::OrderLost | FailureName::CertificateRejected);
        // While something of it is published, the order is what remembers it.
        let drop_order = of_no_use && !left_behind;
        let outcome = Outcome::Failed;
        let ending = Ending { due_at, drop_order, announced: false, outcome, failing: Some(failing) };
        self.settle(ending, Status::Failed).await
    }

    /// Records the end, then notifies people of it.
    async fn settle(&self, ending: Ending, status: Status) -> Result<Settled, Failure> {
        let Ending { due_at, drop_order, announced, outcome, failing } = ending;
        let endpoint = self.endpoint;
        let news = matches!(outcome, Outcome::Issued | Outcome::Renewed)
            || endpoint.unsent.as_ref().is_some_and(|unsent| unsent.certificate);
        let failure = failing.as_ref().map(|failing| failing.failure.clone());
        let unsent = Unsent { certificate: news, since: self.now };
        let due = Some(due_at);
        let mut ended =
            Endpoint { failing, due_at: due, lease_until: None, unsent: Some(unsent.clone()), ..endpoint.clone() };
        // Set-up that is not done yet is nobody's failure.
        let failed = failure.as_ref().filter(|_| !ended.awaits_first_records()).map(Failure::waiting_on);
        let end = AttemptEnd::of(outcome, failed);
        ended.track = endpoint.track.after(outcome, end, self.now);
        let (decision, limit) = (decide(&ended, self.now, &self.ports.policy), self.ports.setup_messages);
        let decision = fold(self.ports.journal, limit, &ended, news, decision, self.now).await;
        let returned = if drop_order { self.owed_by_order() } else { Vec::new() };
        let held = left_over(self.ports.journal, &endpoint.held_tokens).await?;
        let returned: Vec<_> = returned.into_iter().chain(held).collect();
        let settlement = Settlement {
            due_at,
            track: ended.track.clone(),
            failing: ended.failing.clone(),
            drop_order,
            withdrawn: self.is_withdrawn(),
            announced,
            told: if decision.is_news() {
                decision.about_to_be_told(&endpoint.told)
            } else {
                decision.notifications.clone()
            },
            unsent: (news || decision.is_news()).then_some(unsent),
            authorizations: match drop_order {
                true => endpoint.without_order(),
                false => endpoint.authorizations.clone(),
            },
            returned,
            at: self.now,
            removing: endpoint.removing,
            attempt: self.record(outcome, failure).await,
        };
        self.ports.journal.settle(&endpoint.id, self.input.attempt, &settlement).await?;
        let untold = match &settlement.unsent {
            Some(_) => self.tell(&ended, &decision).await?,
            None => None,
        };
        Ok(Settled { progress: self.input.reached(status), counted: CountedEnd::of(&ended, end, self.now), untold })
    }

    /// Whether this attempt has taken away what its order has in the delegation zone.
    fn is_withdrawn(&self) -> bool {
        let clean = self.input.progress.status == Status::Clean && self.input.clean_up_failure.is_none();
        clean && self.endpoint.order.as_ref().is_some_and(OpenOrder::may_have_records)
    }

    /// The tokens that go back when the order is dropped.
    fn owed_by_order(&self) -> Vec<Token> {
        let Some(order) = &self.endpoint.order else { return Vec::new() };
        let held = self.endpoint.certificate.as_ref();
        order.to_give_back(held.is_some_and(|held| held.generation == order.generation))
    }

    fn owes_tokens(&self) -> bool {
        !self.owed_by_order().is_empty() || !self.endpoint.held_tokens.is_empty()
    }

    async fn again_at_once(&self, drop_order: bool) -> Result<Settled, Failure> {
        let failing = self.endpoint.failing.clone();
        let ending = Ending { due_at: self.now, drop_order, announced: false, outcome: Outcome::Unchanged, failing };
        self.settle(ending, Status::Failed).await
    }

    /// Deletes an endpoint whose publications are gone: off its listeners, certificates, keys, then the endpoint itself.
    async fn retire(&self) -> Result<Settled, Failure> {
        let kept = match withdraw(self.ports.destinations, self.ports.exports, self.endpoint).await {
            Ok(kept) => kept,
            Err(failure) if failure.name.mends_itself() => return Err(failure),
            // Nothing is published any more: only the endpoint remembers what is left of it elsewhere.
            Err(failure) => return self.fail(failure, false).await,
        };
        // The next one, too: a run may have died between making a key and recording it.
        self.ports.keys.forget(&self.endpoint.id, self.endpoint.next_generation()).await?;
        // Once the endpoint is gone nobody can notify people of it; a channel that refuses keeps no endpoint alive.
        let untold = final_word(self.tell_removal(&kept).await)?;
        let untold = untold.or_else(|| self.ports.notifier.refused().map(Failure::from));
        let attempt = self.record(Outcome::Removed, None).await;
        self.ports.journal.erase(self.endpoint, &attempt).await?;
        let counted = CountedEnd::of(self.endpoint, None, self.now);
        Ok(Settled { progress: self.input.reached(Status::Removed), counted, untold })
    }

    async fn tell_removal(&self, kept: &[String]) -> Result<(), ServiceFault> {
        self.leave_shared_causes().await?;
        let alert = Alert::removed(self.endpoint, kept, self.now).linked(self.ports.policy.dashboard);
        self.ports.notifier.notify(&alert).await
    }

    /// Notifies people of what is news about the endpoint as it was written, and then records that. Returns why a channel
    /// refuses; a temporary fault is an error, and retried.
    async fn tell(&self, ended: &Endpoint, decision: &Decision) -> Result<Option<Failure>, Failure> {
        let Ports { notifier, causes, policy, journal, .. } = *self.ports;
        let untold = final_word(tell(notifier, causes, ended, decision, policy.dashboard, self.now).await)?;
        if untold.is_none() {
            journal.mark_notified(&ended.id, self.input.attempt, &decision.notifications).await?;
        }
        Ok(untold.or_else(|| notifier.refused().map(Failure::from)))
    }

    /// A removed endpoint no longer shares a cause. Its removal is the only notification about it.
    async fn leave_shared_causes(&self) -> Result<(), ServiceFault> {
        let shared = self.endpoint.told.told.iter().filter(|told| told.shared);
        let left = shared.map(|told| (told.cause.clone(), told.owner)).collect();
        let decision = Decision { left, ..Decision::default() };
        let Ports { notifier, causes, policy, .. } = *self.ports;
        tell(notifier, causes, self.endpoint, &decision, policy.dashboard, self.now).await
    }

    /// As its first step has recorded it, to the millisecond: a start that moved would come before what caused it, and
    /// readers would skip it. If the first step was killed, when the attempt's lease began.
    fn started_at(&self) -> OffsetDateTime {
        let began = self.input.progress.usage.iter().find(|usage| usage.step == Step::OpenOrder);
        let lease = self.endpoint.lease_until.map_or(self.now, |until| until - LEASE);
        began.and_then(|usage| usage.began).unwrap_or(lease)
    }

    /// The attempt as history keeps it, and its trace sent.
    async fn record(&self, outcome: Outcome, failure: Option<Failure>) -> Attempt {
        let order = self.endpoint.order.as_ref();
        let mut progress = self.input.progress.clone();
        let caught = self.input.failure.iter().chain(&self.input.clean_up_failure);
        caught.filter_map(CaughtFailure::usage).for_each(|usage| progress.record(usage));
        let attempt = Attempt {
            attempt: self.input.attempt,
            started_at: self.started_at(),
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

/// What an attempt leaves behind.
struct Ending {
    due_at: OffsetDateTime,
    drop_order: bool,
    announced: bool,
    outcome: Outcome,
    failing: Option<Failing>,
}

/// A channel that refuses is a failure to report; a temporary fault is an error.
fn final_word(told: Result<(), ServiceFault>) -> Result<Option<Failure>, Failure> {
    match told {
        Ok(()) => Ok(None),
        Err(fault) if matches!(fault.kind, FaultKind::Throttled | FaultKind::Unavailable) => Err(fault.into()),
        Err(fault) => Ok(Some(fault.into())),
    }
}

#[cfg(test)]
mod tests;
