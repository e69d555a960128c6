//! The commands for files of endpoints.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Filter, Output};

/// Register all endpoints of a file; safe to run again
///
/// FILE is CSV with a header, or has a JSON object in each line; `-` is stdin.
/// Its columns, or fields, are domain and reachability (external, internal),
/// and optionally names (additional names, separated by blanks), challenge,
/// tenant, label, listeners, regions, role, adopt_arn, tags and export_key.
/// All lines are checked before the first is sent: with a mistake in one,
/// nothing is registered.
///
/// A line may be applied any number of times. An existing endpoint that
/// matches its line is left alone. One that differs is reported; with --update
/// it is changed to match its line. An empty cell changes nothing. After an
/// interruption, run the command again.
///
/// The result of each line, with the records to create, is written to
/// FILE.results.csv as soon as it is known; with --dry-run to FILE.check.csv.
/// The exit status is 0 only if every line is registered, changed, unchanged
/// or, with --dry-run, ready.
///
/// With --format json: the results as an array of {line, domain, tenant,
/// outcome, endpoint, records, why, next_step}.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https apply domains.csv --dry-run
  managed-https apply domains.csv
  managed-https apply domains.csv --update --results /tmp/results.csv
  managed-https export > endpoints.csv")]
pub(crate) struct Apply {
    /// CSV or JSON lines; - for stdin
    pub(crate) file: PathBuf,

    /// Only check each domain's DNS and host, as they are now; register nothing
    #[arg(long, conflicts_with = "update")]
    pub(crate) dry_run: bool,

    /// Change existing endpoints to match the file
    #[arg(long)]
    pub(crate) update: bool,

    /// File for the results; beside FILE if not given, none for stdin
    #[arg(long, value_name = "FILE")]
    pub(crate) results: Option<PathBuf>,

    /// How many lines are sent at once
    #[arg(long, value_name = "NUMBER", default_value = "4")]
    pub(crate) at_once: NonZeroUsize,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Print all endpoints as `apply` reads them
///
/// For another installation, or as a copy: domain, additional names,
/// reachability, challenge, tenant, label, listeners, regions, role, tags and
/// export_key. Certificates and keys are not part of it; another installation
/// issues its own. With the same delegation zone and the labels, domain
/// owners' records stay as they are; only an operator's export has tenants and
/// labels. Endpoints that are being removed are left out.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https export > endpoints.csv
  managed-https export --tenant acme --format json > acme.jsonl")]
pub(crate) struct Export {
    #[command(flatten)]
    pub(crate) filter: Filter,

    /// How each endpoint is written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ExportFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// With a header
    #[default]
    Csv,
    /// JSON lines
    Json,
}
