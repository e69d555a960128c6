//! A check without news: only its time needs a write, and that is a small one.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::endpoint::endpoint::Endpoint;

/// A check found an endpoint unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenAgain {
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// Whether its records and hosts were correct.
    pub dns_good: bool,
}

impl Endpoint {
    /// Updates what is known. Does nothing if something newer is known.
    pub fn seen_again(&mut self, seen: &SeenAgain) {
        if let Some(health) = self.health.as_mut().filter(|health| health.checked_at < seen.at) {
            health.checked_at = seen.at;
            if seen.dns_good {
                health.dns_good_at = Some(seen.at);
            }
        }
        if let Some(check) = self.check.as_mut().filter(|check| check.checked_at < seen.at) {
            check.checked_at = seen.at;
        }
    }
}
