//! The REST API and the pages, behind an HTTP API whose authorizers establish who asks.
//!
//! In: an HTTP API event (payload 2.0). Out: JSON, errors as RFC 9457 problem details; HTML under `/dashboard` and
//! `/records`.
//! Calls: DynamoDB `GetItem`, `PutItem`, `Query`, `UpdateItem`, `TransactWriteItems`; Step Functions `StartExecution`;
//! Lambda `InvokeFunction` of inspect-installation; DNS, customers' hosts, the token issuer.

use std::sync::Arc;

use api::dashboard::Console;
use api::sign_in::identity::Identity;
use api::{Brand, ClaimNames, Installation, Outside, Service, Surroundings, application};
use vocabulary::acme::CaLimits;
use vocabulary::dns::PersistentIssuer;

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    let wiring = runtime::start().await;
    let environment = wiring.environment();
    let installation = Installation {
        platform: wiring.platform()?,
        profile: environment.optional("ACME_PROFILE"),
        name_policy: wiring.name_policy()?,
        persistent_records: environment.optional("PERSISTENT_RECORDS").as_deref() == Some("enabled"),
        issuer: PersistentIssuer::of(&wiring.issuer()).ok(),
        account: environment.parsed("ACCOUNT_ID")?,
        orders_per_day: orders_per_day(environment)?,
        brand: Brand { name: environment.optional("PLATFORM_NAME"), contact: environment.optional("SUPPORT_CONTACT") },
        tenant_limits: wiring.tenant_limits()?,
        acm_quotas: environment.parsed("ACM_QUOTAS")?.unwrap_or_default(),
        deployment_roles: wiring.deployment_roles()?,
    };
    let ports = Outside {
        store: wiring.endpoints()?,
        flows: wiring.state_machine()?,
        prober: wiring.prober()?,
        inspector: wiring.inspector()?,
    };
    let identity = match wiring.open_id_provider()? {
        Some(provider) => Some(Identity::new(
            provider,
            ClaimNames {
                tenant: environment.required("OIDC_TENANT_CLAIM")?,
                roles: environment.required("OIDC_ROLES_CLAIM")?,
                operator_role: environment.required("OIDC_OPERATOR_ROLE")?,
            },
        )),
        None => None,
    };
    let console = Console::of(&environment.required("STATE_MACHINE_ARN")?);
    let surroundings = Surroundings { identity, base: environment.parsed("BASE_URL")?, console };
    lambda_http::run(application(Arc::new(Service { ports, installation }), surroundings)).await
}

/// By what the account may order in the CA's period, of whatever length.
fn orders_per_day(environment: &runtime::Environment) -> Result<Option<u64>, lambda_http::Error> {
    let published = || CaLimits::published(&environment.optional("ACME_DIRECTORY").unwrap_or_default());
    let limits = environment.parsed("CA_LIMITS")?.unwrap_or_else(published);
    Ok(limits.orders.map(|orders| orders.per_day()))
}
