//! What the CA said at the last attempt, explained.

use vocabulary::acme::error_types::explain;
use vocabulary::failure::{Failure, FailureName, Problem};
use vocabulary::text::moment;

use crate::catalogue::check::{Area, Check};
use crate::catalogue::finding::Fix;
use crate::report::Finding;
use crate::subject::Subject;

/// The finding for the last failure, unless the CA did not refuse or `others` explain it.
pub(crate) fn finding(subject: &Subject, failure: &Failure, others: &[Finding]) -> Option<Finding> {
    // Failures from before the CA's document was stored have its words in the summary.
    let told = || failure.problem.as_deref().cloned().unwrap_or_else(|| Problem::new("", &failure.guidance.summary));
    match failure.name {
        FailureName::RateLimited | FailureName::BudgetSpent => {
            let told = Problem { kind: "rateLimited".into(), ..told() };
            Some(limit(subject, failure, &told))
        }
        FailureName::ChallengeFailed | FailureName::CaRefused | FailureName::AccountRefused => {
            let told = told();
            (!crate::to_failure::blamed(others, &causes(&told))).then(|| refusal(subject, failure, &told))
        }
        _ => None,
    }
}

fn limit(subject: &Subject, failure: &Failure, told: &Problem) -> Finding {
    let name = subject.names.primary().to_string();
    if told.is_pause() {
        let portal = told.link().map_or("the CA's portal".to_owned(), str::to_owned);
        let fix = Fix::of(format!("Fix what the validations failed by, then open {portal} and unpause the name."));
        let found = format!("is paused by the CA: {}", told.detail);
        return Check::NamePaused.finding(&name, "orders are taken", found, fix.with_command(renew(&name)));
    }
    let until = failure.retry_after.or_else(|| told.retry_time());
    let when = until.map_or("when the CA allows".to_owned(), |at| format!("at {}", moment(at)));
    let fix = Fix::optional(None);
    match told.limited_domain() {
        Some(domain) => {
            let found = format!("is at its limit at the CA; next attempt {when}: {}", told.detail);
            Check::DomainLimit.finding(domain, "orders are taken", found, fix)
        }
        None => {
            let found = format!("is refused for now; next attempt {when}: {}", told.detail);
            Check::RateLimited.finding(&name, "orders are taken", found, fix)
        }
    }
}

fn refusal(subject: &Subject, failure: &Failure, told: &Problem) -> Finding {
    let name = subject.names.primary().to_string();
    let explained = explain(&told.kind);
    let mut found = match told.kind.as_str() {
        "" => format!("failed at the CA: {}", told.detail),
        kind => format!("failed at the CA ({kind}): {}", told.detail),
    };
    for sub in &told.subproblems {
        let about = sub.name.as_deref().unwrap_or("a name");
        found.push_str(&format!(" — {about}: {} ({})", sub.kind, explain(&sub.kind).meaning.trim_end_matches('.')));
    }
    let fix = Fix::optional(failure.guidance.action.clone()).with_command(renew(&name));
    let mut finding = Check::OrderFailed.finding(&name, "a certificate", found, fix);
    finding.explanation = format!("{} {}", explained.meaning, finding.explanation);
    finding.guidance.waiting_on = failure.guidance.waiting_on;
    finding
}

/// The areas in which a current fault explains a refusal.
fn causes(told: &Problem) -> Vec<Area> {
    let of = |kind: &str| -> &[Area] {
        match kind {
            "caa" => &[Area::Caa],
            "dns" | "dnssec" => &[Area::Servers, Area::Delegation, Area::Persistent, Area::Caa],
            "connection" | "tls" | "unauthorized" | "incorrectResponse" => {
                &[Area::Servers, Area::Delegation, Area::Persistent, Area::Host, Area::Http]
            }
            // The error type of Boulder and Pebble for a persistent record that they cannot read.
            "malformed" => &[Area::Persistent],
            "rejectedIdentifier" => &[Area::Names],
            _ => &[],
        }
    };
    let kinds = told.subproblems.iter().map(|sub| sub.kind.as_str()).chain([told.kind.as_str()]);
    kinds.flat_map(of).copied().collect()
}

fn renew(name: &str) -> String {
    format!("managed-https renew {name}")
}
