//! Whether the CLI and the stack are of one version, and which of the two to update if not.

use std::cmp::Ordering;

use semver::Version;
use wire::{InstallationCheck, InstallationStatus};

use super::checks::{check, ok};

/// The stack's version and the CLI's `--version` as one check. `theirs` is absent of stacks before 0.2.0.
///
/// A difference is a warning: each of them can read what the other one sends.
pub(super) fn compare(ours: &str, theirs: Option<&str>) -> InstallationCheck {
    let Some(theirs) = theirs else {
        let detail = format!("the stack is older than 0.2.0, the CLI is {ours}");
        return differs(detail, update_the_stack());
    };
    let (Ok(our), Ok(their)) = (ours.parse::<Version>(), theirs.parse::<Version>()) else {
        return differs(format!("the stack is {theirs}, the CLI is {ours}"), update_the_cli(theirs, ""));
    };
    let detail = format!("the stack is {their}, the CLI is {our}");
    match our.cmp_precedence(&their) {
        Ordering::Greater => differs(format!("{detail}: the stack is older"), update_the_stack()),
        Ordering::Less => differs(format!("{detail}: the CLI is older"), update_the_cli(theirs, &their.build)),
        // A build by `make build` names no commit.
        Ordering::Equal if our.build != their.build && !our.build.is_empty() && !their.build.is_empty() => {
            differs(format!("{detail}: two commits of one version"), update_the_cli(theirs, &their.build))
        }
        Ordering::Equal => ok(NAME, detail),
    }
}

/// As `doctor` shows it.
const NAME: &str = "version";

fn differs(detail: String, remedy: String) -> InstallationCheck {
    check(NAME, InstallationStatus::Warning, detail, Some(remedy))
}

fn update_the_stack() -> String {
    "Update the stack: read CHANGELOG.md from its version on, then run make deploy.".to_owned()
}

/// From a checkout at the commit, else at the version's tag.
fn update_the_cli(version: &str, commit: &str) -> String {
    let place = match commit {
        "" => format!("v{version}"),
        commit => commit.to_owned(),
    };
    format!("Update the CLI: install the one of release {version}, or run git checkout {place} && make build")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(ours: &str, theirs: Option<&str>) -> (InstallationStatus, String, String) {
        let InstallationCheck { status, detail, remedy, .. } = compare(ours, theirs);
        let known = [InstallationStatus::Ok, InstallationStatus::Warning].into_iter().find(|one| status == *one);
        (known.expect("no failure"), detail, remedy.unwrap_or_default())
    }

    #[test]
    fn the_same_version_passes_and_a_build_without_a_commit_matches_any() {
        for (ours, theirs) in [("0.2.0", "0.2.0"), ("0.2.0", "0.2.0+ab1"), ("0.2.0+ab1", "0.2.0+ab1")] {
            assert_eq!(seen(ours, Some(theirs)).0, InstallationStatus::Ok, "{ours} and {theirs}");
        }
    }

    #[test]
    fn the_older_of_cli_and_stack_is_to_be_updated() {
        let (status, detail, remedy) = seen("0.10.0", Some("0.9.3+ab1"));
        assert_eq!(status, InstallationStatus::Warning);
        assert_eq!(detail, "the stack is 0.9.3+ab1, the CLI is 0.10.0: the stack is older");
        assert!(remedy.contains("make deploy"), "{remedy}");
        let (_, detail, remedy) = seen("0.9.3", Some("0.10.0+ab1"));
        assert_eq!(detail, "the stack is 0.10.0+ab1, the CLI is 0.9.3: the CLI is older");
        assert!(remedy.ends_with("git checkout ab1 && make build"), "{remedy}");
        assert!(seen("0.9.3", Some("0.10.0")).2.contains("git checkout v0.10.0"));
    }

    #[test]
    fn two_commits_of_one_version_differ_and_a_stack_without_a_version_is_older() {
        let (status, detail, remedy) = seen("0.2.0+cd2", Some("0.2.0+ab1"));
        assert_eq!(status, InstallationStatus::Warning);
        assert!(detail.ends_with("two commits of one version") && remedy.contains("git checkout ab1"), "{remedy}");
        let (status, detail, remedy) = seen("0.2.0", None);
        assert_eq!(status, InstallationStatus::Warning);
        assert!(detail.contains("older than 0.2.0") && remedy.contains("make deploy"), "{detail}");
        assert_eq!(seen("0.2.0", Some("next")).0, InstallationStatus::Warning);
    }
}
