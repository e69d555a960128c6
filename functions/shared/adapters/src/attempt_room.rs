//! Room for attempts: what the account's Lambda concurrency allows, shared by all processes that start attempts.

use aws_sdk_lambda::Client;
use domain::acts::{SMALLEST_CONCURRENCY, attempts_at_once, running};
use domain::ports::{FlowStarter, Place, Room, ServiceFault, Started, TakenRoom};
use time::{Duration, OffsetDateTime};
use vocabulary::names::EndpointId;

use crate::aws::conflict;
use crate::dynamodb::{Counted, EndpointsTable, Kept, LISTED_AFTER, Taking};
use crate::lambda::concurrency;
use crate::step_functions::{Listed, StateMachine};

/// How much later than the request for room an execution begins at most, by the execution's own clock: on a busy machine a
/// request waits before it takes room. If this is too short, other executions' ends count as free room.
const START_TAKES: Duration = Duration::seconds(8);
/// How often taking room is tried if other processes count or take in between.
const TRIES: u32 = 8;

/// Starts attempts, and knows how many there is room for.
///
/// Counts running executions at most every few seconds; the table's item keeps what is left of the count. So a request costs
/// one read and one write of a small item, and no two processes take the same room.
#[derive(Clone, Debug)]
pub struct AttemptRoom {
    client: Client,
    flows: StateMachine,
    table: EndpointsTable,
    most: Option<u32>,
}

impl AttemptRoom {
    /// `most` replaces the number derived from the account's quota.
    pub fn new(client: Client, flows: StateMachine, table: EndpointsTable, most: Option<u32>) -> Self {
        Self { client, flows, table, most }
    }

    /// The concurrency that no function has reserved; if Lambda does not report it, what every account has.
    async fn unreserved(&self) -> u32 {
        match concurrency(&self.client).await {
            Ok(concurrency) => concurrency.unreserved,
            Err(fault) => {
                tracing::warn!(%fault, "attempts are started as for the smallest account");
                SMALLEST_CONCURRENCY
            }
        }
    }

    /// A changed bound applies at once, not only from the next count on.
    fn is_of_this_bound(&self, kept: &Kept) -> bool {
        self.most.is_none_or(|most| usize::try_from(most) == Ok(kept.counted.most))
    }

    async fn count(&self, seen: &Kept, now: OffsetDateTime) -> Result<Counted, ServiceFault> {
        let most = match self.most {
            Some(most) => most,
            None => attempts_at_once(self.unreserved().await),
        };
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let Listed { old, new } = self.flows.running(now - LISTED_AFTER).await?;
        let taken = seen.taken_lately(now);
        // If the list already shows all that was taken, there is nothing to query. Executions for room that was taken just
        // before are not in `taken`, so they must not count as ended either.
        let since = now - LISTED_AFTER + START_TAKES;
        let ended = if taken > new { self.flows.ended_of_those_since(since).await? } else { 0 };
        Ok(Counted { most, left: most.saturating_sub(running(old, new, taken, ended)) })
    }
}

impl Room for AttemptRoom {
    async fn take_room(&self, wanted: usize, place: Place, now: OffsetDateTime) -> Result<TakenRoom, ServiceFault> {
        for _ in 0..TRIES {
            let kept = self.table.room().await?;
            let counted = match self.is_of_this_bound(&kept) && kept.is_fresh(place, now) {
                true => None,
                false => Some(self.count(&kept, now).await?),
            };
            let Counted { most, left } = counted.unwrap_or(kept.counted);
            let waiting = kept.waiting(now);
            let attempts = match place {
                Place::Last if waiting > 0 => 0,
                _ => wanted.min(left),
            };
            let waiting = match place {
                Place::First => wanted - attempts,
                Place::Last => waiting + wanted - attempts,
            };
            let taking = (attempts > 0).then_some(Taking { attempts, place, waiting, at: now });
            // The second process to write uses the first one's count.
            let is_written = match (&counted, &taking) {
                (Some(counted), _) => self.table.count_room(&kept, *counted, taking.as_ref(), now).await?,
                (None, Some(taking)) => self.table.take_room(&kept, taking).await?,
                (None, None) => true,
            };
            if is_written {
                if taking.is_none() {
                    self.table.note_waiting(waiting, now).await?;
                }
                return Ok(TakenRoom { attempts, at: now, most, waiting });
            }
        }
        Err(conflict("dynamodb:UpdateItem"))
    }

    async fn give_room_back(&self, taken: &TakenRoom, unused: usize) -> Result<(), ServiceFault> {
        match unused {
            0 => Ok(()),
            _ => self.table.return_room(unused, taken.at).await,
        }
    }
}

impl FlowStarter for AttemptRoom {
    async fn start(&self, endpoint: &EndpointId, attempt: u64) -> Result<Started, ServiceFault> {
        self.flows.start(endpoint, attempt).await
    }
}
