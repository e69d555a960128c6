//! What the failure drills break on purpose, how it is detected, and the notification: docs/reference/failure-drills.md.
//!
//! `make drills` runs the tests with drills, each leaves its evidence in a folder, and writes the page.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// The folder that evidence is put into; without it none is.
const FOLDER: &str = "FAILURE_DRILLS";
const BEGIN: &str = "<!-- Written by `make drills`: from here on -->\n";
const PAGE: &str = include_str!("../../../docs/reference/failure-drills.md");

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub id: &'static str,
    /// What was done.
    pub what: &'static str,
    /// What notices it, and after how long at the most with the parameters at their defaults.
    pub noticed: &'static str,
    /// The test that does it.
    pub test: &'static str,
}

/// In the order of the page.
pub const ALL: [Entry; 11] = [
    Entry {
        id: "record-missing",
        what: "The domain owner has not created the record",
        noticed: "The first attempt, which checks before it contacts the CA: at once, notified at its end.",
        test: "alerts.rs, each_kind_reaches_each_subscriber_once_in_its_own_rendering",
    },
    Entry {
        id: "ca-away",
        what: "The CA does not answer",
        noticed: "The attempt, after the state machine's retries: about a minute. One notification for all endpoints.",
        test: "ca_faults.rs, an_answer_that_is_lost_late_or_never_comes_loses_nothing",
    },
    Entry {
        id: "name-refused",
        what: "The CA refuses the name",
        noticed: "The attempt, at once.",
        test: "ca_faults.rs, a_refusal_of_the_ca_is_recorded_with_who_is_waited_on",
    },
    Entry {
        id: "dns-changed",
        what: "The host and its delegation are led elsewhere after issuance",
        noticed: "check-health: within six hours (HealthMinutes), notified when a second check ten minutes later confirms it.",
        test: "health.rs, an_issue_between_renewals_is_notified_and_so_is_its_recovery",
    },
    Entry {
        id: "another-served",
        what: "The host serves a different certificate than the one in ACM",
        noticed: "check-health: within six hours, and ten minutes to confirm it; then also AnotherServedAlarm.",
        test: "health.rs, an_issue_between_renewals_is_notified_and_so_is_its_recovery",
    },
    Entry {
        id: "certificate-deleted",
        what: "The certificate is deleted from ACM",
        noticed: "check-health: within six hours, and ten minutes to confirm it.",
        test: "health.rs, an_issue_between_renewals_is_notified_and_so_is_its_recovery",
    },
    Entry {
        id: "dns-mended",
        what: "The problem is fixed",
        noticed: "The next check or attempt without a finding: within six hours of the fix.",
        test: "health.rs, an_issue_between_renewals_is_notified_and_so_is_its_recovery",
    },
    Entry {
        id: "life-left",
        what: "A certificate is about to expire without a renewal",
        noticed: "check-health measures the lifetime left at each check; LifeLeftAlarm.",
        test: "health.rs, an_issue_between_renewals_is_notified_and_so_is_its_recovery",
    },
    Entry {
        id: "schedule-disabled",
        what: "Somebody disables the schedule of the scan",
        noticed: "check-health checks the installation every five minutes, and notifies at the second failed check.",
        test: "health.rs, an_installation_that_stopped_is_notified_and_so_is_its_recovery",
    },
    Entry {
        id: "engine-silent",
        what: "All schedules stop",
        noticed: "The alarms on missing runs: 15 minutes (HeartbeatSeconds). They need no running function.",
        test: "alarms.rs, a_stopped_schedule_rings_the_alarms_on_missing_runs",
    },
    Entry {
        id: "zone-gone",
        what: "The delegation zone is gone from Route 53",
        noticed: "The first attempt that needs it, and OperatorFailuresAlarm within five minutes after.",
        test: "alarms.rs, a_failure_of_the_operators_rings_and_is_over_when_it_is_fixed",
    },
];

/// What was seen of an entry.
#[derive(Debug, Serialize, Deserialize)]
struct Evidence {
    milliseconds: u64,
    message: String,
}

/// A fault from now on.
#[derive(Debug)]
#[must_use]
pub struct Drill {
    id: &'static str,
    began: Instant,
}

/// To be called right after the fault was caused.
///
/// # Panics
///
/// If there is no such entry.
pub fn start_drill(id: &'static str) -> Drill {
    assert!(ALL.iter().any(|entry| entry.id == id), "{id} is not on the page");
    Drill { id, began: Instant::now() }
}

impl Drill {
    /// Somebody was notified with this message.
    pub fn notified(self, message: &str) -> Result<()> {
        let Some(folder) = env::var_os(FOLDER) else { return Ok(()) };
        let milliseconds = u64::try_from(self.began.elapsed().as_millis()).context("a test of some minutes")?;
        let evidence = Evidence { milliseconds, message: message.to_owned() };
        fs::create_dir_all(&folder)?;
        Ok(fs::write(file(Path::new(&folder), self.id), serde_json::to_string(&evidence)?)?)
    }
}

fn file(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.json"))
}

/// What `entry`'s section of the page begins with, whatever was seen in a run.
fn head(entry: &Entry) -> String {
    let Entry { what, noticed, test, .. } = entry;
    format!("\n## {what}\n\nDetected by: {noticed}\n\nRun by `tests/end-to-end/tests/{}`", test.replace(", ", "`, `"))
}

/// Compares the page with the entries: each has its section, in order, and there is no other.
pub fn check_page() -> Result<()> {
    let (_, made) = PAGE.split_once(BEGIN).context("the page says where it is made")?;
    let headings: Vec<_> = made.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    anyhow::ensure!(headings == ALL.map(|entry| entry.what), "run make drills: {headings:#?}");
    for entry in ALL {
        anyhow::ensure!(made.contains(&head(&entry)), "run make drills: {} has changed", entry.what);
    }
    Ok(())
}

/// Makes the page from the evidence in the folder that the environment names.
pub fn write_page() -> Result<()> {
    let folder = PathBuf::from(env::var_os(FOLDER).with_context(|| format!("{FOLDER} names the folder"))?);
    let (intro, _) = PAGE.split_once(BEGIN).context("the page says where it is made")?;
    let mut page = format!("{intro}{BEGIN}");
    for entry in ALL {
        let path = file(&folder, entry.id);
        let seen = fs::read_to_string(&path).with_context(|| format!("no evidence of {}", entry.id))?;
        let Evidence { milliseconds, message } = serde_json::from_str(&seen)?;
        let seconds = Duration::from_millis(milliseconds).as_secs_f64();
        write!(
            page,
            "{}. Here the notification came after {seconds:.1} s:\n\n```text\n{}\n```\n",
            head(&entry),
            message.trim()
        )?;
    }
    Ok(fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/failure-drills.md"), page)?)
}
