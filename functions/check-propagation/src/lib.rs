//! Looks, as the CA would, at what was published, before the CA is asked.

use domain::delegation::{is_published, judge_delegation, judge_probe};
use domain::failure::{Actor, FailureName};
use domain::flow::{Progress, Status, Step, StepInput, StepUsage};
use domain::order::OpenOrder;
use domain::ports::{AuthoritativeDns, ChangeState, EndpointReader, HttpProbe, RecordKind, TxtZone, ordering_endpoint};
use domain::{Endpoint, Failure};
use time::{Duration, OffsetDateTime};

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
    pub delegation_zone: &'a str,
    pub endpoint_target: &'a str,
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
    let calls_before = ports.zone.calls();
    let waiting = check_txt(ports, &endpoint, &order).await?;
    let mut progress = match waiting {
        Some(what) => {
            let seconds = if input.progress.waiting_since.is_some() { NEXT_WAIT } else { FIRST_WAIT };
            input.wait(seconds, PATIENCE, now, || late(what))?
        }
        None => {
            check_http(ports, &order).await?;
            input.reached(Status::Propagated)
        }
    };
    let route53_calls = ports.zone.calls() - calls_before;
    progress.record(StepUsage { step: Step::CheckPropagation, milliseconds: 0, ca_requests: 0, route53_calls });
    Ok(progress)
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
    let target = endpoint.label.target(ports.delegation_zone);
    for base in order.dns_bases() {
        let cname = ports.dns.ask(&base.challenge_name(), RecordKind::Cname).await;
        judge_delegation(base, &target, &cname, &[])?;
    }
    if ports.zone.change_state(change).await? == ChangeState::Pending {
        return Ok(Some("Route53 has not brought the TXT record to all its servers"));
    }
    let txt = ports.dns.ask(&target, RecordKind::Txt).await;
    match is_published(&values, &txt) {
        true => Ok(None),
        false => Ok(Some("the delegation zone's name servers do not answer with the TXT record")),
    }
}

async fn check_http<E, Z, D, H: HttpProbe>(ports: &Ports<'_, E, Z, D, H>, order: &OpenOrder) -> Result<(), Failure> {
    for http in order.http_publications() {
        let answer = ports.probe.fetch(http.host, http.token).await;
        judge_probe(http.host, http.key_authorization, ports.endpoint_target, &answer)?;
    }
    Ok(())
}

fn late(what: &str) -> Failure {
    Failure::new(
        FailureName::TimedOut,
        Actor::Operator,
        format!("After {} minutes {what}.", PATIENCE.whole_minutes()),
        "Check that the delegation zone is delegated to its Route53 name servers; the AWS Health Dashboard may say more.",
    )
}
