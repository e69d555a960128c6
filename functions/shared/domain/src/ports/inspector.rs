use std::future::Future;

use crate::installation::check::InstallationCheck;
use vocabulary::failure::ServiceFault;

/// Checks the installation itself: permissions, zone, account, schedule, alarms, subscriptions.
pub trait Inspector {
    /// What was found, one entry a check. Changes nothing.
    fn inspect(&self) -> impl Future<Output = Result<Vec<InstallationCheck>, ServiceFault>> + Send;
}
