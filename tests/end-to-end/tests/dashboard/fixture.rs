//! A platform in memory, whose DNS and certificates the test decides: the pages are what is under test.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use api::dashboard::{Done, ListQuery, Operations, Wish};
use api::views::{FromWire, ToWire, message};
use api::{Brand, Installation, Problem};
use diagnosis::subject::Subject;
use domain::endpoint::event::time_line;
use domain::endpoint::{Attempt, Endpoint, EndpointStatus, Event, EventKind, Mute, Outcome, Share, ShareToken};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::Reachability;
use vocabulary::dns::{Platform, TenantProof};
use vocabulary::names::{Caller, DelegationLabel, EndpointId, EndpointNames, NamePolicy, Scope, TenantId};
use wire::{
    AttentionGroup, EndpointList, EndpointView, InstallationCheck, MuteWish, NewShare, Open, Overview, PreflightView,
    Renewal, RenewalDay, StatusCount,
};

use crate::figures::tenant_figures;
use crate::inspected;
use crate::limits;
use crate::simulated_dns::{REGISTRAR, SimulatedDns};
use crate::stored_endpoint::{StoredEndpoint, certificate};

pub(crate) const ZONE: &str = "acme.platform.example";
pub(crate) const TARGET: &str = "edge.platform.example";

#[derive(Clone, Debug, Default)]
pub(crate) struct Fixture {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    endpoints: BTreeMap<EndpointId, StoredEndpoint>,
    /// What stands at a name, as all servers say.
    dns: BTreeMap<String, Vec<String>>,
    /// The name servers of all zones; without any, a registrar's.
    servers: Option<&'static [&'static str]>,
    drawn: u8,
    /// When endpoints were counted, where they are too many to be read one by one.
    counted_at: Option<OffsetDateTime>,
}

pub(crate) fn platform() -> Platform {
    Platform {
        delegation_zone: ZONE.into(),
        endpoint_target: TARGET.parse().expect("a name"),
        tenant_proof: TenantProof::On,
        reserved: Vec::new(),
    }
}

pub(crate) fn installation() -> Installation {
    Installation {
        platform: platform(),
        profile: None,
        name_policy: NamePolicy::Private,
        persistent_records: false,
        issuer: None,
        account: None,
        orders: None,
        brand: Brand { name: Some("Acme Shops".into()), contact: Some("help@platform.example".into()) },
        tenant_limits: vocabulary::certificate::TenantLimits::UNLIMITED,
        acm_quotas: None,
        home: "eu-central-1".into(),
        pools: vocabulary::certificate::ListenerPools::default(),
        deployment_roles: vec![],
        connect: None,
        export: api::Export::default(),
    }
}

/// Distinct for each seed, and the same in every run.
pub(crate) fn label(seed: u8) -> DelegationLabel {
    DelegationLabel::from_random(scattered(seed))
}

pub(crate) fn id(seed: u8) -> EndpointId {
    EndpointId::from_random(scattered(seed ^ 0x55))
}

fn scattered(seed: u8) -> [u8; 16] {
    let mut value = u64::from(seed).wrapping_add(0x9e37_79b9_7f4a_7c15);
    std::array::from_fn(|_| {
        value = value.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1);
        value.to_be_bytes()[0]
    })
}

impl Fixture {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics in here")
    }

    pub(crate) fn put(&self, stored: StoredEndpoint) {
        self.state().endpoints.insert(stored.endpoint.id.clone(), stored);
    }

    /// Lets all servers answer with `records` at `name`: `CNAME x.example`.
    pub(crate) fn answer(&self, name: &str, records: &[&str]) {
        self.state().dns.insert(name.to_owned(), records.iter().map(|&record| record.to_owned()).collect());
    }

    pub(crate) fn host_zones_at(&self, servers: &'static [&'static str]) {
        self.state().servers = Some(servers);
    }

    /// From now on overviews come from a count of this time.
    pub(crate) fn count_at(&self, at: OffsetDateTime) {
        self.state().counted_at = Some(at);
    }

    /// Changes what is known of an endpoint.
    pub(crate) fn change(&self, domain: &str, change: impl FnOnce(&mut StoredEndpoint)) {
        let mut state = self.state();
        let stored = state.endpoints.values_mut().find(|stored| stored.endpoint.names.primary().to_string() == domain);
        change(stored.expect("a registered domain"));
    }

    /// Ends the running attempt of `domain` with a certificate of 90 days.
    pub(crate) fn issue(&self, domain: &str) {
        let now = OffsetDateTime::now_utc();
        self.change(domain, |stored| {
            let endpoint = &mut stored.endpoint;
            endpoint.certificate = Some(certificate(endpoint, now));
            endpoint.failing = None;
            endpoint.lease_until = None;
            endpoint.due_at = endpoint.certificate.as_ref().map(|held| held.renew_at);
            if let Some(attempt) = stored.attempts.first_mut() {
                attempt.finished_at = Some(now);
                attempt.outcome = Outcome::Issued;
            }
        });
    }

    /// The endpoint that `reference` names, if the caller may see it.
    fn with<T>(
        &self,
        caller: &Caller,
        reference: &str,
        act: impl FnOnce(&mut StoredEndpoint, &SimulatedDns) -> T,
    ) -> Done<T> {
        let mut state = self.state();
        let dns = SimulatedDns::new(state.dns.clone(), state.servers.unwrap_or(REGISTRAR));
        let own = state.endpoints.values_mut().find(|stored| {
            let endpoint = &stored.endpoint;
            let named = endpoint.id.as_str() == reference || endpoint.names.primary().to_string() == reference;
            named && caller.scope.covers(endpoint.tenant.as_str())
        });
        own.map(|stored| act(stored, &dns)).ok_or_else(|| Problem::unknown_endpoint(reference))
    }

    fn with_token<T>(&self, token: &str, act: impl FnOnce(&mut StoredEndpoint, &SimulatedDns) -> T) -> Done<T> {
        let mut state = self.state();
        let dns = SimulatedDns::new(state.dns.clone(), state.servers.unwrap_or(REGISTRAR));
        let open = |stored: &&mut StoredEndpoint| stored.shares.iter().any(|(_, known)| known == token);
        let found = state.endpoints.values_mut().find(open);
        found.map(|stored| act(stored, &dns)).ok_or_else(|| Problem::unknown_endpoint("of this link"))
    }
}

impl Operations for Fixture {
    async fn overview(&self, caller: &Caller, now: OffsetDateTime) -> Done<Overview> {
        let state = self.state();
        let own = state.endpoints.values().filter(|stored| caller.scope.covers(stored.endpoint.tenant.as_str()));
        let views: Vec<_> = own.map(|stored| stored.view(now)).collect();
        let counted = |status: EndpointStatus| {
            let status = Open::Known(status.to_wire());
            let count = views.iter().filter(|view| view.status == status).count();
            StatusCount { status, count }
        };
        let statuses = EndpointStatus::ALL.map(counted).into();
        let mut renewals: Vec<_> = views
            .iter()
            .filter_map(|view| {
                let at = view.certificate.renews_at?;
                Some(Renewal { id: view.id.clone(), domain: view.domain.clone(), at })
            })
            .collect();
        renewals.sort_by_key(|renewal| renewal.at);
        let total = views.len();
        let needs = |view: &EndpointView| {
            use wire::Status;
            matches!(view.status, Open::Known(Status::ActionRequired | Status::Degraded | Status::Retrying))
        };
        let mut attention: Vec<_> = views.into_iter().filter(needs).collect();
        attention.sort_by_key(|view| (view.actor != wire::WaitingOn::Operator, view.status.clone()));
        Ok(Overview {
            total,
            statuses,
            groups: groups(&attention),
            attention,
            renewal_days: renewal_days(&renewals),
            renewals,
            orders_per_day: Some(2_400),
            tenants: tenant_figures(caller),
            as_of: state.counted_at,
            truncated: false,
        })
    }

    async fn list(&self, caller: &Caller, query: &ListQuery, now: OffsetDateTime) -> Done<EndpointList> {
        let state = self.state();
        let fits = |view: &EndpointView| {
            caller.scope.covers(&view.tenant)
                && query.tenant.as_ref().is_none_or(|tenant| *tenant == view.tenant)
                && query.status.is_none_or(|status| view.status == status)
                && query.actor.is_none_or(|actor| view.actor == actor)
                && query.reachability.is_none_or(|reachability| view.reachability == reachability)
                && query
                    .cause
                    .as_ref()
                    .is_none_or(|cause| view.failure.as_ref().is_some_and(|failure| failure.name.to_string() == *cause))
                && query.prefix.as_ref().is_none_or(|prefix| view.domain.starts_with(prefix.as_str()))
                && query.q.as_ref().is_none_or(|q| view.names.iter().any(|name| name.contains(q.as_str())))
        };
        let mut endpoints: Vec<_> = state.endpoints.values().map(|one| one.view(now)).filter(fits).collect();
        endpoints.sort_by(|a, b| a.domain.cmp(&b.domain));
        if query.by_attention {
            endpoints.sort_by_key(|view| view.status.clone());
        }
        let begin = query.cursor.as_ref().and_then(|cursor| cursor.parse().ok()).unwrap_or(0_usize);
        let end = begin + query.limit as usize;
        let next_cursor = (endpoints.len() > end).then(|| end.to_string());
        Ok(EndpointList {
            truncated: false,
            endpoints: endpoints.into_iter().skip(begin).take(query.limit as usize).collect(),
            next_cursor,
        })
    }

    async fn show(&self, caller: &Caller, reference: &str, now: OffsetDateTime) -> Done<EndpointView> {
        self.with(caller, reference, |stored, _| stored.view(now))
    }

    async fn attempts(&self, caller: &Caller, reference: &str) -> Done<Vec<Attempt>> {
        self.with(caller, reference, |stored, _| stored.attempts.clone())
    }

    async fn events(&self, caller: &Caller, reference: &str, limit: u32) -> Done<Vec<Event>> {
        self.with(caller, reference, |stored, _| {
            let mut events = time_line(stored.acts.clone(), &stored.attempts);
            events.truncate(limit as usize);
            events
        })
    }

    async fn register(&self, caller: &Caller, wish: Wish, _: &str, now: OffsetDateTime) -> Done<EndpointView> {
        let names = EndpointNames::parse(&wish.domain, &wish.also, 100)
            .map_err(|error| Problem::invalid(error.to_string()).with_field(error.field()))?;
        let tenant = match &caller.scope {
            Scope::Tenant(own) => own.clone(),
            Scope::Everything => wish.tenant.map_or(TenantId::fallback(), |text| text.parse().expect("a tenant")),
        };
        let reachability = Reachability::from_wire(wish.reachability);
        let mut state = self.state();
        state.drawn += 1;
        let seed = 100 + state.drawn;
        let mut stored =
            StoredEndpoint::new(Endpoint::register(id(seed), tenant, names, reachability, label(seed), now));
        stored.act(EventKind::Registered, &caller.origin, "Registered.", now);
        stored.begin(now);
        let view = stored.view(now);
        state.endpoints.insert(stored.endpoint.id.clone(), stored);
        Ok(view)
    }

    fn pools(&self) -> Vec<String> {
        vec!["eu".to_owned()]
    }

    fn offers_persistent_records(&self) -> bool {
        false
    }

    async fn installation(&self, caller: &Caller) -> Done<Vec<InstallationCheck>> {
        match caller.is_operator() {
            true => Ok(inspected::installation()),
            false => Err(Problem::operators_only()),
        }
    }

    async fn limits(&self, caller: &Caller, tenant: Option<&str>, _: OffsetDateTime) -> Done<wire::TenantLimits> {
        use vocabulary::names::Scope;
        let own = match &caller.scope {
            Scope::Tenant(own) => own.to_string(),
            Scope::Everything => tenant.unwrap_or("default").to_owned(),
        };
        Ok(limits::of(own))
    }

    async fn preflight(&self, _: &Caller, wish: Wish, now: OffsetDateTime) -> Done<PreflightView> {
        let names = EndpointNames::parse(&wish.domain, &wish.also, 100)
            .map_err(|error| Problem::invalid(error.to_string()).with_field(error.field()))?;
        let state = self.state();
        let dns = SimulatedDns::new(state.dns.clone(), state.servers.unwrap_or(REGISTRAR));
        let domain = names.primary().to_string();
        let subject = Subject::unregistered(names, Reachability::from_wire(wish.reachability).into(), &platform());
        let report = dns.check(&subject, now);
        let reachability = wish.reachability.into();
        let (challenge, dns_method) = (wish.challenge.into(), wish.challenge.into());
        Ok(PreflightView {
            domain,
            reachability,
            challenge,
            dns_method,
            well: report.is_well(),
            report: report.to_wire(),
        })
    }

    async fn check(&self, caller: &Caller, reference: &str, now: OffsetDateTime) -> Done<EndpointView> {
        self.with(caller, reference, |stored, dns| {
            stored.check(dns, now);
            stored.act(EventKind::Checked, &caller.origin, "Checked the records.", now);
            stored.view(now)
        })
    }

    async fn renew(&self, caller: &Caller, reference: &str, now: OffsetDateTime) -> Done<()> {
        self.with(caller, reference, |stored, _| {
            stored.act(EventKind::RenewalRequested, &caller.origin, "Renewal requested.", now);
            stored.begin(now);
        })
    }

    async fn mute(&self, caller: &Caller, reference: &str, wish: MuteWish, now: OffsetDateTime) -> Done<()> {
        self.with(caller, reference, |stored, _| {
            let MuteWish { until, reason, .. } = wish;
            stored.act(EventKind::Muted, &caller.origin, &format!("Muted: {reason}"), now);
            stored.endpoint.mute = Some(Mute { from: now, until, reason, by: caller.origin.clone() });
        })
    }

    async fn unmute(&self, caller: &Caller, reference: &str, now: OffsetDateTime) -> Done<()> {
        self.with(caller, reference, |stored, _| {
            stored.endpoint.mute = None;
            stored.act(EventKind::Unmuted, &caller.origin, "Unmuted.", now);
        })
    }

    fn exports_keys(&self) -> bool {
        false
    }

    async fn change_export(&self, caller: &Caller, reference: &str, wanted: bool, now: OffsetDateTime) -> Done<()> {
        self.with(caller, reference, |stored, _| {
            stored.endpoint.deployment.export_key = wanted;
            stored.act(EventKind::Changed, &caller.origin, "Changed the export of the key.", now);
        })
    }

    fn asks_for_proof(&self) -> bool {
        platform().tenant_proof == TenantProof::On
    }

    async fn remove(&self, caller: &Caller, reference: &str, now: OffsetDateTime) -> Done<()> {
        self.with(caller, reference, |stored, _| {
            stored.endpoint.removing = true;
            stored.act(EventKind::RemovalRequested, &caller.origin, "Removal requested.", now);
        })
    }

    async fn share(
        &self,
        caller: &Caller,
        reference: &str,
        life: Duration,
        base_url: &str,
        now: OffsetDateTime,
    ) -> Done<NewShare> {
        self.with(caller, reference, |stored, _| {
            let seed = u8::try_from(stored.shares.len()).expect("few links");
            let token = ShareToken::from_random(stored.endpoint.id.clone(), [seed ^ 0xa7; 32]).expose();
            let share = Share {
                id: format!("{seed:064x}"),
                created_by: caller.origin.clone(),
                created_at: now,
                expires_at: now + life,
            };
            stored.shares.push((share.clone(), token.clone()));
            stored.act(EventKind::LinkCreated, &caller.origin, "Made a link to the customer's page.", now);
            let url = format!("{base_url}/records/{token}");
            let mail = message(&stored.view(now), &installation().brand, &url, Some(share.expires_at));
            NewShare { share: share.to_wire(), url, mail: Some(mail) }
        })
    }

    async fn shares(&self, caller: &Caller, reference: &str) -> Done<Vec<Share>> {
        self.with(caller, reference, |stored, _| stored.shares.iter().map(|(share, _)| share.clone()).collect())
    }

    async fn revoke_share(&self, caller: &Caller, reference: &str, share: &str, now: OffsetDateTime) -> Done<()> {
        self.with(caller, reference, |stored, _| {
            stored.shares.retain(|(known, _)| known.id != share);
            stored.act(EventKind::LinkRevoked, &caller.origin, "Revoked a link.", now);
        })
    }

    async fn shared(&self, token: &str, now: OffsetDateTime) -> Done<EndpointView> {
        self.with_token(token, |stored, _| stored.view(now))
    }

    async fn check_shared(&self, token: &str, _: Option<&str>, now: OffsetDateTime) -> Done<EndpointView> {
        self.with_token(token, |stored, dns| {
            stored.check(dns, now);
            stored.view(now)
        })
    }
}

/// Endpoints with the same cause as one.
fn groups(attention: &[EndpointView]) -> Vec<AttentionGroup> {
    let mut groups: Vec<AttentionGroup> = Vec::new();
    for view in attention {
        let same = |group: &&mut AttentionGroup| {
            let (first, at_fault) = (&group.first, &view.at_fault);
            let same_cause = first.cause == view.cause && first.at_fault == *at_fault;
            first.actor == view.actor && same_cause && (at_fault.is_some() || first.reason == view.reason)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.count += 1,
            None => {
                let (cause, at_fault) = (view.cause.clone(), view.at_fault.clone());
                groups.push(AttentionGroup { count: 1, cause, at_fault, first: view.clone() });
            }
        }
    }
    groups
}

fn renewal_days(renewals: &[Renewal]) -> Vec<RenewalDay> {
    let mut days = BTreeMap::new();
    for renewal in renewals {
        *days.entry(renewal.at.date().to_string()).or_default() += 1;
    }
    days.into_iter().map(|(day, count)| RenewalDay { day, count }).collect()
}
