//! What people were notified of, so that nobody is notified twice.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use vocabulary::failure::FailureName;
use vocabulary::former_names::name_now;
use vocabulary::guidance::WaitingOn;

/// What an endpoint keeps of its notifications.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notifications {
    /// Alerts decided on so far. Part of the next one's id, so that a repetition after a crash has the same id.
    #[serde(default)]
    pub sequence: u64,
    /// What people were notified of and is not resolved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub told: Vec<Notified>,
    /// When a message about it was last left to the tenant's digest.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub left_to_digest: Option<OffsetDateTime>,
}

/// A recorded end of an attempt without its notification: whichever process notifies of the endpoint next sends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsent {
    /// Whether its certificate is news.
    #[serde(default)]
    pub certificate: bool,
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
}

/// An issue that people were notified of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notified {
    pub cause: Cause,
    /// Whose part was undone; stored by its name in earlier releases.
    #[serde(rename = "actor")]
    pub owner: WaitingOn,
    /// Serial of the then current certificate; with a newer one they are notified again.
    #[serde(default)]
    pub certificate: Option<String>,
    /// The highest severity that people were notified of.
    pub severity: Severity,
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    pub source: Source,
    /// Whether people were notified for all endpoints together: see [`SharedCause`](crate::alert::SharedCause).
    #[serde(default)]
    pub shared: bool,
}

impl Notifications {
    /// What remains when the endpoint's names change: earlier notifications were about the old names. The next attempt leaves a
    /// shared cause, since it knows whether it still has it.
    pub fn after_change(&self) -> Self {
        Self { told: self.told.iter().filter(|told| told.shared).cloned().collect(), ..self.clone() }
    }
}

/// Why people are notified, as a stable word: a failure's name, a check's name, `issued`, `removed` …
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Cause(String);

impl Cause {
    pub fn new(word: impl Into<String>) -> Self {
        Self(word.into())
    }

    /// The endpoint is paused: its records have been missing for long.
    pub fn paused() -> Self {
        Self::new("paused")
    }

    /// The endpoint is paused: its names now prove another registration.
    pub fn moved() -> Self {
        Self::new("records-moved")
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// As this or the previous release stored it.
impl From<String> for Cause {
    fn from(word: String) -> Self {
        Self(name_now(&word).to_owned())
    }
}

impl From<Cause> for String {
    fn from(Cause(word): Cause) -> Self {
        word
    }
}

impl From<FailureName> for Cause {
    fn from(name: FailureName) -> Self {
        Self(name.as_str().to_owned())
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where an issue is seen. It is resolved in the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Its attempts fail. Whatever the reason, it lasts until one succeeds.
    Attempts,
    /// A check of its records and host.
    #[serde(rename = "look")]
    Check,
    /// The clock: what should have happened has not.
    Clock,
    /// A check of the certificate in ACM.
    Store,
}

impl Source {
    pub(crate) fn is_a_check(self) -> bool {
        matches!(self, Self::Check | Self::Store)
    }
}

/// How urgent it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is wrong.
    #[default]
    Info,
    /// Somebody must act, and there is time.
    Notice,
    /// Under a third of the certificate's life is left.
    Warning,
    /// Under a fifth.
    Error,
    /// Under a tenth, or it has expired.
    Page,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Page => "page",
        }
    }

    /// How much an issue matters by the part of a certificate's life that is left at `now`.
    ///
    /// "Under" is strict: with exactly a third left it is a notice.
    pub fn of_life(not_before: OffsetDateTime, not_after: OffsetDateTime, now: OffsetDateTime) -> Self {
        let (life, left) = (not_after - not_before, not_after - now);
        let under = |part: i32| left * part < life;
        match () {
            () if under(10) => Self::Page,
            () if under(5) => Self::Error,
            () if under(3) => Self::Warning,
            () => Self::Notice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_that_the_previous_release_has_stored_is_the_same_one() {
        let read: Cause = serde_json::from_str("\"parked\"").expect("a cause");
        assert_eq!((read.clone(), serde_json::to_string(&read).ok()), (Cause::paused(), Some("\"paused\"".to_owned())));
    }
}
