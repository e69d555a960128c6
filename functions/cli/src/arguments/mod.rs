//! The command line. The help texts are the reference: `docs/reference/cli.md` and the manual pages are made of them.

#[cfg(test)]
mod documented;
mod endpoint;
mod filter;
mod inspect;
mod many;
mod muting;
pub(crate) mod reference;
mod revocation;
mod words;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use vocabulary::version::VERSION;

pub(crate) use endpoint::{Add, Challenge, Change, Reachability, Renew, Share, Switch, Wait};
pub(crate) use filter::Filter;
pub(crate) use inspect::{Check, Events, List, ListFormat, Order, RecordFormat, Records};
pub(crate) use many::{Apply, Export, ExportFormat};
pub(crate) use muting::{Mute, Unmute};
pub(crate) use revocation::{Reason, Remove, Revoke};
pub(crate) use words::{EndpointName, ShareId, Timeout};

use crate::api::address::ApiAddress;
use crate::api::credentials::Token;

/// The widest line of a help text: what a terminal has at least.
pub(crate) const HELP_WIDTH: usize = 80;

const EXAMPLES: &str = "\
Examples:
  managed-https add www.example.com --external
  managed-https check www.example.com
  managed-https records www.example.com --format terraform > www.tf
  managed-https list --status action_required

ENDPOINT is a domain, any additional name of the endpoint, or its id (ep-…).";

const MORE: &str = "\
Examples:
  managed-https add www.example.com --external
      register, and see the DNS records to create
  managed-https check www.example.com
      see what is expected, what is found, and the next step
  managed-https wait www.example.com
      wait until its certificate is issued
  managed-https records www.example.com --format terraform > www.tf
      the records as code
  managed-https list --status action_required
      endpoints that need action

ENDPOINT is a domain, any additional name of the endpoint, or its id (ep-…).

Credentials:
  With --token or MANAGED_HTTPS_TOKEN requests carry that bearer token: a
  tenant sees its own endpoints, an operator all of them. Otherwise requests
  are signed with AWS credentials (SigV4), found as the AWS CLI finds them:
  variables, profile, instance or container role. The region is the one in the
  API's host name, if any. For profiles of `aws sso login`:
      eval \"$(aws configure export-credentials --format env)\"

Output:
  Results go to stdout, progress and errors to stderr. Colour is used on a
  terminal only; NO_COLOR switches it off. --format json prints the API's own
  objects, with times in UTC; programs must ignore fields they do not know.

Exit status:
  0  done; for check, wait and doctor: no errors
  1  failed, or errors found; what happened, why, and the next step are printed
  2  the command line is wrong";

/// Automatic HTTPS certificates for your customers' domains, in ACM
#[derive(Debug, Parser)]
#[command(name = "managed-https", version = VERSION, after_help = EXAMPLES, after_long_help = MORE)]
#[command(max_term_width = HELP_WIDTH)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// The API's address: the stack's output ApiUrl
    #[arg(long, global = true, value_name = "URL", env = "MANAGED_HTTPS_API", hide_env_values = true)]
    #[arg(help_heading = "Connection")]
    pub(crate) api: Option<ApiAddress>,

    /// A bearer token, instead of a signature with AWS credentials
    #[arg(long, global = true, value_name = "TOKEN", env = "MANAGED_HTTPS_TOKEN", hide_env_values = true)]
    #[arg(help_heading = "Connection")]
    pub(crate) token: Option<Token>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Add(Add),
    Apply(Apply),
    Export(Export),
    List(List),
    Show(Show),
    Records(Records),
    Check(Check),
    Wait(Wait),
    Renew(Renew),
    Change(Change),
    History(History),
    Events(Events),
    Share(Share),
    Mute(Mute),
    Unmute(Unmute),
    Revoke(Revoke),
    Remove(Remove),
    Limits(Limits),
    Doctor(Doctor),
    Reconcile(Reconcile),
    Completions(Completions),
    /// Write the manual pages into a directory
    #[command(hide = true)]
    Man {
        directory: std::path::PathBuf,
    },
    /// Print the reference of all commands, as docs/reference/cli.md has it
    #[command(hide = true)]
    Reference,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// For programs: the API's own objects
    Json,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Output {
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Its domain, or its id
    pub(crate) endpoint: EndpointName,
}

/// Show one endpoint: its status, certificate, records and host
///
/// The status comes first; then the endpoint's facts; and last, if something
/// is wrong, the next step, who it is waiting on, and the command to run after
/// that. The records and the host are shown as the last check found them;
/// `check` checks them again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https show www.example.com
  managed-https show www.example.com --format json | jq -r .certificate.arn")]
pub(crate) struct Show {
    #[command(flatten)]
    pub(crate) named: Named,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// List an endpoint's attempts, and where their time went
///
/// Up to 50, the newest first, each with its outcome and what it used; below,
/// for each, the time of its steps, and why it failed. CA REQUESTS, ROUTE53
/// CALLS and LAMBDA TIME are sums over the steps, without the last one
/// (settle-attempt), which records them; the rest of the time went into
/// waiting for DNS and for the CA. METHOD is `-` if the CA reused a
/// validation. Narrow terminals show fewer columns. A removed endpoint keeps
/// its history under its id for 400 days.
///
/// With --format json: the array of the API's attempts.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https history www.example.com
  managed-https history www.example.com --format json | jq '.[0].failure'")]
pub(crate) struct History {
    #[command(flatten)]
    pub(crate) named: Named,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Check the installation itself
///
/// Checks this machine's side (the address, the API's answer, the credentials,
/// the clock), and lets the API check the rest: permissions, the delegation
/// zone, the account at the CA, the schedule, alarms and their subscriptions.
/// Each line says ok, warning or failed, and the next step. The exit status is
/// 1 if anything failed.
///
/// With --deep it also issues a certificate, if nothing failed: registers
/// NAME, a name of your own, for example under the delegation zone; says which
/// record to create and waits for it; waits for the certificate in ACM; and
/// removes everything again, whatever the outcome. Progress goes to stderr.
/// The CA must be a staging environment, or --yes is needed.
///
/// With --format json: the API's {"checks": […]}, with this machine's checks
/// first.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https doctor
  managed-https doctor --deep smoke.acme.example.net
  managed-https doctor --format json | jq '.checks[] | select(.status != \"ok\")'")]
pub(crate) struct Doctor {
    /// Issue a certificate for this name, and remove it again
    #[arg(long, value_name = "NAME")]
    pub(crate) deep: Option<EndpointName>,

    /// Allow --deep with a production CA, against its rate limits
    #[arg(long, short, requires = "deep")]
    pub(crate) yes: bool,

    /// How long --deep waits for the record and the certificate: 90s, 15m
    #[arg(long, value_name = "TIME", default_value = "15m", requires = "deep")]
    pub(crate) timeout: Timeout,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Show a tenant's limits, and how much of each is used
///
/// Endpoints and names at one time; registrations, renewals and checks on
/// request, and messages about new endpoints, within a period; and imports
/// into ACM within a year. Usage within a period comes back evenly. Operators
/// are not limited.
///
/// With --format json: the API's own object.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https limits
  managed-https limits --tenant acme --format json | jq '.limits[]'")]
pub(crate) struct Limits {
    /// For operators: the tenant; `default` if not given
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant: Option<String>,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Compare ACM with the table, after a restore of the table
///
/// Finds the installation's certificates (by their tags) without an endpoint,
/// and endpoints without their certificate in ACM. With --adopt, certificates
/// that are missing in the table are recorded again: their endpoints use them,
/// and nothing is ordered. Compares only the installation's own account and
/// region. Operators only. The exit status is 1 if something is left to do.
///
/// With --format json: {"checked": …, "differences": […]}, with the API's own
/// objects.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https reconcile
  managed-https reconcile --adopt
  managed-https reconcile --format json | jq '.differences[] | select(.action)'")]
pub(crate) struct Reconcile {
    /// Record certificates again that are missing in the table
    #[arg(long)]
    pub(crate) adopt: bool,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  source <(managed-https completions bash)
  managed-https completions zsh > ~/.zfunc/_managed-https
  managed-https completions fish > ~/.config/fish/completions/managed-https.fish")]
pub(crate) struct Completions {
    /// The shell
    pub(crate) shell: Shell,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from([&["managed-https"], arguments].concat())
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_time_limit_without_waiting_is_a_mistake() {
        assert!(parse(&["renew", "a.example", "--timeout", "5m"]).is_err());
        assert!(parse(&["renew", "a.example", "--wait", "--timeout", "5m"]).is_ok());
        assert!(parse(&["wait", "a.example", "--timeout", "5m"]).is_ok());
    }

    #[test]
    fn a_registration_needs_the_reachability_once_and_a_check_at_most_once() {
        assert!(parse(&["add", "a.example"]).is_err());
        assert!(parse(&["add", "a.example", "--external", "--internal"]).is_err());
        assert!(parse(&["check", "a.example"]).is_ok());
        // Additional names are of what is to be registered; an endpoint has its own.
        assert!(parse(&["check", "a.example", "--name", "b.example"]).is_err());
        assert!(parse(&["check", "a.example", "--external", "--internal"]).is_err());
    }

    #[test]
    fn a_change_without_options_is_refused_and_a_share_does_one_thing() {
        assert!(parse(&["change", "a.example"]).is_err());
        assert!(parse(&["change", "a.example", "--internal"]).is_ok());
        assert!(parse(&["change", "a.example", "--also", "b.example", "--external"]).is_ok());
        assert!(parse(&["change", "a.example", "--also", "b.example", "--no-also"]).is_err());
        assert!(parse(&["share", "a.example", "--list", "--revoke", "x"]).is_err());
        assert!(parse(&["share", "a.example", "--list", "--expires", "3"]).is_err());
        for days in ["0", "366", "x"] {
            assert!(parse(&["share", "a.example", "--expires", days]).is_err(), "{days}");
        }
    }

    #[test]
    fn the_words_of_earlier_releases_are_still_taken() {
        for arguments in [
            &["add", "a.example", "--also", "b.example", "--internal", "--validation", "standing-record"][..],
            &["add", "a.example", "--internal", "--validation", "delegation"],
            &["change", "a.example", "--also", "b.example"],
            &["change", "a.example", "--no-also"],
            &["check", "a.example", "--external", "--also", "b.example"],
            &["list", "--verdict", "ready", "--actor", "customer"],
        ] {
            assert!(parse(arguments).is_ok(), "{arguments:?}");
        }
        let help = Cli::command().find_subcommand("add").expect("a command").clone().render_long_help().to_string();
        assert!(!help.contains("--also") && !help.contains("standing"), "{help}");
    }

    #[test]
    fn a_renewal_takes_one_endpoint_or_a_filter_and_events_take_one_or_all() {
        assert!(parse(&["renew"]).is_err());
        assert!(parse(&["renew", "a.example", "--cause", "RateLimited"]).is_err());
        assert!(parse(&["renew", "a.example", "--pace", "1s"]).is_err());
        assert!(parse(&["renew", "--cause", "RateLimited", "--pace", "0s"]).is_ok());
        assert!(parse(&["events"]).is_err());
        assert!(parse(&["events", "a.example", "--all"]).is_err());
        assert!(parse(&["events", "--all", "--follow"]).is_ok());
    }

    #[test]
    fn a_token_that_is_refused_is_not_repeated() {
        let told = parse(&["list", "--token", "geheim", "--nonsense"]).expect_err("nonsense").to_string();
        assert!(!told.contains("geheim"), "{told}");
        let parsed = parse(&["list", "--token", "geheim"]).expect("it is a token");
        assert!(!format!("{parsed:?}").contains("geheim"));
    }
}
