use std::collections::{BTreeMap, BTreeSet};

use domain::endpoint::attempt::set_up;
use domain::endpoint::event::{page_of, set_up_events, time_line};
use domain::endpoint::{Attempt, Event, EventKind};
use domain::ports::{AuditTrail, EndpointReader, Registry, ServiceFault};
use time::OffsetDateTime;
use vocabulary::names::{Caller, EndpointId};

use super::{Ports, Service, act};
use crate::http::problem::Problem;
use crate::views::ToWire;

/// Attempts shown in a history.
pub(crate) const HISTORY: u32 = 50;
/// Attempts read for events after a given one: more than a year of one a day.
const LONG_HISTORY: u32 = 500;

impl<P: Ports> Service<P> {
    pub(crate) async fn attempts(&self, caller: &Caller, reference: &str) -> Result<Vec<Attempt>, Problem> {
        let id = self.find_kept(caller, reference).await?;
        Ok(self.store().attempts(&id, HISTORY).await?)
    }

    /// The same as the API shows them.
    pub(crate) async fn attempt_list(&self, caller: &Caller, reference: &str) -> Result<Vec<wire::Attempt>, Problem> {
        let attempts = self.attempts(caller, reference).await?;
        let certified = self.find(caller, reference).await.is_ok_and(|endpoint| endpoint.certificate.is_some());
        let set_up = set_up(&attempts, certified);
        Ok(attempts.iter().map(|attempt| wire::Attempt { set_up: set_up(attempt), ..attempt.to_wire() }).collect())
    }

    /// Up to `limit` events, newest first: the newest, or those that follow `after`, so that reading on skips none.
    pub(crate) async fn events(
        &self,
        caller: &Caller,
        reference: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Event>, Problem> {
        let id = self.find_kept(caller, reference).await?;
        let acts = self.store().events(&id, after, limit).await?;
        let attempts = self.attempts_since(&id, after, limit).await?;
        let page = page_of(time_line(acts, &attempts), |event| event.id.as_str(), after, limit as usize);
        Ok(page.into_iter().map(|event| Event { by: event.by.seen_by(&caller.scope), ..event }).collect())
    }

    /// The same as the API shows them.
    pub(crate) async fn event_list(
        &self,
        caller: &Caller,
        reference: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<wire::Event>, Problem> {
        let events = self.events(caller, reference, after, limit).await?;
        let certified = self.find(caller, reference).await.is_ok_and(|endpoint| endpoint.certificate.is_some());
        let set_up = set_up_events(&events, certified);
        Ok(events.iter().map(|event| wire::Event { set_up: set_up(event), ..event.to_wire() }).collect())
    }

    /// The same of all endpoints, those that were removed too. For operators.
    pub(crate) async fn all_events(
        &self,
        caller: &Caller,
        after: Option<&str>,
        limit: u32,
        now: OffsetDateTime,
    ) -> Result<Vec<wire::Event>, Problem> {
        if !caller.is_operator() {
            return Err(Problem::operators_only());
        }
        let events = self.store().recent(after, limit, now).await?;
        let ids: BTreeSet<_> = events.iter().map(|(id, _)| id.clone()).collect();
        let found = ids.iter().map(async |id| {
            let known = match self.store().find(id).await? {
                Some(endpoint) => Some((endpoint.names.primary().to_string(), endpoint.certificate.is_some())),
                None => self.store().removed(id).await?.map(|removed| (removed.domain, false)),
            };
            Ok::<_, ServiceFault>((id.clone(), known))
        });
        let endpoints: BTreeMap<_, _> = futures::future::try_join_all(found).await?.into_iter().collect();
        let mut by_endpoint: BTreeMap<_, Vec<Event>> = BTreeMap::new();
        for (id, event) in &events {
            by_endpoint.entry(id.clone()).or_default().push(event.clone());
        }
        let shown = |(id, event): (EndpointId, Event)| {
            let known = endpoints.get(&id).cloned().flatten();
            let certified = known.as_ref().is_some_and(|(_, certified)| *certified);
            wire::Event {
                endpoint: Some(id.to_string()),
                domain: known.map(|(domain, _)| domain),
                set_up: set_up_events(&by_endpoint[&id], certified)(&event),
                ..event.to_wire()
            }
        };
        Ok(events.into_iter().map(shown).collect())
    }

    /// The endpoint whose history is asked for. One that was removed keeps its history under its id, for its tenant and for
    /// operators.
    async fn find_kept(&self, caller: &Caller, reference: &str) -> Result<EndpointId, Problem> {
        let unknown = match self.find(caller, reference).await {
            Ok(endpoint) => return Ok(endpoint.id),
            Err(problem) => problem,
        };
        let id = reference.parse::<EndpointId>().map_err(|_| unknown.clone())?;
        let kept = match caller.is_operator() {
            false => {
                let removed = self.store().removed(&id).await?;
                removed.is_some_and(|removed| caller.scope.covers(removed.tenant.as_str()))
            }
            // Earlier releases did not record its tenant.
            true => {
                !self.store().attempts(&id, 1).await?.is_empty() || !self.store().events(&id, None, 1).await?.is_empty()
            }
        };
        kept.then_some(id).ok_or(unknown)
    }

    /// The attempts that have events after `after`, or the newest.
    async fn attempts_since(&self, id: &EndpointId, after: Option<&str>, limit: u32) -> Result<Vec<Attempt>, Problem> {
        let newest = self.store().attempts(id, limit).await?;
        let Some(after) = after else { return Ok(newest) };
        // An attempt that had begun before may have ended since; of those before it, none has.
        let reaches = newest
            .last()
            .is_none_or(|oldest| Event::of_attempt(oldest).first().is_none_or(|start| start.id.as_str() <= after));
        match reaches || newest.len() < limit as usize {
            true => Ok(newest),
            false => Ok(self.store().attempts(id, LONG_HISTORY).await?),
        }
    }

    /// Records that `caller` requested something.
    pub(super) async fn tell(
        &self,
        id: &EndpointId,
        kind: EventKind,
        caller: &Caller,
        summary: &str,
        now: OffsetDateTime,
    ) -> Result<(), Problem> {
        Ok(self.store().record(id, &act(kind, &caller.origin, summary, now)).await?)
    }
}
