//! What people and programs are notified of: one typed, versioned event for each fact.
//!
//! Three concerns are separate: what is wrong with an endpoint ([`crate::issues`]), what of it is news
//! ([`notifications`](crate::alert::notifications)), and how it is presented ([`text`](crate::alert::text),
//! [`chat`](crate::alert::chat); adapters convert it to the wire's JSON).

use time::OffsetDateTime;
use vocabulary::acme::{DnsMethod, Reachability};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::text::printable;

use crate::alert::digest::Digest;
use crate::endpoint::alert_kind::AlertKind;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::notified::{Cause, Severity};
use vocabulary::guidance::{Guidance, WaitingOn};

/// The current certificate, as in an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// ARN in ACM.
    pub arn: String,
    /// Upper-case hex without leading zeros.
    pub serial: String,
    pub issuer: String,
    /// Directory URL of the CA that issued it.
    pub directory: Option<String>,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    /// When its renewal begins.
    pub renew_at: OffsetDateTime,
}

impl CertificateFacts {
    fn of(held: &InstalledCertificate) -> Self {
        Self {
            arn: held.arn.clone(),
            serial: held.serial.clone(),
            issuer: printable(&held.issuer, 200),
            directory: held.directory.clone(),
            not_before: held.not_before,
            not_after: held.not_after,
            renew_at: held.renew_at,
        }
    }
}

/// How many endpoints a shared cause affects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affected {
    /// Endpoints that have had the cause since it began.
    pub endpoints: u64,
    /// Domain of the first of them.
    pub first: String,
}

/// One event. What is absent does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// The same if a crash made us send it twice, otherwise unique.
    pub id: String,
    pub at: OffsetDateTime,
    pub kind: AlertKind,
    pub severity: Severity,
    pub cause: Cause,
    /// For a [`Recovered`](AlertKind::Recovered): the other causes that are resolved.
    pub also_resolved: Vec<Cause>,
    /// Name of the catalogue's entry, where a check found it.
    pub check: Option<String>,
    /// What happened, who is waited on, and what they do next.
    pub guidance: Guidance,
    /// Absent where the event is about the installation.
    pub tenant: Option<String>,
    /// The endpoint's id.
    pub endpoint: Option<String>,
    /// The endpoint's first name.
    pub domain: Option<String>,
    /// All names of the endpoint.
    pub names: Vec<String>,
    /// Since when this has been so.
    pub since: Option<OffsetDateTime>,
    /// When it breaks unless somebody acts: mostly when the current certificate expires.
    pub until: Option<OffsetDateTime>,
    /// When the next attempt starts automatically.
    pub next_attempt: Option<OffsetDateTime>,
    pub certificate: Option<CertificateFacts>,
    pub affected: Option<Affected>,
    pub digest: Option<Digest>,
    /// The page of the dashboard that shows more.
    pub link: Option<String>,
}

impl Alert {
    /// An event about `endpoint`; the caller sets the rest.
    pub(crate) fn about(endpoint: &Endpoint, kind: AlertKind, cause: Cause, at: OffsetDateTime) -> Self {
        let held = endpoint.certificate.as_ref();
        Self {
            tenant: Some(endpoint.tenant.to_string()),
            endpoint: Some(endpoint.id.to_string()),
            domain: Some(endpoint.names.primary().to_string()),
            names: endpoint.names.iter().map(ToString::to_string).collect(),
            until: held.map(|held| held.not_after),
            certificate: held.map(CertificateFacts::of),
            ..Self::of_installation(kind, cause, at)
        }
    }

    /// An event about the installation itself; the caller sets the rest.
    pub fn of_installation(kind: AlertKind, cause: Cause, at: OffsetDateTime) -> Self {
        Self {
            id: String::new(),
            at,
            kind,
            severity: Severity::Info,
            cause,
            also_resolved: vec![],
            check: None,
            guidance: Guidance::without_action(WaitingOn::Nobody, ""),
            tenant: None,
            endpoint: None,
            domain: None,
            names: vec![],
            since: None,
            until: None,
            next_attempt: None,
            certificate: None,
            affected: None,
            digest: None,
            link: None,
        }
    }

    /// A certificate was issued or renewed, and imported.
    pub fn certificate(endpoint: &Endpoint, held: &InstalledCertificate, at: OffsetDateTime) -> Self {
        let (kind, verb) = match held.renewal {
            true => (AlertKind::CertificateRenewed, "renewed"),
            false => (AlertKind::CertificateIssued, "issued"),
        };
        let issued = format!("The certificate for {} was {verb}. The next renewal is automatic.", all_names(endpoint));
        let moved: Vec<_> = held.retired.iter().filter(|retired| retired.since >= held.imported_at).collect();
        let (severity, guidance) = match moved.as_slice() {
            [] => (Severity::Info, Guidance::without_action(WaitingOn::Nobody, issued)),
            moved => {
                let old = moved.iter().map(|retired| retired.arn.as_str()).collect::<Vec<_>>().join(" and ");
                let mut what = format!(
                    "{issued} ACM does not let it take the place of {old}, whose key or usages it does not have: it has a \
                     new ARN, {}. Listeners that the endpoint names use the new one.",
                    held.arn
                );
                let full: Vec<_> = moved.iter().flat_map(|old| &old.swapped).map(ToString::to_string).collect();
                if !full.is_empty() {
                    what.push_str(&format!(
                        " No room for both at {}: the old one was removed first, and the default certificate was served \
                         for a short time.",
                        full.join(", ")
                    ));
                }
                let step =
                    format!("Point whatever else uses {old} to {}; then the old certificate is deleted.", held.arn);
                (Severity::Notice, Guidance::new(WaitingOn::Operator, what, step))
            }
        };
        Self {
            id: format!("{}.{verb}.{}", endpoint.id, held.serial),
            severity,
            guidance,
            ..Self::about(endpoint, kind, Cause::new(verb), at)
        }
    }

    /// The endpoint was removed. `kept` are the ARNs of certificates left in ACM because something still uses them.
    pub fn removed(endpoint: &Endpoint, kept: &[String], at: OffsetDateTime) -> Self {
        let names = endpoint.names.authorization_names();
        let persists = endpoint.dns_method == DnsMethod::DnsPersist01;
        let persistent = names.iter().filter(|_| persists).map(|name| name.persistent_name());
        let records: Vec<_> = persistent.chain(names.iter().map(|name| name.challenge_name())).collect();
        let hosts = if endpoint.reachability == Reachability::External { ", and those of its hosts" } else { "" };
        let removed = format!(
            "The endpoint for {} was removed. Its records in the domain's DNS can be deleted, unless another registration \
             uses them: {}{hosts}.",
            all_names(endpoint),
            records.join(", ")
        );
        let (severity, guidance) = match kept.is_empty() {
            false => {
                let delete = format!(
                    "Its certificate is still in use, so it was left in ACM. Delete it when it is no longer used: {}",
                    kept.join(" and ")
                );
                (Severity::Notice, Guidance::new(WaitingOn::Operator, removed, delete))
            }
            true => (Severity::Info, Guidance::without_action(WaitingOn::Nobody, removed)),
        };
        let event = Self::about(endpoint, AlertKind::EndpointRemoved, Cause::new("removed"), at);
        Self {
            id: format!("{}.removed", endpoint.id),
            severity,
            guidance,
            // A deleted certificate no longer exists.
            until: event.until.filter(|_| !kept.is_empty()),
            certificate: event.certificate.clone().filter(|_| !kept.is_empty()),
            ..event
        }
    }

    /// With a link to the endpoint's page of the dashboard whose base URL is `dashboard`, or to its overview.
    pub fn linked(mut self, dashboard: Option<&str>) -> Self {
        self.link = dashboard.map(|base| match &self.endpoint {
            Some(endpoint) if self.kind != AlertKind::EndpointRemoved => {
                format!("{base}/dashboard/endpoints/{endpoint}")
            }
            _ => format!("{base}/dashboard"),
        });
        self
    }
}

/// All names as people write them.
fn all_names(endpoint: &Endpoint) -> String {
    let names: Vec<String> = endpoint.names.iter().map(|name| name.to_unicode()).collect();
    names.join(", ")
}
