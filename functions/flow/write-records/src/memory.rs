//! What a writer remembers between batches: when it wrote last, and what Route 53 has said of changes.

use std::collections::HashMap;
use std::time::Duration;

use domain::ports::{ChangeState, TxtZone};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until};
use vocabulary::failure::ServiceFault;

/// How long a writer waits.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// Before a request is sent again that Route 53 had no time for. After that the flow's own patience takes over.
    pub again: [Duration; 3],
    /// After a round with more than a few orders: while it lasts, others gather in the queue for the next one.
    pub gather: Duration,
    /// How long a "not yet" is valid: the orders of a change come one after the other.
    pub not_yet: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            again: [1, 2, 4].map(Duration::from_secs),
            gather: Duration::from_secs(10),
            not_yet: Duration::from_secs(5),
        }
    }
}

/// How many are remembered.
const MOST: usize = 1000;

/// A round with more orders than this is followed by a pause.
pub(crate) const FEW: usize = 3;

/// As long as the process lives.
#[derive(Debug, Default)]
pub struct Memory {
    pub(crate) waits: Waits,
    states: Mutex<HashMap<String, (ChangeState, Instant)>>,
    /// When the last round began, if it was of many.
    busy: Mutex<Option<Instant>>,
}

impl Memory {
    pub fn new(waits: Waits) -> Self {
        Self { waits, ..Self::default() }
    }

    /// Begins a round with so many records to write, after a pause where the one before was of many.
    #[expect(
        clippy::disallowed_methods,
        reason = "while it waits, the messages of others gather: one batch for all of them"
    )]
    pub(crate) async fn begin_round(&self, records: usize) {
        let mut busy = self.busy.lock().await;
        if let Some(began) = *busy {
            sleep_until(began + self.waits.gather).await;
        }
        *busy = (records > FEW).then(Instant::now);
    }

    /// Asks, unless the answer is known. Whoever asks for the same change meanwhile waits for the one answer.
    pub(crate) async fn state_of(&self, zone: &impl TxtZone, change: &str) -> Result<ChangeState, ServiceFault> {
        let mut known = self.states.lock().await;
        match known.get(change) {
            Some((ChangeState::InSync, _)) => return Ok(ChangeState::InSync),
            Some((state, asked)) if asked.elapsed() < self.waits.not_yet => return Ok(*state),
            _ => {}
        }
        let state = zone.change_state(change).await?;
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(change.to_owned(), (state, Instant::now()));
        Ok(state)
    }
}
