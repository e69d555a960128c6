//! Events as they are sent, on topics and on the bus: converted from the domain's to the wire's types.

use domain::alert::{Affected, Alert, AlertKind, CertificateFacts, Digest};
use domain::endpoint::Severity;
use vocabulary::guidance::WaitingOn;
use vocabulary::record::DnsRecord;
use wire::Open;
use wire::events::{self, AlertSeverity};

/// The form for programs. Subscriptions and rules filter by its words.
pub fn event(alert: &Alert) -> events::Alert {
    events::Alert {
        version: events::VERSION,
        id: alert.id.clone(),
        at: alert.at,
        kind: kind(alert.kind),
        severity: severity(alert.severity),
        cause: events::Cause(alert.cause.to_string()),
        also_resolved: alert.also_resolved.iter().map(|cause| events::Cause(cause.to_string())).collect(),
        check: alert.check.clone(),
        actor: waiting_on(alert.guidance.waiting_on),
        tenant: alert.tenant.clone(),
        endpoint: alert.endpoint.clone(),
        domain: alert.domain.clone(),
        names: alert.names.clone(),
        since: alert.since,
        until: alert.until,
        next_attempt: alert.next_attempt,
        what: alert.guidance.summary.clone(),
        remedy: alert.guidance.next_step().to_owned(),
        record: alert.guidance.record.as_deref().cloned().map(record),
        certificate: alert.certificate.clone().map(certificate),
        affected: alert.affected.clone().map(affected),
        digest: alert.digest.as_ref().map(digest),
        link: alert.link.clone(),
    }
}

fn kind(kind: AlertKind) -> Open<events::AlertKind> {
    Open::Known(match kind {
        AlertKind::CertificateIssued => events::AlertKind::CertificateIssued,
        AlertKind::CertificateRenewed => events::AlertKind::CertificateRenewed,
        AlertKind::IssuanceFailed => events::AlertKind::IssuanceFailed,
        AlertKind::RenewalFailed => events::AlertKind::RenewalFailed,
        AlertKind::ActionRequired => events::AlertKind::ActionRequired,
        AlertKind::ExpiryApproaching => events::AlertKind::ExpiryApproaching,
        AlertKind::Recovered => events::AlertKind::Recovered,
        AlertKind::ServedCertificateDiffers => events::AlertKind::ServedCertificateDiffers,
        AlertKind::CertificateMissing => events::AlertKind::CertificateMissing,
        AlertKind::InstallationUnhealthy => events::AlertKind::InstallationUnhealthy,
        AlertKind::EndpointRemoved => events::AlertKind::EndpointRemoved,
        AlertKind::Digest => events::AlertKind::Digest,
    })
}

fn severity(severity: Severity) -> Open<AlertSeverity> {
    Open::Known(match severity {
        Severity::Info => AlertSeverity::Info,
        Severity::Notice => AlertSeverity::Notice,
        Severity::Warning => AlertSeverity::Warning,
        Severity::Error => AlertSeverity::Error,
        Severity::Page => AlertSeverity::Page,
    })
}

fn waiting_on(waiting_on: WaitingOn) -> Open<wire::WaitingOn> {
    Open::Known(match waiting_on {
        WaitingOn::DomainOwner => wire::WaitingOn::DomainOwner,
        WaitingOn::Operator => wire::WaitingOn::Operator,
        WaitingOn::Ca => wire::WaitingOn::Ca,
        WaitingOn::Nobody => wire::WaitingOn::Nobody,
    })
}

fn record(DnsRecord { name, kind, value, purpose }: DnsRecord) -> wire::RequiredRecord {
    wire::RequiredRecord { name, kind, value, purpose }
}

fn certificate(facts: CertificateFacts) -> events::CertificateFacts {
    let CertificateFacts { arn, serial, issuer, directory, not_before, not_after, renew_at } = facts;
    events::CertificateFacts { arn, serial, issuer, directory, not_before, not_after, renew_at }
}

fn affected(Affected { endpoints, first }: Affected) -> events::Affected {
    events::Affected { endpoints, first }
}

fn digest(digest: &Digest) -> events::Digest {
    let needs = digest.needs.iter().map(|need| events::Need {
        domain: need.domain.clone(),
        endpoints: need.endpoints,
        actor: waiting_on(need.guidance.waiting_on),
        what: need.guidance.summary.clone(),
        remedy: need.guidance.next_step().to_owned(),
        since: need.since,
        until: need.until,
    });
    let next = digest.next.iter().map(|ending| events::Ending {
        domain: ending.domain.clone(),
        not_after: ending.not_after,
        renew_at: ending.renew_at,
    });
    events::Digest {
        endpoints: digest.endpoints,
        ready: digest.ready,
        waiting: digest.waiting,
        setting_up: digest.setting_up,
        issued: digest.issued,
        muted: digest.muted,
        needs: needs.collect(),
        next: next.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_has_the_same_words_as_its_message() {
        for one in AlertKind::ALL {
            assert_eq!(kind(one).to_string(), one.as_str());
        }
        for one in Severity::ALL {
            assert_eq!(severity(one).to_string(), one.as_str());
        }
    }
}
