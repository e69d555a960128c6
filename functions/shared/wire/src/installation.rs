//! The installation itself, and the caller.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::Open;

/// How one part of the installation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstallationStatus {
    Ok,
    /// Works, and may not always.
    Warning,
    Failed,
}

/// One check of the installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstallationCheck {
    /// Name of the check: `zone-delegation`. Stable.
    pub name: String,
    #[schema(value_type = InstallationStatus)]
    pub status: Open<InstallationStatus>,
    /// What was found, in one or two sentences.
    pub detail: String,
    #[serde(flatten, with = "crate::renamed::optional_remedy")]
    #[schema(value_type = crate::renamed::OptionalActionFields)]
    pub remedy: Option<String>,
    /// Since when it has failed, as far as scheduled checks saw it.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub since: Option<OffsetDateTime>,
    /// How much is used of what is limited, where the check is of that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<Used>,
}

/// How much of a limit is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Used {
    /// Of which limit: `certificates`. Stable.
    pub of: String,
    /// Whole percent, rounded down; over 100 where it will not be enough.
    pub percent: u32,
}

/// The installation itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstallationView {
    /// The stack's version, with the commit where it was built from a known one; absent before 0.2.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "0.2.0+02a4ee165599")]
    pub version: Option<String>,
    pub checks: Vec<InstallationCheck>,
}

/// Who the caller is, as the API sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallerView {
    pub who: String,
    pub operator: bool,
    /// Null for an operator.
    pub tenant: Option<String>,
}

/// Whether the API is there at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthView {
    #[schema(example = "ok")]
    pub status: String,
    /// The stack's version, as in `GET /v1/installation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "0.2.0+02a4ee165599")]
    pub version: Option<String>,
}
