//! Figures of each tenant's endpoints.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Figures of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TenantFigures {
    pub tenant: String,
    pub endpoints: u64,
    /// Endpoints with a certificate.
    pub issued: u64,
    /// Successful attempts, of the last 20 of each endpoint. Attempts with nothing to do, and those of new endpoints
    /// without their records, are not counted.
    pub succeeded: u64,
    /// Failed attempts, counted likewise, by who they were waiting on.
    pub failed: FailedAttempts,
    /// First certificates of the last 30 days, by how long they took from the registration.
    #[serde(default)]
    #[schema(required = true)]
    pub first_certificates: Vec<TimeGroup>,
    /// Half of them were issued within this many seconds; null if there are none, or if it took more than a week.
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
    /// Retried automatically.
    pub nobody: u64,
}

/// First certificates that took about the same time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimeGroup {
    /// Upper bound; the group before has the lower bound. Null for the last group: it has no upper bound.
    pub within_seconds: Option<u64>,
    pub count: u64,
}
