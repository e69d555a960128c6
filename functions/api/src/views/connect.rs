//! Links to DNS providers, where the last check found that they have the platform's templates (Domain Connect).

use diagnosis::report::{CheckReport, RecordCheck, RecordStatus};
use domain::endpoint::Endpoint;
use vocabulary::dns::{Connect, ConnectTemplates};
use vocabulary::names::DelegationLabel;
use vocabulary::names::domain_name::CHALLENGE_LABEL;
use vocabulary::record::DnsRecord;
use wire::ConnectLink;

use crate::installation::Installation;

/// The link for a record that is not right; `check` is what was found of it.
pub(super) fn connect_link(
    endpoint: &Endpoint,
    check: Option<&RecordCheck>,
    report: Option<&CheckReport>,
    installation: &Installation,
) -> Option<ConnectLink> {
    let templates = installation.connect.as_ref()?;
    let check = check.filter(|check| check.status != RecordStatus::Ok)?;
    let wanted = wanted(endpoint, &check.record, templates, installation)?;
    // Of nested zones, the deepest contains the name.
    let in_zone =
        |connect: &&Connect| wanted.name == connect.zone || wanted.name.ends_with(&format!(".{}", connect.zone));
    let connect = report?.connect.iter().filter(in_zone).max_by_key(|connect| connect.zone.len())?;
    // The host's template creates a CNAME, which no apex can have.
    if wanted.is_host && wanted.name == connect.zone {
        return None;
    }
    let variables: Vec<_> = wanted.label.iter().map(|label| ("label", label.as_str())).collect();
    let url = connect.link(templates, wanted.service, wanted.name, &variables)?;
    Some(ConnectLink { provider: connect.provider.clone(), host: connect.host()?, url })
}

/// A template, and the name that it is applied to.
struct Wanted<'a> {
    service: &'a str,
    name: &'a str,
    /// Where the template leaves room for the label of the registration.
    label: Option<&'a DelegationLabel>,
    is_host: bool,
}

fn wanted<'a>(
    endpoint: &'a Endpoint,
    record: &'a DnsRecord,
    templates: &'a ConnectTemplates,
    installation: &Installation,
) -> Option<Wanted<'a>> {
    let platform = &installation.platform;
    let delegated = record.name.strip_prefix(CHALLENGE_LABEL).and_then(|name| name.strip_prefix('.'));
    if let Some(name) = delegated.filter(|_| record.value == platform.delegation_target(&endpoint.label)) {
        return Some(Wanted { service: &templates.delegation, name, label: Some(&endpoint.label), is_host: false });
    }
    // The template has the installation's own target in it, not that of a listener in a pool.
    let target = &platform.endpoint_target;
    let by_template = record.kind == "CNAME" && record.value == target.of(&endpoint.label);
    let name = Some(record.name.as_str()).filter(|name| by_template && !name.starts_with("*."))?;
    let label = target.is_own().then_some(&endpoint.label);
    Some(Wanted { service: templates.host.as_deref()?, name, label, is_host: true })
}
