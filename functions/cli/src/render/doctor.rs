//! How the installation is: a line for each check, and below it what mends it.

use wire::{InstallationCheck, InstallationStatus};

use super::facts::fold;
use super::width::{cells, padded};
use crate::terminal::output::{Colour, Look};

/// Whether it is as bad as can be, or worse than this program knows of.
pub(crate) fn has_failed(check: &InstallationCheck) -> bool {
    check.status >= InstallationStatus::Failed.into()
}

pub(crate) fn doctor_page(look: Look, checks: &[InstallationCheck]) -> String {
    let names = checks.iter().map(|check| cells(&check.name)).max().unwrap_or_default();
    // The level and the gaps between the columns.
    let indent = 1 + 7 + 2 + names + 2;
    let room = look.width.map(|width| usize::from(width).saturating_sub(indent));
    let mut page = String::new();
    for check in checks {
        let colour = match check.status.known() {
            Some(InstallationStatus::Ok) => Colour::Green,
            Some(InstallationStatus::Warning) => Colour::Yellow,
            // Also what this program does not know: better looked at than passed over.
            Some(InstallationStatus::Failed) | None => Colour::Red,
        };
        let level = look.paint(&format!("{:<7}", check.status), colour);
        let mut lines = fold(&check.detail, room);
        if let Some(remedy) = check.remedy.as_ref().filter(|_| check.status != InstallationStatus::Ok) {
            lines.extend(fold(&format!("→ {remedy}"), room));
        }
        let first = lines.remove(0);
        page += format!(" {level}  {}  {first}", padded(&check.name, names)).trim_end();
        page += "\n";
        for line in lines {
            page += &format!("{:indent$}{line}\n", "");
        }
    }
    let failed = checks.iter().filter(|check| has_failed(check)).count();
    let warnings = checks.iter().filter(|check| check.status == InstallationStatus::Warning).count();
    page + &match (failed, warnings) {
        (0, 0) => "\nAll is well.\n".to_owned(),
        (0, warnings) => format!("\nNothing failed; {warnings} to look at.\n"),
        (failed, _) => format!("\n{failed} failed. Look again when it is mended: managed-https doctor\n"),
    }
}
