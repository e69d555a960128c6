//! Counts the certificates on load balancers and in ACM, in every account and region in use.
//!
//! The cost is bounded: each target is counted once an hour, a full load balancer at every run, a few per run, one after the
//! other. Requests count nothing.

use std::collections::{BTreeMap, BTreeSet};

use time::OffsetDateTime;
use vocabulary::certificate::{
    AcmForecast, AcmQuotas, BalancerKind, DEFAULT_BALANCER_QUOTA, ListenerPools, LoadBalancerArn, RoleArn, Target,
};
use vocabulary::failure::{FailureName, ServiceFault};
use vocabulary::names::Scope;

use crate::acts::change_capacity::change_capacity;
use crate::endpoint::endpoint::Endpoint;
use crate::installation::capacity::{AcmUse, Assigned, BalancerUse, COUNT_AGAIN, Capacity};
use crate::overview::in_use::{BalancerAt, InUse, Registrations};
use crate::ports::capacity::{CapacityLog, QuotaOf, ServiceQuotas};
use crate::ports::destination::{Destinations, Listeners};
use crate::ports::health::CertificateInspector;
use crate::ports::store::{DueEntry, DueIndex, EndpointReader};
use crate::ports::summaries::Summaries;

/// Load balancers, and targets, that one run counts, the longest ago first. The rest wait for the next run.
const MOST_AT_ONCE: usize = 25;

/// How long a promise is kept although the endpoint does not exist yet: it is being registered.
const REGISTERING: time::Duration = time::Duration::minutes(10);

/// The installation's parameters.
#[derive(Clone, Debug, Default)]
pub struct Counting {
    pub pools: ListenerPools,
    /// The roles for other accounts.
    pub roles: Vec<RoleArn>,
}

impl Counting {
    /// The role for the account of `balancer`; none for the installation's own.
    fn role_of(&self, balancer: &LoadBalancerArn) -> Option<&RoleArn> {
        self.roles.iter().find(|role| role.account() == balancer.account())
    }
}

/// Counts what is due, and stores it. Returns the number of endpoints for which there is room now but was none when they tried:
/// they are due at once.
///
/// What cannot be counted keeps its last count, together with the fault.
pub async fn count_capacity<S, D>(
    store: &S,
    destinations: &D,
    counting: &Counting,
    now: OffsetDateTime,
    has_time: impl Fn() -> bool,
) -> Result<u32, ServiceFault>
where
    S: CapacityLog + Summaries + DueIndex + EndpointReader,
    D: Destinations<Certificates: CertificateInspector>,
{
    let kept = store.capacity().await?;
    let listed = list(store, destinations, counting, &kept, now).await?;
    let wanted = listed.unwrap_or_else(|| Wanted::of(&kept));
    let due: Vec<_> = wanted.balancers_due(&kept, now).take(MOST_AT_ONCE).collect();
    let targets_due: Vec<_> = wanted.targets_due(&kept, now).take(MOST_AT_ONCE).collect();
    if due.is_empty() && targets_due.is_empty() && wanted.listed_at == kept.listed_at {
        return Ok(0);
    }
    // Settles used promises first: their certificates are included in the counts that follow.
    let (settled, waiting) = settled(store, &kept, &due, now).await?;
    let mut quotas = Quotas { destinations, known: BTreeMap::new() };
    let (mut balancers, mut acm) = (Vec::new(), Vec::new());
    for (at, registrations) in due {
        if has_time() {
            let before = kept.of(&at.balancer);
            balancers.push(balancer_use(&mut quotas, at, *registrations, before, now).await);
        }
    }
    for target in targets_due {
        if has_time() {
            let before = kept.acm.iter().find(|known| known.target == *target);
            acm.push(acm_use(&mut quotas, target, before, now).await);
        }
    }
    let capacity = change_capacity(store, |capacity| {
        capacity.listed_at = wanted.listed_at;
        capacity.balancers.retain(|known| wanted.has(known));
        capacity.acm.retain(|known| wanted.targets.contains(&known.target));
        for counted in &balancers {
            capacity.balancers.retain(|known| known.balancer != counted.balancer);
            capacity.balancers.push(counted.clone());
        }
        for counted in &acm {
            capacity.acm.retain(|known| known.target != counted.target);
            capacity.acm.push(counted.clone());
        }
        capacity.assigned.retain(|one| !settled.contains(one));
        Ok::<_, ServiceFault>(capacity.clone())
    })
    .await?;
    resume(store, &capacity, &waiting, now).await
}

/// What is to be counted.
struct Wanted {
    balancers: BTreeMap<BalancerAt, Registrations>,
    targets: BTreeSet<Target>,
    listed_at: Option<OffsetDateTime>,
}

impl Wanted {
    /// The same as the last time.
    fn of(kept: &Capacity) -> Self {
        let at = |known: &BalancerUse| BalancerAt { balancer: known.balancer.clone(), role: known.role.clone() };
        Self {
            balancers: kept.balancers.iter().map(|known| (at(known), known.registrations)).collect(),
            targets: kept.acm.iter().map(|known| known.target.clone()).collect(),
            listed_at: kept.listed_at,
        }
    }

    fn has(&self, known: &BalancerUse) -> bool {
        self.balancers.keys().any(|at| at.balancer == known.balancer)
    }

    /// The longest ago first, and before all others those that were never counted.
    fn balancers_due<'a>(
        &'a self,
        kept: &'a Capacity,
        now: OffsetDateTime,
    ) -> impl Iterator<Item = (&'a BalancerAt, &'a Registrations)> {
        let mut due: Vec<_> = self
            .balancers
            .iter()
            .map(|(at, registrations)| (kept.of(&at.balancer).map(|known| known.tried_at), at, registrations))
            .filter(|(tried_at, at, _)| is_due(*tried_at, now) || kept.room(&at.balancer) == 0)
            .collect();
        due.sort_by_key(|(tried_at, ..)| *tried_at);
        due.into_iter().map(|(_, at, registrations)| (at, registrations))
    }

    fn targets_due<'a>(&'a self, kept: &'a Capacity, now: OffsetDateTime) -> impl Iterator<Item = &'a Target> {
        let tried_at = |target: &Target| kept.acm.iter().find(|known| known.target == *target).map(|it| it.tried_at);
        let mut due: Vec<_> = self.targets.iter().filter(|target| is_due(tried_at(target), now)).collect();
        due.sort_by_key(|target| tried_at(target));
        due.into_iter()
    }
}

fn is_due(tried_at: Option<OffsetDateTime>, now: OffsetDateTime) -> bool {
    tried_at.is_none_or(|at| now - at >= COUNT_AGAIN)
}

/// What the endpoints use, and the additional targets of pools; `None` while that is recent enough.
async fn list<S: Summaries>(
    store: &S,
    destinations: &impl Destinations,
    counting: &Counting,
    kept: &Capacity,
    now: OffsetDateTime,
) -> Result<Option<Wanted>, ServiceFault> {
    let members = || counting.pools.all().map(|(_, member)| LoadBalancerArn::from(&member.listener));
    if !is_due(kept.listed_at, now) && members().all(|balancer| kept.of(&balancer).is_some()) {
        return Ok(None);
    }
    let mut in_use = InUse::default();
    store.summaries(&Scope::Everything).await?.into_iter().for_each(|part| in_use.merge(part.summary.in_use));
    for balancer in members() {
        let role = counting.role_of(&balancer).cloned();
        in_use.targets.insert(Target { region: balancer.region().clone(), role: role.clone() });
        in_use.balancers.entry(BalancerAt { balancer, role }).or_default();
    }
    let home = |role: Option<RoleArn>| Target { region: destinations.home().clone(), role };
    let homes = in_use.roles.iter().cloned().map(Some).chain([None]).map(home);
    in_use.targets.extend(homes);
    Ok(Some(Wanted { balancers: in_use.balancers, targets: in_use.targets, listed_at: Some(now) }))
}

/// Which endpoints with promised room at the load balancers that are counted now have it or no longer need it; and which wait.
async fn settled<S: EndpointReader>(
    store: &S,
    kept: &Capacity,
    due: &[(&BalancerAt, &Registrations)],
    now: OffsetDateTime,
) -> Result<(Vec<Assigned>, Vec<Endpoint>), ServiceFault> {
    let (mut settled, mut waiting) = (Vec::new(), Vec::new());
    for one in &kept.assigned {
        let balancer = LoadBalancerArn::from(&one.listener);
        if due.iter().all(|(at, _)| at.balancer != balancer) {
            continue;
        }
        match store.find(&one.endpoint).await? {
            Some(endpoint) if is_waiting(&endpoint, one) => waiting.push(endpoint),
            None if now - one.at < REGISTERING => {}
            _ => settled.push(one.clone()),
        }
    }
    Ok((settled, waiting))
}

/// Whether the endpoint is still to have its certificate on the listener.
fn is_waiting(endpoint: &Endpoint, promise: &Assigned) -> bool {
    let wanted = !endpoint.removing && endpoint.deployment.listeners.contains(&promise.listener);
    let known = endpoint.certificate.iter().flat_map(|held| &held.listeners);
    let mut there = known.filter(|known| known.listener == promise.listener);
    wanted && !there.any(|known| known.attached_at.is_some())
}

/// Each quota is requested once per run, account and region.
struct Quotas<'a, D> {
    destinations: &'a D,
    known: BTreeMap<(Target, QuotaOf), Result<Option<u32>, ServiceFault>>,
}

impl<D: Destinations> Quotas<'_, D> {
    /// AWS's value, or its default with the reason why the value is unknown.
    async fn most(&mut self, target: &Target, of: QuotaOf, default: u32) -> (u32, Option<String>) {
        let key = (target.clone(), of);
        if !self.known.contains_key(&key) {
            let asked = match self.destinations.quotas(target).await {
                Ok(quotas) => quotas.quota(of).await,
                Err(fault) => Err(fault),
            };
            self.known.insert(key.clone(), asked);
        }
        match &self.known[&key] {
            Ok(granted) => (granted.unwrap_or(default), None),
            Err(fault) => (default, Some(fault.to_string())),
        }
    }
}

async fn balancer_use<D: Destinations>(
    quotas: &mut Quotas<'_, D>,
    at: &BalancerAt,
    registrations: Registrations,
    before: Option<&BalancerUse>,
    now: OffsetDateTime,
) -> BalancerUse {
    let BalancerAt { balancer, role } = at;
    let target = Target { region: balancer.region().clone(), role: role.clone() };
    let of = match balancer.kind() {
        BalancerKind::Application => QuotaOf::ApplicationBalancer,
        BalancerKind::Network => QuotaOf::NetworkBalancer,
    };
    let counted = match quotas.destinations.listeners(&target).await {
        Ok(listeners) => listeners.certificates_on(balancer).await,
        Err(fault) => Err(fault),
    };
    let (most, most_unknown) = quotas.most(&target, of, DEFAULT_BALANCER_QUOTA).await;
    let (used, as_of, fault) = match counted {
        Ok(Some(used)) => (Some(used), Some(now), None),
        Ok(None) => (None, Some(now), Some("it does not exist".to_owned())),
        Err(fault) => {
            let known = before.map(|before| (before.used, before.as_of));
            let (used, as_of) = known.unwrap_or_default();
            (used, as_of, Some(fault.to_string()))
        }
    };
    BalancerUse {
        balancer: balancer.clone(),
        role: role.clone(),
        used,
        most,
        most_unknown,
        registrations,
        as_of,
        tried_at: now,
        fault,
    }
}

async fn acm_use<D: Destinations<Certificates: CertificateInspector>>(
    quotas: &mut Quotas<'_, D>,
    target: &Target,
    before: Option<&AcmUse>,
    now: OffsetDateTime,
) -> AcmUse {
    let default = AcmQuotas::default();
    let (certificates, one) = quotas.most(target, QuotaOf::AcmCertificates, default.certificates).await;
    let (imports, other) = quotas.most(target, QuotaOf::AcmImports, default.imports).await;
    let imported = match quotas.destinations.certificates(target).await {
        Ok(acm) => acm.imported().await,
        Err(fault) => Err(fault),
    };
    let (forecast, as_of, fault) = match imported {
        Ok(lives) => (Some(AcmForecast::of(&lives, now)), Some(now), None),
        Err(fault) => {
            let (forecast, as_of) = before.map(|before| (before.forecast, before.as_of)).unwrap_or_default();
            (forecast, as_of, Some(fault.to_string()))
        }
    };
    let quotas = AcmQuotas { certificates, imports };
    AcmUse { target: target.clone(), forecast, quotas, quotas_unknown: one.or(other), as_of, tried_at: now, fault }
}

/// Makes endpoints due whose load balancer was full when they tried, and is not full now.
async fn resume<S: DueIndex>(
    store: &S,
    capacity: &Capacity,
    waiting: &[Endpoint],
    now: OffsetDateTime,
) -> Result<u32, ServiceFault> {
    let (mut resumed, mut taken) = (0, BTreeMap::<LoadBalancerArn, u32>::new());
    for endpoint in waiting {
        let refused = endpoint.failing.as_ref().is_some_and(|it| it.failure.name == FailureName::DestinationRefused);
        let later = endpoint.due_at.filter(|due_at| *due_at > now && !endpoint.is_leased(now));
        let promise = capacity.assigned.iter().find(|one| one.endpoint == endpoint.id);
        let (Some(due_at), Some(promise)) = (later.filter(|_| refused), promise) else { continue };
        let balancer = LoadBalancerArn::from(&promise.listener);
        let counted = capacity.of(&balancer).filter(|known| known.fault.is_none());
        let free = counted.and_then(|known| Some(known.most.saturating_sub(known.used?))).unwrap_or_default();
        let taken = taken.entry(balancer).or_default();
        if *taken < free {
            store.postpone(&DueEntry { endpoint: endpoint.id.clone(), due_at }, now, now).await?;
            *taken += 1;
            resumed += 1;
        }
    }
    Ok(resumed)
}
