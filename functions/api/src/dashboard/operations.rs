//! What the pages ask of the service behind them.

use std::future::Future;

use domain::endpoint::{Attempt, Event, Share};
use time::{Duration, OffsetDateTime};
use vocabulary::names::Caller;
use wire::{
    DnsMethod, EndpointList, EndpointView, InstallationCheck, MuteWish, NewShare, Overview, PreflightView,
    Reachability, Status, TenantLimits, WaitingOn,
};

use crate::http::problem::Problem;

pub type Done<T> = Result<T, Problem>;

/// Which endpoints are listed, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListQuery {
    pub tenant: Option<String>,
    pub status: Option<Status>,
    pub actor: Option<WaitingOn>,
    pub reachability: Option<Reachability>,
    /// A part of a name.
    pub q: Option<String>,
    /// How the domain begins.
    pub prefix: Option<String>,
    /// What is wrong: the name of a failure or a check.
    pub cause: Option<String>,
    /// What is at fault: a zone, a listener, a service.
    pub at_fault: Option<String>,
    /// Those that need attention first; else by domain.
    pub by_attention: bool,
    pub cursor: Option<String>,
    pub limit: u32,
}

/// Names to register, or to check first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub domain: String,
    pub also: Vec<String>,
    pub reachability: Reachability,
    pub challenge: DnsMethod,
    /// An operator may name one.
    pub tenant: Option<String>,
    /// A listener or `pool:NAME`, by an operator.
    pub listeners: Vec<String>,
}

/// The operations behind the routes of `/v1`, in this process. An endpoint of another tenant is not found.
pub trait Operations: Send + Sync + 'static {
    fn overview(&self, caller: &Caller, now: OffsetDateTime) -> impl Future<Output = Done<Overview>> + Send;

    fn list(
        &self,
        caller: &Caller,
        query: &ListQuery,
        now: OffsetDateTime,
    ) -> impl Future<Output = Done<EndpointList>> + Send;

    fn show(
        &self,
        caller: &Caller,
        reference: &str,
        now: OffsetDateTime,
    ) -> impl Future<Output = Done<EndpointView>> + Send;

    fn attempts(&self, caller: &Caller, reference: &str) -> impl Future<Output = Done<Vec<Attempt>>> + Send;

    fn events(&self, caller: &Caller, reference: &str, limit: u32) -> impl Future<Output = Done<Vec<Event>>> + Send;

    /// A second call with the same `idempotency_key` answers as the first did.
    fn register(
        &self,
        caller: &Caller,
        wish: Wish,
        idempotency_key: &str,
        now: OffsetDateTime,
    ) -> impl Future<Output = Done<EndpointView>> + Send;

    /// The names of the pools that a registration may name.
    fn pools(&self) -> Vec<String>;

    /// Whether tenants have to prove their names.
    fn asks_for_proof(&self) -> bool;

    /// Whether endpoints may be validated by persistent records.
    fn offers_persistent_records(&self) -> bool;

    /// The checks of the installation itself. Operators only; takes seconds.
    fn installation(&self, caller: &Caller) -> impl Future<Output = Done<Vec<InstallationCheck>>> + Send;

    /// A tenant's limits and what it has used; an operator names the tenant.
    fn limits(
        &self,
        caller: &Caller,
        tenant: Option<&str>,
        now: OffsetDateTime,
    ) -> impl Future<Output = Done<TenantLimits>> + Send;

    fn preflight(
        &self,
        caller: &Caller,
        wish: Wish,
        now: OffsetDateTime,
    ) -> impl Future<Output = Done<PreflightView>> + Send;

    fn check(
        &self,
        caller: &Caller,
        reference: &str,
        now: OffsetDateTime,
    ) -> impl Future<Output = Done<EndpointView>> + Send;

    fn renew(&self, caller: &Caller, reference: &str, now: OffsetDateTime) -> impl Future<Output = Done<()>> + Send;

    fn mute(
        &self,
        caller: &Caller,
        reference: &str,
        wish: MuteWish,
        now: OffsetDateTime,
    ) -> impl Future<Output = Done<()>> + Send;

    fn unmute(&self, caller: &Caller, reference: &str, now: OffsetDateTime) -> impl Future<Output = Done<()>> + Send;

    /// Whether the installation exports private keys at all.
    fn exports_keys(&self) -> bool;

    /// Has each certificate of the endpoint exported with its private key, or no longer.
    fn change_export(
        &self,
        caller: &Caller,
        reference: &str,
        wanted: bool,
        now: OffsetDateTime,
    ) -> impl Future<Output = Done<()>> + Send;

    fn remove(&self, caller: &Caller, reference: &str, now: OffsetDateTime) -> impl Future<Output = Done<()>> + Send;

    fn share(
        &self,
        caller: &Caller,
        reference: &str,
        life: Duration,
        base_url: &str,
        now: OffsetDateTime,
    ) -> impl Future<Output = Done<NewShare>> + Send;

    fn shares(&self, caller: &Caller, reference: &str) -> impl Future<Output = Done<Vec<Share>>> + Send;

    fn revoke_share(
        &self,
        caller: &Caller,
        reference: &str,
        share: &str,
        now: OffsetDateTime,
    ) -> impl Future<Output = Done<()>> + Send;

    /// The endpoint that a link shows.
    fn shared(&self, token: &str, now: OffsetDateTime) -> impl Future<Output = Done<EndpointView>> + Send;

    /// Checks the endpoint that a link shows.
    fn check_shared(
        &self,
        token: &str,
        address: Option<&str>,
        now: OffsetDateTime,
    ) -> impl Future<Output = Done<EndpointView>> + Send;
}
