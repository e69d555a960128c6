//! The installation: a line for each check, and below it the next step.

use vocabulary::times::exact;
use wire::{InstallationCheck, InstallationStatus, Used};

use super::facts::fold;
use super::width::{cells, padded};
use crate::terminal::output::{Colour, Style};

/// Whether it failed, or has a status that this program does not know.
pub(crate) fn has_failed(check: &InstallationCheck) -> bool {
    check.status >= InstallationStatus::Failed.into()
}

pub(crate) fn doctor_page(style: Style, checks: &[InstallationCheck]) -> String {
    let names = checks.iter().map(|check| cells(&check.name)).max().unwrap_or_default();
    // The level and the gaps between the columns.
    let indent = 1 + 7 + 2 + names + 2;
    let room = style.width.map(|width| usize::from(width).saturating_sub(indent));
    let mut page = String::new();
    for check in checks {
        let colour = match check.status.known() {
            Some(InstallationStatus::Ok) => Colour::Green,
            Some(InstallationStatus::Warning) => Colour::Yellow,
            // Also a status that this program does not know: better shown than missed.
            Some(InstallationStatus::Failed) | None => Colour::Red,
        };
        let level = style.paint(&format!("{:<7}", check.status), colour);
        let since = check.since.map_or_else(String::new, |at| format!(" Since {}.", exact(at)));
        let mut lines = fold(&format!("{}{since}", check.detail), room);
        if let Some(remedy) = check.remedy.as_ref().filter(|_| check.status != InstallationStatus::Ok) {
            lines.extend(fold(&format!("→ {remedy}"), room));
        }
        let labels = check.used.iter().map(|used| cells(&used.of)).max().unwrap_or_default();
        lines.extend(check.used.iter().map(|used| bar(used, labels)));
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
        (0, 0) => "\nNo failures, no warnings.\n".to_owned(),
        (0, warnings) => format!("\nNo failures, {}.\n", counted(warnings, "warning")),
        (failed, 0) => format!("\n{}. Check again: managed-https doctor\n", counted(failed, "failure")),
        (failed, warnings) => {
            let (failed, warnings) = (counted(failed, "failure"), counted(warnings, "warning"));
            format!("\n{failed}, {warnings}. Check again: managed-https doctor\n")
        }
    }
}

/// How many cells a bar has.
const BAR: u32 = 20;

/// `certificates  ████░░░░░░░░░░░░░░░░  21 % used`
fn bar(used: &Used, labels: usize) -> String {
    let full = (used.percent.min(100) * BAR).div_ceil(100);
    let drawn: String = (0..BAR).map(|cell| if cell < full { '█' } else { '░' }).collect();
    format!("{}  {drawn}  {}\u{a0}% used", padded(&used.of, labels), used.percent)
}

/// `1 warning`, `4 warnings`
fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_has_the_length_of_what_is_used_and_never_more() {
        let drawn = |percent| bar(&Used { of: "certificates".into(), percent }, 14);
        assert_eq!(drawn(0), format!("certificates    {}  0\u{a0}% used", "░".repeat(20)));
        assert_eq!(drawn(21), format!("certificates    {}{}  21\u{a0}% used", "█".repeat(5), "░".repeat(15)));
        assert_eq!(drawn(140), format!("certificates    {}  140\u{a0}% used", "█".repeat(20)));
    }
}
