//! Everything that is stored of one endpoint.

pub mod alert_kind;
pub mod attempt;
pub mod counted_end;
#[expect(clippy::module_inception, reason = "the file of the type that the folder is named for")]
pub(crate) mod endpoint;
pub mod event;
pub mod failing;
pub mod health;
pub mod moved;
pub mod mute;
pub mod notified;
pub mod records;
pub mod schedule;
pub mod seen_again;
pub mod share;
pub mod status;
pub mod track_record;

pub use self::alert_kind::AlertKind;
pub use self::attempt::{Attempt, Outcome, Step, StepUsage};
pub use self::counted_end::CountedEnd;
pub use self::endpoint::{Endpoint, EndpointState};
pub use self::event::{Event, EventKind};
pub use self::failing::{Absence, Failing, UNPROVEN_PATIENCE};
pub use self::health::{Health, Symptom, SymptomKind};
pub use self::moved::Moved;
pub use self::mute::{LONGEST_MUTE, LONGEST_REASON, Mute};
pub use self::notified::{Cause, Notifications, Notified, Severity, Source, Unsent};
pub use self::schedule::LEASE;
pub use self::seen_again::SeenAgain;
pub use self::share::{DEFAULT_LIFE, LONGEST_LIFE, Share, ShareToken, ShareTokenError};
pub use self::status::EndpointStatus;
pub use self::track_record::{AttemptEnd, TrackRecord};
#[cfg(test)]
mod deployed;
#[cfg(test)]
pub(crate) mod samples;
