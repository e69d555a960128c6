//! The REST API, behind an HTTP API with IAM authorization.
//!
//! In: an HTTP API event (payload 2.0). Out: JSON; errors as RFC 9457 problem details.
//! Calls: DynamoDB `GetItem`, `Query`, `UpdateItem`, `TransactWriteItems`; Step Functions `StartExecution`.

use api::{Installation, Service, router};

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let wiring = runtime::start().await;
    let installation = Installation {
        delegation_zone: wiring.delegation_zone_name()?,
        endpoint_target: wiring.endpoint_target()?,
        profile: wiring.environment().optional("ACME_PROFILE"),
    };
    let service = Service { registry: wiring.endpoints()?, flows: wiring.state_machine()?, installation };
    lambda_http::run(router(service)).await
}
