//! `wait`: until an endpoint is ready, or somebody must act.

use wire::{EndpointView, Open, Verdict, WaitingOn};

use super::{now, print};
use crate::api::error::ApiError;
use crate::api::{Answer, Api};
use crate::arguments::{Format, Wait};
use crate::commands::waiting::until;
use crate::render::{self, InWords};
use crate::terminal::error::CliError;
use crate::terminal::output::shell_word;
use crate::terminal::progress::Progress;

/// How the waiting ended.
enum End {
    Ready,
    /// Nothing goes on by itself.
    Stuck,
}

pub(super) async fn wait(api: &Api, command: &Wait) -> Result<(), CliError> {
    let name = &command.named.endpoint;
    let mut progress = Progress::start();
    let mut last: Option<Answer<EndpointView>> = None;
    // What was looked at anew already, and found to be as it was said.
    let mut confirmed: Option<String> = None;
    let end = until(command.timeout, &mut progress, async |progress: &mut Progress| {
        let mut answer = api.endpoint(name).await?;
        if is_stuck(&answer.seen)
            && answer.seen.actor == WaitingOn::DomainOwner
            && confirmed.as_ref() != Some(&answer.seen.reason)
        {
            progress.doing(&format!("{}: looking at its records", answer.seen.title()));
            answer = api.check(name).await?;
            confirmed = Some(answer.seen.reason.clone());
        }
        let endpoint = &last.insert(answer).seen;
        progress.doing(&render::state_line(endpoint));
        Ok::<_, ApiError>(match endpoint.verdict {
            Open::Known(Verdict::Ready) => Some(End::Ready),
            _ if is_stuck(endpoint) => Some(End::Stuck),
            _ => None,
        })
    })
    .await;
    drop(progress);
    let end = end?;
    let last = last.expect("without a look the waiting fails");
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
        Some(End::Stuck) => Err(CliError::new(
            format!("{} is not ready, and will not be by itself: {}.", endpoint.domain, render::whose_move(endpoint)),
            &endpoint.reason,
            render::then(&endpoint.next_step, &format!("managed-https wait {word}")),
        )),
        None => Err(CliError::new(
            format!("{} is not ready after {}: {}.", endpoint.domain, command.timeout, endpoint.verdict.as_words()),
            &endpoint.reason,
            format!("It goes on by itself. See how it stands: managed-https show {word}"),
        )),
    }
}

/// Whether nothing will come of waiting, as things are.
fn is_stuck(endpoint: &EndpointView) -> bool {
    let at_work = endpoint.next_attempt_at.is_none();
    match endpoint.verdict.known() {
        _ if endpoint.leaves() => true,
        // A failure stands while the next attempt is at work, which may mend it.
        Some(Verdict::ActionRequired | Verdict::Degraded | Verdict::WaitingForDns | Verdict::Paused) => !at_work,
        _ => false,
    }
}
