//! The operations behind the routes. Each takes the caller first, and the current time last.

mod changing;
mod checking;
mod deploying;
#[cfg(test)]
mod fixture;
mod history;
mod limiting;
mod listing;
mod muting;
mod naming;
mod pooling;
mod registering;
mod revoking;
mod sharing;
mod summing_up;

use diagnosis::report::CheckReport;
use domain::acts::start_attempt::{Start, start_where_room};
use domain::acts::take_tokens::orders_left;
use domain::endpoint::{Endpoint, Event, EventKind};
use domain::installation::{InstallationCheck, InstallationStatus, Reconcile, Used};
use domain::ports::{
    AuditTrail, CapacityLog, CheckLog, Claims, DueEntry, DueIndex, EndpointReader, FlowStarter, Inspector,
    InstallationLog, Prober, RateLimits, Reconciler, Registry, Room, ServiceFault, ShareLinks, Summaries,
};
use time::OffsetDateTime;
use vocabulary::acme::DnsMethod;
use vocabulary::names::{Caller, CertificateName, EndpointId, Origin};
use wire::{CallerView, EndpointView, ReconcileWish};

pub(crate) use history::HISTORY;

use crate::http::problem::Problem;
use crate::installation::{Installation, OrderLimit};
use crate::views::{ToWire, caller_view, endpoint_view};

/// DynamoDB takes 100 writes in one transaction.
const MOST_WRITES: usize = 100;

/// Everything that is stored about endpoints.
pub trait Store:
    Registry
    + Claims
    + RateLimits
    + DueIndex
    + AuditTrail
    + ShareLinks
    + CheckLog
    + InstallationLog
    + CapacityLog
    + Summaries
    + Send
    + Sync
    + 'static
{
}

impl<T> Store for T where
    T: Registry
        + Claims
        + RateLimits
        + DueIndex
        + AuditTrail
        + ShareLinks
        + CheckLog
        + InstallationLog
        + CapacityLog
        + Summaries
        + Send
        + Sync
        + 'static
{
}

/// The outside world, as one type: what a [`Service`] is generic over.
pub trait Ports: Send + Sync + 'static {
    type Store: Store;
    type Flows: FlowStarter + Room + Send + Sync;
    type Prober: Prober + Send + Sync;
    type Inspector: Inspector + Reconciler + Send + Sync;

    fn store(&self) -> &Self::Store;
    fn flows(&self) -> &Self::Flows;
    fn prober(&self) -> &Self::Prober;
    fn inspector(&self) -> &Self::Inspector;
}

/// The outside world, part by part.
#[derive(Clone, Debug)]
pub struct Outside<S, F, L, I> {
    pub store: S,
    pub flows: F,
    pub prober: L,
    pub inspector: I,
}

impl<S, F, L, I> Ports for Outside<S, F, L, I>
where
    S: Store,
    F: FlowStarter + Room + Send + Sync + 'static,
    L: Prober + Send + Sync + 'static,
    I: Inspector + Reconciler + Send + Sync + 'static,
{
    type Store = S;
    type Flows = F;
    type Prober = L;
    type Inspector = I;

    fn store(&self) -> &S {
        &self.store
    }

    fn flows(&self) -> &F {
        &self.flows
    }

    fn prober(&self) -> &L {
        &self.prober
    }

    fn inspector(&self) -> &I {
        &self.inspector
    }
}

/// The operations.
#[derive(Clone, Debug)]
pub struct Service<P> {
    pub ports: P,
    pub installation: Installation,
}

impl<P: Ports> Service<P> {
    pub(crate) fn store(&self) -> &P::Store {
        self.ports.store()
    }

    /// Whether endpoints may be validated by `method` from now on.
    pub(crate) fn offers(&self, method: DnsMethod) -> Result<(), Problem> {
        let Installation { persistent_records, issuer, .. } = &self.installation;
        match method {
            DnsMethod::DnsPersist01 if !persistent_records || issuer.is_none() => Err(Problem::no_persistent_records()),
            _ => Ok(()),
        }
    }

    /// The endpoint that a domain or an id names. One of another tenant is not found.
    async fn find(&self, caller: &Caller, reference: &str) -> Result<Endpoint, Problem> {
        let unknown = || Problem::unknown_endpoint(reference);
        let id = match reference.parse::<EndpointId>() {
            Ok(id) => id,
            Err(_) => {
                let name: CertificateName = reference.parse().map_err(|_| unknown())?;
                self.named(caller, &name.base).await?.ok_or_else(unknown)?
            }
        };
        let endpoint = self.store().find(&id).await?;
        endpoint.filter(|endpoint| caller.scope.covers(endpoint.tenant.as_str())).ok_or_else(unknown)
    }

    pub(crate) async fn show(
        &self,
        caller: &Caller,
        reference: &str,
        now: OffsetDateTime,
    ) -> Result<EndpointView, Problem> {
        let endpoint = self.find(caller, reference).await?;
        self.view(&endpoint, now).await
    }

    pub(crate) fn caller(&self, caller: &Caller) -> CallerView {
        caller_view(caller)
    }

    /// Checks the installation itself, for those who run it. A failure is shown with the time since when scheduled checks
    /// have seen it.
    pub(crate) async fn installation(
        &self,
        caller: &Caller,
        now: OffsetDateTime,
    ) -> Result<Vec<wire::InstallationCheck>, Problem> {
        if !caller.is_operator() {
            return Err(Problem::operators_only());
        }
        let (checks, known, orders) =
            futures::join!(self.ports.inspector().inspect(), self.store().installation(), self.orders_used(now));
        // Without the log, the result of this check is still shown.
        let known = known.unwrap_or_default();
        let since =
            |name: &str| known.failing.iter().find(|failing| failing.check == name).map(|failing| failing.since);
        let shown = |check: &InstallationCheck| {
            let failed = check.status == InstallationStatus::Failed;
            // The inspection does not read the count of orders.
            let orders = orders.iter().filter(|_| check.name == "acme-account");
            let used = check.used.iter().chain(orders).map(Used::to_wire).collect();
            wire::InstallationCheck { since: since(&check.name).filter(|_| failed), used, ..check.to_wire() }
        };
        Ok(checks?.iter().map(shown).collect())
    }

    /// A page of the comparison of ACM with the table, for those who run the installation.
    pub(crate) async fn reconcile(
        &self,
        caller: &Caller,
        wish: ReconcileWish,
    ) -> Result<wire::Reconciliation, Problem> {
        if !caller.is_operator() {
            return Err(Problem::operators_only());
        }
        if wish.after.as_ref().is_some_and(|after| after.chars().count() > wire::LONGEST_CONTINUATION) {
            return Err(Problem::invalid_field("after", "It is not the `next` of a page: it is too long."));
        }
        let request = Reconcile { adopt: wish.adopt, after: wish.after };
        Ok(self.ports.inspector().reconcile(&request).await?.to_wire())
    }

    /// How much of the first CA's limit of new orders the account has used; `None` where it has no limit, or where that
    /// cannot be read now.
    async fn orders_used(&self, now: OffsetDateTime) -> Option<Used> {
        let OrderLimit { directory, limit } = self.installation.orders.as_ref()?;
        let left = orders_left(self.store(), directory, Some(*limit), now).await.unwrap_or_else(|fault| {
            tracing::warn!(%fault, "the orders that are left could not be read");
            None
        })?;
        Some(Used { of: "new-orders".to_owned(), percent: 100_u32.saturating_sub(left) })
    }

    /// The endpoint beside what the last check found.
    async fn view(&self, endpoint: &Endpoint, now: OffsetDateTime) -> Result<EndpointView, Problem> {
        let report = match &endpoint.check {
            // A report from before the last change is of other records.
            Some(check) => self.store().last_check(&endpoint.id).await?.filter(|r| r.checked_at == check.checked_at),
            None => None,
        };
        Ok(self.view_with(endpoint, report.as_ref(), now))
    }

    fn view_with(&self, endpoint: &Endpoint, report: Option<&CheckReport>, now: OffsetDateTime) -> EndpointView {
        endpoint_view(endpoint, report, &self.installation, now)
    }

    /// Starts an attempt now, where there is room and nobody waits for it; else it is due, and a scan starts it.
    async fn start(&self, endpoint: &Endpoint, now: OffsetDateTime) -> Result<Start, ServiceFault> {
        let Some(due_at) = endpoint.due_at else { return Ok(Start::TakenBefore) };
        // It is queued already, with an expected start time.
        if let Some(expected_at) = endpoint.awaits_room_until(now) {
            return Ok(Start::Waits { expected_at, fault: None });
        }
        let entry = DueEntry { endpoint: endpoint.id.clone(), due_at };
        let start = start_where_room(self.store(), self.ports.flows(), &entry, now).await?;
        if let Start::Waits { fault: Some(fault), .. } = &start {
            tracing::warn!(endpoint = %endpoint.id, %fault, "left to the next scan: the room could not be counted");
        }
        Ok(start)
    }

    /// Starts an attempt now if it can be; else a scan does.
    async fn start_or_leave(&self, endpoint: &Endpoint, now: OffsetDateTime) {
        if let Err(fault) = self.start(endpoint, now).await {
            tracing::warn!(endpoint = %endpoint.id, %fault, "left to the next scan");
        }
    }

    /// Reads again what was just written, for its view.
    async fn view_anew(&self, id: &EndpointId, now: OffsetDateTime) -> Result<EndpointView, Problem> {
        let endpoint = self.store().find(id).await?.ok_or_else(|| Problem::unknown_endpoint(id.as_str()))?;
        self.view(&endpoint, now).await
    }
}

/// An event at the current time.
fn act(kind: EventKind, by: &Origin, summary: impl AsRef<str>, now: OffsetDateTime) -> Event {
    let [a, b] = random();
    Event::act(kind, by.clone(), summary, now, u16::from_be_bytes([a, b]))
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    bytes
}

/// Seconds are what the due index compares.
fn whole_second(now: OffsetDateTime) -> OffsetDateTime {
    now.replace_nanosecond(0).expect("zero is a nanosecond")
}

/// Lower-case hexadecimal SHA-256.
fn sha256(text: impl AsRef<[u8]>) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_ref());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
