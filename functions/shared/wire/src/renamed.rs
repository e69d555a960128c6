//! Fields with a new name: sent by the old and the new one for one release, and read by either.
//!
//! `actor` is `waiting_on`, whose word for the domain owner is `domain_owner` instead of `customer`. `remedy`, `next_step` and
//! the text of a finding's `fix` are `action`, `verdict` is `status`, a check is a check, and parked is paused.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{Fix, Open, RequiredRecord, Status, StatusCount, WaitingOn};

/// Who acts next.
#[derive(ToSchema)]
#[schema(as = WaitingOn)]
#[serde(rename_all = "snake_case")]
pub enum WaitingOnWord {
    /// Whoever controls the DNS of the domain.
    DomainOwner,
    /// The team that runs this installation.
    Operator,
    /// The certificate authority.
    Ca,
    /// It continues automatically.
    Nobody,
}

/// Who acts next, under both names.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what `waiting_on` writes")]
pub(crate) struct WaitingOnFields {
    #[schema(inline)]
    waiting_on: WaitingOnWord,
    /// The same under its old name, in the old words. The next release removes it.
    #[schema(deprecated)]
    actor: WaitingOn,
}

/// The next step, under both names.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what its module writes")]
pub(crate) struct ActionFields {
    /// The next step.
    action: String,
    /// The same under its old name. The next release removes it.
    #[schema(deprecated)]
    remedy: String,
}

/// As [`ActionFields`], where there may be none.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what its module writes")]
pub(crate) struct OptionalActionFields {
    /// The operator's next step; null if none is needed.
    action: Option<String>,
    /// The same under its old name. The next release removes it.
    #[schema(deprecated)]
    remedy: Option<String>,
}

/// The next step of an endpoint, under both names.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what `next_step` writes")]
pub(crate) struct NextStepFields {
    /// The next step.
    action: String,
    /// The same under its old name. The next release removes it.
    #[schema(deprecated)]
    next_step: String,
}

/// The next step after a finding, under the new names and the old one.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what `fix` writes")]
pub(crate) struct FixFields {
    /// The next step, in one or two sentences.
    action: String,
    /// The record to create or to change.
    #[schema(required = false, nullable = false)]
    record: Option<RequiredRecord>,
    /// A command to run.
    #[schema(required = false, nullable = false)]
    command: Option<String>,
    /// The same three under their old names. The next release removes it.
    #[schema(deprecated)]
    fix: Fix,
}

/// The status in one word, under both names.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what `status` writes")]
pub(crate) struct StatusFields {
    status: Status,
    /// The same under its old name. The next release removes it.
    #[schema(deprecated)]
    verdict: Status,
}

/// Number of endpoints with each status, under both names.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what `statuses` writes")]
pub(crate) struct StatusesFields {
    /// Number of endpoints with each status, most in need of attention first.
    statuses: Vec<StatusCount>,
    /// The same under its old name. The next release removes it.
    #[schema(deprecated)]
    verdicts: Vec<StatusCount>,
}

/// Number of checks, under both names.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what `checks` writes")]
pub(crate) struct ChecksFields {
    /// Consecutive checks that found it.
    checks: u32,
    /// The same under its old name. The next release removes it.
    #[schema(deprecated)]
    looks: u32,
}

/// The time of the last check, under both names.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what `checked_at` writes")]
pub(crate) struct CheckedAtFields {
    /// The last health check.
    #[schema(format = DateTime, value_type = String)]
    checked_at: OffsetDateTime,
    /// The same under its old name. The next release removes it.
    #[schema(deprecated, format = DateTime, value_type = String)]
    looked_at: OffsetDateTime,
}

/// The time of the next check, under both names.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what `next_check_at` writes")]
pub(crate) struct NextCheckAtFields {
    /// The next health check; null if none is scheduled.
    #[schema(format = DateTime, value_type = Option<String>)]
    next_check_at: Option<OffsetDateTime>,
    /// The same under its old name. The next release removes it.
    #[schema(deprecated, format = DateTime, value_type = Option<String>)]
    look_again_at: Option<OffsetDateTime>,
}

/// Since when it has been paused, under both names.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what `paused_since` writes")]
pub(crate) struct PausedSinceFields {
    /// Since when the endpoint has been paused because of missing records; null if it is not paused.
    #[schema(format = DateTime, value_type = Option<String>)]
    paused_since: Option<OffsetDateTime>,
    /// The same under its old name. The next release removes it.
    #[schema(deprecated, format = DateTime, value_type = Option<String>)]
    parked_since: Option<OffsetDateTime>,
}

impl Open<WaitingOn> {
    /// The new word.
    pub fn word(&self) -> String {
        match self {
            Self::Known(WaitingOn::DomainOwner) => "domain_owner".to_owned(),
            other => other.to_string(),
        }
    }
}

/// `waiting_on` and `actor`.
pub(crate) mod waiting_on {
    use serde::de::Error;

    use super::{Deserialize, Deserializer, Open, Serialize, Serializer, WaitingOn};

    #[derive(Serialize)]
    struct Sent<'a> {
        waiting_on: String,
        actor: &'a Open<WaitingOn>,
    }

    #[derive(Deserialize)]
    struct Read {
        waiting_on: Option<Open<WaitingOn>>,
        actor: Option<Open<WaitingOn>>,
    }

    pub(crate) fn serialize<S: Serializer>(whom: &Open<WaitingOn>, serializer: S) -> Result<S::Ok, S::Error> {
        Sent { waiting_on: whom.word(), actor: whom }.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Open<WaitingOn>, D::Error> {
        let Read { waiting_on, actor } = Read::deserialize(deserializer)?;
        waiting_on.or(actor).ok_or_else(|| D::Error::missing_field("waiting_on"))
    }

    /// Where an earlier release left it out, it is not known.
    pub(crate) fn if_known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Open<WaitingOn>, D::Error> {
        let Read { waiting_on, actor } = Read::deserialize(deserializer)?;
        Ok(waiting_on.or(actor).unwrap_or_default())
    }
}

/// `$new` and `$old`, of the type `$type`; `$missing` where neither is there.
macro_rules! twin {
    ($module:ident, $new:ident, $old:ident, $type:ty, $missing:expr) => {
        pub(crate) mod $module {
            use super::*;

            #[derive(Serialize)]
            struct Sent<'a> {
                $new: &'a $type,
                $old: &'a $type,
            }

            #[derive(Deserialize)]
            struct Read {
                $new: Option<$type>,
                $old: Option<$type>,
            }

            pub(crate) fn serialize<S: Serializer>(value: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                Sent { $new: value, $old: value }.serialize(serializer)
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let Read { $new, $old } = Read::deserialize(deserializer)?;
                $new.or($old).map_or_else($missing, Ok)
            }
        }
    };
}

twin!(remedy, action, remedy, String, || Err(serde::de::Error::missing_field("action")));
twin!(next_step, action, next_step, String, || Err(serde::de::Error::missing_field("action")));
twin!(remedy_if_any, action, remedy, String, || Ok(String::new()));
twin!(optional_remedy, action, remedy, Option<String>, || Ok(None));
twin!(status, status, verdict, Open<Status>, || Err(serde::de::Error::missing_field("status")));
twin!(statuses, statuses, verdicts, Vec<StatusCount>, || Err(serde::de::Error::missing_field("statuses")));
twin!(checks, checks, looks, u32, || Ok(0));

/// A time by two names, which is always there.
pub(crate) mod checked_at {
    use super::*;

    #[derive(Serialize)]
    struct Sent {
        #[serde(with = "time::serde::rfc3339")]
        checked_at: OffsetDateTime,
        #[serde(with = "time::serde::rfc3339")]
        looked_at: OffsetDateTime,
    }

    #[derive(Deserialize)]
    struct Read {
        #[serde(default, with = "time::serde::rfc3339::option")]
        checked_at: Option<OffsetDateTime>,
        #[serde(default, with = "time::serde::rfc3339::option")]
        looked_at: Option<OffsetDateTime>,
    }

    pub(crate) fn serialize<S: Serializer>(at: &OffsetDateTime, serializer: S) -> Result<S::Ok, S::Error> {
        Sent { checked_at: *at, looked_at: *at }.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
        let Read { checked_at, looked_at } = Read::deserialize(deserializer)?;
        checked_at.or(looked_at).ok_or_else(|| serde::de::Error::missing_field("checked_at"))
    }
}

/// A time by two names, which may be null.
macro_rules! optional_time {
    ($module:ident, $new:ident, $old:ident) => {
        pub(crate) mod $module {
            use super::*;

            #[derive(Serialize, Deserialize)]
            struct Both {
                #[serde(default, with = "time::serde::rfc3339::option")]
                $new: Option<OffsetDateTime>,
                #[serde(default, with = "time::serde::rfc3339::option")]
                $old: Option<OffsetDateTime>,
            }

            pub(crate) fn serialize<S: Serializer>(
                at: &Option<OffsetDateTime>,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                Both { $new: *at, $old: *at }.serialize(serializer)
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Option<OffsetDateTime>, D::Error> {
                let Both { $new, $old } = Both::deserialize(deserializer)?;
                Ok($new.or($old))
            }
        }
    };
}

optional_time!(next_check_at, next_check_at, look_again_at);
optional_time!(paused_since, paused_since, parked_since);

/// `action`, `record` and `command` of a finding, and `fix` with the three of them.
pub(crate) mod fix {
    use super::*;

    #[derive(Serialize)]
    struct Sent<'a> {
        action: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        record: &'a Option<RequiredRecord>,
        #[serde(skip_serializing_if = "Option::is_none")]
        command: &'a Option<String>,
        fix: &'a Fix,
    }

    #[derive(Deserialize)]
    struct Read {
        action: Option<String>,
        record: Option<RequiredRecord>,
        command: Option<String>,
        fix: Option<Fix>,
    }

    pub(crate) fn serialize<S: Serializer>(fix: &Fix, serializer: S) -> Result<S::Ok, S::Error> {
        let Fix { text, record, command } = fix;
        Sent { action: text, record, command, fix }.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fix, D::Error> {
        let Read { action, record, command, fix } = Read::deserialize(deserializer)?;
        match action {
            Some(text) => Ok(Fix { text, record, command }),
            None => fix.ok_or_else(|| serde::de::Error::missing_field("action")),
        }
    }
}
