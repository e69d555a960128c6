//! What is due across the shards of an index.

use time::{Duration, OffsetDateTime};

use crate::ports::DueEntry;

/// A page of every shard, merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueRound {
    /// The longest due first: if there is more than a run can do, no shard waits behind another.
    pub entries: Vec<DueEntry>,
    /// Whether a shard has more than its page.
    pub more: bool,
}

impl DueRound {
    /// `pages` has up to `page` entries of each shard.
    pub fn merge(pages: &[Vec<DueEntry>], page: u32) -> Self {
        let more = pages.iter().any(|entries| entries.len() >= page as usize);
        let mut entries = pages.concat();
        entries.sort_by_key(|entry| entry.due_at);
        Self { entries, more }
    }

    /// How long the first one has been due at `now`; zero if nothing is due.
    pub fn longest_overdue(&self, now: OffsetDateTime) -> Duration {
        self.entries.first().map_or(Duration::ZERO, |entry| (now - entry.due_at).max(Duration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;
    use vocabulary::names::EndpointId;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn entry(number: u32, minutes: i64) -> DueEntry {
        let endpoint = EndpointId::from_random(u128::from(number).to_be_bytes());
        DueEntry { endpoint, due_at: NOW - Duration::minutes(minutes) }
    }

    #[test]
    fn the_longest_due_comes_first_whichever_shard_it_is_in() {
        let pages = [vec![entry(0, 9), entry(1, 3)], vec![], vec![entry(2, 60), entry(3, 5)]];
        let round = DueRound::merge(&pages, 3);
        assert_eq!(round.entries, [entry(2, 60), entry(0, 9), entry(3, 5), entry(1, 3)]);
        assert_eq!((round.more, round.longest_overdue(NOW)), (false, Duration::HOUR));
        assert!(DueRound::merge(&pages, 2).more, "a shard has a full page");
        assert_eq!(DueRound::merge(&[], 2).longest_overdue(NOW), Duration::ZERO);
    }
}
