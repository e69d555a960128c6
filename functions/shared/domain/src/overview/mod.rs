//! A summary of many endpoints: how many have which status, what needs attention first, what is renewed when.

pub mod by_tenant;
pub mod first;
pub mod groups;
pub mod in_use;
pub mod summary;
pub mod urgency;

pub use self::by_tenant::{ByTenant, Figures, TIMES};
pub use self::first::First;
pub use self::groups::{Group, Groups};
pub use self::in_use::{BalancerAt, InUse, Registrations};
pub use self::summary::{NextRenewal, Summary};
pub use self::urgency::Urgency;
