//! Figures of each tenant's endpoints: success rate and time to a certificate, as charts.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::rate_limit::in_words;
use vocabulary::text::{counted, grouped};
use wire::{FailedAttempts, TenantFigures, TimeGroup};

use super::Desk;
use super::moment::Clock;
use super::operations::Operations;
use super::page::{Frame, Place, shown};
use super::visit::Visit;

#[derive(Debug, Template)]
#[template(path = "figures.html")]
struct FiguresPage {
    frame: Frame,
    clock: Clock,
    operator: bool,
    as_of: Option<OffsetDateTime>,
    /// Whether there are more endpoints than were counted.
    truncated: bool,
    tenants: Vec<TenantFigures>,
}

/// A bar of parts, each as wide as its count, and their descriptions.
#[derive(Debug, PartialEq, Template)]
#[template(path = "parts/bar.html")]
struct Bar {
    parts: Vec<Part>,
}

impl HtmlSafe for Bar {}

/// One part of a bar, in percent of its width.
#[derive(Debug, PartialEq)]
struct Part {
    x: f64,
    width: f64,
    tone: &'static str,
    title: String,
}

fn bar(parts: impl IntoIterator<Item = (u64, &'static str, String)>) -> Bar {
    let parts: Vec<_> = parts.into_iter().filter(|(count, ..)| *count > 0).collect();
    let all: u64 = parts.iter().map(|(count, ..)| count).sum();
    let percent = |count: u64| count as f64 * 100.0 / all as f64;
    let mut before = 0;
    let placed = parts.into_iter().map(|(count, tone, title)| {
        let part =
            Part { x: percent(before), width: percent(count), tone, title: format!("{title}: {}", grouped(count)) };
        before += count;
        part
    });
    Bar { parts: placed.collect() }
}

fn attempts(of: &TenantFigures) -> Bar {
    let FailedAttempts { domain_owner, operator, ca, nobody } = of.failed;
    bar([
        (of.succeeded, "good", "Succeeded".to_owned()),
        (domain_owner, "warn", "Failed, waiting on the domain owner".to_owned()),
        (operator, "bad", "Failed, waiting on the operator".to_owned()),
        (ca + nobody, "wait", "Failed, waiting on the CA or repeated automatically".to_owned()),
    ])
}

fn times(of: &TenantFigures) -> Bar {
    const TONES: [&str; 6] = ["good", "good", "good", "warn", "warn", "bad"];
    let groups = of.first_certificates.iter().zip(TONES.into_iter().chain(std::iter::repeat("bad")));
    bar(groups.map(|(group, tone)| (group.count, tone, time_words(group))))
}

/// `Within 6 hours`
fn time_words(group: &TimeGroup) -> String {
    match group.within_seconds {
        Some(seconds) => format!("Within {}", duration_words(seconds)),
        None => "Longer".to_owned(),
    }
}

fn duration_words(seconds: u64) -> String {
    in_words(Duration::seconds(i64::try_from(seconds).unwrap_or(i64::MAX)))
}

/// `1,240, 1,236 with a certificate`
fn endpoints_words(of: &TenantFigures) -> String {
    format!("{}, {} with a certificate", grouped(of.endpoints), grouped(of.issued))
}

/// `97 % of 310 attempts`
fn rate_words(of: &TenantFigures) -> String {
    match of.success_rate() {
        Some(rate) => format!("{rate} % of {}", counted(of.succeeded + of.failures(), "attempt")),
        None => "no attempt that counts yet".to_owned(),
    }
}

/// `half of 40 within 1 hour`
fn times_words(of: &TenantFigures) -> String {
    let all: u64 = of.first_certificates.iter().map(|group| group.count).sum();
    match (all, of.half_within_seconds) {
        (0, _) => "none in the last 30 days".to_owned(),
        (all, Some(seconds)) => format!("half of {} within {}", grouped(all), duration_words(seconds)),
        (all, None) => format!("half of {} took more than a week", grouped(all)),
    }
}

pub(crate) async fn show<O: Operations>(visit: Visit, State(desk): State<Arc<Desk<O>>>) -> Response {
    let now = OffsetDateTime::now_utc();
    let overview = match desk.operations.overview(&visit.caller, now).await {
        Ok(overview) => overview,
        Err(problem) => return visit.refuse(problem),
    };
    let page = FiguresPage {
        frame: visit.frame("Figures", Place::Figures),
        clock: Clock { now },
        operator: visit.caller.is_operator(),
        as_of: overview.as_of,
        truncated: overview.truncated,
        tenants: overview.tenants,
    };
    shown(StatusCode::OK, &page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(succeeded: u64, failed: FailedAttempts, times: [u64; 6], half: Option<u64>) -> TenantFigures {
        let within = [Some(600), Some(3_600), Some(21_600), Some(86_400), Some(604_800), None];
        let groups = within.into_iter().zip(times);
        TenantFigures {
            tenant: "acme".into(),
            endpoints: 9,
            issued: 8,
            succeeded,
            failed,
            first_certificates: groups.map(|(within_seconds, count)| TimeGroup { within_seconds, count }).collect(),
            half_within_seconds: half,
        }
    }

    #[test]
    fn parts_fill_the_bar_side_by_side_and_say_what_they_are() {
        let failed = FailedAttempts { domain_owner: 15, ca: 5, ..FailedAttempts::default() };
        let of = figures(180, failed, [0; 6], None);
        let Bar { parts } = attempts(&of);
        assert_eq!(
            parts.iter().map(|part| (part.x, part.width, part.tone)).collect::<Vec<_>>(),
            [(0.0, 90.0, "good"), (90.0, 7.5, "warn"), (97.5, 2.5, "wait"),]
        );
        assert_eq!(parts[1].title, "Failed, waiting on the domain owner: 15");
        assert_eq!(rate_words(&of), "90 % of 200 attempts");
    }

    #[test]
    fn a_rate_is_100_only_without_a_failure_and_none_without_an_attempt() {
        let one = FailedAttempts { operator: 1, ..FailedAttempts::default() };
        assert_eq!(rate_words(&figures(999, one, [0; 6], None)), "99 % of 1,000 attempts");
        assert_eq!(rate_words(&figures(1, FailedAttempts::default(), [0; 6], None)), "100 % of 1 attempt");
        let none = figures(0, FailedAttempts::default(), [0; 6], None);
        assert_eq!((rate_words(&none), attempts(&none).parts), ("no attempt that counts yet".into(), vec![]));
    }

    #[test]
    fn times_are_summarized_by_their_median() {
        let of = |times, half| figures(0, FailedAttempts::default(), times, half);
        assert_eq!(times_words(&of([3, 1, 0, 0, 0, 1], Some(600))), "half of 5 within 10 minutes");
        assert_eq!(times_words(&of([0, 0, 0, 0, 0, 4], None)), "half of 4 took more than a week");
        assert_eq!(times_words(&of([0; 6], None)), "none in the last 30 days");
        let Bar { parts } = times(&of([3, 1, 0, 0, 0, 1], Some(600)));
        assert_eq!(
            parts.iter().map(|part| part.title.as_str()).collect::<Vec<_>>(),
            ["Within 10 minutes: 3", "Within 1 hour: 1", "Longer: 1",]
        );
    }
}
