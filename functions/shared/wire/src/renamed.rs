//! Fields with a new name: sent by the old and the new one for one release, and read by either.
//!
//! `actor` is `waiting_on`, whose word for the domain owner is `domain_owner` instead of `customer`. `remedy` and `next_step`
//! are `action`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::{Open, WaitingOn};

/// Who has to do something before it goes on.
#[derive(ToSchema)]
#[schema(as = WaitingOn)]
#[serde(rename_all = "snake_case")]
#[expect(dead_code, reason = "the schema of the new words")]
pub(crate) enum Word {
    /// Whoever controls the DNS of the domain.
    DomainOwner,
    /// The team that runs this installation.
    Operator,
    /// The certificate authority.
    Ca,
    /// It continues automatically.
    Nobody,
}

/// Who is waited on, by both names.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what `waiting_on` writes")]
pub(crate) struct WaitingOnFields {
    #[schema(inline)]
    waiting_on: Word,
    /// The same by its old name and words. It goes in the next release.
    #[schema(deprecated)]
    actor: WaitingOn,
}

/// The next step, by both names.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what `remedy` writes")]
pub(crate) struct ActionFields {
    /// The next step of whom it waits on.
    action: String,
    /// The same by its old name. It goes in the next release.
    #[schema(deprecated)]
    remedy: String,
}

/// As [`ActionFields`], where there may be none.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what `optional_remedy` writes")]
pub(crate) struct OptionalActionFields {
    /// What the operator does about it; null when it is healthy.
    action: Option<String>,
    /// The same by its old name. It goes in the next release.
    #[schema(deprecated)]
    remedy: Option<String>,
}

/// The next step of an endpoint, by both names.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the schema of what `next_step` writes")]
pub(crate) struct NextStepFields {
    /// The next step of whom it waits on.
    action: String,
    /// The same by its old name. It goes in the next release.
    #[schema(deprecated)]
    next_step: String,
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

/// `action` and `$old`, of the type `$type`.
macro_rules! action {
    ($module:ident, $old:ident, $type:ty, $missing:expr) => {
        pub(crate) mod $module {
            use super::{Deserialize, Deserializer, Serialize, Serializer};

            #[derive(Serialize)]
            struct Sent<'a> {
                action: &'a $type,
                $old: &'a $type,
            }

            #[derive(Deserialize)]
            struct Read {
                action: Option<$type>,
                $old: Option<$type>,
            }

            pub(crate) fn serialize<S: Serializer>(action: &$type, serializer: S) -> Result<S::Ok, S::Error> {
                Sent { action, $old: action }.serialize(serializer)
            }

            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$type, D::Error> {
                let Read { action, $old } = Read::deserialize(deserializer)?;
                action.or($old).map_or_else($missing, Ok)
            }
        }
    };
}

action!(remedy, remedy, String, || Err(serde::de::Error::missing_field("action")));
action!(next_step, next_step, String, || Err(serde::de::Error::missing_field("action")));
action!(remedy_if_any, remedy, String, || Ok(String::new()));
action!(optional_remedy, remedy, Option<String>, || Ok(None));
