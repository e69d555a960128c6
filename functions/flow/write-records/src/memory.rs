//! What a writer remembers between batches: when it wrote last, and what Route 53 has said of changes.

use std::collections::{HashMap, VecDeque};
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
    /// Between two rounds while more than a few orders come: meanwhile others gather in the queue for the next one.
    pub gather: Duration,
    /// The same before a round that only withdraws: no certificate waits for it, and orders that began together end one by one,
    /// at the pace of ACM's imports.
    pub gather_withdrawn: Duration,
    /// How long a "not yet" is valid: the orders of a change come one after the other.
    pub not_yet: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            again: [1, 2, 4].map(Duration::from_secs),
            gather: Duration::from_secs(10),
            gather_withdrawn: Duration::from_secs(30),
            not_yet: Duration::from_secs(5),
        }
    }
}

/// How many are remembered.
const MOST: usize = 1000;

/// With more orders than this in the time of a pause, the next round waits for it.
pub(crate) const FEW: usize = 3;

/// As long as the process lives.
#[derive(Debug, Default)]
pub struct Memory {
    pub(crate) waits: Waits,
    states: Mutex<HashMap<String, (ChangeState, Instant)>>,
    /// When each of the last rounds began, and how many orders it had.
    rounds: Mutex<VecDeque<(Instant, usize)>>,
}

impl Memory {
    pub fn new(waits: Waits) -> Self {
        Self { waits, ..Self::default() }
    }

    /// Begins a round with so many records to write, after a pause if many came lately.
    #[expect(
        clippy::disallowed_methods,
        reason = "while it waits, the messages of others gather: one batch for all of them"
    )]
    pub(crate) async fn begin_round(&self, records: usize, pause: Duration) {
        let mut rounds = self.rounds.lock().await;
        let lately = |(began, _): &&(Instant, usize)| began.elapsed() < pause;
        let recent: usize = rounds.iter().filter(lately).map(|(_, records)| records).sum();
        if let Some((last, _)) = rounds.back().filter(|_| recent > FEW) {
            sleep_until(*last + pause).await;
        }
        let longest = self.waits.gather.max(self.waits.gather_withdrawn);
        rounds.retain(|(began, _)| began.elapsed() < longest);
        rounds.push_back((Instant::now(), records));
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
