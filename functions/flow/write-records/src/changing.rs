//! Puts changes into as few requests as Route 53 allows, and isolates one that it refuses, so that the others are made.

use domain::ports::{FaultKind, TxtChange, TxtZone, ZoneError};
use std::collections::{BTreeMap, VecDeque};
use vocabulary::failure::Failure;

use crate::memory::Waits;

/// Orders in one change. A request that Route 53 refuses is refused as a whole, so it is not made as large as it may be.
const MOST_ORDERS: usize = 100;
/// A request may have 1000 values, and an UPSERT counts twice. Source: Route 53's quotas.
const MOST_VALUES: usize = 500;
/// A request may have 32000 characters of values, and an UPSERT counts twice. Source: likewise.
const MOST_CHARACTERS: usize = 16_000;

/// The outcome of each name's change.
#[derive(Debug, Default)]
pub(crate) struct Changed(BTreeMap<String, Result<String, Failure>>);

impl Changed {
    /// The id of the change that `change` was part of.
    pub(crate) fn of(&self, change: &TxtChange) -> Result<String, Failure> {
        self.0.get(name(change)).cloned().expect("every change that was handed over has an outcome")
    }

    /// How many names there were.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Makes all changes. A name that comes twice, as a message may, is changed once: what is withdrawn is not published as well,
/// as a message that came late is of an attempt that has gone on.
pub(crate) async fn change_all(
    zone: &impl TxtZone,
    waits: &Waits,
    changes: impl Iterator<Item = TxtChange>,
) -> Changed {
    let mut each: BTreeMap<String, TxtChange> = BTreeMap::new();
    for change in changes {
        let withdrawn = matches!(each.get(name(&change)), Some(TxtChange::Withdraw { .. }));
        if !withdrawn {
            each.insert(name(&change).to_owned(), change);
        }
    }
    let mut batches = VecDeque::from(batches(each.into_values()));
    let mut changed = Changed::default();
    while let Some(mut batch) = batches.pop_front() {
        let outcome = match (patiently(zone, waits, &batch).await, batch.as_slice()) {
            (Ok(id), _) => Ok(id),
            (Err(ZoneError::Fault(fault)), _) => Err(Failure::from(fault)),
            // Mostly a set that is gone already: a message that came twice, or a step that died.
            (Err(ZoneError::Refused(_)), [TxtChange::Withdraw { name, values }]) => {
                zone.withdraw(name, values).await.map(|()| String::new()).map_err(Failure::from)
            }
            (Err(ZoneError::Refused(why)), [_]) => {
                Err(Failure::misconfigured(format!("Route 53 does not take the TXT record: {why}")))
            }
            (Err(ZoneError::Refused(_)), _) => {
                let second = batch.split_off(batch.len() / 2);
                batches.push_front(second);
                batches.push_front(batch);
                continue;
            }
        };
        changed.0.extend(batch.iter().map(|change| (name(change).to_owned(), outcome.clone())));
    }
    changed
}

#[expect(clippy::disallowed_methods, reason = "a batch that came back to the flow would come again in pieces")]
async fn patiently(zone: &impl TxtZone, waits: &Waits, batch: &[TxtChange]) -> Result<String, ZoneError> {
    for pause in waits.again {
        match zone.change(batch).await {
            Err(ZoneError::Fault(fault)) if matches!(fault.kind, FaultKind::Throttled | FaultKind::Unavailable) => {
                tracing::info!(%fault, "sent again in a moment");
                tokio::time::sleep(pause).await;
            }
            outcome => return outcome,
        }
    }
    zone.change(batch).await
}

fn batches(changes: impl Iterator<Item = TxtChange>) -> Vec<Vec<TxtChange>> {
    let mut batches: Vec<Vec<TxtChange>> = Vec::new();
    let (mut values, mut characters) = (0, 0);
    for change in changes {
        let more = change.values().len();
        // With the quotes that they are written in.
        let longer: usize = change.values().iter().map(|value| value.len() + 2).sum();
        let fits = |batch: &&mut Vec<TxtChange>| {
            batch.len() < MOST_ORDERS && values + more <= MOST_VALUES && characters + longer <= MOST_CHARACTERS
        };
        match batches.last_mut().filter(fits) {
            Some(batch) => {
                batch.push(change);
                (values, characters) = (values + more, characters + longer);
            }
            None => {
                batches.push(vec![change]);
                (values, characters) = (more, longer);
            }
        }
    }
    batches
}

fn name(change: &TxtChange) -> &str {
    let (TxtChange::Publish { name, .. } | TxtChange::Withdraw { name, .. }) = change;
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(count: usize, values: usize) -> Vec<TxtChange> {
        let value = |n: usize| format!("{n:043}");
        let values: Vec<_> = (0..values).map(value).collect();
        (0..count).map(|n| TxtChange::publish(format!("label-{n:04}.zone.example"), &values)).collect()
    }

    fn sizes(count: usize, values: usize) -> Vec<usize> {
        batches(changes(count, values).into_iter()).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_request_has_as_many_orders_as_route_53_has_room_for_and_no_more_than_a_hundred() {
        assert_eq!(sizes(250, 1), [100, 100, 50]);
        assert_eq!(sizes(0, 1), [0; 0]);
        // 45 characters each, an UPSERT twice: 32000 / 90 = 355 values.
        assert_eq!(sizes(72, 5), [71, 1]);
        assert_eq!(sizes(3, 100), [3]);
        assert_eq!(sizes(4, 100), [3, 1], "orders of a hundred names");
    }
}
