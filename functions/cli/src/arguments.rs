//! The command line.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::address::ApiAddress;

const EXAMPLES: &str = "\
Examples:
  managed-https add www.example.com --external            register, and see the records to create
  managed-https add db.corp.example.com --internal --wait
  managed-https add example.com --also '*.example.com' --external
  managed-https records www.example.com --format json
  managed-https renew www.example.com --wait
  managed-https list

An ENDPOINT is named by its domain or by its id (ep-…) everywhere.
Credentials and region come from where the AWS CLI finds them. NO_COLOR switches colours off.
Exit status: 0 done, 1 failed, 2 usage.";

/// Certificates for your customers' domains, in ACM, renewed without anybody's hands
#[derive(Debug, Parser)]
#[command(name = "managed-https", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// How results are printed on stdout
    #[arg(long, global = true, value_enum, default_value_t)]
    pub(crate) format: Format,

    /// The API's address
    #[arg(long, global = true, value_name = "URL", env = "MANAGED_HTTPS_API", hide_env_values = true)]
    pub(crate) api: Option<ApiAddress>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// For programs: the API's own objects
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Register a domain, and see the DNS records it needs
    Add(Add),
    /// List the endpoints
    List,
    /// Show one endpoint: its certificate, its records, and what stands in the way
    Show(Named),
    /// List the DNS records that the domain's owner has to create
    Records(Named),
    /// Start an attempt now: a renewal, or another try
    Renew(Renew),
    /// List an endpoint's attempts, the newest first
    History(Named),
    /// Stop managing an endpoint, and delete its certificate
    Remove(Remove),
}

#[derive(Debug, Args)]
pub(crate) struct Add {
    /// The domain: shop.example.com, or *.example.com
    pub(crate) domain: String,

    /// A further name for the same certificate; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) also: Vec<String>,

    #[command(flatten)]
    pub(crate) reachability: Reachability,

    #[command(flatten)]
    pub(crate) waiting: Waiting,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Reachability {
    /// The host is open to the internet: the CA can connect to it
    #[arg(long)]
    external: bool,

    /// The host is internal or filtered by IP address: the CA cannot connect to it
    #[arg(long)]
    internal: bool,
}

impl Reachability {
    /// As the API writes it.
    pub(crate) fn as_str(&self) -> &'static str {
        if self.internal { "internal" } else { "external" }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Named {
    /// Its domain, or its id
    pub(crate) endpoint: EndpointName,
}

#[derive(Debug, Args)]
pub(crate) struct Renew {
    #[command(flatten)]
    pub(crate) named: Named,

    #[command(flatten)]
    pub(crate) waiting: Waiting,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    #[command(flatten)]
    pub(crate) named: Named,

    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) waiting: Waiting,
}

#[derive(Debug, Args)]
pub(crate) struct Waiting {
    /// Wait until it is done; progress goes to stderr
    #[arg(long)]
    pub(crate) wait: bool,

    /// How long to wait at most: 90s, 15m, 1h30m
    #[arg(long, value_name = "TIME", requires = "wait", default_value = "15m")]
    pub(crate) timeout: Timeout,
}

/// A domain or an endpoint id, as it goes into a path of the API.
///
/// IDNs become A-labels here, so that the path is ASCII and is signed as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EndpointName(String);

impl EndpointName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EndpointName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A path of dots alone would be taken for a relative one on its way.
        let blank = text.chars().all(|c| c == '.');
        if blank || text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '/') {
            return Err("not a domain (shop.example.com) and not an endpoint id (ep-…)".into());
        }
        let ascii = if text.is_ascii() { None } else { idna::domain_to_ascii(text).ok() };
        Ok(Self(ascii.unwrap_or_else(|| text.to_owned())))
    }
}

/// A time limit such as `90s`, `15m` or `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeout(pub(crate) Duration);

impl FromStr for Timeout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || "not a time: write it like 90s, 15m or 1h30m".to_owned();
        let mut seconds: u64 = 0;
        let mut rest = text;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(malformed)?;
            let count: u64 = rest[..digits].parse().map_err(|_| malformed())?;
            let unit = match rest.as_bytes()[digits] {
                b's' => 1,
                b'm' => 60,
                b'h' => 3600,
                _ => return Err(malformed()),
            };
            seconds = count.checked_mul(unit).and_then(|part| seconds.checked_add(part)).ok_or_else(malformed)?;
            rest = &rest[digits + 1..];
        }
        // A day is longer than any attempt; an instant must not overflow.
        if seconds == 0 || seconds > 24 * 3600 {
            return Err("must be more than nothing, and at most 24h".into());
        }
        Ok(Self(Duration::from_secs(seconds)))
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        for (count, unit) in [(seconds / 3600, 'h'), (seconds / 60 % 60, 'm'), (seconds % 60, 's')] {
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn a_time_limit_has_units_and_is_written_as_it_is_read() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("1h30m", 5400), ("24h", 86_400)] {
            let parsed: Timeout = text.parse().expect(text);
            assert_eq!(parsed.0.as_secs(), seconds);
            assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }
        for text in [
            "",
            "0s",
            "15",
            "m",
            "-5m",
            "1d",
            "25h",
            "1.5h",
            "15m ",
            "99999999999999999999s",
            "9999999999999999999h",
            "5µs",
        ] {
            assert!(text.parse::<Timeout>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_endpoint_is_named_by_what_fits_one_segment_of_a_path() {
        let name = |text: &str| text.parse::<EndpointName>().map(|name| name.0);
        assert_eq!(name("*.example.com").as_deref(), Ok("*.example.com"));
        assert_eq!(name("bücher.example").as_deref(), Ok("xn--bcher-kva.example"));
        for text in ["", ".", "..", "a b", "a/b", "https://example.com", "a\nb"] {
            assert!(name(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_time_limit_without_waiting_is_a_mistake() {
        let parse = |arguments: &[&str]| Cli::try_parse_from([&["managed-https"], arguments].concat());
        assert!(parse(&["renew", "a.example", "--timeout", "5m"]).is_err());
        assert!(parse(&["renew", "a.example", "--wait", "--timeout", "5m"]).is_ok());
        assert!(parse(&["add", "a.example"]).is_err());
        assert!(parse(&["add", "a.example", "--external", "--internal"]).is_err());
    }
}
