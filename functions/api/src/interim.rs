//! Stands in for parts that are built elsewhere, and claims no more than it knows. To be replaced in `main.rs` by
//! `adapters::look` and by the function that inspects the installation.

use domain::check::{CheckReport, Finding, Fix, Found, RecordCheck, RecordStatus, Serving, Severity};
use domain::delegation::{Answer, ServerAnswer, judge_delegation};
use domain::installation::InstallationCheck;
use domain::ports::{AuthoritativeDns, FaultKind, Inspector, Looker, RecordKind, ServiceFault, Subject};
use domain::records::RequiredRecord;
use futures::future::join_all;
use time::OffsetDateTime;

/// Looks at the delegations of an endpoint, and at nothing else: other records stay unlooked-at.
#[derive(Clone, Debug)]
pub struct DelegationLook<D> {
    pub dns: D,
}

impl<D: AuthoritativeDns + Sync> Looker for DelegationLook<D> {
    async fn look(&self, subject: &Subject, now: OffsetDateTime) -> CheckReport {
        let (mut records, mut findings) = (Vec::new(), Vec::new());
        if let Some(target) = &subject.delegation_target {
            let looks = subject.names.bases().into_iter().map(async |base| {
                let name = base.challenge_name();
                (base, self.dns.ask(&name, RecordKind::Cname).await, name)
            });
            for (base, answers, name) in join_all(looks).await {
                let record = RequiredRecord {
                    name,
                    kind: "CNAME".into(),
                    value: target.clone(),
                    purpose: format!("Lets the platform prove control of {base}."),
                };
                let judged = judge_delegation(base, target, &answers, &[]);
                let status = if judged.is_ok() { RecordStatus::Ok } else { status_of(&answers) };
                if let Err(failure) = judged {
                    findings.push(Finding {
                        check: "delegation".into(),
                        severity: Severity::Error,
                        subject: record.name.clone(),
                        expected: format!("CNAME {target}"),
                        found: failure.summary,
                        explanation: "Without it no certificate can be had over DNS.".into(),
                        actor: failure.actor,
                        fix: Fix { text: failure.remedy, record: Some(record.clone()), command: None },
                    });
                }
                records.push(RecordCheck { record, status, found: answers.iter().map(found).collect() });
            }
        }
        CheckReport { checked_at: now, records, findings, provider: None, serving: Serving::NotChecked }
    }
}

/// Of a delegation that is not right.
fn status_of(answers: &[ServerAnswer]) -> RecordStatus {
    let nothing = |answer: &ServerAnswer| matches!(answer.answer, Answer::NxDomain | Answer::NoData);
    let failed = |answer: &ServerAnswer| matches!(answer.answer, Answer::Failed(_));
    if answers.iter().all(failed) {
        RecordStatus::Unreachable
    } else if answers.iter().all(nothing) {
        RecordStatus::Missing
    } else if answers.windows(2).all(|pair| pair[0].answer == pair[1].answer) {
        RecordStatus::Mismatch
    } else {
        RecordStatus::Conflict
    }
}

fn found(answer: &ServerAnswer) -> Found {
    let (records, error) = match &answer.answer {
        Answer::Records(targets) => (targets.iter().map(|target| format!("CNAME {target}")).collect(), None),
        Answer::NoData => (Vec::new(), None),
        Answer::NxDomain => (Vec::new(), Some("NXDOMAIN".to_owned())),
        Answer::Failed(why) => (Vec::new(), Some(why.clone())),
    };
    Found { server: answer.server.clone(), records, chain: Vec::new(), error }
}

/// An installation that cannot look at itself.
#[derive(Clone, Copy, Debug)]
pub struct NoInspection;

impl Inspector for NoInspection {
    async fn inspect(&self) -> Result<Vec<InstallationCheck>, ServiceFault> {
        let detail = "this installation has no function that inspects it".into();
        Err(ServiceFault { operation: "lambda:Invoke", kind: FaultKind::Refused, detail })
    }
}
