//! The kinds of requests of a tenant that are counted.

use serde::{Deserialize, Serialize};

/// What is counted per tenant and period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    Registrations,
    Renewals,
    Checks,
    Messages,
    /// Requests that end in an import into ACM.
    Imports,
}

impl Counted {
    pub const ALL: [Self; 5] = [Self::Registrations, Self::Renewals, Self::Checks, Self::Messages, Self::Imports];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Registrations => "registrations",
            Self::Renewals => "renewals",
            Self::Checks => "checks",
            Self::Messages => "messages",
            Self::Imports => "imports",
        }
    }
}
