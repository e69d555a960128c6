use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use vocabulary::guidance::WaitingOn;

use crate::endpoint::attempt::Outcome;

/// Ends of attempts that are kept. Older ones say little about the present.
const MOST_ENDS: usize = 20;

/// How an attempt with something to do ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptEnd {
    Succeeded,
    Failed(WaitingOn),
}

impl AttemptEnd {
    const ALL: [(Self, char); 5] = [
        (Self::Succeeded, 's'),
        (Self::Failed(WaitingOn::DomainOwner), 'd'),
        (Self::Failed(WaitingOn::Operator), 'o'),
        (Self::Failed(WaitingOn::Ca), 'c'),
        (Self::Failed(WaitingOn::Nobody), 'n'),
    ];

    /// Absent for an attempt with nothing to do. `failed`: who is waited on, if it failed; absent for a failure that is only
    /// set-up, as for an endpoint that never had its records.
    pub fn of(outcome: Outcome, failed: Option<WaitingOn>) -> Option<Self> {
        match outcome {
            Outcome::Issued | Outcome::Renewed => Some(Self::Succeeded),
            Outcome::Failed => failed.map(Self::Failed),
            _ => None,
        }
    }

    fn letter(self) -> char {
        Self::ALL.into_iter().find(|(end, _)| *end == self).expect("all are listed").1
    }

    fn of_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, known)| *known == letter).map(|(end, _)| end)
    }
}

/// The record of an endpoint so far: the source of success rates and times to a first certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackRecord {
    /// When it got its first certificate.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<OffsetDateTime>,
    /// How its last attempts ended, the newest last.
    #[serde(with = "letters", default)]
    pub ends: Vec<AttemptEnd>,
}

impl TrackRecord {
    /// With one more end at `now`.
    pub fn after(&self, outcome: Outcome, end: Option<AttemptEnd>, now: OffsetDateTime) -> Self {
        let Some(end) = end else { return self.clone() };
        let issued_at = self.issued_at.or_else(|| (outcome == Outcome::Issued).then_some(now));
        let kept = self.ends.len().saturating_sub(MOST_ENDS - 1);
        let ends = self.ends[kept..].iter().copied().chain([end]).collect();
        Self { issued_at, ends }
    }
}

/// One letter each: small, as the item is written with each attempt. A letter of a later release is skipped.
mod letters {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::AttemptEnd;

    pub(super) fn serialize<S: Serializer>(ends: &[AttemptEnd], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&ends.iter().map(|end| end.letter()).collect::<String>())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AttemptEnd>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(text.chars().filter_map(AttemptEnd::of_letter).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn after(record: &TrackRecord, outcome: Outcome, failed: Option<WaitingOn>, now: OffsetDateTime) -> TrackRecord {
        record.after(outcome, AttemptEnd::of(outcome, failed), now)
    }

    #[test]
    fn the_first_certificate_keeps_its_time_and_set_up_and_idle_attempts_are_not_counted() {
        let fresh = TrackRecord::default();
        assert_eq!(after(&fresh, Outcome::Failed, None, NOW), fresh, "set-up is no failure");
        assert_eq!(after(&fresh, Outcome::Unchanged, None, NOW), fresh);
        let failed = after(&fresh, Outcome::Failed, Some(WaitingOn::Ca), NOW);
        let issued = after(&failed, Outcome::Issued, None, NOW + Duration::HOUR);
        let renewed = after(&issued, Outcome::Renewed, None, NOW + Duration::DAY);
        assert_eq!(renewed.issued_at, Some(NOW + Duration::HOUR));
        assert_eq!(renewed.ends, [AttemptEnd::Failed(WaitingOn::Ca), AttemptEnd::Succeeded, AttemptEnd::Succeeded]);
        let of_before = after(&fresh, Outcome::Renewed, None, NOW);
        assert_eq!(of_before.issued_at, None, "an endpoint of an earlier release has no such time");
    }

    #[test]
    fn the_newest_outcomes_are_kept_and_written_as_letters() {
        let mut record = TrackRecord::default();
        for count in 0..30 {
            let outcome = if count < 25 { Outcome::Renewed } else { Outcome::Failed };
            record = after(&record, outcome, (count >= 25).then_some(WaitingOn::Operator), NOW);
        }
        assert_eq!(record.ends.len(), MOST_ENDS);
        let written = serde_json::to_string(&record).expect("plain data");
        assert_eq!(written, r#"{"ends":"sssssssssssssssooooo"}"#);
        assert_eq!(serde_json::from_str::<TrackRecord>(&written).expect("readable"), record);
        let later: TrackRecord = serde_json::from_str(r#"{"ends":"s?d"}"#).expect("tolerantly");
        assert_eq!(later.ends, [AttemptEnd::Succeeded, AttemptEnd::Failed(WaitingOn::DomainOwner)]);
    }
}
