//! Attempts, as the table stores them. What the steps of an attempt used is one short text: as a list of maps it would be half
//! of the item, which an index copies.
//!
//! `open-order 812 3 0 120 932,…`: milliseconds, requests to the CA, calls of Route 53, and begin and end in milliseconds since
//! the start of the attempt; `-` if unknown.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::endpoint::{Attempt, Event, Step, StepUsage};
use domain::ports::ServiceFault;
use time::{Duration, OffsetDateTime};
use vocabulary::names::EndpointId;

use super::items::{HISTORY_KEPT, Item, endpoint_pk, lean_item, put_on_trail, text, unreadable};
use super::number;

/// The attribute of an attempt for what its steps used.
const STEPS: &str = "steps";

const UNKNOWN: &str = "-";

pub(super) fn attempt_item(id: &EndpointId, attempt: &Attempt) -> Item {
    let mut item = lean_item(attempt);
    item.remove(STEPS);
    if !attempt.steps.is_empty() {
        item.insert(STEPS.into(), text(write(&attempt.steps, attempt.started_at)));
    }
    item.insert("pk".into(), endpoint_pk(id));
    item.insert("sk".into(), text(format!("ATTEMPT#{:010}", attempt.attempt)));
    item.insert("expires_at".into(), number((attempt.started_at + HISTORY_KEPT).unix_timestamp()));
    // By the last thing that happened: its start, until it has ended.
    if let Some(last) = Event::of_attempt(attempt).last() {
        put_on_trail(&mut item, last);
    }
    item
}

pub(super) fn to_attempt(mut item: Item) -> Result<Attempt, ServiceFault> {
    // Earlier releases stored a list.
    let short = match item.get(STEPS) {
        Some(AttributeValue::S(_)) => item.remove(STEPS).and_then(|value| value.as_s().ok().cloned()),
        _ => None,
    };
    let mut attempt: Attempt = serde_dynamo::from_item(item).map_err(|error| unreadable(error.to_string()))?;
    if let Some(short) = short {
        attempt.steps = read(&short, attempt.started_at).ok_or_else(|| unreadable("the steps of an attempt"))?;
    }
    Ok(attempt)
}

fn write(steps: &[StepUsage], started_at: OffsetDateTime) -> String {
    let since = |at: Option<OffsetDateTime>| {
        at.map_or_else(|| UNKNOWN.to_owned(), |at| (at - started_at).whole_milliseconds().to_string())
    };
    let line = |usage: &StepUsage| {
        let StepUsage { step, milliseconds, ca_requests, route53_calls, began, ended } = usage;
        let step = step.as_str();
        format!("{step} {milliseconds} {ca_requests} {route53_calls} {} {}", since(*began), since(*ended))
    };
    steps.iter().map(line).collect::<Vec<_>>().join(",")
}

/// `None` if the text has another form.
fn read(text: &str, started_at: OffsetDateTime) -> Option<Vec<StepUsage>> {
    let lines = text.split(',').filter(|line| !line.is_empty());
    lines.map(|line| read_one(line, started_at)).collect()
}

fn read_one(line: &str, started_at: OffsetDateTime) -> Option<StepUsage> {
    let mut parts = line.split(' ');
    let name = parts.next()?;
    let step = Step::ALL.into_iter().find(|step| step.as_str() == name)?;
    let (milliseconds, ca_requests, route53_calls) =
        (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let mut time = || match parts.next()? {
        UNKNOWN => Some(None),
        text => Some(Some(started_at.checked_add(Duration::milliseconds(text.parse().ok()?))?)),
    };
    let (began, ended) = (time()?, time()?);
    Some(StepUsage { step, milliseconds, ca_requests, route53_calls, began, ended })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn the_usage_of_steps_round_trips_and_is_short() {
        let started_at = datetime!(2026-11-24 12:00:00.25 UTC);
        let after = |milliseconds| Some(started_at + Duration::milliseconds(milliseconds));
        let mut steps: Vec<_> = Step::ALL.map(StepUsage::of).into();
        for (usage, n) in steps.iter_mut().zip(1_u32..) {
            let (began, ended) = (after(i64::from(n) * 4000), after(i64::from(n) * 4000 + 900));
            *usage =
                StepUsage { milliseconds: 900, ca_requests: n, route53_calls: n / 2, began, ended, ..usage.clone() };
        }
        // The first step began before the attempt was recorded.
        steps[0].began = after(-40);
        steps[9] = StepUsage::of(Step::SettleAttempt);
        let text = write(&steps, started_at);
        assert!(text.len() < 450, "{text}");
        assert_eq!(read(&text, started_at), Some(steps));
        assert_eq!(read("", started_at), Some(Vec::new()));
        for bad in ["open-order", "no-step 1 2 3 4 5", "open-order 1 2 3 4", "open-order 1 2 3 x 5"] {
            assert_eq!(read(bad, started_at), None, "{bad}");
        }
    }
}
