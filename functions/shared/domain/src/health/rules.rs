//! Which results of a health check are symptoms. Each rule says what is wrong, who is waited on, and the next step.

use diagnosis::catalogue::Area;
use diagnosis::report::{CheckReport, Finding, Serving, Severity};
use time::OffsetDateTime;
use vocabulary::certificate::{CertificateCopy, InstalledCertificate, ListenerArn};
use vocabulary::guidance::{Guidance, WaitingOn};
use vocabulary::text::moment;
use vocabulary::times::expires;

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::health::{Health, Symptom, SymptomKind, settles_at};
use crate::health::seen::{AtListener, InAcm};

fn symptom(kind: SymptomKind, waiting_on: WaitingOn, summary: String, action: String) -> Symptom {
    of_kind(kind, Guidance::new(waiting_on, summary, action))
}

fn of_kind(kind: SymptomKind, guidance: Guidance) -> Symptom {
    Symptom { kind, since: OffsetDateTime::UNIX_EPOCH, checks: 1, guidance, check: None }
}

/// The most severe fault that would make the next renewal fail. What the CA said last is the attempt's own failure, and
/// [`served`] judges what the host serves.
pub(super) fn dns(report: &CheckReport) -> Option<Symptom> {
    let renewal = |finding: &&Finding| {
        finding.severity == Severity::Error
            && !finding.entry().is_some_and(|entry| matches!(entry.area, Area::Serving | Area::Ca))
    };
    let finding = report.findings.iter().find(renewal)?;
    let symptom = of_kind(SymptomKind::DnsBroken, finding.guidance_for_people());
    Some(Symptom { check: Some(finding.check.clone()), ..symptom })
}

pub(super) fn in_acm(
    endpoint: &Endpoint,
    held: &InstalledCertificate,
    acm: &InAcm,
    before: Option<&Health>,
) -> Vec<Symptom> {
    let arn = &held.arn;
    let renew = format!("managed-https renew {} --wait", endpoint.names.primary());
    match acm {
        InAcm::Unknown => Vec::new(),
        InAcm::Gone => vec![symptom(
            SymptomKind::CertificateMissing,
            WaitingOn::Operator,
            format!("The certificate {arn} was deleted from ACM."),
            format!(
                "Renew it: it gets a new ARN and goes to the endpoint's listeners. Attach it by hand elsewhere: {renew}"
            ),
        )],
        InAcm::There(there) if there.serial != held.serial => vec![symptom(
            SymptomKind::AnotherHeld,
            WaitingOn::Operator,
            format!("ACM has a different certificate under {arn}: serial {} instead of {}.", there.serial, held.serial),
            format!("Find out who imports certificates there, then renew: {renew}"),
        )],
        InAcm::There(there) => {
            let unused_before = before.is_some_and(|before| before.symptom(SymptomKind::Unused).is_some());
            let used_before = before.is_some_and(|before| !before.used_by.is_empty());
            let left = there.used_by.is_empty() && (used_before || unused_before);
            let unused = symptom(
                SymptomKind::Unused,
                WaitingOn::Operator,
                format!("The certificate {arn} is no longer in use: the last resource that used it has let go of it."),
                format!(
                    "Attach it again, or remove the endpoint if it is no longer needed: managed-https remove {}",
                    endpoint.names.primary()
                ),
            );
            left.then_some(unused).into_iter().collect()
        }
    }
}

/// A different one may be the previous certificate, which an attempt has yet to replace: its failure says so.
pub(super) fn copies(endpoint: &Endpoint, copies: &[(CertificateCopy, InAcm)]) -> Option<Symptom> {
    let wrong = |(copy, acm): &(CertificateCopy, InAcm)| match acm {
        InAcm::Gone => Some(format!("{} was deleted", copy.arn)),
        InAcm::There(there) if there.serial != copy.serial => {
            Some(format!("{} is a different certificate (serial {})", copy.arn, there.serial))
        }
        _ => None,
    };
    let wrong: Vec<String> = copies.iter().filter_map(wrong).collect();
    (!wrong.is_empty()).then(|| {
        symptom(
            SymptomKind::CopyMissing,
            WaitingOn::Operator,
            format!("The certificate is missing in some of its regions: {}.", wrong.join("; ")),
            format!(
                "Find out who deletes or imports certificates there, then renew it everywhere: managed-https renew {} --wait",
                endpoint.names.primary()
            ),
        )
    })
}

pub(super) fn listeners(endpoint: &Endpoint, listeners: &[(ListenerArn, AtListener)]) -> Option<Symptom> {
    let wrong = |(listener, at): &(ListenerArn, AtListener)| match at {
        AtListener::Without => Some(format!("{listener} does not have it")),
        AtListener::Gone => Some(format!("{listener} does not exist")),
        AtListener::Attached | AtListener::Unknown => None,
    };
    let wrong: Vec<String> = listeners.iter().filter_map(wrong).collect();
    let name = endpoint.names.primary();
    (!wrong.is_empty()).then(|| {
        symptom(
            SymptomKind::Detached,
            WaitingOn::Operator,
            format!("The certificate is missing from some of its listeners: {}.", wrong.join("; ")),
            format!(
                "Attach it again: managed-https renew {name} --wait. If a listener no longer needs it, name the remaining \
                 ones: managed-https change {name} --listener ARN"
            ),
        )
    })
}

pub(super) fn served(held: &InstalledCertificate, serving: &Serving, now: OffsetDateTime) -> Option<Symptom> {
    let InstalledCertificate { arn, serial: ours_serial, imported_at, .. } = held;
    match serving {
        Serving::NotChecked => None,
        // A load balancer takes some time to serve an imported certificate.
        Serving::Presented { ours: false, .. } if now < settles_at(held) => None,
        Serving::Presented { ours: false, host, serial, issuer, not_after, .. } => Some(symptom(
            SymptomKind::AnotherServed,
            WaitingOn::Operator,
            format!(
                "{host} serves a different certificate: serial {serial} by {issuer}, which {} {}, instead of \
                 {ours_serial}, which was imported into ACM {}.",
                expires(*not_after, now),
                moment(*not_after),
                moment(*imported_at),
            ),
            format!(
                "Attach {arn} to the load balancer's HTTPS listener. If it is attached, find out what answers instead: \
                 openssl s_client -connect {host}:443 -servername {host} </dev/null"
            ),
        )),
        Serving::Presented { ours: true, chain_complete: false, host, .. } => Some(symptom(
            SymptomKind::ChainIncomplete,
            WaitingOn::Operator,
            format!("{host} does not serve the complete chain of its certificate. Many clients refuse it."),
            "Configure the server that terminates TLS there to send the whole chain, as ACM has it.".into(),
        )),
        Serving::Presented { .. } => None,
        Serving::Unreachable { host, reason } => Some(symptom(
            SymptomKind::HostUnreachable,
            WaitingOn::Operator,
            format!("{host} does not answer over TLS: {reason}."),
            format!("Add an HTTPS listener with {arn} to the load balancer, and open port 443."),
        )),
    }
}
