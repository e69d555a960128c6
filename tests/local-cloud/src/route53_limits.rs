//! Route 53 as AWS limits it: so many requests a second, and changes that take their time.

use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// What a [`crate::FaultProxy`] before Route 53 enforces.
#[derive(Debug)]
pub struct Route53Limits {
    /// Requests of an account in any second. AWS: 5.
    per_second: usize,
    /// How long a change takes until all servers have it.
    in_sync_after: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    recent: VecDeque<Instant>,
    busiest: usize,
    /// When each change was first heard of.
    changes: HashMap<String, Instant>,
}

impl Route53Limits {
    pub fn new(per_second: usize, in_sync_after: Duration) -> Self {
        Self { per_second, in_sync_after, state: Mutex::default() }
    }

    /// The most requests that came in any one second, the refused ones too.
    pub(crate) fn busiest(&self) -> usize {
        self.state.lock().expect("no panic holds it").busiest
    }

    /// Whether one more request is within the limit.
    pub(crate) fn admits(&self) -> bool {
        let mut state = self.state.lock().expect("no panic holds it");
        let now = Instant::now();
        while state.recent.front().is_some_and(|at| now - *at >= Duration::from_secs(1)) {
            state.recent.pop_front();
        }
        state.recent.push_back(now);
        state.busiest = state.busiest.max(state.recent.len());
        state.recent.len() <= self.per_second
    }

    /// What Route 53 would say of the change that `body` is about. A status is all that is changed.
    pub(crate) fn in_its_time(&self, body: &str) -> String {
        let Some(id) = between(body, "<Id>/change/", "</Id>") else { return body.to_owned() };
        let now = Instant::now();
        let mut state = self.state.lock().expect("no panic holds it");
        let since = *state.changes.entry(id.to_owned()).or_insert(now);
        let status = if now - since >= self.in_sync_after { "INSYNC" } else { "PENDING" };
        ["INSYNC", "PENDING"].iter().fold(body.to_owned(), |body, said| {
            body.replace(&format!("<Status>{said}</Status>"), &format!("<Status>{status}</Status>"))
        })
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_request_of_a_second_is_one_too_many() {
        let limits = Route53Limits::new(5, Duration::ZERO);
        let admitted = (0..6).filter(|_| limits.admits()).count();
        assert_eq!((admitted, limits.busiest()), (5, 6));
    }

    #[test]
    fn a_change_is_pending_until_its_time() {
        let body = "<ChangeInfo><Id>/change/C1</Id><Status>INSYNC</Status></ChangeInfo>";
        assert!(Route53Limits::new(5, Duration::from_secs(40)).in_its_time(body).contains("PENDING"));
        assert!(Route53Limits::new(5, Duration::ZERO).in_its_time(body).contains("INSYNC"));
        assert_eq!(Route53Limits::new(5, Duration::ZERO).in_its_time("<Other/>"), "<Other/>");
    }
}
