//! The commands that say when nobody is to be notified.

use clap::Args;

use super::words::{Span, Time};
use super::{EndpointName, Output};

/// Have nobody notified of endpoints for a time: known, or planned
///
/// For what somebody works on already, and for maintenance that begins later
/// (--from). What lasts is notified when the time is over; what came and went
/// meanwhile is not. Three things are notified in any case: a certificate with
/// under a tenth of its lifetime left; a new certificate that could not take
/// the old one's place; and, where a tenant muted the endpoint, what waits on
/// the operator. `show`, the page and `events` say until when, by whom, and
/// why. A second mute takes the place of the first. The longest is 90 days.
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

    /// Until when, instead: 2026-12-24T06:00:00Z
    #[arg(long, value_name = "WHEN", conflicts_with = "span")]
    pub(crate) until: Option<Time>,

    /// From when; without it, from now on
    #[arg(long, value_name = "WHEN")]
    pub(crate) from: Option<Time>,

    /// Why: everybody who sees the endpoint reads it
    #[arg(long)]
    pub(crate) reason: String,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Have people notified of endpoints again
///
/// What is wrong now is notified with the next attempt or health check.
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
