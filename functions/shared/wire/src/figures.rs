//! How it goes with each tenant's endpoints.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Figures of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantFigures {
    pub tenant: String,
    pub endpoints: u64,
    /// Those that have a certificate.
    pub issued: u64,
    /// Of the last 20 attempts of each endpoint, those that brought a certificate. Attempts that found nothing to do, and those
    /// of new endpoints without their records, are not counted.
    pub succeeded: u64,
    /// Likewise those that failed, by who they waited on.
    pub failed: FailedAttempts,
    /// First certificates of the last 30 days, by how long they took from the registration.
    #[serde(default)]
    #[schema(required = true)]
    pub first_certificates: Vec<TimeGroup>,
    /// Within so many seconds half of them came; null where there are none, or it was more than a week.
    pub half_within_seconds: Option<u64>,
}

impl TenantFigures {
    pub fn failures(&self) -> u64 {
        let FailedAttempts { domain_owner, operator, ca, nobody } = self.failed;
        domain_owner + operator + ca + nobody
    }

    /// Percent of the attempts that are counted; `None` where there are none. Only without any failure it is 100.
    pub fn success_rate(&self) -> Option<u64> {
        let all = self.succeeded + self.failures();
        (all > 0).then(|| self.succeeded * 100 / all)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FailedAttempts {
    pub domain_owner: u64,
    pub operator: u64,
    pub ca: u64,
    /// They were repeated automatically.
    pub nobody: u64,
}

/// First certificates that took about as long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimeGroup {
    /// At most so long, and longer than the group before; null for the last one, which has no end.
    pub within_seconds: Option<u64>,
    pub count: u64,
}
