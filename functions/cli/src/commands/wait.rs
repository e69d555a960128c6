//! `wait`: until an endpoint is ready, or somebody has to act.

use std::time::{Duration, Instant};

use wire::{EndpointView, Open, Status, WaitingOn};

use super::{now, print};
use crate::api::error::ApiError;
use crate::api::{Answer, Api};
use crate::arguments::{Format, Wait};
use crate::commands::waiting::until;
use crate::render::{self, InWords};
use crate::terminal::error::CliError;
use crate::terminal::output::shell_word;
use crate::terminal::progress::Progress;

/// How often records that are not correct yet are checked again while DNS may still change.
const BETWEEN_CHECKS: Duration = Duration::from_secs(10);

/// How the waiting ended.
enum End {
    Ready,
    /// Somebody has to act.
    Stuck,
}

pub(super) async fn wait(api: &Api, command: &Wait) -> Result<(), CliError> {
    let name = &command.named.endpoint;
    let mut progress = Progress::start();
    let mut last: Option<Answer<EndpointView>> = None;
    let begun = Instant::now();
    let mut checked: Option<Instant> = None;
    let end = until(command.timeout, &mut progress, async |progress: &mut Progress| {
        let mut answer = api.endpoint(name).await?;
        // Records may be new: they count as wrong only after DNS has had its time, and never without a check.
        let records = is_stuck(&answer.seen) && answer.seen.actor == WaitingOn::DomainOwner;
        if records && checked.is_none_or(|at| at.elapsed() >= BETWEEN_CHECKS) {
            progress.doing(&format!("{}: checking its records", answer.seen.title()));
            answer = api.check(name).await?;
            checked = Some(Instant::now());
        }
        let endpoint = &last.insert(answer).seen;
        progress.doing(&render::state_line(endpoint));
        let may_change = endpoint.actor == WaitingOn::DomainOwner && begun.elapsed() < command.grace.0;
        Ok::<_, ApiError>(match endpoint.status {
            Open::Known(Status::Ready) => Some(End::Ready),
            _ if is_stuck(endpoint) && !may_change => Some(End::Stuck),
            _ => None,
        })
    })
    .await;
    drop(progress);
    let end = end?;
    let last = last.expect("without an answer the waiting fails");
    let endpoint = &last.seen;
    let word = shell_word(&endpoint.domain);
    if matches!(end, Some(End::Ready)) || command.output.format == Format::Json {
        print(command.output.format, &last.json, |_| render::ready_line(endpoint, now()))?;
    }
    match end {
        Some(End::Ready) => Ok(()),
        Some(End::Stuck) if endpoint.leaves() => Err(CliError::new(
            format!("{} will not be ready.", endpoint.domain),
            &endpoint.reason,
            "managed-https list",
        )),
        _ if is_stuck(endpoint) => Err(CliError::new(
            format!("{} is not ready: {}.", endpoint.domain, render::waiting_words(endpoint)),
            &endpoint.reason,
            render::then(&endpoint.next_step, &format!("managed-https wait {word}")),
        )),
        _ => Err(CliError::new(
            format!("{} is not ready after {}: {}.", endpoint.domain, command.timeout, endpoint.as_words()),
            &endpoint.reason,
            format!("It continues automatically. Show it: managed-https show {word}"),
        )),
    }
}

/// Whether somebody has to act before there is anything to wait for.
fn is_stuck(endpoint: &EndpointView) -> bool {
    let at_work = endpoint.next_attempt_at.is_none();
    match endpoint.status.known() {
        _ if endpoint.leaves() => true,
        // A failure stands while the next attempt is running, which may succeed.
        Some(Status::ActionRequired | Status::Degraded | Status::WaitingForDns | Status::Paused) => !at_work,
        _ => false,
    }
}
