//! What can be seen of an installation from within it, before anybody judges it.

use time::{Duration, OffsetDateTime};
use vocabulary::certificate::ImportedLife;
use vocabulary::dns::CaaLevel;

use crate::installation::capacity::Capacity;
use vocabulary::failure::{Failure, ServiceFault};

/// What an attempt may take: the steps wait for 10 minutes for DNS, and 5 each for validation and issuance, and are retried.
pub const LONGEST_ATTEMPT: Duration = Duration::minutes(45);

/// One check, or why it could not be taken.
pub type Observed<T> = Result<T, ServiceFault>;

/// All checks of one installation.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What must be there and at work, with the state that the service gives.
    pub resources: Vec<Resource>,
    pub zone: Observed<HostedZone>,
    pub delegation: Delegation,
    /// CAA at the endpoint target, which external hosts are aliases of.
    pub target_caa: CaaLevel,
    /// The CAs, the preferred one first.
    pub authorities: Vec<AuthorityFacts>,
    /// What runs automatically, each task once.
    pub tasks: Vec<TaskFacts>,
    pub alarms: Observed<Vec<Alarm>>,
    pub subscriptions: Observed<Subscriptions>,
    /// Notifications that wait for a channel that has refused them.
    pub refused: Observed<Vec<RefusedNotifications>>,
    /// Whether messages of the records' queue reach the writer of the delegation zone.
    pub records_to_writer: Observed<ResourceState>,
    /// Messages in the dead-letter queue of the scans.
    pub dead_letters: Observed<u64>,
    /// Whether the token issuer answers, or why not; `None` if there is none.
    pub issuer: Option<Result<(), String>>,
    /// Attempts that have been running for longer than any should: names of their executions.
    pub long_attempts: Observed<Vec<String>>,
    /// What is imported into ACM, in the installation's own account and region.
    pub imported: Observed<Vec<ImportedLife>>,
    /// How much room for certificates there was when it was counted last.
    pub capacity: Observed<Capacity>,
    /// What Lambda runs at once in the account and region.
    pub concurrency: Observed<Concurrency>,
}

/// Notifications that one channel has refused while others took them. They are kept for it for a week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedNotifications {
    /// As the template calls it: `ChatTopic`.
    pub channel: &'static str,
    /// At least so many.
    pub count: usize,
    /// In the service's own words.
    pub why: String,
}

/// Executions of Lambda at once, in one account and region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concurrency {
    /// The quota, for all functions together.
    pub limit: u32,
    /// What no function has reserved.
    pub unreserved: u32,
}

/// One CA, and our account there.
#[derive(Clone, Debug)]
pub struct AuthorityFacts {
    pub account: Observed<Account>,
    /// What the CA says of that account.
    pub standing: Standing,
    pub directory: Result<Directory, String>,
}

#[derive(Clone, Debug)]
pub struct Resource {
    /// For people: `table managed-https-EndpointsTable-1ABC`.
    pub name: String,
    pub state: Observed<ResourceState>,
}

/// Whether a resource can do its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceState {
    Ready,
    /// In the service's own word.
    NotReady(String),
}

/// The delegation zone in Route 53.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostedZone {
    /// Without a dot at the end.
    pub name: String,
    pub private: bool,
    /// Its delegation set, without dots at the end.
    pub name_servers: Vec<String>,
}

/// The delegation zone in the DNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// The name servers that the zone above names; none if it does not delegate. `Err`: it could not be asked.
    pub at_parent: Result<Vec<String>, String>,
    /// Each name server of the hosted zone, and whether it answers for the zone.
    pub servers: Vec<(String, Result<(), String>)>,
}

/// The account secret, without what is secret in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// Nothing was ever stored: the first order makes the account.
    NeverStored,
    /// Something was stored, and it is not what the functions store.
    Unreadable,
    /// There were accounts and there are none.
    Emptied,
    /// None at this CA; there are others.
    OnlyElsewhere {
        directories: Vec<String>,
    },
    /// The key is there; the CA has not confirmed the account yet.
    Unregistered,
    Registered {
        url: String,
    },
}

/// What the CA says of our account, asked for it as an order would.
#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// There is none to ask for.
    NotAsked,
    Valid,
    /// It takes nothing from the account: deactivated, unknown, another key, terms … The failure that an order would end by.
    Refused(Box<Failure>),
    /// It was not asked: what is kept of the account cannot be used.
    Unusable,
    /// It did not say.
    Unknown(String),
}

/// What the CA says about itself (RFC 8555 §7.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Names of the profiles it offers.
    pub profiles: Vec<String>,
    pub external_account_required: bool,
}

/// What the installation does automatically, each on a schedule of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Starts what is due.
    Scan,
    /// Asks the CA when it wants certificates renewed.
    Advice,
    /// Checks what is in place between renewals.
    Health,
}

/// The schedule of a task, and the task's own word that it ran.
#[derive(Clone, Debug)]
pub struct TaskFacts {
    pub task: Task,
    pub schedule: Observed<Schedule>,
    /// When the last run came to its end; `None`: none ever has.
    pub last_run: Observed<Option<OffsetDateTime>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub name: String,
    pub enabled: bool,
    /// `rate(1 minute)`
    pub expression: String,
    /// Name of the function that it starts, if it starts one.
    pub function: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    pub name: String,
    pub state: AlarmState,
    /// Why it is in this state, in CloudWatch's words.
    pub reason: String,
    /// Whether it tells anybody.
    pub actions_enabled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmState {
    Ok,
    Alarm,
    InsufficientData,
}

/// Who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscriptions {
    pub all: Vec<Subscription>,
    /// How many of them nobody has confirmed, as the topic counts them.
    pub pending: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    pub protocol: String,
    pub endpoint: String,
    /// A message to confirm it was sent, and nobody has.
    pub pending: bool,
}
