//! The rows of `doctor`.

use wire::{InstallationCheck, InstallationStatus};

use crate::api::error::ApiError;
use crate::terminal::error::CliError;

pub(super) fn ok(name: &str, detail: impl Into<String>) -> InstallationCheck {
    check(name, InstallationStatus::Ok, detail, None)
}

/// What an error says, with its next step.
pub(super) fn failed(name: &str, error: ApiError) -> InstallationCheck {
    let trouble = CliError::from(error);
    let detail = match trouble.why() {
        "" => trouble.what().to_owned(),
        why => format!("{} {why}", trouble.what()),
    };
    check(name, InstallationStatus::Failed, detail, Some(trouble.next().to_owned()))
}

pub(super) fn check(
    name: &str,
    status: InstallationStatus,
    detail: impl Into<String>,
    remedy: Option<String>,
) -> InstallationCheck {
    let (name, detail) = (name.to_owned(), detail.into());
    InstallationCheck { name, status: status.into(), detail, remedy, since: None, used: Vec::new() }
}
