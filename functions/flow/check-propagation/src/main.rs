//! Checks, as the CA would, what was published, before the CA is asked.
//!
//! In: `StepInput`. Out: `Progress` with `propagated` or `waiting`.
//! Fails as: `RecordsNotReady`, `TimedOut`, `OrderLost`, `Misconfigured`, `EndpointRemoved`, `Superseded`,
//! `Throttled`, `Unavailable`.
//! Calls: DynamoDB `Query`; DNS; HTTP to the domain owner's hosts.

use check_propagation::{LONGEST, Ports, check_propagation};
use domain::endpoint::Step;
use runtime::Spent;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await?;
    let (endpoints, dns) = (wiring.endpoints()?.read_only(), wiring.dns()?);
    let (probe, issuer) = (wiring.probe()?, wiring.issuer());
    let (prober, platform) = (wiring.prober_of_records()?, wiring.platform()?);
    let ports = Ports {
        endpoints: &endpoints,
        dns: &dns,
        probe: &probe,
        prober: &prober,
        platform: &platform,
        issuer: &issuer,
        longest: LONGEST,
    };
    runtime::run_step(Step::CheckPropagation, Spent::default, async |input, now| {
        check_propagation(&ports, &input, now).await
    })
    .await
}
