//! The commands that change an endpoint, or wait for it.

use clap::{Args, ValueEnum};
use wire::DnsMethod;

use super::{Named, Output, ShareId, Timeout};

/// Register a domain, and see the DNS records it needs
///
/// Registers the endpoint and prints the records that the owner of the domain
/// has to create. The first attempt starts at once; while the records are not
/// there it fails with RecordsNotReady, and is repeated by itself until they
/// are. Names are folded to lower case, IDNs become A-labels, and a name that
/// a wildcard beside it covers is refused. A request that goes unanswered is
/// sent again with the same Idempotency-Key: nothing is registered twice.
///
/// With --wait each new failure is told on stderr as it comes, with the record
/// to create. The command ends with status 0 once the certificate is in ACM,
/// or with 1 after --timeout; the attempts go on all the same.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https add www.example.com --external
  managed-https add db.corp.example.com --internal --wait
  managed-https add example.com --also '*.example.com' --external
  managed-https add db.corp.example.com --internal --validation standing-record
  managed-https add www.example.com --external --tenant acme
  managed-https add www.example.com --external --listener $LISTENER_ARN")]
pub(crate) struct Add {
    /// The domain: shop.example.com, or *.example.com
    pub(crate) domain: String,

    /// A further name for the same certificate; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) also: Vec<String>,

    #[command(flatten)]
    pub(crate) reachability: RequiredReachability,

    #[command(flatten)]
    pub(crate) proof: Proof,

    /// The tenant that it belongs to; for operators
    #[arg(long)]
    pub(crate) tenant: Option<String>,

    #[command(flatten)]
    pub(crate) places: Places,

    #[command(flatten)]
    pub(crate) waiting: Waiting,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Where the certificate goes besides ACM.
#[derive(Debug, Args)]
pub(crate) struct Places {
    /// Attach the certificate to this listener (ALB, NLB); may be repeated; for operators
    #[arg(long, value_name = "ARN")]
    pub(crate) listener: Vec<String>,

    /// Import it into this region too; may be repeated; for operators
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Vec<String>,

    /// Do so by this role, in its account; for operators
    #[arg(long, value_name = "ARN")]
    pub(crate) role: Option<String>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct RequiredReachability {
    /// The host is open to the internet: the CA can connect to it
    #[arg(long)]
    external: bool,

    /// The host is internal or filtered by IP address: the CA cannot
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

    /// The host is internal or filtered by IP address: the CA cannot
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

/// How names are proven that have to be proven over DNS: wildcards, and all of an internal endpoint.
#[derive(Debug, Args)]
pub(crate) struct Proof {
    /// How names are proven over DNS: delegation if not given
    #[arg(long, value_name = "METHOD")]
    pub(crate) validation: Option<Validation>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Validation {
    /// Through a CNAME at _acme-challenge (dns-01)
    Delegation,
    /// By a TXT record that stays (dns-persist-01), where the installation takes them
    #[value(name = "standing-record", alias = "persistent-record")]
    PersistentRecord,
}

impl Proof {
    /// None if it is not said.
    pub(crate) fn chosen(&self) -> Option<DnsMethod> {
        self.validation.map(|validation| match validation {
            Validation::Delegation => DnsMethod::Dns01,
            Validation::PersistentRecord => DnsMethod::DnsPersist01,
        })
    }
}

/// Change an endpoint's further names, its reachability or its validation
///
/// What is not given stays as it is. --also names all further names that the
/// certificate is to have from now on, not only the new ones; --no-also leaves
/// the first name alone. The records that are needed then are printed; a new
/// certificate comes by itself. --listener and --region, too, name all that
/// are to be; a listener needs no new certificate, another region does.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https change example.com --also '*.example.com' --also example.net
  managed-https change example.com --no-also
  managed-https change db.example.com --internal
  managed-https change db.example.com --validation standing-record
  managed-https change www.example.com --region us-east-1 --region eu-west-1
  managed-https change www.example.com --no-listeners")]
#[command(override_usage = "managed-https change [OPTIONS] <ENDPOINT>\n       \
    with at least one of --also, --no-also, --external, --internal,\n       \
    --validation, --listener, --no-listeners, --region, --no-regions,\n       \
    --role, --no-role")]
#[group(
    required = true,
    multiple = true,
    id = "change",
    args = [
        "also",
        "no_also",
        "external",
        "internal",
        "validation",
        "listener",
        "no_listeners",
        "region",
        "no_regions",
        "role",
        "no_role"
    ]
)]
pub(crate) struct Change {
    #[command(flatten)]
    pub(crate) named: Named,

    /// A further name for the same certificate; may be repeated
    #[arg(long, value_name = "NAME", conflicts_with = "no_also")]
    pub(crate) also: Vec<String>,

    /// No further names
    #[arg(long)]
    pub(crate) no_also: bool,

    #[command(flatten)]
    pub(crate) reachability: Reachability,

    /// A listener (ALB, NLB) that is to have the certificate; may be repeated; for operators
    #[arg(long, value_name = "ARN", conflicts_with = "no_listeners")]
    pub(crate) listener: Vec<String>,

    /// No listeners: it is taken off those that have it
    #[arg(long)]
    pub(crate) no_listeners: bool,

    /// A further region that is to have it; may be repeated; for operators
    #[arg(long, value_name = "REGION", conflicts_with = "no_regions")]
    pub(crate) region: Vec<String>,

    /// No further regions but those of its listeners
    #[arg(long)]
    pub(crate) no_regions: bool,

    /// The role that leads to its account; not once there is a certificate; for operators
    #[arg(long, value_name = "ARN", conflicts_with = "no_role")]
    pub(crate) role: Option<String>,

    /// No role: the installation's own account
    #[arg(long)]
    pub(crate) no_role: bool,

    #[command(flatten)]
    pub(crate) proof: Proof,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Wait until an endpoint is ready, or somebody must act
///
/// Ends with status 0 when the verdict is ready, and with 1 when something
/// fails that does not mend itself; who must act, and what to do, is then
/// said. Before records are called wrong they are looked at anew. Failures
/// that mend themselves, and the CA's, are waited out. Progress goes to
/// stderr.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https wait www.example.com
  terraform apply && managed-https wait www.example.com --timeout 1h")]
pub(crate) struct Wait {
    #[command(flatten)]
    pub(crate) named: Named,

    /// How long to wait at most: 90s, 15m, 1h30m
    #[arg(long, value_name = "TIME", default_value = "15m")]
    pub(crate) timeout: Timeout,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Start an attempt now: a renewal, or another try
///
/// A renewal where there is a certificate, however long it is good for, else
/// another try. An attempt that is running already is a conflict, and the
/// command ends with status 1. With --wait the status says how the attempt
/// ended: 0 for issued, renewed and unchanged.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https renew www.example.com
  managed-https renew www.example.com --wait --timeout 5m")]
pub(crate) struct Renew {
    #[command(flatten)]
    pub(crate) named: Named,

    #[command(flatten)]
    pub(crate) waiting: Waiting,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Stop managing an endpoint, and delete its certificate
///
/// Asks first; where there is no terminal to ask on, it needs --yes (else
/// status 2). The clean-up is an attempt of its own: tokens and TXT records
/// first, then the certificate in ACM unless something still uses it, then the
/// endpoint. With --wait the command ends once the endpoint is gone.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https remove www.example.com
  managed-https remove www.example.com --yes --wait")]
pub(crate) struct Remove {
    #[command(flatten)]
    pub(crate) named: Named,

    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,

    #[command(flatten)]
    pub(crate) waiting: Waiting,

    #[command(flatten)]
    pub(crate) output: Output,
}

/// Make, list or revoke links to the page for the domain's owner
///
/// Whoever has the link sees this endpoint's records, what was found, and a
/// button to look again, and nothing else; no account is needed. A link is
/// printed once, when it is made: the installation keeps only a hash of it.
///
/// With --format json: the API's object; nothing for --revoke.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  managed-https share www.example.com
  managed-https share www.example.com --expires 7
  managed-https share www.example.com --list
  managed-https share www.example.com --revoke 4f0c9b21")]
pub(crate) struct Share {
    #[command(flatten)]
    pub(crate) named: Named,

    /// Days for which the link works, 1 to 365; 30 if not given
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=365))]
    pub(crate) expires: Option<u16>,

    /// List the links there are
    #[arg(long, conflicts_with_all = ["expires", "revoke"])]
    pub(crate) list: bool,

    /// Make a link stop working; its id is in the list, and its start is enough
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
