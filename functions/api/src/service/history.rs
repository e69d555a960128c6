use domain::endpoint::event::time_line;
use domain::endpoint::{Attempt, Event, EventKind};
use domain::ports::{AuditTrail, Registry};
use time::OffsetDateTime;
use vocabulary::names::{Caller, EndpointId};

use super::{Ports, Service, act};
use crate::http::problem::Problem;

/// Attempts shown in a history.
const HISTORY: u32 = 50;
/// Attempts looked at for events after a given one: more than a year of one a day.
const LONG_HISTORY: u32 = 500;

impl<P: Ports> Service<P> {
    pub(crate) async fn attempts(&self, caller: &Caller, reference: &str) -> Result<Vec<Attempt>, Problem> {
        let endpoint = self.find(caller, reference).await?;
        Ok(self.store().attempts(&endpoint.id, HISTORY).await?)
    }

    /// Up to `limit` events, newest first: the newest, or those that follow `after`, so that reading on passes
    /// none over.
    pub(crate) async fn events(
        &self,
        caller: &Caller,
        reference: &str,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Event>, Problem> {
        let endpoint = self.find(caller, reference).await?;
        let acts = self.store().events(&endpoint.id, after, limit).await?;
        let attempts = self.attempts_since(&endpoint.id, after, limit).await?;
        let mut events = time_line(acts, &attempts);
        let limit = limit as usize;
        match after {
            None => events.truncate(limit),
            Some(after) => {
                events.retain(|event| event.id.as_str() > after);
                events.drain(..events.len().saturating_sub(limit));
            }
        }
        Ok(events)
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

    /// Writes down that `caller` asked for something.
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
