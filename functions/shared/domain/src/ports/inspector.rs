use std::future::Future;

use crate::installation::check::InstallationCheck;
use crate::installation::reconciliation::{Reconcile, Reconciled};
use vocabulary::failure::ServiceFault;

/// Checks the installation itself: permissions, zone, account, schedule, alarms, subscriptions.
pub trait Inspector {
    /// What was found, one entry a check. Changes nothing.
    fn inspect(&self) -> impl Future<Output = Result<Vec<InstallationCheck>, ServiceFault>> + Send;
}

/// Compares ACM with the table, a page at a time.
pub trait Reconciler {
    /// What differs on one page. May be repeated: what was recorded does not differ any more.
    fn reconcile(&self, request: &Reconcile) -> impl Future<Output = Result<Reconciled, ServiceFault>> + Send;
}
