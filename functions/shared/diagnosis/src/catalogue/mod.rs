//! Every check: its name, its severity, what it means.

pub mod check;
pub mod entries;
pub mod finding;

pub use self::check::{Area, Check, Entry};
pub use self::entries::CATALOGUE;
