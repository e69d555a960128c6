//! Attempts: what was tried, how it ended, what it took.

use comfy_table::Cell;
use time::OffsetDateTime;

use super::moment::{length, moment};
use super::{cell, colour_of_outcome, number, table, text_of};
use crate::model::{Attempt, Step};
use crate::terminal::Look;

pub(crate) fn history(look: Look, attempts: &[Attempt], now: OffsetDateTime) -> String {
    if attempts.is_empty() {
        return "No attempt is recorded yet.\n".into();
    }
    let headers =
        ["ATTEMPT", "STARTED", "TOOK", "OUTCOME", "METHOD", "CA REQUESTS", "ROUTE53 CALLS", "LAMBDA TIME", "WHY"];
    let mut table = table(look, &headers);
    for attempt in attempts {
        let sum = |part: fn(&Step) -> u64| attempt.steps.iter().map(part).fold(0, u64::saturating_add);
        table.add_row([
            number(attempt.attempt),
            Cell::new(moment(attempt.started_at, now)),
            Cell::new(took(attempt).unwrap_or_else(|| "-".into())),
            cell(look, attempt.outcome.as_str(), colour_of_outcome(attempt.outcome)),
            Cell::new(attempt.method.as_deref().unwrap_or("-")),
            number(sum(|step| step.ca_requests)),
            number(sum(|step| step.route53_calls)),
            Cell::new(length(sum(|step| step.milliseconds))),
            Cell::new(attempt.failure.as_ref().map_or("".into(), |f| format!("{}: {}", f.name, f.summary))),
        ]);
    }
    text_of(&table)
}

fn took(attempt: &Attempt) -> Option<String> {
    let span = attempt.finished_at? - attempt.started_at;
    Some(length(u64::try_from(span.whole_milliseconds()).unwrap_or_default()))
}

/// `www.example.com: renewed by attempt 4 over http-01, in 12.3 s`
pub(crate) fn attempt_line(domain: &str, attempt: &Attempt) -> String {
    let mut line = format!("{domain}: {} by attempt {}", attempt.outcome.as_str(), attempt.attempt);
    if let Some(method) = &attempt.method {
        line += &format!(" over {method}");
    }
    if let Some(took) = took(attempt) {
        line += &format!(", in {took}");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::macros::datetime;

    #[test]
    fn an_attempt_shows_what_it_took_and_why_it_failed() {
        let attempt: Attempt = serde_json::from_value(json!({
            "attempt": 7, "started_at": "2026-01-01T00:00:00Z", "finished_at": "2026-01-01T00:00:12.3Z", "outcome": "failed",
            "method": "dns-01", "order": "https://ca.example/order/1", "execution": "ep-1-7",
            "failure": {"name": "ChallengeFailed", "actor": "customer", "summary": "wrong TXT", "remedy": "r"},
            "steps": [{"step": "open-order", "milliseconds": 300, "ca_requests": 3, "route53_calls": 0},
                      {"step": "present-challenge", "milliseconds": 150, "ca_requests": 0, "route53_calls": 1}]
        }))
        .expect("an attempt");
        let look = Look { colour: false, width: None };
        let text = history(look, std::slice::from_ref(&attempt), datetime!(2026-01-01 01:00 UTC));
        for part in
            ["7", "60 minutes ago", "12.3 s", "failed", "dns-01", "3", "1", "0.4 s", "ChallengeFailed: wrong TXT"]
        {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert_eq!(attempt_line("a.example", &attempt), "a.example: failed by attempt 7 over dns-01, in 12.3 s");
    }
}
