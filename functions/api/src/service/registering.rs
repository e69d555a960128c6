use domain::endpoint::{Endpoint, EventKind};
use domain::ports::{EndpointReader, RegisterError, Registered, Registry};
use time::OffsetDateTime;
use vocabulary::acme::{DnsMethod, Reachability};
use vocabulary::certificate::Deployment;
use vocabulary::names::endpoint_names::most_names;
use vocabulary::names::{
    Caller, CertificateName, DelegationLabel, DomainName, EndpointId, EndpointNames, IdempotencyKey, NamedRequest,
    TenantId,
};
use wire::{EndpointView, Registration};

use super::deploying::{self, Asked};
use super::{MOST_WRITES, Ports, Service, act, random, sha256, whole_second};
use crate::http::problem::Problem;
use crate::views::FromWire;

/// One write for the endpoint itself, one for the event, one for the request's key.
const MOST_BASES: usize = MOST_WRITES - 3;

impl<P: Ports> Service<P> {
    /// Registers an endpoint and starts its first attempt; if that cannot be started, the next scan does.
    ///
    /// The same request under the same key is done once, and answered again with the endpoint as it is now.
    pub(crate) async fn register(
        &self,
        caller: &Caller,
        request: Registration,
        idempotency_key: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<EndpointView, Problem> {
        let tenant = tenant_of(caller, &request)?;
        let deployment = asked(&request).onto(&Deployment::default(), caller, &self.installation)?;
        let key: Option<IdempotencyKey> = match idempotency_key.map(str::parse).transpose() {
            Ok(key) => key,
            Err(error) => return Err(Problem::invalid_field("Idempotency-Key", format!("{error}"))),
        };
        let digest = || sha256(serde_json::to_vec(&request).expect("plain data"));
        let named = key.map(|key| NamedRequest { tenant: tenant.clone(), key, digest: digest() });
        let names = self.names(&request.domain, &request.also)?;
        if names.bases().len() > MOST_BASES {
            let detail = format!("More than {MOST_BASES} different names; register a second endpoint.");
            return Err(Problem::invalid_field("also", detail));
        }
        let dns_method = request.dns_method.map(DnsMethod::from_wire).unwrap_or_default();
        let reachability = Reachability::from_wire(request.reachability);
        self.offers(dns_method)?;
        let (id, label) = (EndpointId::from_random(random()), DelegationLabel::from_random(random()));
        let mut endpoint = Endpoint::register(id, tenant, names, reachability, label, whole_second(now));
        endpoint.dns_method = dns_method;
        endpoint.deployment = deployment;
        let event = act(EventKind::Registered, &caller.origin, summary(&endpoint), now);
        let id = match self.store().register(&endpoint, &event, named.as_ref()).await {
            Ok(Registered::Now) => {
                self.start_or_leave(&endpoint, now).await;
                endpoint.id
            }
            Ok(Registered::Before(id)) => id,
            Err(RegisterError::NameTaken(name)) => {
                return Err(name_taken(&name, field_of(&name, Some(&request.domain), &request.also)));
            }
            Err(RegisterError::KeyReused) => return Err(Problem::key_reused()),
            Err(RegisterError::Fault(fault)) => return Err(fault.into()),
        };
        match self.store().find(&id).await? {
            Some(endpoint) => self.view(&endpoint, now).await,
            None => Err(Problem::gone_since()),
        }
    }

    /// Parses the names of one endpoint, within what a certificate may carry.
    pub(super) fn names(&self, domain: &str, also: &[String]) -> Result<EndpointNames, Problem> {
        let most = most_names(self.installation.profile.as_deref());
        EndpointNames::parse(domain, also, most)
            .map_err(|error| Problem::invalid_field(error.field().to_owned(), error.to_string()))
    }
}

fn asked(request: &Registration) -> Asked<'_> {
    Asked {
        listeners: Some(request.listeners.as_slice()).filter(|texts| !texts.is_empty()),
        regions: Some(request.regions.as_slice()).filter(|texts| !texts.is_empty()),
        role: request.role.as_deref(),
    }
}

fn tenant_of(caller: &Caller, request: &Registration) -> Result<TenantId, Problem> {
    use vocabulary::names::Scope;
    match (&caller.scope, &request.tenant) {
        (Scope::Tenant(own), None) => Ok(own.clone()),
        (Scope::Tenant(_), Some(_)) => {
            Err(Problem::invalid_field("tenant", "Only an operator says whose an endpoint is; it is yours."))
        }
        (Scope::Everything, None) => Ok(TenantId::fallback()),
        (Scope::Everything, Some(tenant)) => tenant.parse().map_err(|error| {
            let error: vocabulary::names::TenantIdError = error;
            Problem::invalid_field("tenant", error.to_string())
        }),
    }
}

fn summary(endpoint: &Endpoint) -> String {
    let names: Vec<_> = endpoint.names.iter().map(CertificateName::to_string).collect();
    let by = match endpoint.dns_method {
        DnsMethod::Dns01 => String::new(),
        method => format!(", {}", dns_method_words(method)),
    };
    let deployed = match endpoint.deployment.is_default() {
        true => String::new(),
        false => format!("; {}", deploying::summary(&endpoint.deployment)),
    };
    format!("Registered, {}{by}: {}{deployed}.", reachability_word(endpoint.reachability), names.join(", "))
}

pub(super) fn dns_method_words(method: DnsMethod) -> &'static str {
    match method {
        DnsMethod::Dns01 => "proven through the delegation",
        DnsMethod::DnsPersist01 => "proven by a standing record",
    }
}

pub(super) fn reachability_word(reachability: Reachability) -> &'static str {
    match reachability {
        Reachability::External => "external",
        Reachability::Internal => "internal",
    }
}

/// The input field that `base` comes from.
pub(super) fn field_of(base: &DomainName, domain: Option<&String>, also: &[String]) -> String {
    let holds = |text: &String| text.parse::<CertificateName>().is_ok_and(|name| name.base == *base);
    match also.iter().position(holds) {
        Some(i) if !domain.is_some_and(holds) => format!("also[{i}]"),
        _ => "domain".to_owned(),
    }
}

/// Does not say whose: that is nobody's business but its holder's.
pub(super) fn name_taken(name: &DomainName, field: String) -> Problem {
    Problem::conflict(
        "name-taken",
        "The name is registered already",
        format!("{name} (or its wildcard) belongs to a registered endpoint."),
        "If that endpoint is yours, show it by this name, and change or remove it. If it is not, ask the operator of this installation.",
    )
    .with_field(field)
}
