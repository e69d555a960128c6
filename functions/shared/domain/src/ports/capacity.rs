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
    /// What was granted. `None`: nothing else than AWS's default was, and the service does not repeat that.
    fn quota(&self, of: QuotaOf) -> impl Future<Output = Result<Option<u32>, ServiceFault>> + Send;
}

/// What is kept of the room for certificates.
pub trait CapacityLog {
    /// What was kept last; nothing is known where nothing was.
    fn capacity(&self) -> impl Future<Output = Result<Capacity, ServiceFault>> + Send;

    /// Keeps `after` if what is kept still has the version that `after` has, and makes it the next one; else false, and
    /// nothing is changed.
    fn save_capacity(&self, after: &Capacity) -> impl Future<Output = Result<bool, ServiceFault>> + Send;
}
