//! What the tests provoke on purpose, how it was noticed and what a person then got: docs/PROVOKED.md is made of it.
//!
//! `make provoked` runs the tests that provoke, each of which leaves its evidence in a folder, and makes the page.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// The folder that evidence is put into; without it none is.
const FOLDER: &str = "PROVOKED";
const BEGIN: &str = "<!-- Made by `make provoked`: from here on -->\n";
const PAGE: &str = include_str!("../../../docs/PROVOKED.md");

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
        what: "A customer has not created the record",
        noticed: "The first attempt, which looks before the CA is asked: at once, and told when it ends.",
        test: "alerts.rs, each_kind_reaches_each_subscriber_once_in_its_own_rendering",
    },
    Entry {
        id: "ca-away",
        what: "The CA does not answer",
        noticed: "The attempt, when the flow's own retries are spent: about a minute. Told once for all endpoints.",
        test: "ca_faults.rs, an_answer_that_is_lost_late_or_never_comes_loses_nothing",
    },
    Entry {
        id: "name-refused",
        what: "The CA refuses the name",
        noticed: "The attempt, at once.",
        test: "ca_faults.rs, what_the_ca_says_no_to_is_recorded_with_whose_move_it_is",
    },
    Entry {
        id: "dns-changed",
        what: "The host's CNAME is changed after issuance",
        noticed: "check-health: within six hours (HealthMinutes), and told when a second look ten minutes later sees it too.",
        test: "health.rs, what_breaks_between_renewals_is_told_once_and_its_end_once",
    },
    Entry {
        id: "another-served",
        what: "The host presents another certificate than the one in ACM",
        noticed: "check-health: within six hours, and ten minutes to confirm it; then the alarm AnotherServedAlarm, too.",
        test: "health.rs, what_breaks_between_renewals_is_told_once_and_its_end_once",
    },
    Entry {
        id: "certificate-deleted",
        what: "The certificate is deleted from ACM",
        noticed: "check-health: within six hours, and ten minutes to confirm it.",
        test: "health.rs, what_breaks_between_renewals_is_told_once_and_its_end_once",
    },
    Entry {
        id: "dns-mended",
        what: "What was wrong is mended",
        noticed: "The next look or attempt that finds nothing: for what was told, within six hours.",
        test: "health.rs, what_breaks_between_renewals_is_told_once_and_its_end_once",
    },
    Entry {
        id: "life-left",
        what: "A certificate comes near its end, and nobody has renewed it",
        noticed: "check-health measures the part of the life that is left at each look; the alarm LifeLeftAlarm.",
        test: "health.rs, what_breaks_between_renewals_is_told_once_and_its_end_once",
    },
    Entry {
        id: "schedule-disabled",
        what: "Somebody disables the schedule of the scan",
        noticed: "check-health looks at the engine every five minutes, and tells at the second time.",
        test: "health.rs, an_engine_that_stands_still_is_told_and_so_is_that_it_runs_again",
    },
    Entry {
        id: "engine-silent",
        what: "The engine stops altogether",
        noticed: "The alarms on silence, by missing data: 15 minutes (HeartbeatSeconds). They need nothing of the engine.",
        test: "alarms.rs, a_schedule_that_has_stopped_rings_by_its_silence",
    },
    Entry {
        id: "zone-gone",
        what: "The delegation zone is gone from Route 53",
        noticed: "The first attempt that needs it, and the alarm OperatorFailuresAlarm within five minutes of that.",
        test: "alarms.rs, a_failure_of_the_operators_rings_and_is_over_when_it_is_mended",
    },
];

/// What was seen of an entry.
#[derive(Debug, Serialize, Deserialize)]
struct Evidence {
    milliseconds: u64,
    message: String,
}

/// Something that goes wrong from now on.
#[derive(Debug)]
#[must_use]
pub struct Provocation {
    id: &'static str,
    began: Instant,
}

/// To be called when it has just been done.
///
/// # Panics
///
/// If there is no such entry.
pub fn provoke(id: &'static str) -> Provocation {
    assert!(ALL.iter().any(|entry| entry.id == id), "{id} is not on the page");
    Provocation { id, began: Instant::now() }
}

impl Provocation {
    /// Somebody was told, with this message.
    pub fn told(self, message: &str) -> Result<()> {
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
    format!(
        "\n## {what}\n\nNoticed by: {noticed}\n\nProvoked in `tests/end-to-end/tests/{}`",
        test.replace(", ", "`, `")
    )
}

/// Holds the page against the entries: each has its section, in order, and there is no other.
pub fn check_page() -> Result<()> {
    let (_, made) = PAGE.split_once(BEGIN).context("the page says where it is made")?;
    let headings: Vec<_> = made.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    anyhow::ensure!(headings == ALL.map(|entry| entry.what), "run make provoked: {headings:#?}");
    for entry in ALL {
        anyhow::ensure!(made.contains(&head(&entry)), "run make provoked: {} has changed", entry.what);
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
            "{}. Here the message came after {seconds:.1} s:\n\n```text\n{}\n```\n",
            head(&entry),
            message.trim()
        )?;
    }
    Ok(fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/PROVOKED.md"), page)?)
}
