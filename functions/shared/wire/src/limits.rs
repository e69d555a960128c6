//! The limits of one tenant, and its usage.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The limits of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantLimits {
    pub tenant: String,
    /// The limits that apply; unlimited ones are left out.
    pub limits: Vec<TenantLimit>,
}

/// One limit of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantLimit {
    /// `endpoints`, `names`, `registrations`, `renewals`, `checks`, `messages`, `imports`. Stable.
    #[schema(example = "registrations")]
    pub of: String,
    /// How much is used.
    pub used: u64,
    pub limit: u64,
    /// Period of a rate limit in seconds; usage comes back evenly over it. Absent for other limits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_seconds: Option<u64>,
}
