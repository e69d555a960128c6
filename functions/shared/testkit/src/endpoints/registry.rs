use domain::endpoint::{Attempt, Endpoint, Event};
use domain::ports::{Change, ChangeError, EndpointPage, Position, RegisterError, Registered, Registry, ServiceFault};
use time::OffsetDateTime;
use vocabulary::certificate::Revocation;
use vocabulary::names::{DomainName, EndpointId, KEY_KEPT, NamedRequest, Scope};

use super::{DoneRequest, MemoryEndpoints};

impl Registry for MemoryEndpoints {
    async fn register(
        &self,
        endpoint: &Endpoint,
        event: &Event,
        request: Option<&NamedRequest>,
    ) -> Result<Registered, RegisterError> {
        let mut state = self.state();
        let named = request.map(|request| (request.tenant.clone(), request.key.clone()));
        let known = named.as_ref().and_then(|name| state.requests.get(name));
        if let Some((request, known)) = request.zip(known).filter(|(_, known)| endpoint.created_at < known.until) {
            return match known.digest == request.digest {
                true => Ok(Registered::Before(known.endpoint.clone())),
                false => Err(RegisterError::KeyReused),
            };
        }
        let authorization_names = endpoint.names.authorization_names();
        if let Some(taken) = authorization_names.iter().find(|base| state.claims.contains_key(**base)) {
            return Err(RegisterError::NameTaken((*taken).clone()));
        }
        state.claims.extend(authorization_names.into_iter().map(|base| (base.clone(), endpoint.id.clone())));
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

    async fn change(&self, seen: &Endpoint, change: &Change, event: &Event) -> Result<(), ChangeError> {
        let mut state = self.state();
        let (before, after) = (seen.names.authorization_names(), change.names.authorization_names());
        if let Some(taken) = after.difference(&before).find(|base| state.claims.contains_key(**base)) {
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
        endpoint.told = seen.told.after_change();
        endpoint.check = None;
        endpoint.health = None;
        for base in before.difference(&after) {
            state.claims.remove(*base);
        }
        state.claims.extend(after.difference(&before).map(|base| ((*base).clone(), seen.id.clone())));
        state.events.insert((seen.id.clone(), event.id.clone()), event.clone());
        state.looks.remove(&seen.id);
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn holder(&self, name: &DomainName) -> Result<Option<EndpointId>, ServiceFault> {
        Ok(self.state().claims.get(name).cloned())
    }

    async fn list(&self, scope: &Scope, after: Option<&Position>, limit: u32) -> Result<EndpointPage, ServiceFault> {
        let state = self.state();
        let covered = state.endpoints.values().filter(|endpoint| scope.covers(endpoint.tenant.as_str()));
        let mut found: Vec<_> = covered.filter(|e| after.is_none_or(|after| Position::of(e) > *after)).collect();
        found.sort_by_key(|endpoint| Position::of(endpoint));
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| more).map(|endpoint| Position::of(endpoint));
        Ok(EndpointPage { endpoints: found.into_iter().cloned().collect(), next })
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

    async fn wake(&self, id: &EndpointId) -> Result<(), ServiceFault> {
        let mut state = self.state();
        if let Some(failing) = state.endpoints.get_mut(id).and_then(|endpoint| endpoint.failing.as_mut()) {
            failing.absence = None;
        }
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn attempts(&self, id: &EndpointId, limit: u32) -> Result<Vec<Attempt>, ServiceFault> {
        let state = self.state();
        let own = state.attempts.range((id.clone(), 0)..=(id.clone(), u64::MAX));
        Ok(own.rev().take(limit as usize).map(|(_, attempt)| attempt.clone()).collect())
    }
}
