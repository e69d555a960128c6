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

/// Characters of the `next` of a page of a comparison.
pub const LONGEST_CONTINUATION: usize = 10_000;

/// A page of a comparison that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReconcileWish {
    /// Whether certificates that the table does not have are recorded.
    #[serde(default)]
    pub adopt: bool,
    /// `next` of the page before; absent for the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    // As LONGEST_CONTINUATION.
    #[schema(max_length = 10_000)]
    pub after: Option<String>,
}

/// A page of a comparison of ACM with the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reconciliation {
    /// Certificates of the installation, or endpoints, that were compared.
    pub checked: u32,
    pub differences: Vec<Difference>,
    /// Null on the last page.
    pub next: Option<String>,
}

/// How a certificate is in one of the two alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceKind {
    /// ACM has a good certificate of the endpoint, and the table another one, or none.
    Unrecorded,
    /// ACM has one that the endpoint does not need.
    Left,
    /// ACM has one whose endpoint is not in the table.
    NoEndpoint,
    /// The table has one that ACM has not.
    Gone,
}

/// One certificate that the two do not both have.
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
