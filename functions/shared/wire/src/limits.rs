//! What one tenant may ask of an installation, and has asked.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a tenant may have and ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantLimits {
    pub tenant: String,
    /// What is limited; what is not is left out.
    pub limits: Vec<TenantLimit>,
}

/// One limit of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantLimit {
    /// `endpoints`, `names`, `registrations`, `renewals`, `checks`, `messages`, `imports`. Stable.
    #[schema(example = "registrations")]
    pub of: String,
    /// How many are used.
    pub used: u64,
    pub limit: u64,
    /// Within how many seconds, for what is counted in time: what is used comes back evenly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_seconds: Option<u64>,
}
