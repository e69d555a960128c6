//! Submits the certificate request, stores the chain, and waits for a slot at ACM.

use domain::acts::choose_ca::authority_of;
use domain::acts::owned_endpoint::ordering_endpoint_with_chain;
use domain::endpoint::Endpoint;
use domain::flow::{Progress, Status, StepInput};
use domain::ports::{AttemptJournal, CaReply, CertificateAuthority, Finalized, KeyVault, Pacing};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{CaRequest, OrderStatus, Refusal};
use vocabulary::certificate::chain::verify;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

/// CAs issue within seconds; an order that hangs in `processing` for this long is stuck.
const PATIENCE: Duration = Duration::minutes(5);

/// ACM takes one `ImportCertificate` a second from an account in a region. Source: "API rate quotas" of the ACM User Guide.
const BETWEEN_IMPORTS: Duration = Duration::SECOND;

/// Longer than the queue of all executions that an account can run at once.
const LONGEST_LINE: Duration = Duration::HOUR;

/// What the step works with.
pub struct Ports<'a, J, K, C, P> {
    pub journal: &'a J,
    pub keys: &'a K,
    pub cas: &'a [C],
    pub pacing: &'a P,
}

/// Runs the step. The chain is checked before it is stored: a bad one never reaches ACM.
///
/// A certificate that is not the next one for ACM waits here: the flow has a wait for this step anyway, so that one which
/// is due costs no extra transition. After a run that died once the chain was stored, the import comes without a slot; ACM
/// may refuse it, and the flow retries.
pub async fn finalize_order<J: AttemptJournal, K: KeyVault, C: CertificateAuthority, P: Pacing>(
    ports: &Ports<'_, J, K, C, P>,
    input: &StepInput,
    now: OffsetDateTime,
) -> Result<Progress, Failure> {
    let Ports { journal, keys, cas, pacing } = *ports;
    let (endpoint, mut order) = ordering_endpoint_with_chain(journal, input).await?;
    if order.chain.is_some() {
        return Ok(input.reached(Status::Issued));
    }
    let key = keys.load(&endpoint.id, order.generation).await?.ok_or_else(key_gone)?;
    let request = key.certificate_request(&endpoint.names);
    let before = endpoint.failing.as_ref().map(|failing| &failing.failure);
    order.nonce = input.nonce();
    // The step before knows this, and did not record it. Once the request is in, the CA is asked for the order's status.
    if order.status == OrderStatus::Pending && input.progress.status == Status::OrderReady {
        order.status = OrderStatus::Ready;
    }
    let answer = authority_of(cas, &order)?.finalize(&order, &request).await;
    let CaReply { value, nonce } = answer.map_err(|error| error.to_failure(CaRequest::Finalize, before))?;
    let failure = match value {
        Finalized::Issued { chain } => {
            match verify(&chain, &key.public_key(), &endpoint.names, now, endpoint.to_outlast(now)) {
                Ok(_) => {
                    journal.keep_chain(&endpoint.id, &order, &chain).await?;
                    return turn_at_acm(pacing, &endpoint, input, now).await;
                }
                Err(reason) => reason.to_failure(now),
            }
        }
        Finalized::Waiting { seconds } => return Ok(Progress { nonce, ..input.wait(seconds, PATIENCE, now, late)? }),
        Finalized::Failed(problem) => Refusal::from(problem).to_failure(CaRequest::Finalize, before),
    };
    order.status = OrderStatus::Invalid;
    journal.save_order(&endpoint.id, input.attempt, &order).await?;
    Err(failure)
}

/// Takes a slot in the queue of the account that the certificate goes to. Other regions of the account get their copies
/// after the home region, at the same pace.
async fn turn_at_acm(
    pacing: &impl Pacing,
    endpoint: &Endpoint,
    input: &StepInput,
    now: OffsetDateTime,
) -> Result<Progress, Failure> {
    let role = endpoint.deployment.role.as_ref();
    let account = role.map_or_else(|| "own".to_owned(), |role| role.account().to_string());
    let turn = pacing.slot(&format!("acm:ImportCertificate#{account}"), BETWEEN_IMPORTS, now).await?;
    let wait = (turn - now).min(LONGEST_LINE);
    if wait <= Duration::ZERO {
        return Ok(input.reached(Status::Issued));
    }
    let wait_seconds =
        u32::try_from(wait.whole_milliseconds().unsigned_abs().div_ceil(1000)).expect("an hour at the most");
    Ok(Progress { wait_seconds, ..input.reached(Status::Waiting) })
}

fn key_gone() -> Failure {
    Failure::without_action(
        FailureName::OrderLost,
        WaitingOn::Nobody,
        "The key of the open order is gone: the order lay open for longer than keys are kept. A new order with a new key \
         is made automatically.",
    )
}

fn late() -> Failure {
    let minutes = PATIENCE.whole_minutes();
    let summary =
        format!("The CA has not issued within {minutes} minutes. The next attempt resumes the order automatically.");
    Failure::without_action(FailureName::TimedOut, WaitingOn::Ca, summary)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::slice;
    use testkit::Fixture;
    use vocabulary::acme::Reachability;
    use vocabulary::certificate::CertificateKey;

    async fn validated() -> Fixture {
        let fixture = Fixture::new(Reachability::Internal).await.with_order().await.with_publications().await;
        submit(&fixture).await;
        fixture
    }

    async fn submit(fixture: &Fixture) {
        let mut order = fixture.order().await;
        fixture.ca.validate(&order, false).await.expect("in memory");
        order.status = OrderStatus::Ready;
        fixture.endpoints.save_order(&fixture.input.endpoint, fixture.input.attempt, &order).await.expect("ours");
    }

    async fn run(fixture: &Fixture) -> Result<Progress, Failure> {
        let ports = Ports {
            journal: &fixture.endpoints,
            keys: &fixture.keys,
            cas: slice::from_ref(&fixture.ca),
            pacing: &fixture.pacing,
        };
        finalize_order(&ports, &fixture.input, fixture.now).await
    }

    #[tokio::test]
    async fn a_certificate_waits_once_for_its_slot_at_acm() {
        let fixture = validated().await;
        for _ in 0..3 {
            fixture.pacing.slot("acm:ImportCertificate#own", BETWEEN_IMPORTS, fixture.now).await.expect("in memory");
        }
        let waiting = run(&fixture).await.expect("issued");
        assert_eq!((waiting.status, waiting.wait_seconds), (Status::Waiting, 3));
        let mut later = fixture;
        (later.input.progress, later.now) = (waiting, later.now + Duration::seconds(3));
        assert_eq!(run(&later).await.expect("its turn").status, Status::Issued);
    }

    #[tokio::test]
    async fn the_chain_is_kept_and_a_second_run_requests_nothing() {
        let fixture = validated().await;
        assert_eq!(run(&fixture).await.expect("issued").status, Status::Issued);
        let first = fixture.order().await;
        let requests = fixture.ca.requests();
        run(&fixture).await.expect("issued before");
        assert_eq!(fixture.ca.requests(), requests, "the CA is not asked again");
        assert_eq!(fixture.order().await, first);
    }

    #[tokio::test]
    async fn a_certificate_for_another_key_is_not_kept() {
        let fixture = validated().await;
        run(&fixture).await.expect("issued");
        let mut order = fixture.order().await;
        order.chain = None;
        order.generation = 2;
        fixture.keys.ensure(&fixture.input.endpoint, 2, CertificateKey::generate).await.expect("in memory");
        fixture.endpoints.save_order(&fixture.input.endpoint, fixture.input.attempt, &order).await.expect("ours");
        assert_eq!(run(&fixture).await.expect_err("another key").name, FailureName::CertificateRejected);
        let order = fixture.order().await;
        assert_eq!((order.status, order.chain), (OrderStatus::Invalid, None));
    }

    #[tokio::test]
    async fn a_certificate_that_expires_earlier_replaces_only_one_that_is_due_to_go() {
        use time::Duration;
        use vocabulary::certificate::InstalledCertificate;
        for (renew_in, kept) in [(Duration::ZERO, true), (Duration::HOUR, false)] {
            let fixture = validated().await;
            let endpoint = fixture.endpoint().await;
            let longer = InstalledCertificate {
                generation: 0,
                not_after: fixture.now + Duration::days(200),
                renew_at: fixture.now + renew_in,
                ..testkit::installed(&endpoint, fixture.now)
            };
            let (id, attempt) = (&endpoint.id, fixture.input.attempt);
            fixture.endpoints.record_certificate(id, attempt, &longer).await.expect("ours");
            assert_eq!(run(&fixture).await.is_ok(), kept);
            assert_eq!(fixture.order().await.chain.is_some(), kept);
        }
    }

    #[tokio::test]
    async fn an_order_whose_key_is_gone_is_lost() {
        let fixture = validated().await;
        fixture.keys.forget(&fixture.input.endpoint, 1).await.expect("in memory");
        assert_eq!(run(&fixture).await.expect_err("no key").name, FailureName::OrderLost);
    }
}
