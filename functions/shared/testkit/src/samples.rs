//! One event of each kind, as the code makes them: what docs/reference/events.md shows and what the tests of delivery send.

use diagnosis::report::Serving;
use domain::alert::installation::decide_installation;
use domain::alert::notifications::decide;
use domain::alert::{Alert, AlertKind, Digest, InstallationIssue, SharedCause};
use domain::endpoint::{Cause, Endpoint, Failing, Health, Notifications, Severity, Symptom, SymptomKind};
use domain::issues::issues;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::Reachability;
use vocabulary::certificate::InstalledCertificate;
use vocabulary::dns::owner_records::delegation_record;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::{Guidance, WaitingOn};
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};

use crate::installed;

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);
const DASHBOARD: Option<&str> = Some("https://certificates.example");

fn registered() -> Endpoint {
    Endpoint::register(
        EndpointId::from_random([1; 16]),
        "acme".parse().expect("valid"),
        EndpointNames::parse("shop.example.com", &[], 9).expect("valid"),
        Reachability::External,
        DelegationLabel::from_random([2; 16]),
        NOW,
    )
}

/// With a certificate of ninety days, of which so many have passed.
fn aged(days: i64, renewal: bool) -> Endpoint {
    let mut endpoint = registered();
    let since = NOW - Duration::days(days);
    endpoint.certificate = Some(InstalledCertificate {
        arn: "arn:aws:acm:eu-central-1:123456789012:certificate/6f2d0c1e-0000-4000-8000-000000000001".into(),
        serial: "3A5F0C2E9B".into(),
        issuer: "C=US, O=Let's Encrypt, CN=E8".into(),
        directory: None,
        renewal_id: None,
        renewal,
        ..installed(&endpoint, since)
    });
    endpoint
}

fn failing(mut endpoint: Endpoint, failure: Failure) -> Endpoint {
    endpoint.failing = Some(Failing::first(failure, NOW));
    endpoint.due_at = Some(NOW + Duration::MINUTE);
    endpoint
}

/// The customer's record is missing.
fn without_record(endpoint: Endpoint) -> Endpoint {
    let target = endpoint.label.target("acme.platform.example");
    let record = delegation_record(&endpoint.names.primary().base, &target);
    let (name, line) = (&record.name, record.line());
    let failure = Failure::new(
        FailureName::RecordsNotReady,
        WaitingOn::DomainOwner,
        format!("{name} has no CNAME record: ns1.example.com says that the name does not exist"),
        format!("Create this record in the domain's DNS: {line}"),
    );
    let failure = failure.with_record(Some(&record));
    failing(endpoint, failure)
}

/// What is decided of it, once what came before was told.
fn only(endpoint: &Endpoint, now: OffsetDateTime) -> Alert {
    decide(endpoint, now, DASHBOARD).alerts.pop().expect("it is news")
}

/// What is decided of it when two health checks have seen `kind`.
fn seen(mut endpoint: Endpoint, kind: SymptomKind, what: &str, action: &str) -> Alert {
    endpoint.due_at = endpoint.certificate.as_ref().map(|held| held.renew_at);
    endpoint.health = Some(Health {
        looked_at: NOW,
        dns_good_at: Some(NOW),
        symptoms: vec![Symptom {
            kind,
            since: NOW,
            looks: 2,
            guidance: Guidance::new(WaitingOn::Operator, what, action),
        }],
        served: Serving::NotChecked,
        used_by: vec![],
    });
    only(&endpoint, NOW)
}

/// One for each kind, in the order of [`AlertKind::ALL`].
pub fn alerts() -> Vec<Alert> {
    AlertKind::ALL.into_iter().map(alert).collect()
}

fn alert(kind: AlertKind) -> Alert {
    match kind {
        AlertKind::CertificateIssued | AlertKind::CertificateRenewed => {
            let endpoint = aged(0, kind == AlertKind::CertificateRenewed);
            let held = endpoint.certificate.as_ref().expect("it has one");
            Alert::certificate(&endpoint, held, NOW).linked(DASHBOARD)
        }
        AlertKind::IssuanceFailed => {
            let failure = Failure::without_action(
                FailureName::CaUnavailable,
                WaitingOn::Ca,
                "The CA did not serve newOrder: 503 Service Unavailable.",
            );
            let endpoint = failing(registered(), failure);
            let issue = issues(&endpoint, NOW).remove(0);
            let notice = issue.due_notice().expect("people are notified of it");
            let cause = SharedCause {
                cause: issue.cause.clone(),
                owner: issue.owner,
                since: NOW,
                first: endpoint.names.primary().to_string(),
                endpoints: 1,
                told: Severity::Info,
            };
            cause.alert(&issue, notice, None, NOW).linked(DASHBOARD)
        }
        AlertKind::RenewalFailed => {
            let failure = Failure::new(
                FailureName::CertificateRejected,
                WaitingOn::Ca,
                "The CA's certificate was not accepted: the certificate is for another key than the stored one.",
                "A new order is made automatically. If it happens again, report it to the CA.",
            );
            only(&failing(aged(59, false), failure), NOW)
        }
        AlertKind::ActionRequired => only(&without_record(registered()), NOW),
        AlertKind::ExpiryApproaching => {
            let mut endpoint = without_record(aged(60, false));
            endpoint.told = decide(&endpoint, NOW, None).notifications;
            let later = NOW + Duration::days(13);
            endpoint.due_at = Some(later + Duration::hours(6));
            only(&endpoint, later)
        }
        AlertKind::Recovered => {
            let mut endpoint = without_record(aged(60, false));
            endpoint.told = decide(&endpoint, NOW, None).notifications;
            let later = NOW + Duration::hours(5);
            let renewed = Endpoint { told: endpoint.told, ..aged(0, true) };
            only(&renewed, later)
        }
        AlertKind::ServedCertificateDiffers => seen(
            aged(2, true),
            SymptomKind::AnotherServed,
            "The host presents another certificate than the one in ACM.",
            "Attach the certificate to the load balancer's listener.",
        ),
        AlertKind::CertificateMissing => seen(
            aged(10, false),
            SymptomKind::CertificateMissing,
            "ACM does not know the certificate any more.",
            "Renew it, which gives the certificate another ARN, and attach that to the listeners: managed-https renew shop.example.com --wait",
        ),
        AlertKind::InstallationUnhealthy => {
            let issue = InstallationIssue {
                cause: Cause::new("schedule"),
                severity: Severity::Error,
                since: NOW,
                guidance: Guidance::new(
                    WaitingOn::Operator,
                    "The schedule of the scan is disabled: nothing is renewed.",
                    "Enable it; managed-https doctor shows the command.",
                ),
            };
            decide_installation(&Notifications::default(), &[issue], NOW, DASHBOARD).0.remove(0)
        }
        AlertKind::EndpointRemoved => Alert::removed(&aged(10, false), &[], NOW).linked(DASHBOARD),
        AlertKind::Digest => {
            let mut digest = Digest::default();
            let mut well = aged(10, false);
            well.due_at = well.certificate.as_ref().map(|held| held.renew_at);
            well.names = EndpointNames::parse("www.example.org", &[], 9).expect("valid");
            if let Some(held) = &mut well.certificate {
                held.names = well.names.iter().cloned().collect();
            }
            for endpoint in [well, without_record(aged(61, false))] {
                digest.add(&endpoint, NOW);
            }
            digest.alert(&registered().tenant, NOW).linked(DASHBOARD)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_of_each_kind_and_each_has_its_own_id() {
        let kinds: Vec<_> = alerts().into_iter().map(|alert| alert.kind).collect();
        assert_eq!(kinds, AlertKind::ALL);
        let ids: std::collections::BTreeSet<_> = alerts().into_iter().map(|alert| alert.id).collect();
        assert_eq!(ids.len(), AlertKind::ALL.len());
    }
}
