//! The REST API and the pages, behind an HTTP API whose authorizers establish who asks.
//!
//! In: an HTTP API event (payload 2.0). Out: JSON, errors as RFC 9457 problem details; HTML under `/dashboard`,
//! `/records` and `/docs`.
//! Calls: DynamoDB `GetItem`, `PutItem`, `Query`, `UpdateItem`, `TransactWriteItems`; Step Functions `ListExecutions`,
//! `StartExecution`; Lambda `GetAccountSettings`, `InvokeFunction` of inspect-installation; DNS, domain owners' hosts, the token issuer.

use std::sync::Arc;

use api::dashboard::Console;
use api::{Outside, Service, Surroundings, application, parameters};
use lambda_http::Adapter;
use lambda_http::lambda_runtime::Runtime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let wiring = runtime::start().await?;
    let installation = parameters::installation(&wiring)?;
    let ports = Outside {
        store: wiring.endpoints()?,
        flows: wiring.room()?,
        prober: wiring.prober()?,
        inspector: wiring.inspector()?,
    };
    let environment = wiring.environment();
    let console = Console::of(&environment.required("STATE_MACHINE_ARN")?);
    let surroundings =
        Surroundings { identity: parameters::identity(&wiring)?, base: environment.parsed("BASE_URL")?, console };
    let application = application(Arc::new(Service { ports, installation }), surroundings);
    runtime::serve(Runtime::new(Adapter::from(application))).await
}
