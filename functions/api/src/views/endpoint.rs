use diagnosis::report::{CheckReport, Finding};
use domain::endpoint::records::{comes_later, required_records};
use domain::endpoint::{Endpoint, Failing};
use domain::status::{CertificateState, certificate_state, status_of};
use time::OffsetDateTime;
use vocabulary::certificate::InstalledCertificate;
use vocabulary::names::CertificateName;
use vocabulary::record::DnsRecord;
use wire::{CertificateView, DnsView, EndpointView, FailureView, MuteView, RecordView, RevocationView, Serving};

use super::ToWire;
use super::connect::connect_link;
use super::deployment::deployment_view;
use super::watch::watch_view;
use crate::installation::Installation;

/// `report` is the last check, where it was read; without it the records stand without what was found.
pub fn endpoint_view(
    endpoint: &Endpoint,
    report: Option<&CheckReport>,
    installation: &Installation,
    now: OffsetDateTime,
) -> EndpointView {
    let status = status_of(endpoint, now);
    let texts = |names: &mut dyn Iterator<Item = &CertificateName>| names.map(ToString::to_string).collect();
    EndpointView {
        id: endpoint.id.to_string(),
        tenant: endpoint.tenant.to_string(),
        domain: endpoint.names.primary().to_string(),
        names: texts(&mut endpoint.names.iter()),
        display_names: endpoint.names.iter().map(CertificateName::to_unicode).collect(),
        reachability: endpoint.reachability.to_wire().into(),
        challenge: endpoint.dns_method.to_wire().into(),
        dns_method: endpoint.dns_method.to_wire().into(),
        status: status.status.to_wire().into(),
        actor: status.guidance.waiting_on.to_wire().into(),
        cause: status.key.map(|key| key.name),
        at_fault: status.guidance.at_fault.clone(),
        next_step: status.guidance.next_step().to_owned(),
        reason: status.guidance.summary,
        breaks_at: status.breaks_at,
        dns: dns_view(endpoint, report, installation),
        certificate: certificate_view(certificate_state(endpoint, now), endpoint.certificate.as_ref()),
        deployment: deployment_view(endpoint, installation),
        serving: serving(endpoint, report),
        watch: watch_view(endpoint),
        label: endpoint.label.as_str().to_owned(),
        revocation: endpoint.revocation.as_ref().map(|revocation| RevocationView {
            serial: revocation.serial.clone(),
            reason: revocation.reason.to_wire().into(),
            requested_at: revocation.requested_at,
        }),
        mute: endpoint.mute_at(now).map(|mute| MuteView {
            from: mute.from,
            until: mute.until,
            reason: mute.reason.clone(),
            by: mute.by.in_public().to_owned(),
        }),
        failure: endpoint.failing.as_ref().map(failure_view),
        attempt: endpoint.attempt,
        next_attempt_at: endpoint.next_attempt_at(now),
        created_at: endpoint.created_at,
    }
}

/// What the host served when it was last checked, on demand or by schedule. `NotChecked` only where neither checked it.
fn serving(endpoint: &Endpoint, report: Option<&CheckReport>) -> Serving {
    let checked = report.map(|report| (report.checked_at, report.serving.to_wire()));
    let watched = endpoint.current_health().map(|health| (health.checked_at, health.served.to_wire()));
    let known = checked.into_iter().chain(watched).filter(|(_, serving)| *serving != Serving::NotChecked);
    known.max_by_key(|(at, _)| *at).map_or(Serving::NotChecked, |(_, serving)| serving)
}

fn dns_view(endpoint: &Endpoint, report: Option<&CheckReport>, installation: &Installation) -> DnsView {
    let Installation { platform, issuer, .. } = installation;
    let required = required_records(endpoint, platform, issuer.as_ref());
    let check_of = |record: &DnsRecord| {
        let found = report?.records.iter().find(|check| check.record.name == record.name)?;
        // A record that was checked with another value says nothing about this one.
        (found.record.value == record.value).then_some(found)
    };
    let records = required.iter().map(|record| {
        let check = check_of(record);
        RecordView {
            record: record.to_wire(),
            status: check.map(|check| check.status.to_wire().into()),
            later: comes_later(endpoint, platform, record),
            found: check.map(|check| check.found.to_wire()).unwrap_or_default(),
            connect: connect_link(endpoint, check, report, installation),
        }
    });
    DnsView {
        checked_at: endpoint.check.as_ref().map(|check| check.checked_at),
        status: endpoint.check.as_ref().map(|check| check.records.to_wire().into()),
        records: records.collect(),
        findings: report.map(|report| current(&report.findings, report, endpoint).to_wire()).unwrap_or_default(),
        provider: report.and_then(|report| report.provider.to_wire()),
    }
}

/// Leaves out what explained a failure other than the last, or one that is over.
fn current(findings: &[Finding], report: &CheckReport, endpoint: &Endpoint) -> Vec<Finding> {
    let failing = endpoint.failing.as_ref();
    let still = failing.is_some_and(|failing| failing.failed_at.is_none_or(|at| at <= report.checked_at));
    findings.iter().filter(|finding| still || !finding.is_of_the_ca()).cloned().collect()
}

fn certificate_view(state: CertificateState, held: Option<&InstalledCertificate>) -> CertificateView {
    CertificateView {
        state: state.to_wire().into(),
        arn: held.map(|held| held.arn.clone()),
        serial: held.map(|held| held.serial.clone()),
        issuer: held.map(|held| held.issuer.clone()),
        directory: held.and_then(|held| held.directory.clone()),
        names: held.map(|held| held.names.iter().map(ToString::to_string).collect()).unwrap_or_default(),
        not_before: held.map(|held| held.not_before),
        not_after: held.map(|held| held.not_after),
        imported_at: held.map(|held| held.imported_at),
        renews_at: held.map(|held| held.renew_at),
    }
}

fn failure_view(failing: &Failing) -> FailureView {
    FailureView {
        name: failing.failure.name.to_wire().into(),
        actor: failing.failure.guidance.waiting_on.to_wire().into(),
        summary: failing.failure.guidance.summary.clone(),
        remedy: failing.failure.guidance.next_step().to_owned(),
        since: failing.since,
        attempts: failing.attempts,
        paused_since: failing.paused_since(),
        check: failing.failure.check.clone(),
    }
}
