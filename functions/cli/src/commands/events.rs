//! `events`: what happened and, if asked to, what happens.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;
use wire::EventList;

use super::{now, print};
use crate::api::Answer;
use crate::api::Api;
use crate::arguments::{Events, Format};
use crate::render;
use crate::terminal::error::CliError;
use crate::terminal::output::{Look, json_line};

/// What happens is seen this much later at most; attempts take seconds.
const PAUSE: Duration = Duration::from_secs(2);
/// The longest pause, after looks that came to nothing.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

pub(super) async fn events(api: &Api, command: &Events) -> Result<(), CliError> {
    let name = &command.named.endpoint;
    let list = api.events(name, command.after.as_deref()).await?;
    if command.follow {
        return follow(api, command, list).await;
    }
    let json: &Value = &list.json["events"];
    print(command.output.format, json, |look| match list.seen.events.as_slice() {
        [] => "Nothing happened.\n".into(),
        events => render::events(look, events, now()),
    })
}

/// Goes on until nobody reads, or the process is interrupted: all that was printed is whole lines.
#[expect(clippy::disallowed_methods, reason = "a person waits at the terminal, and no function")]
async fn follow(api: &Api, command: &Events, first: Answer<EventList>) -> Result<(), CliError> {
    let mut list = first;
    let mut after = command.after.clone();
    let mut pause = PAUSE;
    loop {
        if let Some(newest) = list.seen.events.first() {
            after = Some(newest.id.clone());
        }
        if !tell(command.output.format, &list) {
            return Ok(());
        }
        list = loop {
            sleep(pause).await;
            match api.events(&command.named.endpoint, after.as_deref()).await {
                Ok(list) => {
                    pause = PAUSE;
                    break list;
                }
                Err(error) if error.is_passing() => {
                    if pause == PAUSE {
                        let _ = writeln!(io::stderr(), "the API does not answer: asking again");
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                Err(error) => return Err(error.into()),
            }
        };
    }
}

/// Prints what is new, the newest last; says whether anybody still reads.
fn tell(format: Format, list: &Answer<EventList>) -> bool {
    let text: String = match format {
        Format::Json => {
            let events = list.json["events"].as_array().map(Vec::as_slice).unwrap_or_default();
            events.iter().rev().map(json_line).collect()
        }
        Format::Table => {
            let look = Look::of_stdout();
            list.seen.events.iter().rev().map(|event| render::event_line(look, event)).collect()
        }
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
}
