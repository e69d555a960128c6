//! What a check of the installation itself finds.

use serde::{Deserialize, Serialize};

/// The status of one part of the installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallationStatus {
    Ok,
    /// Works, but may not always.
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
    /// The operator's next step; absent if it is healthy.
    pub remedy: Option<String>,
    /// How much of a limit is used, if the check is about limits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<Used>,
}

/// How much of a limit is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Used {
    /// Which limit: `certificates`. Stable.
    pub of: String,
    /// Whole percent, rounded down; over 100 where it will not be enough.
    pub percent: u32,
}
