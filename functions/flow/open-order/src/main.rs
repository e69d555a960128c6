//! Opens the endpoint's ACME order, or resumes the open one.
//!
//! In: `StepInput`. Out: `Progress` with `challenges_pending`, `order_ready`, `issued` or `current`.
//! Fails as: `RecordsNotReady`, `BudgetSpent`, `RateLimited`, `CaUnavailable`, `CaRefused`, `AccountRefused`,
//! `Misconfigured`, `EndpointRemoved`, `Superseded`, `Throttled`, `Unavailable`.
//! Calls: DynamoDB `GetItem`, `PutItem`, `Query`, `UpdateItem`, `TransactWriteItems`; KMS `Encrypt`; Secrets Manager
//! `GetSecretValue`, `PutSecretValue`, `UpdateSecretVersionStage`; DNS; at a first attempt, and after the domain owner's
//! fault, the hosts over HTTP and TLS; the CA's newNonce, newOrder, authorization.

use domain::endpoint::Step;
use open_order::{Ports, open_order};
use runtime::{Spent, requests_sent};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let wiring = runtime::start().await?;
    let (journal, keys) = (wiring.endpoints()?, wiring.keys()?);
    let (cas, dns, prober) = (wiring.certificate_authorities(true)?, wiring.dns()?, wiring.prober()?);
    let authorities = wiring.authorities()?;
    let platform = wiring.platform()?;
    let ports = Ports {
        journal: &journal,
        keys: &keys,
        cas: &cas,
        authorities: &authorities,
        dns: &dns,
        prober: &prober,
        rate_limits: &journal,
        platform: &platform,
        move_grace: wiring.move_grace()?,
    };
    let spent = || Spent { ca_requests: requests_sent(&cas), ..Spent::default() };
    runtime::run_step(Step::OpenOrder, spent, async |input, now| open_order(&ports, &input, now).await).await
}
