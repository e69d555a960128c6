//! The command line. The help texts are the reference: `docs/reference/cli.md` and the manual pages are made of them.

#[cfg(test)]
mod documented;
mod endpoint;
mod look;
pub(crate) mod reference;
mod words;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use endpoint::{Add, Change, Proof, Reachability, Remove, Renew, Share, Wait};
pub(crate) use look::{Check, Events, List, Order, RecordFormat, Records, word};
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
  managed-https list --verdict action_required

ENDPOINT is a domain, any further name of the endpoint, or its id (ep-…).";

const MORE: &str = "\
Examples:
  managed-https add www.example.com --external
      register, and see the DNS records to create
  managed-https check www.example.com
      see what is expected, what is found, and who must act
  managed-https wait www.example.com
      wait until its certificate is in place
  managed-https records www.example.com --format terraform > www.tf
      the records as code
  managed-https list --verdict action_required
      what waits for somebody

ENDPOINT is a domain, any further name of the endpoint, or its id (ep-…).

Who asks:
  With --token or MANAGED_HTTPS_TOKEN requests carry that bearer token, and
  what is seen is the tenant's own. Else they are signed with AWS credentials
  (SigV4), which are found as the AWS CLI finds them: variables, profile,
  instance or container role. The region is that of the API's host name where
  it has one. For profiles of `aws sso login`:
      eval \"$(aws configure export-credentials --format env)\"

Output:
  Results go to stdout, progress and errors to stderr. Colour is used on a
  terminal only; NO_COLOR switches it off. --format json prints the API's own
  objects, with times in UTC; programs must ignore fields they do not know.

Exit status:
  0  done, and for check, wait and doctor: all is well
  1  failed, or not well; what happened, why, and the next step are said
  2  the command line is wrong";

/// Certificates for your customers' domains, in ACM, renewed by themselves
#[derive(Debug, Parser)]
#[command(name = "managed-https", version, after_help = EXAMPLES, after_long_help = MORE)]
#[command(max_term_width = HELP_WIDTH)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// The API's address: the stack's output ApiUrl
    #[arg(long, global = true, value_name = "URL", env = "MANAGED_HTTPS_API", hide_env_values = true)]
    #[arg(help_heading = "Connection")]
    pub(crate) api: Option<ApiAddress>,

    /// A bearer token to show instead of signing with AWS credentials
    #[arg(long, global = true, value_name = "TOKEN", env = "MANAGED_HTTPS_TOKEN", hide_env_values = true)]
    #[arg(help_heading = "Connection")]
    pub(crate) token: Option<Token>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Add(Add),
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
    Remove(Remove),
    Doctor(Doctor),
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

/// Show one endpoint: its verdict, certificate, records and host
///
/// The verdict comes first, with the reason; then what there is; and last, when
/// something stands in the way, what to do, who has to do it, and the command
/// to run after that. The records and the host are shown as the last look
/// found them; `check` looks anew.
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
/// (settle-attempt), which writes them down; the rest of the time went into
/// waiting for DNS and for the CA. METHOD is `-` where the CA reused a proof
/// that it had. Narrow terminals show fewer columns.
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

/// Look whether the installation itself is well
///
/// Looks from here (is there an address, does the API answer, does it accept
/// the credentials, is this machine's clock right), and asks the API to look
/// from there: permissions, the delegation zone, the CA's account, the
/// schedule, alarms and their subscriptions. Each line says ok, warning or
/// failed, and what mends it. The status is 1 if anything failed.
///
/// With --format json: the API's {"checks": […]}, with those made from here
/// in front.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https doctor
  managed-https doctor --format json | jq '.checks[] | select(.status != \"ok\")'")]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Print a script that completes commands in a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  source <(managed-https completions bash)
  managed-https completions zsh > ~/.zfunc/_managed-https
  managed-https completions fish > ~/.config/fish/completions/managed-https.fish")]
pub(crate) struct Completions {
    /// The shell that is to complete
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
    fn a_registration_says_once_how_the_host_is_reached_and_a_check_may() {
        assert!(parse(&["add", "a.example"]).is_err());
        assert!(parse(&["add", "a.example", "--external", "--internal"]).is_err());
        assert!(parse(&["check", "a.example"]).is_ok());
        // Further names are of what is to be registered; an endpoint has its own.
        assert!(parse(&["check", "a.example", "--also", "b.example"]).is_err());
        assert!(parse(&["check", "a.example", "--external", "--internal"]).is_err());
    }

    #[test]
    fn a_change_changes_something_and_a_share_does_one_thing() {
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
    fn a_token_that_is_refused_is_not_repeated() {
        let told = parse(&["list", "--token", "geheim", "--nonsense"]).expect_err("nonsense").to_string();
        assert!(!told.contains("geheim"), "{told}");
        let parsed = parse(&["list", "--token", "geheim"]).expect("it is a token");
        assert!(!format!("{parsed:?}").contains("geheim"));
    }
}
