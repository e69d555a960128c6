//! The commands that read.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};

use super::{Challenge, EndpointName, Filter, Named, Output, Reachability};

/// List the endpoints that need attention first
///
/// All endpoints of the caller that match the filters. WAITING ON says who
/// acts next, `-` if no action is needed. EXPIRES is the expiry of the
/// certificate. `+1` behind a domain counts its additional names (SANs).
/// Narrow terminals show fewer columns, and the next steps below the table. On
/// a terminal, without filters, endpoints with the same cause (a zone that
/// does not answer) share one line; the command below the table lists each of
/// them.
///
/// With --format json: an array of the API's endpoints. With --format csv: one
/// line for each, for a spreadsheet; a ' before a text keeps it from being
/// read as a formula. (`export` writes the format of `apply`.)
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https list
  managed-https list --status action_required --waiting-on domain-owner
  managed-https list --expires-within 14d
  managed-https list --limit 20
  managed-https list --cause delegation-missing
  managed-https list --cause servers-silent --at-fault bulk.test
  managed-https list --search example.com --sort domain
  managed-https list --prefix shop.exa --limit 20
  managed-https list --format csv > endpoints.csv
  managed-https list --format json | jq -r '.[] | select(.breaks_at) | .domain'")]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) filter: Filter,

    /// The order
    #[arg(long, value_enum, default_value_t)]
    pub(crate) sort: Order,

    /// Maximum number of endpoints; up to 200 take one request
    #[arg(long, value_name = "NUMBER")]
    pub(crate) limit: Option<NonZeroUsize>,

    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: ListFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// For people
    #[default]
    Table,
    /// For programs: the API's own objects
    Json,
    /// For spreadsheets
    Csv,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Order {
    /// By need for attention
    #[default]
    Attention,
    /// By name
    Domain,
}

/// List the DNS records for the domain owner to create
///
/// The type ALIAS replaces a CNAME at a registrable domain itself
/// (example.com), where DNS allows no CNAME: it is your DNS provider's ALIAS,
/// ANAME or flattened CNAME, or an alias record of Route 53. In a zone file it
/// is a comment, since DNS has no such type; in Terraform and CloudFormation
/// it is an alias record, with the hosted zone id of its target as a variable
/// to fill in.
///
/// --format route53 prints the change batch for one hosted zone:
///   aws route53 change-resource-record-sets --hosted-zone-id ID \
///     --change-batch file://batch.json
///
/// With --format json: an array of {name, type, value, purpose}.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
#[command(after_help = "\
Examples:
  managed-https records www.example.com
  managed-https records www.example.com --format bind >> example.com.zone
  managed-https records www.example.com --format terraform > www.tf
  managed-https records www.example.com --format cloudformation > www.json
  managed-https records www.example.com --format route53 > batch.json")]
pub(crate) struct Records {
    #[command(flatten)]
    pub(crate) named: Named,

    /// How the records are printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: RecordFormat,

    /// Print only the records of this domain; for route53, if there are several
    #[arg(long, value_name = "DOMAIN")]
    pub(crate) zone: Option<String>,

    /// The hosted zone id of the target of an ALIAS; for route53
    #[arg(long, value_name = "ID")]
    pub(crate) target_zone_id: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RecordFormat {
    /// For people
    #[default]
    Table,
    /// For programs: {name, type, value, purpose}
    Json,
    /// Lines of a zone file (RFC 1035 §5)
    Bind,
    /// Terraform (HCL): aws_route53_record
    Terraform,
    /// A template (JSON): AWS::Route53::RecordSet
    Cloudformation,
    /// A change batch (JSON) for `aws route53 change-resource-record-sets`
    Route53,
}

/// Check a domain's DNS and host now: what is wrong, and the next step
///
/// Queries the authoritative name servers, follows CNAMEs, and connects to the
/// host; the CA is not contacted. When all is correct it prints one line.
/// Otherwise it prints the status; what to fix, with the record or command to
/// copy and who it is waiting on; and what each record currently resolves to
/// on each server, beside the expected value.
///
/// A domain that is not registered, or any domain with --external or
/// --internal, is checked as for a registration.
///
/// The exit status is 0 only when all is correct. With --format json: the
/// API's endpoint, or its report for a domain that is not registered.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https check www.example.com
  managed-https check new.example.com --external --name '*.new.example.com'
  managed-https check www.example.com --format json | jq '.dns.findings'
  managed-https check www.example.com && ./switch-over")]
pub(crate) struct Check {
    /// The endpoint, or a domain, registered or not
    pub(crate) endpoint: EndpointName,

    /// An additional name (SAN) to check; repeatable
    #[arg(long = "name", alias = "also", value_name = "NAME", requires = "Reachability")]
    pub(crate) names: Vec<String>,

    #[command(flatten)]
    pub(crate) reachability: Reachability,

    #[command(flatten)]
    pub(crate) challenge: Challenge,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// List what happened to an endpoint, and who did it
///
/// Starts and ends of attempts, and what people did: who, when, from where. As
/// in a log, the newest event comes last. With --follow new events are printed
/// as they come, until the command is interrupted (Ctrl-C, exit status 130) or
/// its output is closed. A removed endpoint keeps its events under its id for
/// 400 days.
///
/// With --format json: an array of the API's events, the newest first; with
/// --follow one object a line, the newest last.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https events www.example.com
  managed-https events www.example.com --follow
  managed-https events --all
  managed-https events www.example.com --format json | jq '.[].by.who'")]
pub(crate) struct Events {
    /// Its domain, or its id
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub(crate) endpoint: Option<EndpointName>,

    /// The events of all endpoints, including removed ones; operators only
    #[arg(long)]
    pub(crate) all: bool,

    /// Continue with new events as they come
    #[arg(long, short)]
    pub(crate) follow: bool,

    /// Only events later than the one with this id
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<String>,

    #[command(flatten)]
    pub(crate) output: Output,
}
