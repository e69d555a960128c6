use domain::endpoint::{Attempt, Endpoint, Event, Mute};
use domain::ports::{
    Change, ChangeError, EndpointPage, Position, RegisterError, Registered, Registry, RequestError, ServiceFault,
};
use time::OffsetDateTime;
use vocabulary::certificate::chain::leaf_der;
use vocabulary::certificate::{Revocation, TenantUsage};
use vocabulary::names::{DomainName, EndpointId, KEY_KEPT, NamedRequest, Scope, TenantId};

use super::{DoneRequest, MemoryEndpoints, State};

impl State {
    /// The tenant's endpoint that has `name`; for one of an earlier release only the claim says so.
    fn owner(&self, tenant: &TenantId, name: &DomainName) -> Option<EndpointId> {
        let of_before = || {
            let claim = self.claims.get(name).filter(|claim| claim.proven_at.is_none())?;
            let endpoint = self.endpoints.get(&claim.endpoint)?;
            (endpoint.tenant == *tenant).then(|| endpoint.id.clone())
        };
        self.names.get(&(tenant.clone(), name.clone())).cloned().or_else(of_before)
    }

    /// The earlier result of the same request.
    fn done(&self, request: &NamedRequest, now: OffsetDateTime) -> Result<Option<EndpointId>, RequestError> {
        match self.requests.get(&(request.tenant.clone(), request.key.clone())).filter(|known| now < known.until) {
            Some(known) if known.digest != request.digest => Err(RequestError::KeyReused),
            known => Ok(known.map(|known| known.endpoint.clone())),
        }
    }

    /// The tenant's usage, counted from its endpoints.
    fn count(&self, tenant: &TenantId) -> TenantUsage {
        let own: Vec<_> = self.endpoints.values().filter(|endpoint| endpoint.tenant == *tenant).collect();
        let names = own.iter().map(|endpoint| endpoint.names.authorization_names().len() as u64).sum();
        TenantUsage { endpoints: own.len() as u64, names }
    }
}

impl Registry for MemoryEndpoints {
    async fn register(
        &self,
        endpoint: &Endpoint,
        event: &Event,
        request: Option<&NamedRequest>,
    ) -> Result<Registered, RegisterError> {
        let mut state = self.state();
        let named = request.map(|request| (request.tenant.clone(), request.key.clone()));
        if let Some(before) = request.map(|request| state.done(request, endpoint.created_at)).transpose()?.flatten() {
            return Ok(Registered::Before(before));
        }
        let authorization_names = endpoint.names.authorization_names();
        if let Some(taken) = authorization_names.iter().find(|base| state.owner(&endpoint.tenant, base).is_some()) {
            return Err(RegisterError::NameTaken((*taken).clone()));
        }
        let own = authorization_names.into_iter().map(|base| (endpoint.tenant.clone(), base.clone()));
        state.names.extend(own.map(|name| (name, endpoint.id.clone())));
        // Counting begins with the first reader.
        if let Some(usage) = state.usage.get_mut(&endpoint.tenant) {
            usage.endpoints += 1;
            usage.names += endpoint.names.authorization_names().len() as u64;
        }
        state.endpoints.insert(endpoint.id.clone(), endpoint.clone());
        state.events.insert((endpoint.id.clone(), event.id.clone()), event.clone());
        if let Some((request, name)) = request.zip(named) {
            let (digest, endpoint, until) =
                (request.digest.clone(), endpoint.id.clone(), endpoint.created_at + KEY_KEPT);
            state.requests.insert(name, DoneRequest { digest, endpoint, until });
        }
        drop(state);
        self.fuse.burn();
        Ok(Registered::Now)
    }

    async fn registered_before(
        &self,
        request: &NamedRequest,
        now: OffsetDateTime,
    ) -> Result<Option<EndpointId>, RequestError> {
        self.state().done(request, now)
    }

    async fn change(&self, seen: &Endpoint, change: &Change, event: &Event) -> Result<(), ChangeError> {
        let mut state = self.state();
        let (before, after) = (seen.names.authorization_names(), change.names.authorization_names());
        if let Some(taken) = after.difference(&before).find(|base| state.owner(&seen.tenant, base).is_some()) {
            return Err(ChangeError::NameTaken((*taken).clone()));
        }
        let endpoint = state.endpoints.get_mut(&seen.id).filter(|endpoint| endpoint.attempt == seen.attempt);
        let endpoint = endpoint.filter(|endpoint| endpoint.lease_until.is_none() && !endpoint.removing);
        let endpoint = endpoint.ok_or(ChangeError::Busy)?;
        if !change.names.same_set_as(&endpoint.names) && endpoint.is_importing() {
            return Err(ChangeError::Busy);
        }
        endpoint.names = change.names.clone();
        endpoint.reachability = change.reachability;
        endpoint.dns_method = change.dns_method;
        endpoint.deployment = change.deployment.clone();
        endpoint.due_at = Some(change.due_at);
        endpoint.attempt += 1;
        endpoint.failing = None;
        endpoint.moved = endpoint.moved.as_ref().and_then(|moved| moved.within(&change.names));
        endpoint.told = seen.told.after_change();
        endpoint.check = None;
        endpoint.health = None;
        for base in before.difference(&after) {
            state.names.remove(&(seen.tenant.clone(), (*base).clone()));
            if state.claims.get(*base).is_some_and(|claim| claim.endpoint == seen.id) {
                state.claims.remove(*base);
            }
        }
        let added = after.difference(&before).map(|base| (seen.tenant.clone(), (*base).clone()));
        state.names.extend(added.map(|name| (name, seen.id.clone())));
        state.events.insert((seen.id.clone(), event.id.clone()), event.clone());
        state.checks_begun.remove(&seen.id);
        if let Some(usage) = state.usage.get_mut(&seen.tenant) {
            usage.names = (usage.names + after.len() as u64).saturating_sub(before.len() as u64);
        }
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn registered_by(&self, tenant: &TenantId, name: &DomainName) -> Result<Option<EndpointId>, ServiceFault> {
        Ok(self.state().owner(tenant, name))
    }

    async fn list(&self, scope: &Scope, after: Option<&Position>, limit: u32) -> Result<EndpointPage, ServiceFault> {
        Ok(self.state().page(after, limit, |endpoint| scope.covers(endpoint.tenant.as_str())))
    }

    async fn search(
        &self,
        scope: &Scope,
        prefix: &str,
        after: Option<&Position>,
        limit: u32,
    ) -> Result<EndpointPage, ServiceFault> {
        let begins = |endpoint: &Endpoint| {
            let domain = endpoint.names.primary().to_string();
            domain.starts_with(prefix) || domain.strip_prefix("*.").is_some_and(|base| base.starts_with(prefix))
        };
        let covers = |endpoint: &Endpoint| scope.covers(endpoint.tenant.as_str()) && begins(endpoint);
        Ok(self.state().page(after, limit, covers))
    }

    async fn leaf(&self, id: &EndpointId, generation: u64) -> Result<Option<String>, ServiceFault> {
        let state = self.state();
        let kept = state.chains.get(&(id.clone(), generation % 2)).filter(|kept| kept.generation == generation);
        Ok(kept.and_then(|kept| leaf_der(&kept.chain)))
    }

    async fn find_all(&self, ids: &[EndpointId]) -> Result<Vec<Endpoint>, ServiceFault> {
        let state = self.state();
        let first = |place: &usize| !ids[..*place].contains(&ids[*place]);
        Ok((0..ids.len()).filter(first).filter_map(|place| state.endpoints.get(&ids[place])).cloned().collect())
    }

    async fn begin_removal(&self, id: &EndpointId, now: OffsetDateTime) -> Result<(), ServiceFault> {
        let mut state = self.state();
        if let Some(endpoint) = state.endpoints.get_mut(id) {
            endpoint.removing = true;
            endpoint.due_at = Some(endpoint.lease_until.unwrap_or(now));
        }
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn open_renewal(&self, id: &EndpointId, now: OffsetDateTime) -> Result<(), ServiceFault> {
        let mut state = self.state();
        if let Some(held) = state.endpoints.get_mut(id).and_then(|endpoint| endpoint.certificate.as_mut()) {
            held.renew_at = now;
        }
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn request_revocation(
        &self,
        id: &EndpointId,
        revocation: &Revocation,
        event: &Event,
        now: OffsetDateTime,
    ) -> Result<(), ChangeError> {
        let mut state = self.state();
        let endpoint = state.endpoints.get_mut(id).filter(|endpoint| endpoint.lease_until.is_none());
        let endpoint = endpoint.filter(|e| e.revocation.as_ref().is_none_or(|known| known.serial == revocation.serial));
        let endpoint = endpoint.ok_or(ChangeError::Busy)?;
        endpoint.revocation = Some(revocation.clone());
        endpoint.due_at = Some(now);
        state.events.insert((id.clone(), event.id.clone()), event.clone());
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn mute(&self, id: &EndpointId, mute: Option<&Mute>, event: &Event) -> Result<(), ChangeError> {
        let mut state = self.state();
        state.endpoints.get_mut(id).ok_or(ChangeError::Busy)?.mute = mute.cloned();
        state.events.insert((id.clone(), event.id.clone()), event.clone());
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn wake(&self, id: &EndpointId) -> Result<(), ServiceFault> {
        let mut state = self.state();
        if let Some(failing) = state.endpoints.get_mut(id).and_then(|endpoint| endpoint.failing.as_mut()) {
            failing.absence = None;
        }
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn usage(&self, tenant: &TenantId) -> Result<TenantUsage, ServiceFault> {
        let mut state = self.state();
        let counted = state.count(tenant);
        Ok(*state.usage.entry(tenant.clone()).or_insert(counted))
    }

    async fn attempts(&self, id: &EndpointId, limit: u32) -> Result<Vec<Attempt>, ServiceFault> {
        let state = self.state();
        let own = state.attempts.range((id.clone(), 0)..=(id.clone(), u64::MAX));
        Ok(own.rev().take(limit as usize).map(|(_, attempt)| attempt.clone()).collect())
    }
}
