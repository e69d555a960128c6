//! Configures the API from the parameters of the stack.

use lambda_http::Error;
use runtime::{Environment, Wiring};
use vocabulary::acme::CaLimits;
use vocabulary::dns::PersistentIssuer;

use crate::installation::{Brand, Export, Installation, OrderLimit};
use crate::sign_in::claims::ClaimNames;
use crate::sign_in::identity::Identity;

/// What is the same for all endpoints.
pub fn installation(wiring: &Wiring) -> Result<Installation, Error> {
    let environment = wiring.environment();
    Ok(Installation {
        platform: wiring.platform()?,
        profile: environment.optional("ACME_PROFILE"),
        name_policy: wiring.name_policy()?,
        persistent_records: environment.optional("PERSISTENT_RECORDS").as_deref() == Some("enabled"),
        issuer: PersistentIssuer::of(&wiring.issuer()).ok(),
        account: environment.parsed("ACCOUNT_ID")?,
        orders: orders(environment)?,
        brand: Brand { name: environment.optional("PLATFORM_NAME"), contact: environment.optional("SUPPORT_CONTACT") },
        tenant_limits: wiring.tenant_limits()?,
        acm_quotas: wiring.acm_quotas()?,
        home: wiring.region()?.to_string(),
        pools: wiring.listener_pools()?,
        deployment_roles: wiring.deployment_roles()?,
        connect: wiring.connect_templates()?,
        export: Export { reader: wiring.export_role()?, stack: environment.required("STACK_NAME")? },
    })
}

/// Who signs people in; none where no issuer is configured.
pub fn identity(wiring: &Wiring) -> Result<Option<Identity>, Error> {
    let environment = wiring.environment();
    let Some(provider) = wiring.open_id_provider()? else { return Ok(None) };
    let claims = ClaimNames {
        tenant: environment.required("OIDC_TENANT_CLAIM")?,
        roles: environment.required("OIDC_ROLES_CLAIM")?,
        operator_role: environment.required("OIDC_OPERATOR_ROLE")?,
    };
    Ok(Some(Identity::new(provider, claims)))
}

fn orders(environment: &Environment) -> Result<Option<OrderLimit>, Error> {
    let directory = environment.optional("ACME_DIRECTORY").unwrap_or_default();
    let limits = environment.parsed("CA_LIMITS")?.unwrap_or_else(|| CaLimits::published(&directory));
    Ok(limits.orders.map(|limit| OrderLimit { directory, limit }))
}
