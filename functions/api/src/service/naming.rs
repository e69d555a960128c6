//! Which names an endpoint may have here.

use domain::endpoint::Endpoint;
use domain::ports::{Claims, EndpointReader, Registry};
use vocabulary::acme::DnsMethod;
use vocabulary::names::domain_name::{CHALLENGE_LABEL, STANDING_LABEL};
use vocabulary::names::endpoint_names::most_names;
use vocabulary::names::public_policy::why_no_record_fits;
use vocabulary::names::{Caller, CertificateName, DomainName, EndpointId, EndpointNames, Scope, TenantId};

use super::{MOST_WRITES, Ports, Service};
use crate::http::problem::Problem;

// One write for the endpoint itself, one for the event, one for the request's key.
const _: () = assert!(vocabulary::names::endpoint_names::MOST_NAMES + 3 <= MOST_WRITES);

impl<P: Ports> Service<P> {
    /// The endpoint with this name. A tenant gets its own; operators get the one that has proven the name, or the only one.
    pub(super) async fn named(&self, caller: &Caller, name: &DomainName) -> Result<Option<EndpointId>, Problem> {
        if let Scope::Tenant(tenant) = &caller.scope {
            return Ok(self.store().registered_by(tenant, name).await?);
        }
        let mut found = Vec::new();
        for id in self.store().registrations(name).await? {
            let endpoint = self.store().find(&id).await?;
            found.extend(endpoint.filter(|endpoint| endpoint.names.authorization_names().contains(name)));
        }
        let claim = self.store().claims(std::slice::from_ref(name)).await?.remove(name);
        let proven = claim.filter(|claim| found.iter().any(|endpoint| endpoint.id == claim.endpoint));
        match (proven, found.as_slice()) {
            (Some(claim), _) => Ok(Some(claim.endpoint)),
            (None, []) => Ok(None),
            (None, [only]) => Ok(Some(only.id.clone())),
            (None, several) => Err(ambiguous(name, several)),
        }
    }

    /// That the tenant has the name already, and where.
    pub(super) async fn name_taken(&self, tenant: &TenantId, name: &DomainName, field: String) -> Problem {
        let there = self.store().registered_by(tenant, name).await.unwrap_or_default();
        let known = there.as_ref().map(|id| format!(" of the endpoint {id}")).unwrap_or_default();
        let detail = format!("{name} (or its wildcard) is a name{known} of the same tenant already.");
        let remedy = "Show that endpoint by this name, and change or remove it.";
        Problem::conflict("name-taken", "The name is registered already", detail, remedy)
            .with_field(field)
            .with_endpoint(there)
    }

    /// Parses the names of one endpoint, within what it may have.
    pub(super) fn names(&self, domain: &str, also: &[String]) -> Result<EndpointNames, Problem> {
        let most = most_names(self.installation.profile.as_deref());
        EndpointNames::parse(domain, also, most)
            .map_err(|error| Problem::invalid_field(error.field().to_owned(), error.to_string()))
    }

    /// Refuses the platform's own names to everybody but its operators. `field` as in [`Self::issuable`].
    pub(super) fn unreserved<'a>(
        &self,
        caller: &Caller,
        names: impl IntoIterator<Item = &'a CertificateName>,
        field: impl Fn(&DomainName) -> String,
    ) -> Result<(), Problem> {
        if caller.is_operator() {
            return Ok(());
        }
        let platform = &self.installation.platform;
        let reserved = names.into_iter().find_map(|name| Some((&name.base, platform.reserves(&name.base)?)));
        reserved.map_or(Ok(()), |(name, own)| Err(Problem::reserved_name(field(name), name.as_str(), &own)))
    }

    /// Refuses a name that the CA would refuse whatever its DNS says. `field`: where a name comes from.
    pub(super) fn issuable<'a>(
        &self,
        names: impl IntoIterator<Item = &'a CertificateName>,
        field: impl Fn(&DomainName) -> String,
    ) -> Result<(), Problem> {
        let policy = self.installation.name_policy;
        let refused = names.into_iter().find_map(|name| Some((name, policy.refuses(name)?)));
        refused.map_or(Ok(()), |(name, refusal)| Err(Problem::refused_name(field(&name.base), &refusal)))
    }
}

/// Only operators see the endpoints of several tenants.
fn ambiguous(name: &DomainName, several: &[Endpoint]) -> Problem {
    let listed: Vec<_> = several.iter().map(|endpoint| format!("{} ({})", endpoint.id, endpoint.tenant)).collect();
    let detail = format!("{name} is registered by several tenants, and none has proven it: {}.", listed.join(", "));
    Problem::conflict("name-ambiguous", "Several endpoints have the name", detail, "Name the endpoint by its id.")
}

/// Refuses a name for which the domain owner's record would be too long to exist. `field` as in [`Service::issuable`].
pub(super) fn room_for_records<'a>(
    names: impl IntoIterator<Item = &'a CertificateName>,
    method: DnsMethod,
    field: impl Fn(&DomainName) -> String,
) -> Result<(), Problem> {
    let label = match method {
        DnsMethod::Dns01 => CHALLENGE_LABEL,
        DnsMethod::DnsPersist01 => STANDING_LABEL,
    };
    let refused = names.into_iter().find_map(|name| Some((name, why_no_record_fits(&name.base, label)?)));
    refused.map_or(Ok(()), |(name, refusal)| Err(Problem::refused_name(field(&name.base), &refusal)))
}

/// The input field that `base` comes from.
pub(super) fn field_of(base: &DomainName, domain: Option<&String>, also: &[String]) -> String {
    let holds = |text: &String| text.parse::<CertificateName>().is_ok_and(|name| name.base == *base);
    match also.iter().position(holds) {
        Some(i) if !domain.is_some_and(holds) => format!("also[{i}]"),
        _ => "domain".to_owned(),
    }
}
