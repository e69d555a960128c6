//! The page of the installation itself: what `managed-https doctor` checks, since when it fails, and what is used up.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use time::OffsetDateTime;
use vocabulary::version::VERSION;
use wire::{InstallationCheck, InstallationStatus, Used};

use super::Desk;
use super::moment::Clock;
use super::operations::Operations;
use super::page::{Frame, Place, shown};
use super::visit::Visit;
use super::words::{self, Badge};

#[derive(Debug, Template)]
#[template(path = "installation.html")]
struct InstallationPage {
    frame: Frame,
    /// Without it, the page requests it after loading: a check takes seconds.
    part: Option<InstallationPart>,
}

#[derive(Debug, Template)]
#[template(path = "parts/installation.html")]
struct InstallationPart {
    base: String,
    clock: Clock,
    /// Failures first, then warnings.
    checks: Vec<InstallationCheck>,
    announced: bool,
}

impl HtmlSafe for InstallationPart {}

impl InstallationPart {
    fn of(base: &str, mut checks: Vec<InstallationCheck>, announced: bool) -> Self {
        checks.sort_by_key(|check| std::cmp::Reverse(check.status.clone()));
        Self { base: base.to_owned(), clock: Clock { now: OffsetDateTime::now_utc() }, checks, announced }
    }

    fn count(&self, status: InstallationStatus) -> usize {
        self.checks.iter().filter(|check| check.status == status).count()
    }

    /// In the words of the CLI.
    fn headline(&self) -> String {
        let counted = |count: usize, word: &str| match count {
            0 => format!("no {word}s"),
            1 => format!("1 {word}"),
            count => format!("{count} {word}s"),
        };
        let failures = counted(self.count(InstallationStatus::Failed), "failure");
        let warnings = counted(self.count(InstallationStatus::Warning), "warning");
        words::capitalized(&format!("{failures}, {warnings}."))
    }

    fn badge(&self) -> Badge {
        let worst = self.checks.first().map_or(InstallationStatus::Ok.into(), |check| check.status.clone());
        words::installation(&worst)
    }
}

/// A bar of the used part, which never exceeds its frame.
fn bar(used: &Used) -> (u32, &'static str) {
    let tone = match used.percent {
        0..80 => "good",
        80..100 => "warn",
        _ => "bad",
    };
    (used.percent.min(100), tone)
}

/// `Certificates`; `Load balancers: pool eu`. A target's name keeps its own spelling.
fn label(used: &Used) -> String {
    match used.of.split_once(' ') {
        Some((limit, place)) => format!("{}: {place}", words::heading(limit)),
        None => words::heading(&used.of),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    /// Set by the link that works without a script.
    now: String,
}

pub(crate) async fn show<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    Query(Wanted { now }): Query<Wanted>,
) -> Response {
    if !visit.caller.is_operator() {
        return visit.refuse(crate::http::problem::Problem::operators_only());
    }
    let part = match now.is_empty() {
        true => None,
        false => match desk.operations.installation(&visit.caller).await {
            Ok(checks) => Some(InstallationPart::of(visit.base.path(), checks, false)),
            Err(problem) => return visit.refuse(problem),
        },
    };
    shown(StatusCode::OK, &InstallationPage { frame: visit.frame("Installation", Place::Installation), part })
}

pub(crate) async fn checks<O: Operations>(visit: Visit, State(desk): State<Arc<Desk<O>>>) -> Response {
    match desk.operations.installation(&visit.caller).await {
        Ok(checks) => shown(StatusCode::OK, &InstallationPart::of(visit.base.path(), checks, true)),
        Err(problem) => visit.refuse(problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, status: InstallationStatus) -> InstallationCheck {
        let (detail, remedy) = ("It is so.".to_owned(), Some("Run `aws x`.".to_owned()));
        InstallationCheck { name: name.into(), status: status.into(), detail, remedy, since: None, used: Vec::new() }
    }

    #[test]
    fn what_fails_comes_first_and_is_counted_as_the_cli_counts_it() {
        let checks =
            [("a", InstallationStatus::Ok), ("b", InstallationStatus::Warning), ("c", InstallationStatus::Failed)];
        let part = InstallationPart::of("", checks.map(|(name, status)| check(name, status)).into(), false);
        assert_eq!(part.checks.iter().map(|check| check.name.as_str()).collect::<Vec<_>>(), ["c", "b", "a"]);
        assert_eq!((part.headline().as_str(), part.badge().tone), ("1 failure, 1 warning.", "bad"));
        let html = part.to_string();
        assert!(html.contains("aws x") && !html.contains('`'), "{html}");
        let well = InstallationPart::of("", vec![check("a", InstallationStatus::Ok)], false);
        assert_eq!((well.headline().as_str(), well.badge().tone), ("No failures, no warnings.", "good"));
    }

    #[test]
    fn a_bar_stays_in_its_frame() {
        let used = |percent| Used { of: "certificates".into(), percent };
        assert_eq!(
            [79, 80, 100, 140].map(|percent| bar(&used(percent))),
            [(79, "good"), (80, "warn"), (100, "bad"), (100, "bad")]
        );
    }

    #[test]
    fn a_bar_names_its_limit_and_keeps_the_spelling_of_a_load_balancer() {
        let labelled = |of: &str| label(&Used { of: of.into(), percent: 0 });
        assert_eq!(labelled("new-orders"), "New orders");
        assert_eq!(labelled("load-balancers edge-1 (eu-central-1)"), "Load balancers: edge-1 (eu-central-1)");
    }
}
