//! What a writer remembers between batches: how much it wrote lately, and what Route 53 has said of changes.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use domain::ports::{ChangeState, TxtZone};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};
use vocabulary::failure::ServiceFault;

/// How long a writer waits.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    /// Before a request is sent again that Route 53 had no time for. After that the flow's own patience takes over.
    pub again: [Duration; 3],
    /// After a batch, for each record set that was written in the last two minutes: meanwhile others gather in the queue.
    pub gather: Duration,
    /// How long a "not yet" is valid: the orders of a change come one after the other.
    pub not_yet: Duration,
}

impl Default for Waits {
    fn default() -> Self {
        Self {
            again: [1, 2, 4].map(Duration::from_secs),
            gather: Duration::from_millis(100),
            not_yet: Duration::from_secs(5),
        }
    }
}

/// How many are remembered.
const MOST: usize = 1000;

/// About as long as an order's values stand.
const LATELY: Duration = Duration::from_secs(120);
/// So few in that time are no crowd.
const FEW_LATELY: usize = 10;
/// The longest pause: half a minute more is little where hundreds of attempts share a minute's changes.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// As long as the process lives.
#[derive(Debug, Default)]
pub struct Memory {
    pub(crate) waits: Waits,
    states: Mutex<HashMap<String, (ChangeState, Instant)>>,
    /// When how many record sets were written, the oldest first.
    written: Mutex<VecDeque<(Instant, usize)>>,
}

impl Memory {
    pub fn new(waits: Waits) -> Self {
        Self { waits, ..Self::default() }
    }

    /// Remembers that so many record sets were written just now.
    pub(crate) async fn wrote(&self, sets: usize) {
        if sets > 0 {
            self.written.lock().await.push_back((Instant::now(), sets));
        }
    }

    /// A pause after a batch, the longer the more was written lately, so that what comes meanwhile shares one change.
    #[expect(clippy::disallowed_methods, reason = "the flow has its answers: only the next batch waits")]
    pub async fn rest(&self) {
        sleep(self.pause().await).await;
    }

    pub(crate) async fn pause(&self) -> Duration {
        let mut written = self.written.lock().await;
        while written.front().is_some_and(|(at, _)| at.elapsed() >= LATELY) {
            written.pop_front();
        }
        let lately: usize = written.iter().map(|(_, sets)| sets).sum();
        if lately <= FEW_LATELY {
            return Duration::ZERO;
        }
        (self.waits.gather * u32::try_from(lately).unwrap_or(u32::MAX)).min(LONGEST_REST)
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
