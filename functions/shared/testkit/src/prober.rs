use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use diagnosis::report::{CheckReport, Finding, RecordCheck, RecordStatus, Serving};
use diagnosis::subject::Subject;
use domain::installation::{InstallationCheck, Reconcile, Reconciled};
use domain::ports::{CaaLookup, Inspector, Prober, Reconciler, ServiceFault};
use time::OffsetDateTime;
use vocabulary::acme::Reachability;
use vocabulary::dns::caa::climb;
use vocabulary::dns::{Answer, CaaLevel, Connect};
use vocabulary::names::CertificateName;
use vocabulary::record::DnsRecord;

use crate::contracts::report_of_a_missing_record;

/// Returns the findings that a test sets; initially every delegation is right.
#[derive(Clone, Debug, Default)]
pub struct MemoryProber {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    missing: bool,
    elsewhere: bool,
    serving: Option<Serving>,
    findings: Vec<Finding>,
    subjects: Vec<Subject>,
    connect: Vec<Connect>,
    /// CAA records by name.
    caa: BTreeMap<String, Vec<String>>,
}

impl MemoryProber {
    /// From now on the delegation of the first name is missing, or present again.
    pub fn miss_the_delegation(&self, missing: bool) {
        self.state.lock().expect("no test panics in here").missing = missing;
    }

    /// From now on external hosts do not point to the platform, or point to it again.
    pub fn lead_hosts_elsewhere(&self, elsewhere: bool) {
        self.state.lock().expect("no test panics in here").elsewhere = elsewhere;
    }

    /// From now on a check finds this, with all records correct.
    pub fn find(&self, findings: Vec<Finding>) {
        self.state.lock().expect("no test panics in here").findings = findings;
    }

    /// From now on DNS providers offer this.
    pub fn offer(&self, connect: Vec<Connect>) {
        self.state.lock().expect("no test panics in here").connect = connect;
    }

    /// From now on every host serves this.
    pub fn present(&self, serving: Serving) {
        self.state.lock().expect("no test panics in here").serving = Some(serving);
    }

    /// From now on `name` has this one CAA record.
    pub fn restrict(&self, name: &str, record: &str) {
        self.state.lock().expect("no test panics in here").caa.insert(name.to_owned(), vec![record.to_owned()]);
    }

    /// What was checked since the last call.
    pub fn take(&self) -> Vec<Subject> {
        std::mem::take(&mut self.state.lock().expect("no test panics in here").subjects)
    }
}

impl CaaLookup for MemoryProber {
    async fn caa(&self, name: &CertificateName) -> Vec<CaaLevel> {
        let state = self.state.lock().expect("no test panics in here");
        let answer =
            |name: &String| state.caa.get(name).map_or(Answer::NoData, |records| Answer::Records(records.clone()));
        climb(name).into_iter().map(|name| CaaLevel { answer: answer(&name), aliases: Vec::new(), name }).collect()
    }
}

impl Prober for MemoryProber {
    async fn probe(&self, subject: &Subject, now: OffsetDateTime) -> CheckReport {
        let mut state = self.state.lock().expect("no test panics in here");
        state.subjects.push(subject.clone());
        let target = subject.delegation_target.clone().unwrap_or_default();
        let authorization_names = subject.names.authorization_names();
        let name = |base: &vocabulary::names::DomainName| base.challenge_name();
        if state.missing {
            let report = report_of_a_missing_record(&name(&subject.names.primary().base), &target, now);
            return CheckReport { connect: state.connect.clone(), ..report };
        }
        let record = |base| DnsRecord {
            name: name(base),
            kind: "CNAME".into(),
            value: target.clone(),
            purpose: "Proves control.".into(),
        };
        let external = |name: &&CertificateName| subject.reachability == Reachability::External && !name.wildcard;
        let elsewhere = subject.names.iter().filter(|_| state.elsewhere).filter(external);
        let over_dns = elsewhere.map(|name| name.base.clone()).collect();
        let records = authorization_names.into_iter().map(|base| RecordCheck {
            record: record(base),
            status: RecordStatus::Ok,
            found: vec![],
        });
        CheckReport {
            checked_at: now,
            records: records.collect(),
            findings: state.findings.clone(),
            provider: None,
            serving: state.serving.clone().unwrap_or(Serving::NotChecked),
            over_dns,
            unreached: None,
            connect: state.connect.clone(),
        }
    }
}

/// Returns what it was made with.
#[derive(Clone, Debug, Default)]
pub struct MemoryInspector(pub Vec<InstallationCheck>);

impl Inspector for MemoryInspector {
    async fn inspect(&self) -> Result<Vec<InstallationCheck>, ServiceFault> {
        Ok(self.0.clone())
    }
}

/// Finds nothing.
impl Reconciler for MemoryInspector {
    async fn reconcile(&self, request: &Reconcile) -> Result<Reconciled, ServiceFault> {
        let next = request.after.is_none().then(|| "endpoints:".to_owned());
        Ok(Reconciled { checked: 1, differences: Vec::new(), next })
    }
}
