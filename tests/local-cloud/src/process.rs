//! Processes that outlive the one that starts them, and are ended by pid.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::layout::CloudFolder;

/// How long a process may take to end after a signal.
const GRACE: Duration = Duration::from_secs(4);
const POLL: Duration = Duration::from_millis(20);

/// A process of a cloud, identified by data that survives a restart of the caller.
///
/// The start time distinguishes it from a later process with the same pid.
#[derive(Clone, Debug)]
pub struct Process {
    pub role: String,
    pub pid: i32,
    started: u64,
    record: PathBuf,
}

impl Process {
    /// Starts `command` in a process group of its own, with its output in the log of `role`.
    pub(crate) fn start(folder: &CloudFolder, role: &str, mut command: Command) -> Result<Self> {
        let log = File::create(folder.log(role)).with_context(|| format!("the log of {role}"))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
            .with_context(|| format!("starting {role} ({})", command.get_program().display()))?;
        let pid = i32::try_from(child.id()).context("a pid")?;
        // Nobody waits for it in here: it may outlive this process, and `is_running` knows a zombie.
        let started = stat(pid).map_or(0, |stat| stat.started);
        let record = folder.processes().join(role);
        fs::write(&record, format!("{pid} {started}\n")).with_context(|| format!("noting the pid of {role}"))?;
        Ok(Self { role: role.to_owned(), pid, started, record })
    }

    /// The processes that a cloud has noted, whether they still run or not.
    pub(crate) fn noted(folder: &CloudFolder) -> Vec<Self> {
        let Ok(entries) = fs::read_dir(folder.processes()) else { return Vec::new() };
        let mut processes: Vec<_> = entries.flatten().filter_map(|entry| Self::read(&entry.path())).collect();
        processes.sort_by(|a, b| a.role.cmp(&b.role));
        processes
    }

    fn read(record: &Path) -> Option<Self> {
        let text = fs::read_to_string(record).ok()?;
        let (pid, started) = text.trim().split_once(' ')?;
        Some(Self {
            role: record.file_name()?.to_str()?.to_owned(),
            pid: pid.parse().ok()?,
            started: started.parse().ok()?,
            record: record.to_owned(),
        })
    }

    pub fn is_running(&self) -> bool {
        stat(self.pid).is_some_and(|stat| stat.started == self.started && !stat.zombie)
    }

    /// Fails with the end of its log when the process has ended.
    pub(crate) fn expect_running(&self, folder: &CloudFolder) -> Result<()> {
        if self.is_running() {
            return Ok(());
        }
        bail!("{} has ended:\n{}", self.role, log_end(&folder.log(&self.role)))
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.pid).expect("a started process has a pid");
        // The group has the Lambdas that ministack started. An error says that it is gone already.
        let _ = kill_process_group(pid, signal);
    }
}

/// Ends `processes` with their children, all at once, and returns when none is left.
pub(crate) fn stop(processes: &[Process]) -> Result<()> {
    let running: Vec<_> = processes.iter().filter(|process| process.is_running()).collect();
    for process in &running {
        process.signal(Signal::TERM);
    }
    await_end(&running, GRACE);
    for process in &running {
        process.signal(Signal::KILL);
    }
    await_end(&running, GRACE);
    for process in processes {
        if process.is_running() {
            bail!("{} (pid {}) does not end", process.role, process.pid);
        }
        let _ = fs::remove_file(&process.record);
    }
    Ok(())
}

fn await_end(processes: &[&Process], limit: Duration) {
    let deadline = Instant::now() + limit;
    while processes.iter().any(|process| process.is_running()) && Instant::now() < deadline {
        thread::sleep(POLL);
    }
}

/// Ends every process whose environment has all of `variables`. Returns how many there were.
pub(crate) fn kill_by_environment(variables: &[String]) -> usize {
    let killed = |pid: &i32| Pid::from_raw(*pid).is_some_and(|pid| kill_process(pid, Signal::KILL).is_ok());
    with_environment(variables).into_iter().filter(killed).count()
}

/// CPU time that all processes have used whose environment has all of `variables`.
pub(crate) fn cpu_by_environment(variables: &[String]) -> Duration {
    with_environment(variables).into_iter().map(cpu).sum()
}

fn with_environment(variables: &[String]) -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else { return false };
        let has = |wanted: &String| environment.split(|byte| *byte == 0).any(|one| one == wanted.as_bytes());
        variables.iter().all(has)
    })
    .collect()
}

/// Of all threads that live: nanoseconds on a CPU, as the scheduler counts them.
fn cpu(pid: i32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let used = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(used.sum())
}

struct Stat {
    zombie: bool,
    started: u64,
}

/// Fields 3 and 22 of proc_pid_stat(5). The second field may hold blanks and parentheses.
fn stat(pid: i32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<_> = text.rsplit_once(')')?.1.split_whitespace().collect();
    Some(Stat { zombie: matches!(*fields.first()?, "Z" | "X"), started: fields.get(19)?.parse().ok()? })
}

/// The last lines of a log, for a message.
pub(crate) fn log_end(log: &Path) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_distinguished_from_a_later_one_with_its_pid() {
        let own = i32::try_from(std::process::id()).unwrap();
        let started = stat(own).unwrap().started;
        let process = |started| Process { role: "x".into(), pid: own, started, record: PathBuf::new() };
        assert!(process(started).is_running());
        assert!(!process(started + 1).is_running());
    }
}
