//! Which names an endpoint may have here.

use vocabulary::acme::DnsMethod;
use vocabulary::names::domain_name::{CHALLENGE_LABEL, STANDING_LABEL};
use vocabulary::names::endpoint_names::most_names;
use vocabulary::names::public_policy::why_no_record_fits;
use vocabulary::names::{Caller, CertificateName, DomainName, EndpointNames};

use super::{MOST_WRITES, Ports, Service};
use crate::http::problem::Problem;

// One write for the endpoint itself, one for the event, one for the request's key.
const _: () = assert!(vocabulary::names::endpoint_names::MOST_NAMES + 3 <= MOST_WRITES);

impl<P: Ports> Service<P> {
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

/// Refuses a name whose record at the domain owner's cannot exist, as it would be too long. `field` as in
/// [`Service::issuable`].
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
