//! What the functions of a running cloud write.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::json;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::cloud::LocalCloud;
use crate::options::STACK_NAME;

/// How often CloudWatch is asked for more.
const POLL: Duration = Duration::from_secs(1);
/// Emulated CloudWatch may store a line later than one with a later time: so much is queried again.
const OVERLAP: i64 = 10_000;

/// A log line that was written at a time in milliseconds.
type Line = (i64, String);

impl LocalCloud {
    /// Prints what the functions write, from their first line on, until the process is ended or the cloud is stopped.
    ///
    /// `function` names one of them: `open-order`.
    pub async fn follow_logs(&self, function: Option<&str>) -> Result<()> {
        let groups = self.log_groups(function)?;
        let mut seen: BTreeMap<&str, Vec<Line>> = BTreeMap::new();
        let width = groups.iter().map(String::len).max().unwrap_or_default();
        loop {
            let mut fresh = Vec::new();
            for group in &groups {
                let seen = seen.entry(group).or_default();
                let since = seen.iter().map(|(at, _)| at - OVERLAP).max().unwrap_or_default();
                let lines = self.lines_since(group, since).await?;
                fresh.extend(lines.iter().filter(|line| !seen.contains(*line)).map(|line| (line.clone(), group)));
                *seen = lines;
            }
            // Lines of one function and one time stay in the order in which they were written.
            fresh.sort_by_key(|((at, _), _)| *at);
            for ((at, line), group) in fresh {
                println!("{} {group:<width$} {line}", time_of_day(at)?);
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Names of the functions whose logs are wanted.
    fn log_groups(&self, function: Option<&str>) -> Result<Vec<String>> {
        let prefix = format!("/{STACK_NAME}/");
        let groups = self.description().resources.iter().filter(|(id, _)| id.ends_with("Logs"));
        let all: Vec<_> = groups.filter_map(|(_, name)| name.strip_prefix(&prefix)).map(str::to_owned).collect();
        let Some(function) = function else { return Ok(all) };
        ensure!(all.iter().any(|name| name == function), "{function} is none of {}", all.join(", "));
        Ok(vec![function.to_owned()])
    }

    async fn lines_since(&self, group: &str, since: i64) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        let mut request = json!({"logGroupName": format!("/{STACK_NAME}/{group}"), "startTime": since});
        loop {
            let page = self.call("Logs_20140328.FilterLogEvents", &request).await?;
            for event in page["events"].as_array().context("events")? {
                let message = event["message"].as_str().context("a message")?.trim_end().to_owned();
                lines.push((event["timestamp"].as_i64().context("a time")?, message));
            }
            match page["nextToken"].as_str() {
                Some(token) => request["nextToken"] = json!(token),
                None => return Ok(lines),
            }
        }
    }
}

fn time_of_day(milliseconds: i64) -> Result<String> {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000)?;
    Ok(at.format(format_description!("[hour]:[minute]:[second].[subsecond digits:3]"))?)
}
