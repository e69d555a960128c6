//! The installation itself: what is observed of it, and what a check of it reports.

pub mod capacity;
pub mod check;
pub mod facts;
pub mod reconciliation;

pub use self::capacity::{AcmUse, Assigned, BalancerUse, COUNT_AGAIN, Capacity};
pub use self::check::{InstallationCheck, InstallationStatus, Used};
pub use self::facts::{
    Account, Alarm, AlarmState, AuthorityFacts, Concurrency, Delegation, Directory, Facts, HostedZone, LONGEST_ATTEMPT,
    Observed, RefusedNotifications, Resource, ResourceState, Schedule, Standing, Subscription, Subscriptions, Task,
    TaskFacts,
};
pub use self::reconciliation::{Difference, DifferenceKind, Reconcile, Reconciled};
