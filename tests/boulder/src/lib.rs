//! A CA over HTTP that answers as Boulder, Let's Encrypt's server, does: its types, sentences, statuses and Retry-After, its
//! limits by its rules, and strict where Pebble is not (names, `replaces`, limits, pausing, asynchronous finalize).
//!
//! It validates by asking a closure, so that tests need no DNS and no host. Its time is the test's. Sources: boulder `wfe2`,
//! `ra`, `policy` and `ratelimits`, read in August 2026; each sentence stands beside what gives it.

mod answer;
mod ari;
mod issuing;
mod jws;
mod knobs;
mod limits;
mod orders;
mod server;
mod state;
mod va;

use std::sync::{Arc, Mutex, MutexGuard};

use time::{Duration, OffsetDateTime};

pub use answer::Problem;
pub use knobs::{Injected, Knobs, Usages};
pub use state::{Lookup, Validator};
pub use va::{Web, WebAnswer, http01};

use state::State;

/// One CA, for as long as the runtime lives. Clones are the same.
#[derive(Clone)]
pub struct Boulder {
    base: String,
    state: Arc<Mutex<State>>,
}

impl Boulder {
    /// Starts one on a free port of loopback.
    pub async fn start(now: OffsetDateTime, validator: Validator) -> Self {
        server::start(now, validator).await
    }

    /// URL of its directory.
    pub fn directory(&self) -> String {
        format!("{}/directory", self.base)
    }

    /// Where it listens: `http://127.0.0.1:4000`.
    pub fn base(&self) -> &str {
        &self.base
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }

    pub fn set_time(&self, now: OffsetDateTime) {
        self.state().now = now;
    }

    /// Changes how it behaves from now on.
    pub fn set(&self, change: impl FnOnce(&mut Knobs)) {
        change(&mut self.state().knobs);
    }

    /// Answers the next request to a path that begins so with `answer` instead.
    pub fn inject(&self, path: &str, answer: Injected) {
        self.state().knobs.injected.push((path.to_owned(), answer));
    }

    /// Ends all injected answers.
    pub fn inject_no_more(&self) {
        self.state().knobs.injected.clear();
    }

    /// Deactivates every account, as their owner or the CA would.
    pub fn deactivate_accounts(&self) {
        self.state().accounts.iter_mut().for_each(|account| account.status = "deactivated");
    }

    /// Reactivates every account that was deactivated.
    pub fn reactivate_accounts(&self) {
        self.state().accounts.iter_mut().for_each(|account| account.status = "valid");
    }

    /// Forgets every account, as a test environment does.
    pub fn forget_accounts(&self) {
        self.state().accounts.clear();
    }

    /// Gives every account another key than the one that its owner has.
    pub fn change_keys(&self) {
        self.state().accounts.iter_mut().for_each(|account| account.point.reverse());
    }

    /// Forgets every certificate, as a CA does whose data is lost or old.
    pub fn forget_certificates(&self) {
        self.state().certificates.clear();
    }

    /// Marks every certificate as replaced already.
    pub fn mark_replaced(&self) {
        self.state().certificates.iter_mut().for_each(|held| held.replaced = true);
    }

    /// Counts so many failed validations of `name` for every account.
    pub fn fail_validations(&self, name: &str, times: usize) {
        let mut state = self.state();
        let (now, accounts) = (state.now, state.accounts.iter().map(|account| account.id).collect::<Vec<_>>());
        for account in accounts {
            state.counted.failures.entry((account, name.to_owned())).or_default().extend(vec![now; times]);
        }
    }

    /// Orders that were made; one that was handed out again counts once.
    pub fn orders(&self) -> usize {
        self.state().orders.len()
    }

    /// Serials (upper-case hex) of certificates that were revoked, with the reason's code.
    pub fn revoked(&self) -> Vec<(String, u64)> {
        self.state().certificates.iter().filter_map(|held| Some((held.serial.clone(), held.revoked?))).collect()
    }

    /// What orders said that they replace, as far as it was accepted: serials.
    pub fn replaced(&self) -> Vec<String> {
        self.state().replaced.clone()
    }

    /// Method and path of every request so far.
    pub fn seen(&self) -> Vec<String> {
        self.state().seen.clone()
    }

    /// Requests that it refused as too many, and those whose nonce it did not know.
    pub fn refused(&self, kind: &str) -> usize {
        self.state().refused.iter().filter(|refused| *refused == kind).count()
    }

    /// The window that it suggests for certificates whose lifetime is over by a third.
    pub fn suggest_now(&self) {
        let now = self.state().now;
        self.set(|knobs| knobs.window = Some((now - Duration::HOUR, now + Duration::DAY)));
    }
}
