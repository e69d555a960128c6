use std::future::Future;

use diagnosis::report::CheckReport;
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use crate::endpoint::endpoint::Endpoint;
use vocabulary::failure::ServiceFault;

/// What the last check of an endpoint's records and host found.
pub trait CheckLog {
    /// Lets one check begin: true for one caller, and for all others only from `again_at` on.
    ///
    /// False also if the endpoint is not there.
    fn begin_check(
        &self,
        id: &EndpointId,
        now: OffsetDateTime,
        again_at: OffsetDateTime,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;

    /// Keeps the report, and its summary on the endpoint, both or neither. False if the endpoint is not there or has
    /// other names than when it was checked, or what is kept is not older.
    fn record_check(
        &self,
        checked: &Endpoint,
        report: &CheckReport,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;

    fn last_check(&self, id: &EndpointId) -> impl Future<Output = Result<Option<CheckReport>, ServiceFault>> + Send;
}
