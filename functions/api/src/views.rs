//! What the API shows. Shapes are stable: programs read them.

use domain::certificate::InstalledCertificate;
use domain::endpoint::{EndpointState, Failing};
use domain::failure::{Actor, FailureName};
use domain::records::{RequiredRecord, required_records};
use domain::{CertificateName, Endpoint, EndpointId, Reachability};
use serde::Serialize;
use time::OffsetDateTime;

use crate::service::Installation;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct EndpointView {
    id: EndpointId,
    domain: CertificateName,
    names: Vec<CertificateName>,
    /// As their owner writes them, in Unicode.
    display_names: Vec<String>,
    reachability: Reachability,
    state: EndpointState,
    records: Vec<RequiredRecord>,
    certificate: Option<CertificateView>,
    failure: Option<FailureView>,
    /// Number of the last attempt.
    attempt: u64,
    /// When the next attempt starts by itself; absent while one runs.
    #[serde(with = "time::serde::rfc3339::option")]
    next_attempt_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    renews_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
}

#[derive(Clone, Debug, Serialize)]
struct CertificateView {
    arn: String,
    serial: String,
    issuer: String,
    names: Vec<CertificateName>,
    #[serde(with = "time::serde::rfc3339")]
    not_before: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    not_after: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    imported_at: OffsetDateTime,
}

#[derive(Clone, Debug, Serialize)]
struct FailureView {
    name: FailureName,
    actor: Actor,
    summary: String,
    remedy: String,
    #[serde(with = "time::serde::rfc3339")]
    since: OffsetDateTime,
    attempts: u32,
}

impl EndpointView {
    pub(crate) fn of(endpoint: &Endpoint, installation: &Installation, now: OffsetDateTime) -> Self {
        let records = required_records(endpoint, &installation.delegation_zone, &installation.endpoint_target);
        Self {
            id: endpoint.id.clone(),
            domain: endpoint.names.primary().clone(),
            names: endpoint.names.iter().cloned().collect(),
            display_names: endpoint.names.iter().map(CertificateName::to_unicode).collect(),
            reachability: endpoint.reachability,
            state: endpoint.state(now),
            records,
            certificate: endpoint.certificate.as_ref().map(CertificateView::of),
            failure: endpoint.failing.as_ref().map(FailureView::of),
            attempt: endpoint.attempt,
            next_attempt_at: endpoint.due_at.filter(|_| !endpoint.is_leased(now)),
            renews_at: endpoint.certificate.as_ref().map(|held| held.renew_at),
            created_at: endpoint.created_at,
        }
    }
}

impl CertificateView {
    fn of(held: &InstalledCertificate) -> Self {
        Self {
            arn: held.arn.clone(),
            serial: held.serial.clone(),
            issuer: held.issuer.clone(),
            names: held.names.clone(),
            not_before: held.not_before,
            not_after: held.not_after,
            imported_at: held.imported_at,
        }
    }
}

impl FailureView {
    fn of(failing: &Failing) -> Self {
        Self {
            name: failing.failure.name,
            actor: failing.failure.actor,
            summary: failing.failure.summary.clone(),
            remedy: failing.failure.remedy.clone(),
            since: failing.since,
            attempts: failing.attempts,
        }
    }
}
