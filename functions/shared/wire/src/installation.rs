//! The installation itself, and the caller.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::Open;

/// Status of one part of the installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstallationStatus {
    Ok,
    /// Works, but may not always.
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
    /// Since when it has failed, according to scheduled checks.
    #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
    pub since: Option<OffsetDateTime>,
    /// Usage of limits, if the check is about limits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<Used>,
}

/// How much of a limit is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Used {
    /// Name of the limit: `certificates`. Stable.
    pub of: String,
    /// Whole percent, rounded down; over 100 if the limit will not be enough.
    pub percent: u32,
}

/// The installation itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstallationView {
    /// Version of the stack, with the commit of its build if known; absent before 0.2.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "0.2.0+02a4ee165599")]
    pub version: Option<String>,
    pub checks: Vec<InstallationCheck>,
}

/// Most characters in the `next` of a page of the comparison.
pub const LONGEST_CONTINUATION: usize = 10_000;

/// A request for one page of the comparison.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconcileWish {
    /// Whether to record certificates that are missing in the table.
    #[serde(default)]
    pub adopt: bool,
    /// `next` of the page before; absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    // As LONGEST_CONTINUATION.
    #[schema(max_length = 10_000)]
    pub after: Option<String>,
}

/// One page of the comparison of ACM with the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reconciliation {
    /// Number of compared certificates of the installation, or endpoints.
    pub checked: u32,
    pub differences: Vec<Difference>,
    /// Null on the last page.
    pub next: Option<String>,
}

/// How ACM and the table differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// ACM has a valid certificate of the endpoint; the table has a different one, or none.
    Unrecorded,
    /// ACM has a certificate that the endpoint does not need.
    Left,
    /// ACM has a certificate of an endpoint that is not in the table.
    NoEndpoint,
    /// The table has a certificate that is missing in ACM.
    Gone,
}

/// One certificate that only ACM or only the table has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Difference {
    #[schema(value_type = DifferenceKind)]
    pub kind: Open<DifferenceKind>,
    pub arn: String,
    /// The first name of the certificate or of its endpoint.
    pub domain: String,
    pub endpoint: Option<String>,
    /// Whether it was recorded just now.
    pub adopted: bool,
    pub detail: String,
    /// The next step; null if there is none.
    pub action: Option<String>,
}

/// Who the caller is, as the API sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallerView {
    pub who: String,
    pub operator: bool,
    /// Null for an operator.
    pub tenant: Option<String>,
}

/// Whether the API is up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthView {
    #[schema(example = "ok")]
    pub status: String,
    /// The stack's version, as in `GET /v1/installation`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "0.2.0+02a4ee165599")]
    pub version: Option<String>,
}
