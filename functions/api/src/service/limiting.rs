//! What one tenant may have and ask for: so that none starves the others. Operators are not limited.

use domain::ports::{RateLimits, Registry};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::rate_limit::in_words;
use vocabulary::acme::{BucketId, Counted, Limit};
use vocabulary::certificate::AcmQuotas;
use vocabulary::names::{Caller, Scope, TenantId};
use wire::{TenantLimit, TenantLimits};

use super::{Ports, Service};
use crate::http::problem::Problem;

/// What is asked for, and how often that is counted.
const REGISTRATION: [Counted; 2] = [Counted::Registrations, Counted::Imports];
const RENEWAL: [Counted; 2] = [Counted::Renewals, Counted::Imports];
const CHECK: [Counted; 1] = [Counted::Checks];

/// A check of more names than these counts as several.
const NAMES_OF_A_CHECK: usize = 10;

fn refused(tenant: &TenantId, what: Counted, limit: Limit, wait: Duration) -> Problem {
    let within = format!("{} {} within {}", limit.capacity, what.as_str(), in_words(limit.period));
    let seconds = u64::try_from(wait.whole_seconds()).unwrap_or_default().max(1);
    Problem::too_many_requests(tenant.as_str(), &within, seconds)
}

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
            ("endpoint", usage.endpoints, endpoints, most_endpoints),
            ("name", usage.names, names, installation.tenant_limits.names),
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

    /// Counts a check of `names`.
    pub(super) async fn count_check(&self, caller: &Caller, names: usize, now: OffsetDateTime) -> Result<(), Problem> {
        match &caller.scope {
            Scope::Tenant(tenant) => self.count_check_of(tenant, names, now).await,
            Scope::Everything => Ok(()),
        }
    }

    /// Counts a check of one of the tenant's endpoints, whoever asks for it: many names ask name servers much.
    pub(super) async fn count_check_of(
        &self,
        tenant: &TenantId,
        names: usize,
        now: OffsetDateTime,
    ) -> Result<(), Problem> {
        let quotas = AcmQuotas::default();
        let Some(limit) = self.installation.tenant_limits.limit(Counted::Checks, quotas) else { return Ok(()) };
        let weight =
            u32::try_from(names.div_ceil(NAMES_OF_A_CHECK)).unwrap_or(u32::MAX).clamp(1, limit.capacity.max(1));
        if weight > 1 {
            // All of them or none: what is taken for a check that is refused would be lost.
            let bucket = BucketId::Asked { tenant: tenant.clone(), what: Counted::Checks };
            let left = self.store().left(&bucket, limit, now).await?;
            if left < weight {
                let wait = limit.period / limit.capacity * (weight - left);
                return Err(refused(tenant, Counted::Checks, limit, wait));
            }
        }
        for _ in 0..weight {
            self.count(tenant, &CHECK, quotas, now).await?;
        }
        Ok(())
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
                return Err(refused(tenant, what, limit, until - now));
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
