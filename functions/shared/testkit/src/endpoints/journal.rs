use domain::endpoint::{Attempt, Endpoint, Event, Notifications};
use domain::health::pace::first_check;
use domain::ports::{AttemptJournal, FaultKind, FencedError, Removed, ServiceFault, Settlement};
use vocabulary::acme::{KnownAuthorization, OpenOrder, Token};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::names::EndpointId;

use super::{KeptChain, MemoryEndpoints};

impl AttemptJournal for MemoryEndpoints {
    async fn begin(&self, id: &EndpointId, attempt: &Attempt) -> Result<(), ServiceFault> {
        let key = (id.clone(), attempt.attempt);
        self.state().attempts.entry(key).or_insert_with(|| attempt.clone());
        self.fuse.burn();
        Ok(())
    }

    async fn hold_tokens(&self, id: &EndpointId, attempt: u64, tokens: &[Token]) -> Result<(), FencedError> {
        self.fenced(id, attempt, |endpoint| endpoint.held_tokens = tokens.to_vec())
    }

    async fn save_order(&self, id: &EndpointId, attempt: u64, order: &OpenOrder) -> Result<(), FencedError> {
        if let Some(chain) = &order.chain {
            self.put_chain(id, order, chain);
        }
        self.fenced(id, attempt, |endpoint| {
            endpoint.order = Some(OpenOrder { chain: None, nonce: None, ..order.clone() });
            endpoint.held_tokens = Vec::new();
            endpoint.generation = order.generation;
        })
    }

    async fn keep_chain(&self, id: &EndpointId, order: &OpenOrder, chain: &str) -> Result<(), ServiceFault> {
        self.put_chain(id, order, chain);
        self.fuse.burn();
        Ok(())
    }

    async fn record_certificate(
        &self,
        id: &EndpointId,
        attempt: u64,
        certificate: &InstalledCertificate,
    ) -> Result<(), FencedError> {
        self.fenced(id, attempt, |endpoint| {
            endpoint.certificate = Some(certificate.clone());
            // As in the table: whole seconds.
            endpoint.advice_at = endpoint.advice_at.or(certificate.imported_at.replace_nanosecond(0).ok());
            endpoint.health_at = first_check(id, certificate).replace_nanosecond(0).ok();
        })
    }

    async fn forget_certificate(
        &self,
        id: &EndpointId,
        attempt: u64,
        authorizations: &[KnownAuthorization],
    ) -> Result<(), FencedError> {
        self.fenced(id, attempt, |endpoint| {
            *endpoint = endpoint.clone().without_certificate();
            endpoint.authorizations = authorizations.to_vec();
        })
    }

    async fn record_authorizations(&self, left: &Endpoint, attempt: u64) -> Result<(), FencedError> {
        self.fenced(&left.id, attempt, |endpoint| {
            endpoint.authorizations = left.authorizations.clone();
            if let (Some(order), Some(left)) = (&mut endpoint.order, &left.order) {
                *order = left.clone();
            }
            if let (Some(held), Some(left)) = (&mut endpoint.certificate, &left.certificate) {
                held.authorizations = left.authorizations.clone();
            }
        })
    }

    async fn end_revocation(&self, id: &EndpointId, attempt: u64, event: &Event) -> Result<(), FencedError> {
        self.fenced(id, attempt, |endpoint| endpoint.revocation = None)?;
        self.state().events.insert((id.clone(), event.id.clone()), event.clone());
        Ok(())
    }

    async fn settle(&self, id: &EndpointId, attempt: u64, settlement: &Settlement) -> Result<(), FencedError> {
        if self.state().endpoints.get(id).is_some_and(|e| e.attempt == attempt && e.removing != settlement.removing) {
            return Err(ServiceFault {
                operation: "dynamodb:TransactWriteItems",
                kind: FaultKind::Unavailable,
                detail: "the endpoint is being removed since a moment ago".into(),
            }
            .into());
        }
        let (key, record) = ((id.clone(), settlement.attempt.attempt), settlement.attempt.clone());
        if settlement.returned.is_empty() {
            self.state().attempts.insert(key.clone(), record.clone());
            self.fuse.burn();
        }
        let mut state = self.state();
        let done = |endpoint: &Endpoint| endpoint.attempt == attempt && endpoint.lease_until.is_none();
        if !settlement.returned.is_empty() && state.endpoints.get(id).is_some_and(done) {
            let detail = "the attempt has been settled before".into();
            return Err(ServiceFault {
                operation: "dynamodb:TransactWriteItems",
                kind: FaultKind::Unavailable,
                detail,
            }
            .into());
        }
        let endpoint = state.endpoints.get_mut(id).filter(|endpoint| endpoint.attempt == attempt);
        let endpoint = endpoint.ok_or(FencedError::Superseded)?;
        endpoint.due_at = Some(settlement.due_at);
        endpoint.lease_until = None;
        endpoint.held_tokens = Vec::new();
        endpoint.failing = settlement.failing.clone();
        endpoint.told = settlement.told.clone();
        endpoint.track = settlement.track.clone();
        endpoint.unsent = settlement.unsent.clone();
        endpoint.authorizations = settlement.authorizations.clone();
        if settlement.drop_order {
            endpoint.order = None;
        }
        if let Some(order) = endpoint.order.as_mut().filter(|_| settlement.withdrawn) {
            order.withdrawn = true;
        }
        if let Some(held) = endpoint.certificate.as_mut().filter(|_| settlement.announced) {
            held.announced = true;
        }
        state.attempts.insert(key, record);
        self.rate_limits.return_all(&settlement.returned, settlement.at);
        drop(state);
        self.fuse.burn();
        Ok(())
    }

    async fn mark_notified(&self, id: &EndpointId, attempt: u64, told: &Notifications) -> Result<(), ServiceFault> {
        let marked = self.fenced(id, attempt, |endpoint| {
            endpoint.told = told.clone();
            endpoint.unsent = None;
        });
        match marked {
            Ok(()) | Err(FencedError::Superseded) => Ok(()),
            Err(FencedError::Fault(fault)) => Err(fault),
        }
    }

    async fn erase(&self, endpoint: &Endpoint, attempt: &Attempt) -> Result<(), FencedError> {
        let mut state = self.state();
        state.attempts.insert((endpoint.id.clone(), attempt.attempt), attempt.clone());
        if state.endpoints.get(&endpoint.id).is_some_and(|known| known.attempt != attempt.attempt) {
            return Err(FencedError::Superseded);
        }
        if state.endpoints.remove(&endpoint.id).is_some() {
            let domain = endpoint.names.primary().to_string();
            state.removed.insert(endpoint.id.clone(), Removed { tenant: endpoint.tenant.clone(), domain });
            if let Some(usage) = state.usage.get_mut(&endpoint.tenant) {
                usage.endpoints = usage.endpoints.saturating_sub(1);
                usage.names = usage.names.saturating_sub(endpoint.names.authorization_names().len() as u64);
            }
        }
        state.chains.retain(|(id, _), _| *id != endpoint.id);
        state.names.retain(|_, holder| *holder != endpoint.id);
        state.claims.retain(|_, claim| claim.endpoint != endpoint.id);
        drop(state);
        self.fuse.burn();
        Ok(())
    }
}

impl MemoryEndpoints {
    /// Stores the chain over the one before the last, unless a newer order's is there.
    fn put_chain(&self, id: &EndpointId, order: &OpenOrder, chain: &str) {
        let kept = KeptChain { generation: order.generation, order: order.url.clone(), chain: chain.to_owned() };
        let (mut state, place) = (self.state(), (id.clone(), order.generation % 2));
        if state.chains.get(&place).is_none_or(|before| before.generation <= order.generation) {
            state.chains.insert(place, kept);
        }
    }
}
