use std::future::Future;

use diagnosis::report::CheckReport;
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use crate::endpoint::endpoint::Endpoint;
use vocabulary::failure::ServiceFault;

/// The result of the last check of an endpoint's records and host.
pub trait CheckLog {
    /// Allows one check to begin: true for one caller, and for all others only from `again_at` on.
    ///
    /// False also if the endpoint does not exist.
    fn begin_check(
        &self,
        id: &EndpointId,
        now: OffsetDateTime,
        again_at: OffsetDateTime,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;

    /// Stores the report, and its summary with the endpoint, both or neither. False if the endpoint does not exist, has other
    /// names than when it was checked, or the stored report is at least as new.
    fn record_check(
        &self,
        checked: &Endpoint,
        report: &CheckReport,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;

    fn last_check(&self, id: &EndpointId) -> impl Future<Output = Result<Option<CheckReport>, ServiceFault>> + Send;
}
