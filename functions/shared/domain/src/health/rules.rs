//! What of a look is a symptom. Each rule says what, whose move it is, and what to do.

use diagnosis::catalogue::Area;
use diagnosis::report::{CheckReport, Finding, Serving, Severity};
use time::OffsetDateTime;
use vocabulary::certificate::{CertificateCopy, InstalledCertificate, ListenerArn};
use vocabulary::guidance::{Guidance, WaitingOn};
use vocabulary::text::moment;

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::health::{Health, Symptom, SymptomKind, settles_at};
use crate::health::seen::{AtListener, InAcm};

fn symptom(kind: SymptomKind, waiting_on: WaitingOn, summary: String, action: String) -> Symptom {
    of_kind(kind, Guidance::new(waiting_on, summary, action))
}

fn of_kind(kind: SymptomKind, guidance: Guidance) -> Symptom {
    Symptom { kind, since: OffsetDateTime::UNIX_EPOCH, looks: 1, guidance }
}

/// The worst fault that would fail the next renewal. What the CA said last is the attempt's own failure, and what the
/// host presents is judged by [`served`].
pub(super) fn dns(report: &CheckReport) -> Option<Symptom> {
    let renewal = |finding: &&Finding| {
        finding.severity == Severity::Error
            && !finding.entry().is_some_and(|entry| matches!(entry.area, Area::Serving | Area::Ca))
    };
    let finding = report.findings.iter().find(renewal)?;
    Some(of_kind(SymptomKind::DnsBroken, finding.guidance_for_people()))
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
            format!("The certificate {arn} is gone from ACM: somebody deleted it."),
            format!("Have a new one, which gets another ARN, and attach that to the listeners: {renew}"),
        )],
        InAcm::There(there) if there.serial != held.serial => vec![symptom(
            SymptomKind::AnotherHeld,
            WaitingOn::Operator,
            format!(
                "ACM has the certificate {} under {arn}, and not {}: somebody imported it.",
                there.serial, held.serial
            ),
            format!("Find out who imports there, and have the right one back: {renew}"),
        )],
        InAcm::There(there) => {
            let unused_before = before.is_some_and(|before| before.symptom(SymptomKind::Unused).is_some());
            let used_before = before.is_some_and(|before| !before.used_by.is_empty());
            let left = there.used_by.is_empty() && (used_before || unused_before);
            let unused = symptom(
                SymptomKind::Unused,
                WaitingOn::Operator,
                format!("Nothing uses {arn} any more: it was detached from the last listener that had it."),
                format!(
                    "Attach it again, or remove the endpoint if it has served its time: managed-https remove {}",
                    endpoint.names.primary()
                ),
            );
            left.then_some(unused).into_iter().collect()
        }
    }
}

/// Another one than ours may be the one before, which an attempt has yet to replace: its failure says so.
pub(super) fn copies(endpoint: &Endpoint, copies: &[(CertificateCopy, InAcm)]) -> Option<Symptom> {
    let wrong = |(copy, acm): &(CertificateCopy, InAcm)| match acm {
        InAcm::Gone => Some(format!("{} is gone", copy.arn)),
        InAcm::There(there) if there.serial != copy.serial => {
            Some(format!("under {} there is the certificate {}", copy.arn, there.serial))
        }
        _ => None,
    };
    let wrong: Vec<String> = copies.iter().filter_map(wrong).collect();
    (!wrong.is_empty()).then(|| {
        symptom(
            SymptomKind::CopyMissing,
            WaitingOn::Operator,
            format!("The certificate is not in all its regions: {}.", wrong.join("; ")),
            format!(
                "Find out who deletes or imports there, and have a new one everywhere: managed-https renew {} --wait",
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
            format!("The certificate is not on all its listeners: {}.", wrong.join("; ")),
            format!(
                "Have it attached again: managed-https renew {name} --wait. If it is not to be there any more, name the \
                 listeners that remain: managed-https change {name} --listener ARN"
            ),
        )
    })
}

pub(super) fn served(held: &InstalledCertificate, serving: &Serving, now: OffsetDateTime) -> Option<Symptom> {
    let InstalledCertificate { arn, serial: ours_serial, imported_at, .. } = held;
    match serving {
        Serving::NotChecked => None,
        // A load balancer takes a moment to take up what was imported.
        Serving::Presented { ours: false, .. } if now < settles_at(held) => None,
        Serving::Presented { ours: false, host, serial, issuer, not_after, .. } => Some(symptom(
            SymptomKind::AnotherServed,
            WaitingOn::Operator,
            format!(
                "{host} presents the certificate {serial} by {issuer}, which ends {}, and not {ours_serial}, which is in \
                 ACM since {}.",
                moment(*not_after),
                moment(*imported_at),
            ),
            format!(
                "Attach {arn} to the load balancer's HTTPS listener; if it is there, find out what answers before it: \
                 openssl s_client -connect {host}:443 -servername {host} </dev/null"
            ),
        )),
        Serving::Presented { ours: true, chain_complete: false, host, .. } => Some(symptom(
            SymptomKind::ChainIncomplete,
            WaitingOn::Operator,
            format!("{host} presents its certificate without the chain to the root: many clients refuse it."),
            "Have what ends TLS there send the whole chain, as it is in ACM.".into(),
        )),
        Serving::Presented { .. } => None,
        Serving::Unreachable { host, reason } => Some(symptom(
            SymptomKind::HostUnreachable,
            WaitingOn::Operator,
            format!("{host} cannot be reached over TLS: {reason}."),
            format!("Add an HTTPS listener with {arn} to the load balancer, and open port 443."),
        )),
    }
}
