use std::future::Future;

use vocabulary::failure::ServiceFault;

use crate::installation::capacity::Capacity;

/// A limit that Service Quotas knows, in one account and region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum QuotaOf {
    /// Imported certificates at one time.
    AcmCertificates,
    /// Imports within 365 days.
    AcmImports,
    /// Certificates of an Application Load Balancer, without the default ones.
    ApplicationBalancer,
    /// Those of a Network Load Balancer.
    NetworkBalancer,
}

/// Service Quotas, in one account and region.
pub trait ServiceQuotas {
    /// The granted value. `None`: AWS's default applies, and the service does not return it.
    fn quota(&self, of: QuotaOf) -> impl Future<Output = Result<Option<u32>, ServiceFault>> + Send;
}

/// What is stored about the room for certificates.
pub trait CapacityLog {
    /// What was last stored; empty if nothing was.
    fn capacity(&self) -> impl Future<Output = Result<Capacity, ServiceFault>> + Send;

    /// Stores `after`, with the next version, if the stored version is still that of `after`; otherwise returns false and
    /// changes nothing.
    fn save_capacity(&self, after: &Capacity) -> impl Future<Output = Result<bool, ServiceFault>> + Send;
}
