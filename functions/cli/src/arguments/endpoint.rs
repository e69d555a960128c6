//! The commands that change an endpoint, or wait for it.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use wire::DnsMethod;

use super::filter::FILTERS;
use super::words::Pause;
use super::{EndpointName, Filter, Named, Output, ShareId, Timeout};

/// Register a domain, and see the DNS records it needs
///
/// Registers the endpoint and prints the records that the domain owner has to
/// create. The first attempt starts at once; issuance continues automatically
/// once the records are correct. Names are folded to lower case, IDNs become
/// A-labels, and a name that a wildcard beside it covers is refused. A request
/// without an answer is sent again with the same Idempotency-Key: nothing is
/// registered twice.
///
/// With --wait the records are printed first, and each new failure is reported
/// on stderr, with the record to create. The command ends with exit status 0
/// once the certificate is in ACM, or with 1 after --timeout; attempts
/// continue automatically.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https add www.example.com --external
  managed-https add db.corp.example.com --internal --wait
  managed-https add example.com --name '*.example.com' --external
  managed-https add db.corp.example.com --internal --challenge dns-persist-01
  managed-https add www.example.com --external --tenant acme
  managed-https add www.example.com --external --listener $LISTENER_ARN
  managed-https add www.example.com --external --listener pool:eu")]
pub(crate) struct Add {
    /// The domain: shop.example.com, or *.example.com
    pub(crate) domain: String,

    /// An additional name (SAN) for the same certificate; repeatable
    #[arg(long = "name", alias = "also", value_name = "NAME")]
    pub(crate) names: Vec<String>,

    #[command(flatten)]
    pub(crate) reachability: RequiredReachability,

    #[command(flatten)]
    pub(crate) challenge: Challenge,

    /// The tenant of the endpoint; operators only
    #[arg(long)]
    pub(crate) tenant: Option<String>,

    /// The label of an existing delegation, of a registration that was moved or
    /// lost; operators only
    #[arg(long)]
    pub(crate) label: Option<String>,

    #[command(flatten)]
    pub(crate) targets: Targets,

    #[command(flatten)]
    pub(crate) waiting: Waiting,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Where the certificate goes besides ACM.
#[derive(Debug, Args)]
pub(crate) struct Targets {
    /// Attach the certificate to this listener (ALB, NLB); repeatable; operators only.
    /// pool:NAME: to the one of that pool with the most room
    #[arg(long, value_name = "ARN|pool:NAME")]
    pub(crate) listener: Vec<String>,

    /// Import it into this region, too; repeatable; operators only
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Vec<String>,

    /// Use another account, by assuming this role; operators only
    #[arg(long, value_name = "ARN")]
    pub(crate) role: Option<String>,

    /// Replace this certificate in ACM, under its ARN; operators only. Its tags
    /// must assign it to the endpoint: docs/how-to/adopt.md
    #[arg(long, value_name = "ARN")]
    pub(crate) adopt: Option<String>,

    /// Tag the certificate in ACM; repeatable; operators only
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    pub(crate) tag: Vec<(String, String)>,

    /// Export each certificate with its private key to a secret for the role
    /// ExportRoleArn: the key leaves the installation. docs/how-to/export.md
    #[arg(long)]
    pub(crate) export_key: bool,
}

impl Targets {
    pub(crate) fn tags(&self) -> BTreeMap<String, String> {
        self.tag.iter().cloned().collect()
    }
}

/// `team=shops`; the value may have more equals signs, or be empty.
fn tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("not of the form KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

impl Switch {
    pub(crate) fn is_on(self) -> bool {
        matches!(self, Self::On)
    }
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct RequiredReachability {
    /// The host is open to the internet: the CA can connect to it
    #[arg(long)]
    external: bool,

    /// The host is internal or filtered by IP address: the CA cannot connect
    #[arg(long)]
    internal: bool,
}

impl RequiredReachability {
    pub(crate) fn chosen(&self) -> wire::Reachability {
        if self.internal { wire::Reachability::Internal } else { wire::Reachability::External }
    }
}

#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Reachability {
    /// The host is open to the internet: the CA can connect to it
    #[arg(long)]
    external: bool,

    /// The host is internal or filtered by IP address: the CA cannot connect
    #[arg(long)]
    internal: bool,
}

impl Reachability {
    /// None if it is not said.
    pub(crate) fn chosen(&self) -> Option<wire::Reachability> {
        match (self.external, self.internal) {
            (true, _) => Some(wire::Reachability::External),
            (_, true) => Some(wire::Reachability::Internal),
            _ => None,
        }
    }
}

/// How names are validated over DNS: wildcards, and all names of an internal endpoint.
#[derive(Debug, Args)]
pub(crate) struct Challenge {
    /// The ACME challenge for validation over DNS; dns-01 if not given
    #[arg(long, alias = "validation", value_name = "TYPE")]
    pub(crate) challenge: Option<ChallengeType>,
}

/// The other words are those of earlier releases.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ChallengeType {
    /// The delegation: a CNAME at _acme-challenge
    #[value(name = "dns-01", alias = "delegation")]
    Dns01,
    /// A persistent validation record (TXT), where the installation offers it
    #[value(name = "dns-persist-01", aliases = ["persistent-record", "standing-record"])]
    DnsPersist01,
}

impl Challenge {
    /// None if it is not said.
    pub(crate) fn chosen(&self) -> Option<DnsMethod> {
        self.challenge.map(|challenge| match challenge {
            ChallengeType::Dns01 => DnsMethod::Dns01,
            ChallengeType::DnsPersist01 => DnsMethod::DnsPersist01,
        })
    }
}

/// Change an endpoint's additional names, reachability, challenge or targets
///
/// Options not given stay as they are. --name lists all additional names for
/// the certificate from now on, not only the new ones; --no-names removes all
/// but the first name. --listener, --region and --tag, too, list all of them;
/// listeners and tags need no new certificate, another region does. The
/// records and the host are checked at once, and a new certificate, if needed,
/// is ordered automatically.
///
/// With --export-key on, private keys leave the installation: each certificate
/// from then on is written with its key to a secret for the role
/// ExportRoleArn. This needs a new certificate, since the key of the current
/// one is deleted. --export-key off deletes the secret for good.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https change example.com --name '*.example.com' --name example.net
  managed-https change example.com --no-names
  managed-https change db.example.com --internal
  managed-https change db.example.com --challenge dns-persist-01
  managed-https change www.example.com --region us-east-1 --region eu-west-1
  managed-https change www.example.com --no-listeners
  managed-https change www.example.com --tag team=shops --tag stage=live
  managed-https change mail.example.com --export-key on")]
#[command(override_usage = "managed-https change [OPTIONS] <ENDPOINT>\n       \
    with at least one of --name, --no-names, --external, --internal,\n       \
    --challenge, --listener, --no-listeners, --region, --no-regions,\n       \
    --role, --no-role, --adopt, --no-adopt, --tag, --no-tags,\n       \
    --export-key")]
#[group(
    required = true,
    multiple = true,
    id = "change",
    args = [
        "names",
        "no_names",
        "external",
        "internal",
        "challenge",
        "listener",
        "no_listeners",
        "region",
        "no_regions",
        "role",
        "no_role",
        "adopt",
        "no_adopt",
        "tags",
        "no_tags",
        "export_key"
    ]
)]
pub(crate) struct Change {
    #[command(flatten)]
    pub(crate) named: Named,

    /// An additional name (SAN) for the same certificate; repeatable
    #[arg(long = "name", alias = "also", value_name = "NAME", conflicts_with = "no_names")]
    pub(crate) names: Vec<String>,

    /// No additional names
    #[arg(long, alias = "no-also")]
    pub(crate) no_names: bool,

    #[command(flatten)]
    pub(crate) reachability: Reachability,

    /// A listener (ALB, NLB) for the certificate; repeatable; operators only.
    /// pool:NAME: the one of that pool with the most room, if none has it yet
    #[arg(long, value_name = "ARN|pool:NAME", conflicts_with = "no_listeners")]
    pub(crate) listener: Vec<String>,

    /// No listeners: the certificate is taken off those that have it
    #[arg(long)]
    pub(crate) no_listeners: bool,

    /// An additional region for the certificate; repeatable; operators only
    #[arg(long, value_name = "REGION", conflicts_with = "no_regions")]
    pub(crate) region: Vec<String>,

    /// No additional regions but those of its listeners
    #[arg(long)]
    pub(crate) no_regions: bool,

    /// The role in another account; before the first certificate; operators only
    #[arg(long, value_name = "ARN", conflicts_with = "no_role")]
    pub(crate) role: Option<String>,

    /// No role: the installation's own account
    #[arg(long)]
    pub(crate) no_role: bool,

    /// Replace this certificate in ACM; before the first one; operators only
    #[arg(long, value_name = "ARN", conflicts_with = "no_adopt")]
    pub(crate) adopt: Option<String>,

    /// Replace no other certificate: the first one gets an ARN of its own
    #[arg(long)]
    pub(crate) no_adopt: bool,

    /// A tag for the certificate in ACM; repeatable; operators only
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag, conflicts_with = "no_tags")]
    pub(crate) tags: Vec<(String, String)>,

    /// No tags but the installation's own
    #[arg(long)]
    pub(crate) no_tags: bool,

    /// Whether each certificate is exported with its private key
    #[arg(long, value_name = "on|off")]
    pub(crate) export_key: Option<Switch>,

    #[command(flatten)]
    pub(crate) challenge: Challenge,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Wait until an endpoint is ready, or needs action
///
/// Ends with exit status 0 when the status is ready, and with 1 when the
/// endpoint waits on the domain owner or the operator, or after --timeout; the
/// next step is then printed. New records take time to spread: missing or
/// wrong records are checked again for --grace before the command ends. During
/// failures that need no action the command continues to wait. Progress goes
/// to stderr.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https wait www.example.com
  managed-https wait www.example.com --grace 0s
  terraform apply && managed-https wait www.example.com --timeout 1h")]
pub(crate) struct Wait {
    #[command(flatten)]
    pub(crate) named: Named,

    /// How long to wait at most: 90s, 15m, 1h30m
    #[arg(long, value_name = "TIME", default_value = "15m")]
    pub(crate) timeout: Timeout,

    /// How long DNS may take until the records are correct: 0s, 3m
    #[arg(long, value_name = "TIME", default_value = "3m")]
    pub(crate) grace: Pause,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Start an attempt now: a renewal, or a retry
///
/// A renewal if there is a certificate, however long it is valid; otherwise a
/// retry. The exit status is 1 if an attempt is running already. With --wait
/// it says how the attempt ended: 0 for issued, renewed and unchanged.
///
/// With filters instead of ENDPOINT: an attempt for each matching endpoint,
/// one after another, --pace apart. Asks first; without a terminal it needs
/// --yes. Endpoints with a running attempt are skipped. With --format json: an
/// array of {endpoint, domain, attempt, error}.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https renew www.example.com
  managed-https renew www.example.com --wait --timeout 5m
  managed-https renew --cause RateLimited --yes
  managed-https renew --expires-within 14d --pace 10s")]
#[command(override_usage = "managed-https renew [OPTIONS] <ENDPOINT>\n       \
    managed-https renew [OPTIONS] <FILTERS>")]
#[group(required = true, multiple = true, id = "which", args = ["endpoint", "status", "waiting_on", "reachability",
    "tenant", "search", "prefix", "cause", "at_fault", "expires_within"])]
pub(crate) struct Renew {
    /// Its domain, or its id
    #[arg(conflicts_with_all = FILTERS)]
    pub(crate) endpoint: Option<EndpointName>,

    #[command(flatten)]
    pub(crate) filter: Filter,

    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,

    /// The time between two starts
    #[arg(long, value_name = "TIME", default_value = "2s", conflicts_with = "endpoint")]
    pub(crate) pace: Pause,

    #[command(flatten)]
    pub(crate) waiting: Waiting,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Create, list or revoke links to the domain owner's page
///
/// The link opens a page with this endpoint's records, what was found, and a
/// button to check again, and nothing else; no account is needed. A link is
/// printed once, when it is created: the installation keeps only a hash of it.
/// --mail prints a message to send to the domain owner, with the records and
/// the link.
///
/// With --format json: the API's object; nothing for --revoke.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https share www.example.com
  managed-https share www.example.com --expires 7
  managed-https share www.example.com --mail
  managed-https share www.example.com --list
  managed-https share www.example.com --revoke 4f0c9b21")]
pub(crate) struct Share {
    #[command(flatten)]
    pub(crate) named: Named,

    /// Days until the link expires, 1 to 365; 30 if not given
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=365))]
    pub(crate) expires: Option<u16>,

    /// Print a message for the domain owner, with a new link
    #[arg(long, conflicts_with_all = ["list", "revoke"])]
    pub(crate) mail: bool,

    /// List the open links
    #[arg(long, conflicts_with_all = ["expires", "revoke"])]
    pub(crate) list: bool,

    /// Revoke a link, by its id in the list or the start of the id
    #[arg(long, value_name = "ID", conflicts_with = "expires")]
    pub(crate) revoke: Option<ShareId>,

    #[command(flatten)]
    pub(crate) output: Output,
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
