//! Looks, as the CA would, at what was published, before the CA is asked.

use diagnosis::gate::judge_probe;
use domain::acts::check_records::{check_delegations, check_persistent_records};
use domain::acts::owned_endpoint::ordering_endpoint;
use domain::endpoint::Endpoint;
use domain::flow::{Progress, Status, StepInput};
use domain::ports::{AuthoritativeDns, ChangeState, EndpointReader, HttpProbe, TxtZone};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::OpenOrder;
use vocabulary::dns::answer::is_published;
use vocabulary::dns::{Issuer, PersistentIssuer, Platform, RecordKind};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

/// Route53 promises 60 seconds; ten times that is an incident.
const PATIENCE: Duration = Duration::minutes(10);
/// Seconds between looks: a change takes Route53 some thirty seconds, now and then only a few.
const FIRST_WAIT: u32 = 3;
const NEXT_WAIT: u32 = 10;

/// What the step works with.
pub struct Ports<'a, E, Z, D, H> {
    pub endpoints: &'a E,
    pub zone: &'a Z,
    pub dns: &'a D,
    pub probe: &'a H,
    pub platform: &'a Platform,
    /// The CA and our account there, for persistent records.
    pub issuer: &'a Issuer,
}

/// Runs the step. A wrong record fails it at once; one that is on its way is waited for.
pub async fn check_propagation<E, Z, D, H>(
    ports: &Ports<'_, E, Z, D, H>,
    input: &StepInput,
    now: OffsetDateTime,
) -> Result<Progress, Failure>
where
    E: EndpointReader,
    Z: TxtZone,
    D: AuthoritativeDns,
    H: HttpProbe,
{
    let (endpoint, order) = ordering_endpoint(ports.endpoints, input).await?;
    if let Some(what) = check_txt(ports, &endpoint, &order).await? {
        let seconds = if input.progress.waiting_since.is_some() { NEXT_WAIT } else { FIRST_WAIT };
        return input.wait(seconds, PATIENCE, now, || late(what));
    }
    check_standing(ports, &order, now).await?;
    check_http(ports, &endpoint, &order).await?;
    Ok(input.reached(Status::Propagated))
}

/// What is still to be waited for.
async fn check_txt<E, Z, D, H>(
    ports: &Ports<'_, E, Z, D, H>,
    endpoint: &Endpoint,
    order: &OpenOrder,
) -> Result<Option<&'static str>, Failure>
where
    Z: TxtZone,
    D: AuthoritativeDns,
{
    let values = order.txt_values();
    let Some(change) = order.change.as_ref().filter(|_| !values.is_empty()) else { return Ok(None) };
    let target = ports.platform.delegation_target(&endpoint.label);
    check_delegations(ports.dns, order.dns_names(), &target).await?;
    if ports.zone.change_state(change).await? == ChangeState::Pending {
        return Ok(Some("Route53 has not brought the TXT record to all its servers"));
    }
    let txt = ports.dns.ask(&target, RecordKind::Txt).await;
    match is_published(&values, &txt) {
        true => Ok(None),
        false => Ok(Some("the delegation zone's name servers do not answer with the TXT record")),
    }
}

/// Standing records are not ours to bring out: one that is not there now is wrong.
async fn check_standing<E, Z, D, H>(
    ports: &Ports<'_, E, Z, D, H>,
    order: &OpenOrder,
    now: OffsetDateTime,
) -> Result<(), Failure>
where
    D: AuthoritativeDns,
{
    let authorization_names = order.persistent_names();
    if authorization_names.is_empty() {
        return Ok(());
    }
    check_persistent_records(ports.dns, authorization_names, &PersistentIssuer::of(ports.issuer)?, now).await
}

async fn check_http<E, Z, D, H: HttpProbe>(
    ports: &Ports<'_, E, Z, D, H>,
    endpoint: &Endpoint,
    order: &OpenOrder,
) -> Result<(), Failure> {
    let target = ports.platform.endpoint_target.of(&endpoint.label);
    for http in order.http_publications() {
        let answer = ports.probe.fetch(http.host, http.token).await;
        judge_probe(http.host, http.key_authorization, &target, &answer)?;
    }
    Ok(())
}

fn late(what: &str) -> Failure {
    Failure::new(
        FailureName::TimedOut,
        WaitingOn::Operator,
        format!("After {} minutes {what}.", PATIENCE.whole_minutes()),
        "Check that the delegation zone is delegated to its Route53 name servers; the AWS Health Dashboard may say more.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::{Fixture, MemoryCa, MemoryProbe};
    use vocabulary::acme::Reachability;

    async fn run(fixture: &Fixture) -> Result<Progress, Failure> {
        let probe = MemoryProbe::new(fixture.tokens.clone());
        let ports = Ports {
            endpoints: &fixture.endpoints,
            zone: &fixture.zone,
            dns: &fixture.dns,
            probe: &probe,
            platform: &Fixture::platform(),
            issuer: &MemoryCa::issuer(),
        };
        check_propagation(&ports, &fixture.input, fixture.now).await
    }

    async fn published(reachability: Reachability) -> Fixture {
        Fixture::new(reachability).await.with_order().await.with_publications().await
    }

    #[tokio::test]
    async fn what_the_ca_would_find_is_propagated() {
        let fixture = published(Reachability::External).await;
        assert_eq!(run(&fixture).await.expect("all there").status, Status::Propagated);
    }

    #[tokio::test]
    async fn txt_values_that_are_not_served_yet_are_waited_for_but_not_for_ever() {
        let mut fixture = published(Reachability::Internal).await;
        fixture.zone.withdraw(&fixture.target().await, &fixture.order().await.txt_values()).await.expect("in memory");
        let progress = run(&fixture).await.expect("on its way");
        assert_eq!((progress.status, progress.wait_seconds), (Status::Waiting, FIRST_WAIT));
        fixture.input.progress = progress;
        fixture.now += PATIENCE - Duration::SECOND;
        assert_eq!(run(&fixture).await.expect("still").wait_seconds, NEXT_WAIT);
        fixture.now += Duration::SECOND;
        assert_eq!(run(&fixture).await.expect_err("too late").name, FailureName::TimedOut);
    }

    #[tokio::test]
    async fn an_alias_that_was_changed_meanwhile_fails_at_once() {
        let fixture = published(Reachability::Internal).await;
        fixture.dns.alias("_acme-challenge.example.com", "elsewhere.example");
        assert_eq!(run(&fixture).await.expect_err("wrong").name, FailureName::RecordsNotReady);
    }

    #[tokio::test]
    async fn a_standing_record_that_was_taken_away_meanwhile_fails_at_once() {
        let fixture = Fixture::by_persistent_record().await.with_order().await;
        assert_eq!(run(&fixture).await.expect("it stands").status, Status::Propagated);
        fixture.stand(false);
        let failure = run(&fixture).await.expect_err("gone");
        assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::RecordsNotReady, WaitingOn::DomainOwner));
    }

    #[tokio::test]
    async fn a_host_that_serves_something_else_fails_at_once() {
        use domain::ports::TokenStore;
        let fixture = published(Reachability::External).await;
        let order = fixture.order().await;
        for http in order.http_publications() {
            fixture.tokens.publish(http.host, http.token, "something else").await.expect("in memory");
        }
        let failure = run(&fixture).await.expect_err("wrong");
        assert_eq!((failure.name, failure.guidance.waiting_on), (FailureName::RecordsNotReady, WaitingOn::DomainOwner));
    }
}
