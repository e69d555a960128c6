use std::fs::File;
use std::io;
use std::path::Path;

use serde::Serialize;
use wire::{EndpointView, RequiredRecord};

use super::Line;

/// The result of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Registered,
    /// It was there, as the line has it.
    Unchanged,
    Changed,
    /// It was there, not as the line has it, and was left alone.
    Differs,
    Failed,
    /// Of a dry run: nothing prevents a certificate.
    Ready,
    /// Of a dry run.
    NotReady,
}

impl Outcome {
    pub(crate) const ALL: [Self; 7] =
        [Self::Registered, Self::Changed, Self::Unchanged, Self::Differs, Self::Ready, Self::NotReady, Self::Failed];

    /// Whether the line is done.
    pub(crate) fn is_well(self) -> bool {
        matches!(self, Self::Registered | Self::Unchanged | Self::Changed | Self::Ready)
    }

    pub(crate) fn as_words(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Unchanged => "unchanged",
            Self::Changed => "changed",
            Self::Differs => "different from the file",
            Self::Failed => "failed",
            Self::Ready => "ready for a certificate",
            Self::NotReady => "not ready yet",
        }
    }
}

/// A line and its result.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Applied {
    pub(crate) line: u64,
    pub(crate) domain: String,
    pub(crate) tenant: Option<String>,
    pub(crate) outcome: Outcome,
    /// The endpoint's id.
    pub(crate) endpoint: Option<String>,
    /// Those that the domain owner has to create.
    pub(crate) records: Vec<RequiredRecord>,
    pub(crate) why: String,
    pub(crate) next_step: String,
}

impl Applied {
    pub(crate) fn begin(number: u64, line: &Line) -> Self {
        Self {
            line: number,
            domain: line.domain.clone(),
            tenant: line.tenant.clone(),
            outcome: Outcome::Failed,
            endpoint: None,
            records: Vec::new(),
            why: String::new(),
            next_step: String::new(),
        }
    }

    pub(crate) fn end(&mut self, outcome: Outcome, endpoint: &EndpointView) {
        self.outcome = outcome;
        self.endpoint = Some(endpoint.id.clone());
        self.records = endpoint.dns.records.iter().map(|checked| checked.record.clone()).collect();
    }
}

/// The file of results: CSV, a line as soon as it is known.
pub(crate) struct ResultFile(csv::Writer<File>);

impl ResultFile {
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut writer = csv::Writer::from_writer(File::create(path)?);
        writer.write_record(["line", "domain", "tenant", "outcome", "endpoint", "records", "why", "next_step"])?;
        writer.flush()?;
        Ok(Self(writer))
    }

    pub(crate) fn write(&mut self, applied: &Applied) -> io::Result<()> {
        let records: Vec<_> = applied
            .records
            .iter()
            .map(|RequiredRecord { name, kind, value, .. }| format!("{name} {kind} {value}"))
            .collect();
        self.0.serialize((
            applied.line,
            &applied.domain,
            &applied.tenant,
            applied.outcome,
            &applied.endpoint,
            records.join("; "),
            &applied.why,
            &applied.next_step,
        ))?;
        // Results so far survive, however the command ends.
        self.0.flush()
    }
}
