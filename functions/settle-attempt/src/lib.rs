//! Ends an attempt: what came of it, when the next one is due, and who is told.

use domain::attempt::{Attempt, Outcome, execution_name};
use domain::endpoint::Failing;
use domain::failure::FailureName;
use domain::flow::{CaughtFailure, Progress, Status, StepInput};
use domain::notice::Notice;
use domain::order::OrderStatus;
use domain::ports::{AttemptJournal, CertificateStore, Deletion, KeyVault, Notifier, Settlement, owned_endpoint};
use domain::schedule::next_attempt;
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
    let clean_up_failure = input.clean_up_failure.as_ref().map(CaughtFailure::to_failure);
    if endpoint.removing {
        // What could not be taken away is tried again before the endpoint is forgotten.
        return match clean_up_failure {
            Some(failure) => fail(ports, input, &endpoint, failure, true, now, jitter).await,
            None => retire(ports, input, &endpoint, now).await,
        };
    }
    match (input.failure.as_ref().map(CaughtFailure::to_failure), clean_up_failure) {
        (Some(failure), clean_up) => fail(ports, input, &endpoint, failure, clean_up.is_some(), now, jitter).await,
        (None, Some(failure)) if !is_news(&endpoint) => fail(ports, input, &endpoint, failure, true, now, jitter).await,
        (None, clean_up) => succeed(ports, input, &endpoint, clean_up, now, jitter).await,
    }
}

/// Whether a certificate was imported that nobody has been told of.
fn is_news(endpoint: &Endpoint) -> bool {
    endpoint.certificate.as_ref().is_some_and(|held| !held.announced)
}

async fn succeed<J, K, S, N>(
    ports: &Ports<'_, J, K, S, N>,
    input: &StepInput,
    endpoint: &Endpoint,
    clean_up_failure: Option<Failure>,
    now: OffsetDateTime,
    jitter: f64,
) -> Result<Progress, Failure>
where
    J: AttemptJournal,
    K: KeyVault,
    N: Notifier,
{
    let Some(held) = endpoint.certificate.as_ref().filter(|held| is_news(endpoint) || now < held.renew_at) else {
        let failure = Failure::unavailable("The flow ended without a certificate and without saying why.");
        return fail(ports, input, endpoint, failure, clean_up_failure.is_some(), now, jitter).await;
    };
    ports.keys.forget(&endpoint.id, held.generation).await?;
    let outcome = match (is_news(endpoint), held.renewal) {
        (false, _) => Outcome::Unchanged,
        (true, false) => Outcome::Issued,
        (true, true) => Outcome::Renewed,
    };
    if outcome != Outcome::Unchanged {
        ports.notifier.notify(&Notice::certificate(endpoint, held, held.renewal)).await?;
    }
    let failing = clean_up_failure.map(|failure| Failing { failure, since: now, attempts: 1 });
    let due_at = match &failing {
        Some(failing) => next_attempt(&failing.failure, 1, now, now, jitter),
        None => held.renew_at,
    };
    let settlement = Settlement {
        due_at,
        drop_order: failing.is_none(),
        announced: true,
        attempt: record_of(input, endpoint, outcome, failing.as_ref().map(|f| f.failure.clone()), now),
        failing,
    };
    ports.journal.settle(&endpoint.id, input.attempt, &settlement).await?;
    Ok(input.reached(Status::Succeeded))
}

async fn fail<J, K, S, N>(
    ports: &Ports<'_, J, K, S, N>,
    input: &StepInput,
    endpoint: &Endpoint,
    failure: Failure,
    left_behind: bool,
    now: OffsetDateTime,
    jitter: f64,
) -> Result<Progress, Failure>
where
    J: AttemptJournal,
    N: Notifier,
{
    let before = endpoint.failing.as_ref();
    let failing = Failing {
        since: before.map_or(now, |before| before.since),
        attempts: before.map_or(0, |before| before.attempts) + 1,
        failure,
    };
    let due_at = next_attempt(&failing.failure, failing.attempts, failing.since, now, jitter);
    // One message for one cause; the same again and again helps nobody.
    let same = |before: &Failing| {
        (before.failure.name, before.failure.actor) == (failing.failure.name, failing.failure.actor)
    };
    if !before.is_some_and(same) {
        ports.notifier.notify(&Notice::failure(endpoint, &failing.failure, failing.since, due_at)).await?;
    }
    let of_no_use = endpoint.order.as_ref().is_some_and(|order| order.status == OrderStatus::Invalid)
        || matches!(failing.failure.name, FailureName::OrderLost | FailureName::CertificateRejected);
    let settlement = Settlement {
        due_at,
        // While something of it is published, the order is what remembers it.
        drop_order: of_no_use && !left_behind,
        announced: false,
        attempt: record_of(input, endpoint, Outcome::Failed, Some(failing.failure.clone()), now),
        failing: Some(failing),
    };
    ports.journal.settle(&endpoint.id, input.attempt, &settlement).await?;
    Ok(input.reached(Status::Failed))
}

/// Deletes an endpoint whose publications are gone: certificate, keys, then the endpoint itself.
async fn retire<J, K, S, N>(
    ports: &Ports<'_, J, K, S, N>,
    input: &StepInput,
    endpoint: &Endpoint,
    now: OffsetDateTime,
) -> Result<Progress, Failure>
where
    J: AttemptJournal,
    K: KeyVault,
    S: CertificateStore,
    N: Notifier,
{
    let mut kept = None;
    if let Some(held) = &endpoint.certificate
        && ports.store.delete(&held.arn).await? == Deletion::InUse
    {
        kept = Some(held.arn.as_str());
    }
    ports.keys.forget(&endpoint.id, endpoint.generation + 1).await?;
    ports.notifier.notify(&Notice::removed(endpoint, kept)).await?;
    ports.journal.erase(endpoint, &record_of(input, endpoint, Outcome::Removed, None, now)).await?;
    Ok(input.reached(Status::Removed))
}

/// The attempt as history keeps it. It began when its lease did.
fn record_of(
    input: &StepInput,
    endpoint: &Endpoint,
    outcome: Outcome,
    failure: Option<Failure>,
    now: OffsetDateTime,
) -> Attempt {
    let order = endpoint.order.as_ref();
    Attempt {
        attempt: input.attempt,
        started_at: endpoint.lease_until.map_or(now, |until| until - domain::schedule::LEASE),
        finished_at: Some(now),
        outcome,
        method: order.and_then(|order| order.method()),
        order: order.map(|order| order.url.clone()),
        failure,
        execution: execution_name(&input.endpoint, input.attempt),
        steps: input.progress.usage.clone(),
    }
}
