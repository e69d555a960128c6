//! What one tenant may have and ask for: so that none starves the others. Operators are not limited.

use domain::ports::{RateLimits, Registry};
use time::OffsetDateTime;
use vocabulary::acme::rate_limit::in_words;
use vocabulary::acme::{BucketId, Counted};
use vocabulary::certificate::AcmQuotas;
use vocabulary::names::{Caller, Scope, TenantId};
use wire::{TenantLimit, TenantLimits};

use super::{Ports, Service};
use crate::http::problem::Problem;

/// What is asked for, and how often that is counted.
const REGISTRATION: [Counted; 2] = [Counted::Registrations, Counted::Imports];
const RENEWAL: [Counted; 2] = [Counted::Renewals, Counted::Imports];
const CHECK: [Counted; 1] = [Counted::Checks];

impl<P: Ports> Service<P> {
    /// Counts a registration, or a change of names: of `endpoints` and `names` more than the tenant has.
    pub(super) async fn count_registration(
        &self,
        caller: &Caller,
        (endpoints, names): (u64, u64),
        now: OffsetDateTime,
    ) -> Result<(), Problem> {
        let Scope::Tenant(tenant) = &caller.scope else { return Ok(()) };
        let usage = self.store().usage(tenant).await?;
        let installation = &self.installation;
        let quotas = self.acm_quotas().await;
        let most_endpoints = installation.tenant_limits.most_endpoints(quotas);
        for (what, has, more, most) in [
            ("endpoints", usage.endpoints, endpoints, most_endpoints),
            ("names", usage.names, names, installation.tenant_limits.names),
        ] {
            if let Some(most) = most.map(u64::from).filter(|most| more > 0 && has + more > *most) {
                return Err(Problem::quota_reached(tenant.as_str(), what, has, most));
            }
        }
        self.count(tenant, &REGISTRATION, quotas, now).await
    }

    pub(super) async fn count_renewal(&self, caller: &Caller, now: OffsetDateTime) -> Result<(), Problem> {
        match &caller.scope {
            Scope::Tenant(tenant) => self.count(tenant, &RENEWAL, self.acm_quotas().await, now).await,
            Scope::Everything => Ok(()),
        }
    }

    pub(super) async fn count_check(&self, caller: &Caller, now: OffsetDateTime) -> Result<(), Problem> {
        match &caller.scope {
            Scope::Tenant(tenant) => self.count(tenant, &CHECK, AcmQuotas::default(), now).await,
            Scope::Everything => Ok(()),
        }
    }

    /// By a link to one of the tenant's endpoints.
    pub(super) async fn count_check_by_link(&self, tenant: &TenantId, now: OffsetDateTime) -> Result<(), Problem> {
        self.count(tenant, &CHECK, AcmQuotas::default(), now).await
    }

    /// `quotas` matter to imports alone.
    async fn count(
        &self,
        tenant: &TenantId,
        what: &[Counted],
        quotas: AcmQuotas,
        now: OffsetDateTime,
    ) -> Result<(), Problem> {
        let installation = &self.installation;
        for &what in what {
            let Some(limit) = installation.tenant_limits.limit(what, quotas) else { continue };
            let bucket = BucketId::Asked { tenant: tenant.clone(), what };
            if let Some(until) = self.store().take_now(bucket, limit, now).await? {
                let within = format!("{} {} within {}", limit.capacity, what.as_str(), in_words(limit.period));
                let seconds = u64::try_from((until - now).whole_seconds()).unwrap_or_default().max(1);
                return Err(Problem::too_many_requests(tenant.as_str(), &within, seconds));
            }
        }
        Ok(())
    }

    /// What the caller's tenant may have and ask for, with what it has; of any tenant for operators.
    pub(crate) async fn limits(
        &self,
        caller: &Caller,
        tenant: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<TenantLimits, Problem> {
        let tenant = match (&caller.scope, tenant) {
            (Scope::Tenant(own), None) => own.clone(),
            (Scope::Tenant(own), Some(named)) if own.as_str() == named => own.clone(),
            (Scope::Tenant(_), Some(_)) => return Err(Problem::operators_only().with_field("tenant")),
            (Scope::Everything, None) => TenantId::fallback(),
            (Scope::Everything, Some(named)) => named.parse().map_err(|error| {
                let error: vocabulary::names::TenantIdError = error;
                Problem::invalid_field("tenant", error.to_string())
            })?,
        };
        let (known, quotas) = (self.installation.tenant_limits, self.acm_quotas().await);
        let usage = self.store().usage(&tenant).await?;
        let mut limits = Vec::new();
        for (of, used, most) in
            [("endpoints", usage.endpoints, known.most_endpoints(quotas)), ("names", usage.names, known.names)]
        {
            let limit = |most| TenantLimit { of: of.to_owned(), used, limit: u64::from(most), within_seconds: None };
            limits.extend(most.map(limit));
        }
        for what in Counted::ALL {
            let Some(limit) = known.limit(what, quotas) else { continue };
            let bucket = BucketId::Asked { tenant: tenant.clone(), what };
            let left = self.store().left(&bucket, limit, now).await?;
            limits.push(TenantLimit {
                of: what.as_str().to_owned(),
                used: u64::from(limit.capacity.saturating_sub(left)),
                limit: u64::from(limit.capacity),
                within_seconds: u64::try_from(limit.period.whole_seconds()).ok(),
            });
        }
        Ok(TenantLimits { tenant: tenant.to_string(), limits })
    }
}
