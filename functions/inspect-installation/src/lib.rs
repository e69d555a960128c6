//! Judges what was seen of an installation: what is missing, broken or has stopped, and the next step.
//!
//! One entry a check, always in the same order, so that two runs can be compared. A request that was refused
//! is a failure of the permissions, which names it, and leaves its own check undecided.

mod authority;
mod concurrency;
mod people;
mod quotas;
mod resources;
mod rooms;
mod running;
mod target_caa;
mod zone;

use domain::installation::{Facts, InstallationCheck, InstallationStatus};
use domain::ports::{FaultKind, ServiceFault};
use time::{Duration, OffsetDateTime};
use vocabulary::certificate::{AcmQuotas, ListenerPools, Region};
use vocabulary::dns::Issuer;

/// What the installation was deployed with.
#[derive(Clone, Debug)]
pub struct Installation {
    pub stack: String,
    pub delegation_zone: String,
    /// The CAs, the preferred one first.
    pub authorities: Vec<InstalledAuthority>,
    pub contact: Option<String>,
    /// Whether there is a secret with external account bindings.
    pub binds_account: bool,
    /// ARN of the account secret.
    pub account_secret: String,
    /// ARN of the topic.
    pub alerts_topic: String,
    /// Id of the event source mapping from the records' queue to the writer of the delegation zone.
    pub records_to_writer: String,
    /// URL of the queue.
    pub dead_letters: String,
    /// ARN of the state machine.
    pub state_machine: String,
    /// After how long without a run of a task something is wrong; the alarm on silent scans uses the same.
    pub silence: Duration,
    /// URL of the token issuer, if there is one.
    pub issuer: Option<String>,
    /// What ACM lets the account import into the region, where that was typed.
    pub acm_quotas: Option<AcmQuotas>,
    pub home: Region,
    pub pools: ListenerPools,
    pub reserved: Reserved,
}

/// Executions at once that are reserved for what strangers can reach; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reserved {
    pub api: u32,
    /// For the answers to HTTP-01 requests.
    pub challenges: u32,
}

/// A CA as it was deployed.
#[derive(Clone, Debug)]
pub struct InstalledAuthority {
    /// URL of the ACME directory.
    pub directory: String,
    pub profile: Option<String>,
    /// How CAA records name it and our account there, as the parameters have it.
    pub issuer: Issuer,
}

/// All checks.
pub fn judge(facts: &Facts, installation: &Installation, now: OffsetDateTime) -> Vec<InstallationCheck> {
    let tasks = facts.tasks.iter().flat_map(|task| running::task(task, installation, now));
    let mut checks = vec![
        resources::permissions(facts),
        resources::resources(&facts.resources),
        zone::hosted_zone(&facts.zone, installation),
        zone::delegation(&facts.zone, &facts.delegation, installation),
    ];
    for (place, (seen, deployed)) in facts.authorities.iter().zip(&installation.authorities).enumerate() {
        checks.extend(authority::authority(place, seen, deployed, installation));
    }
    checks.push(target_caa::target_caa(&facts.target_caa, installation));
    checks.extend(tasks);
    checks.extend([
        running::record_writer(&facts.records_to_writer, installation),
        running::dead_letters(&facts.dead_letters, installation),
        running::attempts(&facts.long_attempts, installation),
        quotas::acm(&facts.imported, &facts.capacity, installation, now),
        rooms::load_balancers(&facts.capacity, &installation.pools, now),
        concurrency::concurrency(&facts.concurrency, installation.reserved),
        people::alarms(&facts.alarms, installation),
        people::subscriptions(&facts.subscriptions, installation),
        people::refused(&facts.refused),
        people::sign_in(facts.issuer.as_ref(), installation),
    ]);
    checks
}

fn ok(name: &str, detail: impl Into<String>) -> InstallationCheck {
    let (name, detail) = (name.to_owned(), detail.into());
    InstallationCheck { name, status: InstallationStatus::Ok, detail, remedy: None, used: Vec::new() }
}

fn warning(name: &str, detail: impl Into<String>, remedy: impl Into<String>) -> InstallationCheck {
    let (name, detail, remedy) = (name.to_owned(), detail.into(), Some(remedy.into()));
    InstallationCheck { name, status: InstallationStatus::Warning, detail, remedy, used: Vec::new() }
}

fn failed(name: &str, detail: impl Into<String>, remedy: impl Into<String>) -> InstallationCheck {
    InstallationCheck { status: InstallationStatus::Failed, ..warning(name, detail, remedy) }
}

/// A check that could not be made.
fn unseen(name: &str, fault: &ServiceFault) -> InstallationCheck {
    let detail = format!("It could not be checked: {} failed with {}.", fault.operation, fault.detail);
    match fault.kind {
        FaultKind::Throttled | FaultKind::Unavailable => {
            warning(name, detail, "Check again in a minute: managed-https doctor")
        }
        FaultKind::Denied => failed(name, detail, "See the check “permissions”."),
        FaultKind::Refused => {
            failed(name, detail, "The resource was deleted or replaced. Deploy the stack again: make deploy")
        }
    }
}

#[cfg(test)]
mod testing;
