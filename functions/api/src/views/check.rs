use diagnosis::report::{CheckReport, Finding, Found, RecordCheck, Serving};
use vocabulary::dns::ProviderHint;
use vocabulary::record::DnsRecord;

use super::ToWire;

impl ToWire for DnsRecord {
    type Wire = wire::RequiredRecord;

    fn to_wire(&self) -> wire::RequiredRecord {
        let Self { name, kind, value, purpose } = self.clone();
        wire::RequiredRecord { name, kind, value, purpose }
    }
}

impl ToWire for Found {
    type Wire = wire::Found;

    fn to_wire(&self) -> wire::Found {
        let Self { server, records, chain, error } = self.clone();
        wire::Found { server, records, chain, error }
    }
}

impl ToWire for RecordCheck {
    type Wire = wire::RecordCheck;

    fn to_wire(&self) -> wire::RecordCheck {
        let Self { record, status, found } = self;
        wire::RecordCheck { record: record.to_wire(), status: status.to_wire().into(), found: found.to_wire() }
    }
}

impl ToWire for Finding {
    type Wire = wire::Finding;

    fn to_wire(&self) -> wire::Finding {
        wire::Finding {
            check: self.check.clone(),
            severity: self.severity.to_wire().into(),
            subject: self.subject.clone(),
            expected: self.expected.clone(),
            found: self.guidance.summary.clone(),
            explanation: self.explanation.clone(),
            actor: self.guidance.waiting_on.to_wire().into(),
            fix: wire::Fix {
                text: self.guidance.next_step().to_owned(),
                record: self.guidance.record.to_wire(),
                command: self.command.clone(),
            },
        }
    }
}

impl ToWire for ProviderHint {
    type Wire = wire::ProviderHint;

    fn to_wire(&self) -> wire::ProviderHint {
        let Self { name, zone, typing, trap } = self.clone();
        wire::ProviderHint { name, zone, typing, trap }
    }
}

impl ToWire for Serving {
    type Wire = wire::Serving;

    fn to_wire(&self) -> wire::Serving {
        match self.clone() {
            Self::NotChecked => wire::Serving::NotChecked,
            Self::Unreachable { host, reason } => wire::Serving::Unreachable { host, reason },
            Self::Presented { host, serial, issuer, not_after, ours, name_matches, chain_complete } => {
                wire::Serving::Presented { host, serial, issuer, not_after, ours, name_matches, chain_complete }
            }
        }
    }
}

impl ToWire for CheckReport {
    type Wire = wire::CheckReport;

    fn to_wire(&self) -> wire::CheckReport {
        wire::CheckReport {
            checked_at: self.checked_at,
            records: self.records.to_wire(),
            findings: self.findings.to_wire(),
            provider: self.provider.to_wire(),
            serving: self.serving.to_wire(),
        }
    }
}
