//! The installation itself, and who asks.

use serde::{Deserialize, Serialize};

#[derive(Debug, Deserialize)]
pub(crate) struct Installation {
    pub(crate) checks: Vec<InstallationCheck>,
}

/// One thing that was looked at: what was found, and what mends it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct InstallationCheck {
    pub(crate) name: String,
    pub(crate) status: Level,
    pub(crate) detail: String,
    #[serde(default)]
    pub(crate) remedy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    Ok,
    Warning,
    /// Also what this program does not know: better looked at than passed over.
    #[serde(other)]
    Failed,
}

impl Level {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// Who the caller is, as the API sees it.
#[derive(Debug, Deserialize)]
pub(crate) struct CallerView {
    pub(crate) who: String,
    pub(crate) operator: bool,
    #[serde(default)]
    pub(crate) tenant: Option<String>,
}
