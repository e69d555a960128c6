//! The operations of `/v1`, as the pages ask for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::endpoint::{Attempt, Event, Share};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::DnsMethod;
use vocabulary::dns::TenantProof;
use vocabulary::names::Caller;
use wire::{
    EndpointList, EndpointView, InstallationCheck, MuteWish, NewShare, Overview, Preflight, PreflightView,
    Registration, TenantLimits,
};

use super::operations::{Done, ListQuery, Operations, Wish};
use crate::http::query::{EndpointQuery, Sort};
use crate::service::{Ports, Service};

impl<P: Ports> Operations for Arc<Service<P>> {
    async fn overview(&self, caller: &Caller, now: OffsetDateTime) -> Done<Overview> {
        Service::overview(self, caller, now).await
    }

    async fn list(&self, caller: &Caller, query: &ListQuery, now: OffsetDateTime) -> Done<EndpointList> {
        let query = EndpointQuery {
            waiting_on: None,
            tenant: query.tenant.clone(),
            status: query.status,
            actor: query.actor,
            reachability: query.reachability,
            q: query.q.clone(),
            prefix: query.prefix.clone(),
            cause: query.cause.clone(),
            at_fault: query.at_fault.clone(),
            expires_within: None,
            sort: if query.by_attention { Sort::Attention } else { Sort::Domain },
            cursor: query.cursor.clone(),
            limit: Some(query.limit),
        };
        Service::list(self, caller, &query, now).await
    }

    async fn show(&self, caller: &Caller, reference: &str, now: OffsetDateTime) -> Done<EndpointView> {
        Service::show(self, caller, reference, now).await
    }

    async fn attempts(&self, caller: &Caller, reference: &str) -> Done<Vec<Attempt>> {
        Service::attempts(self, caller, reference).await
    }

    async fn events(&self, caller: &Caller, reference: &str, limit: u32) -> Done<Vec<Event>> {
        Service::events(self, caller, reference, None, limit).await
    }

    async fn register(
        &self,
        caller: &Caller,
        wish: Wish,
        idempotency_key: &str,
        now: OffsetDateTime,
    ) -> Done<EndpointView> {
        let Wish { domain, also, reachability, challenge, tenant, listeners } = wish;
        let challenge = Some(challenge).filter(|method| *method != wire::DnsMethod::default());
        let registration = Registration {
            domain,
            also,
            reachability,
            challenge,
            tenant,
            listeners,
            regions: Vec::new(),
            role: None,
            adopt: None,
            label: None,
            tags: BTreeMap::new(),
            export_key: false,
        };
        Service::register(self, caller, registration, Some(idempotency_key), now).await
    }

    fn pools(&self) -> Vec<String> {
        self.installation.pools.names().map(ToString::to_string).collect()
    }

    fn asks_for_proof(&self) -> bool {
        self.installation.platform.tenant_proof == TenantProof::On
    }

    fn offers_persistent_records(&self) -> bool {
        self.offers(DnsMethod::DnsPersist01).is_ok()
    }

    async fn installation(&self, caller: &Caller) -> Done<Vec<InstallationCheck>> {
        Service::installation(self, caller, OffsetDateTime::now_utc()).await
    }

    async fn limits(&self, caller: &Caller, tenant: Option<&str>, now: OffsetDateTime) -> Done<TenantLimits> {
        Service::limits(self, caller, tenant, now).await
    }

    async fn preflight(&self, caller: &Caller, wish: Wish, now: OffsetDateTime) -> Done<PreflightView> {
        let Wish { domain, also, reachability, challenge, .. } = wish;
        Service::preflight(self, caller, Preflight { domain, also, reachability, challenge }, now).await
    }

    async fn check(&self, caller: &Caller, reference: &str, now: OffsetDateTime) -> Done<EndpointView> {
        Service::check(self, caller, reference, now).await
    }

    async fn renew(&self, caller: &Caller, reference: &str, now: OffsetDateTime) -> Done<()> {
        Service::renew(self, caller, reference, now).await.map(drop)
    }

    async fn mute(&self, caller: &Caller, reference: &str, wish: MuteWish, now: OffsetDateTime) -> Done<()> {
        Service::mute(self, caller, reference, &wish, now).await.map(drop)
    }

    async fn unmute(&self, caller: &Caller, reference: &str, now: OffsetDateTime) -> Done<()> {
        Service::unmute(self, caller, reference, now).await.map(drop)
    }

    fn exports_keys(&self) -> bool {
        self.installation.export.reader.is_some()
    }

    async fn change_export(&self, caller: &Caller, reference: &str, wanted: bool, now: OffsetDateTime) -> Done<()> {
        let wish = wire::Wish { export_key: Some(wanted), ..wire::Wish::default() };
        Service::change(self, caller, reference, wish, now).await.map(drop)
    }

    async fn remove(&self, caller: &Caller, reference: &str, now: OffsetDateTime) -> Done<()> {
        Service::remove(self, caller, reference, None, now).await.map(drop)
    }

    async fn share(
        &self,
        caller: &Caller,
        reference: &str,
        life: Duration,
        base_url: &str,
        now: OffsetDateTime,
    ) -> Done<NewShare> {
        Service::share(self, caller, reference, Some(life), base_url, now).await
    }

    async fn shares(&self, caller: &Caller, reference: &str) -> Done<Vec<Share>> {
        Service::shares(self, caller, reference, OffsetDateTime::now_utc()).await
    }

    async fn revoke_share(&self, caller: &Caller, reference: &str, share: &str, now: OffsetDateTime) -> Done<()> {
        Service::revoke_share(self, caller, reference, share, now).await
    }

    async fn shared(&self, token: &str, now: OffsetDateTime) -> Done<EndpointView> {
        Service::shared(self, token, now).await
    }

    async fn check_shared(&self, token: &str, address: Option<&str>, now: OffsetDateTime) -> Done<EndpointView> {
        Service::check_shared(self, token, address, now).await
    }
}
