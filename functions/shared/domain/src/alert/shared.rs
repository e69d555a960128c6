//! Causes that are not of one endpoint: the CA is away, a service fails, the installation is wrong. However many
//! endpoints meet one, it is told once.

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use vocabulary::failure::Actor;

use crate::alert::alert::{Affected, Alert};
use crate::alert::trouble::Trouble;
use crate::endpoint::notified::{Cause, Severity};

/// How long a cause is remembered that no endpoint says any more of: longer than the pause between two attempts.
pub const CAUSE_KEPT: Duration = Duration::days(30);

/// How long the one who took it upon itself to tell has, before another may.
pub const CLAIM: Duration = Duration::minutes(2);

/// What the installation knows of a cause that lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedCause {
    pub cause: Cause,
    pub actor: Actor,
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// Domain of the first endpoint that met it.
    pub first: String,
    /// Endpoints that have met it since it began. A crash may leave some out.
    pub endpoints: u64,
    /// The worst that was told; [`Severity::Info`] before the first time.
    pub told: Severity,
}

impl SharedCause {
    /// `Unavailable.ca`: what tells it from the others.
    pub fn key(&self) -> String {
        key(&self.cause, self.actor)
    }

    pub fn affected(&self) -> Affected {
        Affected { endpoints: self.endpoints, first: self.first.clone() }
    }

    /// As it is told for all endpoints together, when one of them has met it as `trouble`.
    pub fn alert(&self, trouble: &Trouble, until: Option<OffsetDateTime>, now: OffsetDateTime) -> Alert {
        Alert {
            id: format!("installation.{}.{}.{}", self.key(), self.since.unix_timestamp(), trouble.severity.as_str()),
            severity: trouble.severity,
            actor: trouble.actor.into(),
            since: Some(self.since),
            until,
            what: trouble.what.clone(),
            remedy: trouble.remedy.clone(),
            affected: Some(self.affected()),
            ..Alert::of_installation(trouble.kind, self.cause.clone(), now)
        }
    }
}

/// As [`SharedCause::key`].
pub fn key(cause: &Cause, actor: Actor) -> String {
    let actor = match actor {
        Actor::Customer => "customer",
        Actor::Operator => "operator",
        Actor::Ca => "ca",
    };
    format!("{cause}.{actor}")
}
