//! The commands that mute endpoints.

use clap::Args;

use super::words::{Span, Time};
use super::{EndpointName, Output};

/// Mute endpoints: nobody is notified of them for a time
///
/// For a known problem, or for planned maintenance that begins later (--from).
/// An issue that lasts is notified when the mute is over; one that came and
/// went meanwhile is not. Some things are notified in any case: a certificate
/// with under a tenth of its lifetime left; a new certificate that could not
/// replace the old one; if a tenant muted the endpoint, an issue waiting on
/// the operator; and causes that the endpoint shares with others. `show`, the
/// dashboard and `events` say until when, by whom, and why. A second mute
/// replaces the first. The longest mute is 90 days.
///
/// With --format json: the array of the API's endpoints.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https mute www.example.com --for 8h --reason 'Their provider is down.'
  managed-https mute a.example b.example --for 7d --reason 'They move.'
  managed-https mute a.example --from 2026-12-24T06:00:00Z --for 2h --reason new")]
pub(crate) struct Mute {
    /// Their domains, or ids
    #[arg(required = true, value_name = "ENDPOINT")]
    pub(crate) endpoints: Vec<EndpointName>,

    /// For how long: 90m, 8h, 7d
    #[arg(long = "for", value_name = "TIME", required_unless_present = "until")]
    pub(crate) span: Option<Span>,

    /// Until when, instead of --for: 2026-12-24T06:00:00Z
    #[arg(long, value_name = "WHEN", conflicts_with = "span")]
    pub(crate) until: Option<Time>,

    /// From when; now if not given
    #[arg(long, value_name = "WHEN")]
    pub(crate) from: Option<Time>,

    /// Why; visible to everybody who sees the endpoint
    #[arg(long)]
    pub(crate) reason: String,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Unmute endpoints: people are notified of them again
///
/// Current issues are notified with the next attempt or health check.
///
/// With --format json: the array of the API's endpoints.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https unmute www.example.com")]
pub(crate) struct Unmute {
    /// Their domains, or ids
    #[arg(required = true, value_name = "ENDPOINT")]
    pub(crate) endpoints: Vec<EndpointName>,

    #[command(flatten)]
    pub(crate) output: Output,
}
