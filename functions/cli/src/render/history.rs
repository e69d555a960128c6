//! Attempts: what was tried, how it ended, what it took.

use comfy_table::Cell;
use time::Duration;
use url::Url;
use vocabulary::times::{exact, length};
use wire::{Attempt, Failure, StepUsage};

use super::facts::facts;
use super::{cell, colour_of_outcome, heading, keep_whole, narrow, number, table, text_of};
use crate::terminal::output::{Colour, Style};

const HEADERS: [&str; 9] =
    ["ATTEMPT", "STARTED", "TOOK", "OUTCOME", "METHOD", "CA REQUESTS", "ROUTE53 CALLS", "LAMBDA TIME", "CA"];
/// Columns that are shown on the narrowest terminal.
const KEPT: usize = 5;

pub(crate) fn history(style: Style, attempts: &[Attempt]) -> String {
    if attempts.is_empty() {
        return "No attempt is recorded yet.\n".into();
    }
    let mut table = table(style, &HEADERS);
    for attempt in attempts {
        let sum = |part: fn(&StepUsage) -> u64| attempt.steps.iter().map(part).fold(0, u64::saturating_add);
        table.add_row([
            number(attempt.attempt),
            Cell::new(exact(attempt.started_at)),
            Cell::new(took(attempt).map_or_else(|| "-".into(), length)),
            match attempt.set_up {
                true => cell(style, "waiting for DNS", Colour::Cyan),
                false => cell(style, &attempt.outcome.to_string(), colour_of_outcome(&attempt.outcome)),
            },
            Cell::new(attempt.method.as_ref().map_or_else(|| "-".into(), ToString::to_string)),
            number(sum(|step| step.ca_requests.into())),
            number(sum(|step| step.route53_calls.into())),
            Cell::new(length(milliseconds(sum(|step| step.milliseconds)))),
            Cell::new(authority(attempt).unwrap_or_else(|| "-".into())),
        ]);
    }
    keep_whole(&mut table, KEPT);
    narrow(&mut table, style, KEPT);
    text_of(&table) + &times(style, attempts) + &reasons(style, attempts)
}

/// Where the time of each attempt went: its steps, the longest first, and the waiting between them.
fn times(style: Style, attempts: &[Attempt]) -> String {
    let rows: Vec<_> =
        attempts.iter().filter_map(|attempt| Some((attempt.attempt.to_string(), spent(attempt)?))).collect();
    if rows.is_empty() {
        return String::new();
    }
    let rows: Vec<_> = rows.iter().map(|(number, spent)| (number.as_str(), spent.clone())).collect();
    format!("\n{}\n\n{}", heading(style, "Where the time went"), facts(style, &rows))
}

fn spent(attempt: &Attempt) -> Option<String> {
    let mut parts: Vec<_> =
        attempt.steps.iter().map(|step| (step.step.to_string(), milliseconds(step.milliseconds))).collect();
    if parts.is_empty() {
        return None;
    }
    let at_work: Duration = parts.iter().map(|(_, span)| *span).fold(Duration::ZERO, Duration::saturating_add);
    if let Some(rest) = took(attempt).map(|whole| whole - at_work).filter(|rest| !rest.is_negative()) {
        parts.push(("waiting".to_owned(), rest));
    }
    parts.sort_by_key(|(_, span)| std::cmp::Reverse(*span));
    Some(parts.into_iter().map(|(part, span)| format!("{part} {}", length(span))).collect::<Vec<_>>().join(", "))
}

/// Why attempts failed: each reason once, with the attempts it ended.
fn reasons(style: Style, attempts: &[Attempt]) -> String {
    let mut reasons: Vec<(&Failure, Vec<String>)> = Vec::new();
    for attempt in attempts {
        let Some(failure) = &attempt.failure else { continue };
        let number = attempt.attempt.to_string();
        match reasons.iter_mut().find(|(known, _)| (&known.name, &known.summary) == (&failure.name, &failure.summary)) {
            Some((_, numbers)) => numbers.push(number),
            None => reasons.push((failure, vec![number])),
        }
    }
    if reasons.is_empty() {
        return String::new();
    }
    // Set-up is no failure.
    let failed = attempts.iter().any(|attempt| attempt.failure.is_some() && !attempt.set_up);
    let title = if failed { "Why attempts failed" } else { "What attempts are waiting for" };
    let mut text = format!("\n{}\n", heading(style, title));
    for (failure, numbers) in reasons {
        let name = numbers.join(", ");
        let why = format!("{}: {}", failure.name, failure.summary);
        text += "\n";
        text += &facts(style, &[(name.as_str(), why), ("", failure.remedy.clone())]);
    }
    text
}

/// The host of the CA's directory, by which people distinguish CAs.
fn authority(attempt: &Attempt) -> Option<String> {
    let directory = Url::parse(attempt.directory.as_deref()?).ok()?;
    directory.host_str().map(str::to_owned)
}

/// From its start to its end.
fn took(attempt: &Attempt) -> Option<Duration> {
    Some((attempt.finished_at? - attempt.started_at).max(Duration::ZERO))
}

fn milliseconds(count: u64) -> Duration {
    Duration::milliseconds(i64::try_from(count).unwrap_or(i64::MAX))
}

/// `www.example.com: renewed by attempt 4 over http-01, in 12.3 s`
pub(crate) fn attempt_line(domain: &str, attempt: &Attempt) -> String {
    let mut line = match attempt.set_up {
        true => format!("{domain}: waiting for DNS after attempt {}", attempt.attempt),
        false => format!("{domain}: {} by attempt {}", attempt.outcome, attempt.attempt),
    };
    if let Some(method) = &attempt.method {
        line += &format!(" over {method}");
    }
    if let Some(took) = took(attempt) {
        line += &format!(", in {}", length(took));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_attempt_shows_what_it_took_and_why_it_failed() {
        let attempt: Attempt = serde_json::from_value(json!({
            "attempt": 7, "started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:12.3Z", "outcome": "failed",
            "method": "dns-01", "order": "https://ca.example/order/1", "directory": "https://ca.example/dir", "execution": "ep-1-7",
            "failure": {"name": "ChallengeFailed", "actor": "customer", "summary": "wrong TXT", "remedy": "r"},
            "steps": [{"step": "open-order", "milliseconds": 300, "ca_requests": 3, "route53_calls": 0},
                      {"step": "present-challenge", "milliseconds": 150, "ca_requests": 0, "route53_calls": 1}]
        }))
        .expect("an attempt");
        let style = Style { colour: false, width: None };
        let text = history(style, &[attempt.clone(), attempt.clone()]);
        for part in [
            "7",
            "2026-01-01 00:00:00 UTC",
            "12.3 s",
            "failed",
            "dns-01",
            "ca.example",
            "3",
            "1",
            "450 ms",
            "7   waiting 11.8 s, open-order 300 ms, present-challenge 150 ms",
            "7, 7   ChallengeFailed: wrong TXT",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        let set_up = Attempt { set_up: true, ..attempt.clone() };
        assert_eq!(
            attempt_line("a.example", &set_up),
            "a.example: waiting for DNS after attempt 7 over dns-01, in 12.3 s"
        );
        let text = history(style, &[set_up]);
        assert!(text.contains("waiting for DNS") && text.contains("What attempts are waiting for"), "{text}");
        assert!(!text.contains("failed "), "{text}");
        assert_eq!(attempt_line("a.example", &attempt), "a.example: failed by attempt 7 over dns-01, in 12.3 s");
    }
}
