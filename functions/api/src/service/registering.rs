use domain::endpoint::{Endpoint, EventKind};
use domain::ports::{Claims, EndpointReader, RegisterError, Registered, Registry, RequestError};
use time::OffsetDateTime;
use vocabulary::acme::{DnsMethod, Reachability};
use vocabulary::certificate::Deployment;
use vocabulary::names::{
    Caller, CertificateName, DelegationLabel, DelegationLabelError, DomainName, EndpointId, EndpointNames,
    IdempotencyKey, NamedRequest, StackResource, TenantId,
};
use wire::{EndpointView, Registration};

use super::deploying::{self, Asked};
use super::naming::{field_of, room_for_records};
use super::{Ports, Service, act, random, sha256, whole_second};
use crate::http::problem::Problem;
use crate::views::FromWire;

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
        self.register_for(caller, request, idempotency_key, None, now).await
    }

    /// Registers an endpoint for the API, or for a resource of a stack, which then owns it.
    pub async fn register_for(
        &self,
        caller: &Caller,
        request: Registration,
        idempotency_key: Option<&str>,
        stack: Option<&StackResource>,
        now: OffsetDateTime,
    ) -> Result<EndpointView, Problem> {
        let tenant = tenant_of(caller, &request)?;
        let key: Option<IdempotencyKey> = match idempotency_key.map(str::parse).transpose() {
            Ok(key) => key,
            Err(error) => return Err(Problem::invalid_field("Idempotency-Key", format!("{error}"))),
        };
        let digest = || sha256(serde_json::to_vec(&request).expect("plain data"));
        let named = key.map(|key| NamedRequest { tenant: tenant.clone(), key, digest: digest() });
        // Before everything that may have changed since, and before it is counted: a repeated request gets its endpoint again.
        if let Some(before) = self.before(named.as_ref(), now).await? {
            return Ok(before);
        }
        let asked = asked(&request);
        let mut deployment = asked.without_pool().onto(&Deployment::default(), caller, &self.installation)?;
        let pool = asked.pool()?;
        let kept_label = label_of(caller, &request)?;
        let names = self.names(&request.domain, &request.also)?;
        let dns_method = request.challenge.map(DnsMethod::from_wire).unwrap_or_default();
        let reachability = Reachability::from_wire(request.reachability);
        self.offers(dns_method)?;
        let field = |name: &DomainName| field_of(name, Some(&request.domain), &request.also);
        self.unreserved(caller, names.iter(), field)?;
        self.issuable(names.iter(), field)?;
        room_for_records(names.iter(), dns_method, field)?;
        let names_more = names.authorization_names().len() as u64;
        if let Err(refused) = self.count_registration(caller, (1, names_more), now).await {
            // The same request may have come twice at the same time, and the other one may have used up the limit.
            if let Some(before) = self.before(named.as_ref(), now).await? {
                return Ok(before);
            }
            // Limits do not apply to what exists already: applying a file again reports it as done.
            let first = &names.primary().base;
            return Err(match self.store().registered_by(&tenant, first).await {
                Ok(Some(_)) => self.name_taken(&tenant, first, field(first)).await,
                _ => refused,
            });
        }
        if let Some(label) = &kept_label {
            self.unused(label, &tenant, &names).await?;
        }
        let (id, made) = (EndpointId::from_random(random()), DelegationLabel::from_random(random()));
        let label = kept_label.unwrap_or(made);
        let mut endpoint = Endpoint::register(id, tenant, names, reachability, label, whole_second(now));
        endpoint.dns_method = dns_method;
        endpoint.stack = stack.cloned();
        endpoint.deployment = match &pool {
            Some(pool) => self.on_pool(pool, deployment, (&endpoint.id, None), now).await?,
            None => {
                self.follow_first_listener(&mut deployment);
                deployment
            }
        };
        let secret = self.installation.export.secret_of(&endpoint.id);
        let event = act(EventKind::Registered, &caller.origin, summary(&endpoint, &secret), now);
        let registered = self.store().register(&endpoint, &event, named.as_ref()).await;
        if pool.is_some() && !matches!(registered, Ok(Registered::Now)) {
            self.give_room_back(&endpoint.id).await;
        }
        match registered {
            Ok(Registered::Now) => {
                self.note(&endpoint, None, now).await;
                self.start_or_leave(&endpoint, now).await;
                self.registered(&endpoint.id, now).await
            }
            Ok(Registered::Before(id)) => self.registered(&id, now).await,
            Err(RegisterError::NameTaken(name)) => Err(self.name_taken(&endpoint.tenant, &name, field(&name)).await),
            Err(RegisterError::KeyReused) => Err(Problem::key_reused()),
            Err(RegisterError::Fault(fault)) => Err(fault.into()),
        }
    }

    /// The endpoint that the same request registered before, as it is now.
    async fn before(
        &self,
        request: Option<&NamedRequest>,
        now: OffsetDateTime,
    ) -> Result<Option<EndpointView>, Problem> {
        let Some(request) = request else { return Ok(None) };
        match self.store().registered_before(request, now).await {
            Ok(Some(id)) => self.registered(&id, now).await.map(Some),
            Ok(None) => Ok(None),
            Err(RequestError::KeyReused) => Err(Problem::key_reused()),
            Err(RequestError::Fault(fault)) => Err(fault.into()),
        }
    }

    /// A label proves a name for one tenant: with the same one, two tenants' registrations of the name would both be proven.
    async fn unused(&self, label: &DelegationLabel, tenant: &TenantId, names: &EndpointNames) -> Result<(), Problem> {
        for name in names.authorization_names() {
            for id in self.store().registrations(name).await? {
                let found = self.store().find(&id).await?;
                // If the tenant itself has the name already, another check reports that.
                if let Some(other) = found.filter(|other| other.label == *label && other.tenant != *tenant) {
                    return Err(label_taken(name, &other));
                }
            }
        }
        Ok(())
    }

    async fn registered(&self, id: &EndpointId, now: OffsetDateTime) -> Result<EndpointView, Problem> {
        match self.store().find(id).await? {
            Some(endpoint) => self.view(&endpoint, now).await,
            None => Err(Problem::gone_since()),
        }
    }
}

fn asked(request: &Registration) -> Asked<'_> {
    Asked {
        listeners: Some(request.listeners.as_slice()).filter(|texts| !texts.is_empty()),
        regions: Some(request.regions.as_slice()).filter(|texts| !texts.is_empty()),
        role: request.role.as_deref(),
        adopt: request.adopt.as_deref(),
        tags: Some(&request.tags).filter(|tags| !tags.is_empty()),
        export_key: Some(request.export_key).filter(|export_key| *export_key),
    }
}

/// A label in the request declares that the records which lead to it are this registration's.
fn label_of(caller: &Caller, request: &Registration) -> Result<Option<DelegationLabel>, Problem> {
    let Some(label) = &request.label else { return Ok(None) };
    if !caller.is_operator() {
        return Err(Problem::operators_set_labels().with_field("label"));
    }
    let wrong = |error: DelegationLabelError| Problem::invalid_field("label", format!("“{label}”: {error}."));
    label.parse().map(Some).map_err(wrong)
}

fn label_taken(name: &DomainName, other: &Endpoint) -> Problem {
    let detail = format!("{name} is registered with this label already: {} of the tenant {}.", other.id, other.tenant);
    let remedy = "Leave the label out for a new one, or remove that endpoint first.";
    Problem::conflict("label-taken", "The label belongs to another registration", detail, remedy).with_field("label")
}

fn tenant_of(caller: &Caller, request: &Registration) -> Result<TenantId, Problem> {
    use vocabulary::names::Scope;
    match (&caller.scope, &request.tenant) {
        (Scope::Tenant(own), None) => Ok(own.clone()),
        (Scope::Tenant(_), Some(_)) => {
            Err(Problem::invalid_field("tenant", "Only operators can set a tenant; leave it out."))
        }
        (Scope::Everything, None) => Ok(TenantId::fallback()),
        (Scope::Everything, Some(tenant)) => tenant.parse().map_err(|error| {
            let error: vocabulary::names::TenantIdError = error;
            Problem::invalid_field("tenant", error.to_string())
        }),
    }
}

fn summary(endpoint: &Endpoint, secret: &str) -> String {
    let names: Vec<_> = endpoint.names.iter().map(CertificateName::to_string).collect();
    let by = match endpoint.dns_method {
        DnsMethod::Dns01 => String::new(),
        method => format!(", {}", dns_method_words(method)),
    };
    let deployed = deploying::changes(&Deployment::default(), &endpoint.deployment, secret);
    let deployed: String = deployed.iter().map(|part| format!("; {}", part.trim_start_matches("now "))).collect();
    format!("Registered, {}{by}: {}{deployed}.", reachability_word(endpoint.reachability), names.join(", "))
}

pub(super) fn dns_method_words(method: DnsMethod) -> &'static str {
    match method {
        DnsMethod::Dns01 => "validated through the delegation (dns-01)",
        DnsMethod::DnsPersist01 => "validated by a persistent record (dns-persist-01)",
    }
}

pub(super) fn reachability_word(reachability: Reachability) -> &'static str {
    match reachability {
        Reachability::External => "external",
        Reachability::Internal => "internal",
    }
}
