use diagnosis::report::{CheckReport, Finding, Fix, Found, RecordCheck, Serving};
use vocabulary::dns::ProviderHint;
use vocabulary::record::RequiredRecord;

use super::ToWire;

impl ToWire for RequiredRecord {
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

impl ToWire for Fix {
    type Wire = wire::Fix;

    fn to_wire(&self) -> wire::Fix {
        let Self { text, record, command } = self;
        wire::Fix { text: text.clone(), record: record.to_wire(), command: command.clone() }
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
            found: self.found.clone(),
            explanation: self.explanation.clone(),
            actor: self.actor.to_wire().into(),
            fix: self.fix.to_wire(),
        }
    }
}

impl ToWire for ProviderHint {
    type Wire = wire::ProviderHint;

    fn to_wire(&self) -> wire::ProviderHint {
        let Self { name, typing, trap } = self.clone();
        wire::ProviderHint { name, typing, trap }
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
