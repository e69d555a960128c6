//! What a check of the installation itself finds.

use serde::{Deserialize, Serialize};

/// How one part of the installation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallationStatus {
    Ok,
    /// Works, and may not always.
    Warning,
    Failed,
}

/// One check of the installation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallationCheck {
    /// Name of the check: `zone-delegation`. Stable.
    pub name: String,
    pub status: InstallationStatus,
    /// What was found, in one or two sentences.
    pub detail: String,
    /// What the operator does about it; absent when all is well.
    pub remedy: Option<String>,
    /// How much is used of what is limited, where the check is of that.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<Used>,
}

/// How much of a limit is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Of which limit: `certificates`. Stable.
    pub of: String,
    /// Whole percent, rounded down; over 100 where it will not be enough.
    pub percent: u32,
}
