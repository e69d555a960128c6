//! Everything that is wrong with an endpoint now. Status and notifications both read it.

pub mod attempts;
pub mod current;
pub mod issue;
pub mod moved;
pub mod observed;
pub mod schedule;

pub use self::attempts::is_shared;
pub use self::current::issues;
pub use self::issue::{DEFAULT_SETUP_PATIENCE, Due, Issue, IssueKey, Notice};
pub use self::schedule::OVERDUE;
