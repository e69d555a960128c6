//! `mute`, `unmute`: when nobody is to be notified of endpoints, and that people are again.

use serde_json::Value;
use wire::{EndpointView, MuteWish};

use super::{now, print};
use crate::api::{Answer, Api};
use crate::arguments::{EndpointName, Format, Mute, Unmute};
use crate::commands::waiting::insist;
use crate::render::muted_words;
use crate::terminal::error::CliError;

pub(super) async fn mute(api: &Api, command: &Mute) -> Result<(), CliError> {
    let from = command.from.map(|time| time.0);
    let begins = from.unwrap_or_else(now);
    let until = match (command.until, command.span) {
        (Some(until), _) => until.0,
        (None, Some(span)) => begins.checked_add(span.0).ok_or_else(too_long)?,
        (None, None) => unreachable!("one of them is required"),
    };
    let wish = MuteWish { from, until, reason: command.reason.clone() };
    let all = each(&command.endpoints, "muted", async |name| api.mute(name, &wish).await).await?;
    report(command.output.format, all, |endpoint| match &endpoint.mute {
        Some(mute) => format!("{}: {}", endpoint.title(), muted_words(mute, now())),
        None => format!("{}: not muted", endpoint.title()),
    })
}

pub(super) async fn unmute(api: &Api, command: &Unmute) -> Result<(), CliError> {
    let all = each(&command.endpoints, "unmuted", async |name| api.unmute(name).await).await?;
    report(command.output.format, all, |endpoint| format!("{}: people are notified", endpoint.title()))
}

fn too_long() -> CliError {
    CliError::usage("Nothing was muted.", "--for is too long.", "The longest mute is 90 days.")
}

/// One after another; the first that is refused ends it, and what was done is said.
async fn each(
    endpoints: &[EndpointName],
    done: &str,
    change: impl AsyncFn(&EndpointName) -> Result<Answer<EndpointView>, crate::api::error::ApiError>,
) -> Result<Vec<Answer<EndpointView>>, CliError> {
    let mut all = Vec::new();
    for name in endpoints {
        match insist(async || change(name).await).await {
            Ok(answer) => all.push(answer),
            Err(error) => {
                let error = CliError::from(error);
                let first =
                    format!("{}: {} {} of {} were {done}.", name.as_str(), error.what(), all.len(), endpoints.len());
                return Err(CliError::new(first, error.why(), error.next()));
            }
        }
    }
    Ok(all)
}

fn report(
    format: Format,
    all: Vec<Answer<EndpointView>>,
    line: impl Fn(&EndpointView) -> String,
) -> Result<(), CliError> {
    let (seen, json): (Vec<_>, Vec<Value>) = all.into_iter().map(|answer| (answer.seen, answer.json)).unzip();
    print(format, &json, |_| seen.iter().map(|endpoint| line(endpoint) + "\n").collect())
}
