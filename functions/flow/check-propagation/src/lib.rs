//! Checks, as the CA would, what was published, before the CA is asked.

mod hosts;
#[cfg(test)]
mod tests;

use std::time::Duration as StdDuration;

use diagnosis::checks::zone::bogus;
use diagnosis::facts::Bogus;
use diagnosis::subject::Subject;
use diagnosis::to_failure::to_failure;
use domain::acts::check_records::{check_delegations, check_persistent_records};
use domain::acts::owned_endpoint::ordering_endpoint;
use domain::endpoint::Endpoint;
use domain::flow::{Progress, Status, StepInput};
use domain::ports::{AuthoritativeDns, EndpointReader, HttpProbe, Prober};
use time::{Duration, OffsetDateTime};
use tokio::time::{Instant, timeout_at};
use vocabulary::acme::OpenOrder;
use vocabulary::dns::answer::is_published;
use vocabulary::dns::{Issuer, PersistentIssuer, Platform, RecordKind};
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

use hosts::{Asking, NotYet};

/// Route53 promises 60 seconds; ten times that is an incident.
const PATIENCE: Duration = Duration::minutes(10);
/// What S3 has accepted can be read at once: a token that is missing then will not come.
const PATIENCE_WITH_OURSELVES: Duration = Duration::MINUTE;
/// Seconds between checks: a record on its way arrives soon, or takes a while.
const FIRST_WAIT: u32 = 3;
const NEXT_WAIT: u32 = 10;
/// For all names together, DNS and HTTP. The function has 60 seconds, and what is found wrong takes another ten to explain.
pub const LONGEST: StdDuration = StdDuration::from_secs(25);

/// What the step works with.
pub struct Ports<'a, E, D, H, P> {
    pub endpoints: &'a E,
    pub dns: &'a D,
    pub probe: &'a H,
    /// Explains what is wrong, in the words of a check.
    pub prober: &'a P,
    pub platform: &'a Platform,
    /// The CA and our account there, for persistent records.
    pub issuer: &'a Issuer,
    /// How long all names together may take: [`LONGEST`].
    pub longest: StdDuration,
}

/// What the step still waits for.
enum Waiting {
    Route53(&'static str),
    Hosts(NotYet),
    /// The name servers have not answered by the end of the step's time.
    NameServers,
}

/// Runs the step. A wrong record fails it at once; a record on its way is waited for, and so is an unknown result.
pub async fn check_propagation<E, D, H, P>(
    ports: &Ports<'_, E, D, H, P>,
    input: &StepInput,
    now: OffsetDateTime,
) -> Result<Progress, Failure>
where
    E: EndpointReader,
    D: AuthoritativeDns,
    H: HttpProbe,
    P: Prober,
{
    let (endpoint, order) = ordering_endpoint(ports.endpoints, input).await?;
    let until = Instant::now() + ports.longest;
    let dns = &ports.dns.session(order.names.len(), ports.longest);
    let records = timeout_at(until, check_records(ports, dns, &endpoint, &order, now)).await;
    let waiting = match records {
        Ok(checked) => match checked? {
            Some(what) => Some(Waiting::Route53(what)),
            None => check_hosts(ports, &endpoint, &order, until, now).await?.map(Waiting::Hosts),
        },
        Err(_) => Some(Waiting::NameServers),
    };
    let Some(waiting) = waiting else { return Ok(input.reached(Status::Propagated)) };
    let seconds = if input.progress.waiting_since.is_some() { NEXT_WAIT } else { FIRST_WAIT };
    let patience = match waiting {
        Waiting::Hosts(NotYet::PlatformsFault(_)) => PATIENCE_WITH_OURSELVES,
        _ => PATIENCE,
    };
    input.wait(seconds, patience, now, || late(&waiting, patience))
}

async fn check_records<E, D, H, P>(
    ports: &Ports<'_, E, D, H, P>,
    dns: &D,
    endpoint: &Endpoint,
    order: &OpenOrder,
    now: OffsetDateTime,
) -> Result<Option<&'static str>, Failure>
where
    D: AuthoritativeDns,
{
    let waiting = check_txt(ports, dns, endpoint, order, now).await?;
    if waiting.is_none() {
        check_standing(ports, dns, order, now).await?;
    }
    Ok(waiting)
}

/// What the step still waits for.
async fn check_txt<E, D, H, P>(
    ports: &Ports<'_, E, D, H, P>,
    dns: &D,
    endpoint: &Endpoint,
    order: &OpenOrder,
    now: OffsetDateTime,
) -> Result<Option<&'static str>, Failure>
where
    D: AuthoritativeDns,
{
    let values = order.txt_values();
    if values.is_empty() {
        return Ok(None);
    }
    let target = ports.platform.delegation_target(&endpoint.label);
    check_delegations(dns, order.dns_names(), &target).await?;
    let txt = dns.query(&target, RecordKind::Txt).await;
    if !is_published(&values, &txt) {
        return Ok(Some("the delegation zone's name servers do not answer with the TXT record"));
    }
    // The CA's resolver validates, and returns only what is signed as the zones above require.
    match dns.bogus(&target, RecordKind::Txt, now).await {
        Some(why) => Err(to_failure(&bogus(&endpoint.subject(ports.platform), &Bogus { name: target, why }))),
        None => Ok(None),
    }
}

/// The platform does not publish persistent records: one that is missing now is wrong.
async fn check_standing<E, D, H, P>(
    ports: &Ports<'_, E, D, H, P>,
    dns: &D,
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
    check_persistent_records(dns, authorization_names, &PersistentIssuer::of(ports.issuer)?, now).await
}

async fn check_hosts<E, D, H: HttpProbe, P: Prober>(
    ports: &Ports<'_, E, D, H, P>,
    endpoint: &Endpoint,
    order: &OpenOrder,
    until: Instant,
    now: OffsetDateTime,
) -> Result<Option<NotYet>, Failure> {
    // The order's published tokens and values belong where they are.
    let subject = Subject { order_open: true, ..endpoint.subject(ports.platform) };
    Asking { probe: ports.probe, prober: ports.prober, subject: &subject, until, now }.ask(order).await
}

/// The failure when the patience is over.
fn late(waiting: &Waiting, patience: Duration) -> Failure {
    let minutes = patience.whole_minutes();
    let unknown = |what: &str| {
        let summary = format!("After {minutes} minutes it is still not known whether the CA would accept: {what}.");
        Failure::without_action(FailureName::RecordsNotReady, WaitingOn::Nobody, summary)
    };
    match waiting {
        Waiting::Route53(what) => Failure::new(
            FailureName::TimedOut,
            WaitingOn::Operator,
            format!("After {minutes} minutes {what}."),
            "Check that the delegation zone is delegated to its Route53 name servers; the AWS Health Dashboard may say more.",
        ),
        Waiting::NameServers => unknown("the name servers of the domain have not answered in time"),
        Waiting::Hosts(NotYet::Unknown(what)) => unknown(what),
        Waiting::Hosts(NotYet::PlatformsFault(what)) => Failure::new(
            FailureName::Misconfigured,
            WaitingOn::Operator,
            format!("The platform answers, but does not have the token of this order. {what}."),
            "Check that the host's record points to this installation's load balancer and to no other one's, and that \
             serve-challenge reads the bucket that present-challenge writes to.",
        ),
    }
}
