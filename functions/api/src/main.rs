//! The REST API, behind an HTTP API whose authorizers establish who asks.
//!
//! In: an HTTP API event (payload 2.0). Out: JSON; errors as RFC 9457 problem details.
//! Calls: DynamoDB `GetItem`, `PutItem`, `Query`, `UpdateItem`, `TransactWriteItems`; Step Functions `StartExecution`;
//! DNS.

use std::sync::Arc;

use api::{DelegationLook, Installation, NoInspection, Outside, Service, router};

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let wiring = runtime::start().await;
    let installation = Installation {
        delegation_zone: wiring.delegation_zone_name()?,
        endpoint_target: wiring.endpoint_target()?,
        profile: wiring.environment().optional("ACME_PROFILE"),
    };
    let ports = Outside {
        store: wiring.endpoints()?,
        flows: wiring.state_machine()?,
        looker: DelegationLook { dns: wiring.dns()? },
        inspector: NoInspection,
    };
    let service = Arc::new(Service { ports, installation });
    lambda_http::run(router(service, None)).await
}
