//! What stands in the DNS of a platform in memory, and what a check sees of it.

use std::collections::BTreeMap;

use diagnosis::report::{CheckReport, Finding, Found, RecordCheck, RecordStatus, Serving, Severity};
use time::OffsetDateTime;
use vocabulary::dns::ProviderHint;
use vocabulary::guidance::{Guidance, WaitingOn};
use vocabulary::record::DnsRecord;

/// The DNS as everybody sees it.
pub(crate) struct World {
    pub(crate) dns: BTreeMap<String, Vec<String>>,
    pub(crate) provider: Option<ProviderHint>,
}

impl World {
    pub(crate) fn check(&self, records: Vec<DnsRecord>, now: OffsetDateTime) -> CheckReport {
        let records: Vec<_> = records.into_iter().map(|record| self.check_record(record)).collect();
        let findings = records.iter().filter(|check| check.status != RecordStatus::Ok).map(finding).collect();
        CheckReport {
            checked_at: now,
            records,
            findings,
            provider: self.provider.clone(),
            serving: Serving::NotChecked,
            over_dns: vec![],
            unreached: None,
            connect: vec![],
        }
    }

    fn check_record(&self, record: DnsRecord) -> RecordCheck {
        let standing = self.dns.get(&record.name).cloned().unwrap_or_default();
        let status = match standing.as_slice() {
            [] => RecordStatus::Missing,
            [one] if *one == format!("CNAME {}", record.value) => RecordStatus::Ok,
            _ => RecordStatus::Mismatch,
        };
        let found = ["ns1.registrar.example", "ns2.registrar.example"].map(|server| Found {
            server: server.into(),
            records: standing.clone(),
            chain: Vec::new(),
            error: standing.is_empty().then(|| "NXDOMAIN".to_owned()),
        });
        RecordCheck { record, status, found: found.to_vec() }
    }
}

fn finding(check: &RecordCheck) -> Finding {
    let missing = check.status == RecordStatus::Missing;
    let is_delegation = check.record.name.starts_with("_acme-challenge.");
    let (name, explanation) = match (is_delegation, missing) {
        (true, true) => {
            ("delegation-missing", "The CA looks for the proof of control below this name, and finds none.")
        }
        (true, false) => {
            ("delegation-elsewhere", "The CA looks for the proof of control below this name, and finds another.")
        }
        (false, true) => ("host-missing", "Visitors do not find the host."),
        (false, false) => ("host-elsewhere", "Visitors get to another server."),
    };
    Finding {
        check: name.into(),
        severity: Severity::Error,
        subject: check.record.name.clone(),
        expected: format!("{} {}", check.record.kind, check.record.value),
        explanation: explanation.into(),
        guidance: Guidance::new(
            WaitingOn::DomainOwner,
            check.found[0].records.first().map_or("no record", String::as_str),
            if missing { "Create this record." } else { "Replace what stands there by this record." },
        )
        .with_record(Some(&check.record)),
        command: None,
    }
}
