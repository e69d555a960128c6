//! One event of each kind, made by the code that sends them: shown in docs/reference/events.md, and sent by the delivery tests.

use diagnosis::gate::judge_delegation;
use diagnosis::report::{CheckReport, Serving};
use domain::alert::notifications::decide;
use domain::alert::{Alert, AlertKind, Digest, NotificationPolicy, Sender, SharedCause};
use domain::endpoint::{Endpoint, Failing, Health, Severity};
use domain::health::installation::follow;
use domain::health::{CertificateUse, InAcm, InstallationState, Seen};
use domain::installation::{InstallationCheck, InstallationStatus};
use domain::issues::issues;
use domain::ports::CaError;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::Reachability;
use vocabulary::certificate::InstalledCertificate;
use vocabulary::certificate::chain::ChainRejected;
use vocabulary::dns::{Answer, ServerAnswer};
use vocabulary::failure::Failure;
use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};

use crate::installed;

const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);
const DASHBOARD: Option<&str> = Some("https://certificates.example");
const POLICY: NotificationPolicy<'static> =
    NotificationPolicy { dashboard: DASHBOARD, setup_patience: Duration::hours(24) };

/// The installation, as messages name it.
pub fn sender() -> Sender {
    Sender {
        stack: "production".into(),
        account: Some("123456789012".into()),
        region: Some("eu-central-1".into()),
        runbooks: Some("https://certificates.example/docs/runbooks".into()),
    }
}

/// The endpoint that the samples are about, as it was registered.
pub fn registered() -> Endpoint {
    Endpoint::register(
        EndpointId::from_random([1; 16]),
        "acme".parse().expect("valid"),
        EndpointNames::parse("shop.example.com", &[], 9).expect("valid"),
        Reachability::External,
        DelegationLabel::from_random([2; 16]),
        NOW - Duration::days(90),
    )
}

/// With a ninety-day certificate that is `days` days old.
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
    endpoint.due_at = endpoint.certificate.as_ref().map(|held| held.renew_at);
    endpoint
}

/// An endpoint that has failed by this for as long as set-up may take.
fn failing(mut endpoint: Endpoint, failure: Failure) -> Endpoint {
    endpoint.failing = Some(Failing::first(failure, NOW - POLICY.setup_patience));
    endpoint.due_at = Some(NOW + Duration::HOUR);
    endpoint
}

/// The domain owner's record is missing.
fn without_record(endpoint: Endpoint) -> Endpoint {
    let target = endpoint.label.target("acme.platform.example");
    let answer = ServerAnswer { server: "ns1.example.com".into(), answer: Answer::NxDomain };
    let missing = judge_delegation(&endpoint.names.primary().base, &target, &[answer], &[]);
    failing(endpoint, missing.expect_err("there is no record"))
}

/// The decision about it, after people were notified of earlier ones.
fn only(endpoint: &Endpoint, now: OffsetDateTime) -> Alert {
    decide(endpoint, now, &POLICY).alerts.pop().expect("it is news")
}

/// The decision about it after two health checks have seen this.
fn seen(mut endpoint: Endpoint, serving: &Serving, acm: &InAcm) -> Alert {
    let held = endpoint.certificate.clone().expect("it has one");
    let mut health = None;
    for checked_at in [NOW - Duration::minutes(10), NOW] {
        let report = CheckReport {
            unreached: None,
            connect: vec![],
            checked_at,
            records: vec![],
            findings: vec![],
            provider: None,
            serving: serving.clone(),
            over_dns: vec![],
        };
        let seen = Seen { report: &report, acm, copies: &[], listeners: &[] };
        health = Some(Health::follow(health.as_ref(), &endpoint, &held, &seen, checked_at));
    }
    endpoint.health = health;
    only(&endpoint, NOW)
}

/// ACM has the certificate, on a load balancer.
fn in_acm(endpoint: &Endpoint) -> InAcm {
    let held = endpoint.certificate.as_ref().expect("it has one");
    let listener = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/edge/50dc6c495c0c9188";
    InAcm::There(CertificateUse { serial: held.serial.clone(), used_by: vec![listener.into()] })
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
        AlertKind::IssuanceFailed => for_all(),
        AlertKind::RenewalFailed => {
            let rejected = ChainRejected::OtherKey.to_failure(NOW);
            only(&failing(aged(59, false), rejected), NOW)
        }
        AlertKind::ActionRequired => only(&without_record(registered()), NOW),
        AlertKind::ExpiryApproaching => {
            let mut endpoint = without_record(aged(60, false));
            endpoint.told = decide(&endpoint, NOW, &POLICY).notifications;
            let later = NOW + Duration::days(13);
            endpoint.due_at = Some(later + Duration::hours(6));
            only(&endpoint, later)
        }
        AlertKind::Recovered => {
            let mut endpoint = without_record(aged(60, false));
            endpoint.told = decide(&endpoint, NOW, &POLICY).notifications;
            let later = NOW + Duration::hours(5);
            let renewed = Endpoint { told: endpoint.told, ..aged(0, true) };
            only(&renewed, later)
        }
        AlertKind::ServedCertificateDiffers => {
            let endpoint = aged(2, true);
            let serving = Serving::Presented {
                host: "shop.example.com".into(),
                serial: "1B44D0".into(),
                issuer: "C=US, O=Let's Encrypt, CN=E7".into(),
                not_after: NOW + Duration::days(28),
                ours: false,
                name_matches: true,
                chain_complete: true,
            };
            let acm = in_acm(&endpoint);
            seen(endpoint, &serving, &acm)
        }
        AlertKind::CertificateMissing => seen(aged(10, false), &Serving::NotChecked, &InAcm::Gone),
        AlertKind::InstallationUnhealthy => of_the_installation(),
        AlertKind::EndpointRemoved => Alert::removed(&aged(10, false), &[], NOW).linked(DASHBOARD),
        AlertKind::Digest => {
            let mut digest = Digest::default();
            let mut ready = aged(10, false);
            ready.names = EndpointNames::parse("www.example.org", &[], 9).expect("valid");
            if let Some(held) = &mut ready.certificate {
                held.names = ready.names.iter().cloned().collect();
            }
            for endpoint in [ready, without_record(aged(61, false))] {
                digest.add(&endpoint, NOW, &POLICY);
            }
            digest.alert(&registered().tenant, NOW).linked(DASHBOARD)
        }
    }
}

/// The CA is unavailable: one message for all endpoints.
fn for_all() -> Alert {
    let error = CaError::Unavailable { detail: "newOrder: 503 Service Unavailable".into(), retry_after: None };
    let endpoint = failing(registered(), error.into());
    let issue = issues(&endpoint, NOW).remove(0);
    let notice = issue.due_notice(NOW, POLICY.setup_patience).expect("people are notified of it");
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

/// A check of the installation fails twice.
fn of_the_installation() -> Alert {
    let check = InstallationCheck {
        name: "schedule".into(),
        status: InstallationStatus::Failed,
        detail: "production-scan is disabled: no scan starts, and no certificate is renewed.".into(),
        remedy: Some("Enable it: managed-https doctor shows the command.".into()),
        used: vec![],
    };
    let (_, once) =
        follow(&InstallationState::default(), std::slice::from_ref(&check), NOW - Duration::minutes(5), None);
    follow(&once, &[check], NOW, DASHBOARD).0.remove(0)
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
