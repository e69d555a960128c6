//! What no stack asks for.

use domain::installation::{InstallationCheck, Reconcile, Reconciled};
use domain::ports::{FaultKind, Inspector, Reconciler, ServiceFault};

/// The installation is inspected through the API alone: this function may invoke no other.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoInspection;

fn not_here() -> ServiceFault {
    let detail = "the installation is inspected through the API".to_owned();
    ServiceFault { operation: "an inspection", kind: FaultKind::Refused, detail }
}

impl Inspector for NoInspection {
    async fn inspect(&self) -> Result<Vec<InstallationCheck>, ServiceFault> {
        Err(not_here())
    }
}

impl Reconciler for NoInspection {
    async fn reconcile(&self, _: &Reconcile) -> Result<Reconciled, ServiceFault> {
        Err(not_here())
    }
}
