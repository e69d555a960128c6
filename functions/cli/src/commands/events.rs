//! `events`: what happened and, if asked to, what happens.

use std::collections::{HashSet, VecDeque};
use std::io::{self, Write};
use std::time::Duration;

use serde_json::Value;
use tokio::time::sleep;
use wire::{Event, EventKind, EventList};

use super::{now, print};
use crate::api::Answer;
use crate::api::Api;
use crate::api::error::ApiError;
use crate::arguments::{EndpointName, Events, Format};
use crate::render::{self, Trail};
use crate::terminal::error::CliError;
use crate::terminal::output::{Style, json_line};

/// An event is seen this much later at most; attempts take seconds.
const PAUSE: Duration = Duration::from_secs(2);
/// The longest pause, after requests without an answer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Milliseconds that are read again. Events are written by several machines, whose clocks differ, and an index takes its
/// time: one may come after others that are later.
const OVERLAP: u64 = 60_000;
/// Events of one answer of the API.
const PAGE: usize = 50;
/// Ids that are remembered of events that were printed: more than an overlap has.
const REMEMBERED: usize = 20_000;

pub(super) async fn events(api: &Api, command: &Events) -> Result<(), CliError> {
    let source = Source { api, endpoint: command.endpoint.as_ref() };
    let list = source.after(command.after.as_deref()).await?;
    if command.follow {
        return follow(&source, command, list).await;
    }
    let json: &Value = &list.json["events"];
    print(command.output.format, json, |style| match list.seen.events.as_slice() {
        [] => "No events.\n".into(),
        events => render::events(style, source.trail(), events, now()),
    })
}

/// Where events come from: one endpoint, or all of them.
struct Source<'a> {
    api: &'a Api,
    endpoint: Option<&'a EndpointName>,
}

impl Source<'_> {
    async fn after(&self, after: Option<&str>) -> Result<Answer<EventList>, ApiError> {
        match self.endpoint {
            Some(name) => self.api.events(name, after).await,
            None => self.api.all_events(after).await,
        }
    }

    fn trail(&self) -> Trail {
        if self.endpoint.is_some() { Trail::OfOne } else { Trail::OfAll }
    }
}

/// Continues until its output is closed, or the process is interrupted: all that was printed is whole lines.
#[expect(clippy::disallowed_methods, reason = "a person waits at the terminal, and no function")]
async fn follow(source: &Source<'_>, command: &Events, first: Answer<EventList>) -> Result<(), CliError> {
    let mut printed = Printed::default();
    let mut newest = command.after.clone();
    let mut list = first;
    let mut pause = PAUSE;
    loop {
        let news = printed.take_new(&list);
        if !tell(command.output.format, source.trail(), &news) {
            return Ok(());
        }
        let page = list.seen.events.first().map(|event| event.id.clone());
        newest = newest.max(page.clone());
        // A full page has more behind it; otherwise wait, and begin again a little before the end.
        let after = match list.seen.events.len() >= PAGE && page.is_some() {
            true => page,
            false => {
                sleep(pause).await;
                newest.as_deref().map(overlapping)
            }
        };
        list = loop {
            match source.after(after.as_deref()).await {
                Ok(list) => {
                    pause = PAUSE;
                    break list;
                }
                Err(error) if error.is_passing() => {
                    if pause == PAUSE {
                        let _ = writeln!(io::stderr(), "the API does not answer: retrying");
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    sleep(pause).await;
                }
                Err(error) => return Err(error.into()),
            }
        };
    }
}

/// The id of an event a little before `id`: ids begin with milliseconds since 1970.
fn overlapping(id: &str) -> String {
    let milliseconds = id.split_once('-').filter(|(at, _)| at.len() == 15).and_then(|(at, _)| at.parse::<u64>().ok());
    milliseconds.map_or_else(|| id.to_owned(), |at| format!("{:015}-0", at.saturating_sub(OVERLAP)))
}

/// What was printed already: the last of it.
#[derive(Default)]
struct Printed {
    keys: HashSet<String>,
    /// The same, in the order in which it was printed.
    order: VecDeque<String>,
}

impl Printed {
    /// The events of `list` that are new, the oldest first, each as people and as programs read it.
    fn take_new<'a>(&mut self, list: &'a Answer<EventList>) -> Vec<(&'a Event, &'a Value)> {
        let objects = list.json["events"].as_array().map(Vec::as_slice).unwrap_or_default();
        list.seen.events.iter().zip(objects).rev().filter(|(event, _)| self.is_new(key(event))).collect()
    }

    /// Remembers `key`, and forgets what was printed longest ago.
    fn is_new(&mut self, key: String) -> bool {
        if !self.keys.insert(key.clone()) {
            return false;
        }
        self.order.push_back(key);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
        true
    }
}

/// The start of an attempt may be recorded twice, more exactly the second time, and then with another id.
fn key(event: &Event) -> String {
    let endpoint = event.endpoint.as_deref().unwrap_or_default();
    match event.kind.known() {
        Some(EventKind::AttemptStarted) => format!("{endpoint} {}", event.summary),
        _ => format!("{endpoint} {}", event.id),
    }
}

/// Prints what is new; returns whether anybody still reads.
fn tell(format: Format, trail: Trail, news: &[(&Event, &Value)]) -> bool {
    let text: String = match format {
        Format::Json => news.iter().map(|(_, json)| json_line(json)).collect(),
        Format::Table => {
            let style = Style::of_stdout();
            news.iter().map(|(event, _)| render::event_line(style, trail, event)).collect()
        }
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(events: &[(&str, &str, &str)]) -> Answer<EventList> {
        let event = |(id, kind, summary): &(&str, &str, &str)| json!({"id": id, "at": "2026-01-01T00:00:00Z", "kind": kind, "by": {"who": "x"}, "summary": summary});
        Answer::read(json!({"events": events.iter().map(event).collect::<Vec<_>>()})).expect("events")
    }

    #[test]
    fn a_late_event_is_printed_once_and_a_corrected_start_is_not_printed_again() {
        let mut printed = Printed::default();
        let mut new = |list: &Answer<EventList>| {
            printed.take_new(list).into_iter().map(|(event, _)| event.id.clone()).collect::<Vec<_>>()
        };
        let start = ("001795521600500-00a", "attempt_started", "Attempt 1 started.");
        assert_eq!(new(&answer(&[("001795521600900-0a", "changed", "Changed."), start])).len(), 2);
        let late = ("001795521600400-0b", "checked", "Checked.");
        let exact = ("001795521600512-00a", "attempt_started", "Attempt 1 started.");
        let again = answer(&[("001795521600900-0a", "changed", "Changed."), exact, late]);
        assert_eq!(new(&again), ["001795521600400-0b"]);
        assert!(new(&again).is_empty());
    }

    #[test]
    fn every_new_event_is_printed_and_only_the_latest_are_remembered() {
        let mut printed = Printed::default();
        let mut count = 0;
        for page in 0..(REMEMBERED / PAGE + 3) {
            let ids: Vec<String> = (0..PAGE).rev().map(|n| format!("{:015}-0a", page * PAGE + n)).collect();
            let events: Vec<_> = ids.iter().map(|id| (id.as_str(), "changed", "Changed.")).collect();
            count += printed.take_new(&answer(&events)).len();
            assert!(printed.take_new(&answer(&events)).is_empty());
        }
        assert_eq!(count, (REMEMBERED / PAGE + 3) * PAGE);
        assert_eq!((printed.keys.len(), printed.order.len()), (REMEMBERED, REMEMBERED));
    }

    #[test]
    fn following_reads_from_a_minute_before_the_newest_event() {
        assert_eq!(overlapping("001795521600500-00a7"), "001795521540500-0");
        assert_eq!(overlapping("2"), "2", "what is no id of an event stays as it is");
    }
}
