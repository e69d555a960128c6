use std::future::Future;

use crate::installation::check::InstallationCheck;
use crate::installation::reconciliation::{Reconcile, Reconciled};
use vocabulary::failure::ServiceFault;

/// Checks the installation itself: permissions, zone, account, schedule, alarms, subscriptions.
pub trait Inspector {
    /// The findings, one entry per check. Changes nothing.
    fn inspect(&self) -> impl Future<Output = Result<Vec<InstallationCheck>, ServiceFault>> + Send;
}

/// Compares ACM with the table, a page at a time.
pub trait Reconciler {
    /// The differences on one page. May be repeated: recorded certificates no longer differ.
    fn reconcile(&self, request: &Reconcile) -> impl Future<Output = Result<Reconciled, ServiceFault>> + Send;
}
