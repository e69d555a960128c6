//! The order of starts: renewals first, tenants in turn, and of one tenant no more than its part of a scan.

use std::collections::{BTreeMap, VecDeque};

use domain::ports::{DueEndpoint, DueEntry, DueReason};
use time::{Duration, OffsetDateTime};
use vocabulary::names::TenantId;

/// How many registrations and repeated attempts of one tenant a scan starts. Renewals are not counted.
pub(crate) const MOST_OF_ONE_TENANT: usize = 250;
/// By how much the excess of a tenant is postponed, so many at a time.
const LATER: Duration = Duration::MINUTE;

/// What to do with those that are due.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Plan {
    /// In this order.
    pub(crate) start: Vec<DueEntry>,
    /// Too many of one tenant: each with the time at which it is due instead.
    pub(crate) postpone: Vec<(DueEntry, OffsetDateTime)>,
    /// Those there is no room for, in their order of starts: they stay due.
    pub(crate) waiting: Vec<DueEndpoint>,
}

/// What a scan has planned for each tenant so far.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    counted: BTreeMap<TenantId, usize>,
}

impl Turns {
    /// Plans what to do with `due` at `now`, where there is room for so many more attempts.
    ///
    /// Among equals the tenants take turns with one endpoint each, the longest due of each first: an endpoint waits for at
    /// most one of every other tenant's, however many those have. Each tenant gets an equal part of the room before any
    /// gets more, whatever the others are due for: a thousand renewals of one are no reason for another to wait.
    pub(crate) fn plan(&mut self, due: Vec<DueEndpoint>, room: usize, now: OffsetDateTime) -> Plan {
        let mut left: BTreeMap<TenantId, usize> = BTreeMap::new();
        for one in &due {
            *left.entry(one.tenant.clone()).or_default() += 1;
        }
        let part = (room / left.len().max(1)).max(1);
        let parts = left.values_mut().map(|count| {
            *count = part.min(*count);
            *count
        });
        let mut spare = room.saturating_sub(parts.sum());
        let mut plan = Plan::default();
        for one in in_turns(due) {
            let own = left.get_mut(&one.tenant).filter(|own| **own > 0);
            // Not counted: its tenant has not had its turn.
            if plan.start.len() >= room || (own.is_none() && spare == 0) {
                plan.waiting.push(one);
                continue;
            }
            match self.may_start(&one.tenant, one.due_reason) {
                Err(scans) => plan.postpone.push((one.entry, now + LATER * scans)),
                Ok(()) => {
                    plan.start.push(one.entry);
                    match own {
                        Some(own) => *own -= 1,
                        None => spare -= 1,
                    }
                }
            }
        }
        plan
    }

    /// Counts one more of the tenant's, or returns how many scans later it may start.
    fn may_start(&mut self, tenant: &TenantId, due_reason: DueReason) -> Result<(), i32> {
        if due_reason == DueReason::Renewal {
            return Ok(());
        }
        let counted = self.counted.entry(tenant.clone()).or_default();
        let scans = *counted / MOST_OF_ONE_TENANT;
        *counted += 1;
        match scans {
            0 => Ok(()),
            later => Err(i32::try_from(later).unwrap_or(i32::MAX)),
        }
    }
}

/// Renewals first, then registrations, then what has failed; of each the tenants in turn.
fn in_turns(due: Vec<DueEndpoint>) -> Vec<DueEndpoint> {
    let mut reasons: BTreeMap<DueReason, BTreeMap<TenantId, VecDeque<DueEndpoint>>> = BTreeMap::new();
    for one in due {
        reasons.entry(one.due_reason).or_default().entry(one.tenant.clone()).or_default().push_back(one);
    }
    let mut order = Vec::new();
    for tenants in reasons.into_values() {
        let mut tenants: Vec<VecDeque<DueEndpoint>> = tenants.into_values().collect();
        for entries in &mut tenants {
            entries.make_contiguous().sort_by_key(|one| one.entry.due_at);
        }
        // With room for fewer than there are tenants, no tenant is first by its name.
        tenants.sort_by_key(|entries| entries.front().map(|one| one.entry.due_at));
        while !tenants.is_empty() {
            order.extend(tenants.iter_mut().filter_map(VecDeque::pop_front));
            tenants.retain(|entries| !entries.is_empty());
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::proptest::prelude::*;
    use time::macros::datetime;
    use vocabulary::names::EndpointId;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    const AMPLE: usize = 100_000;

    fn due(tenant: &str, number: u64, due_reason: DueReason) -> DueEndpoint {
        let endpoint = EndpointId::from_random(u128::from(number).to_be_bytes());
        let due_at = NOW - Duration::HOUR + Duration::milliseconds(i64::try_from(number).expect("small"));
        let tenant = tenant.parse().expect("a tenant");
        DueEndpoint { entry: DueEntry { endpoint, due_at }, tenant, due_reason, expected_at: None }
    }

    fn position(plan: &Plan, of: &DueEndpoint) -> Option<usize> {
        plan.start.iter().position(|entry| *entry == of.entry)
    }

    #[test]
    fn renewals_go_before_registrations_and_those_before_what_has_failed() {
        let [again, new, renewal] = [(1, DueReason::Repeat), (2, DueReason::Registration), (3, DueReason::Renewal)]
            .map(|(n, due_reason)| due("a", n, due_reason));
        let plan = Turns::default().plan(vec![again.clone(), new.clone(), renewal.clone()], AMPLE, NOW);
        assert_eq!(plan.start, [renewal.entry, new.entry, again.entry]);
    }

    #[test]
    fn one_endpoint_goes_second_at_the_latest_however_many_another_tenant_has() {
        let mut all: Vec<_> = (0..2000).map(|n| due("big", n, DueReason::Repeat)).collect();
        let small = due("small", 9999, DueReason::Repeat);
        all.push(small.clone());
        let plan = Turns::default().plan(all, AMPLE, NOW);
        assert_eq!(position(&plan, &small), Some(1));
    }

    #[test]
    fn the_excess_of_one_tenant_is_postponed_in_batches() {
        let mut turns = Turns::default();
        let part = u64::try_from(MOST_OF_ONE_TENANT).expect("small");
        let first = turns.plan((0..part).map(|n| due("big", n, DueReason::Registration)).collect(), AMPLE, NOW);
        assert_eq!((first.start.len(), first.postpone.len()), (MOST_OF_ONE_TENANT, 0));
        // The next pages of the same scan.
        let second = turns.plan((part..3 * part).map(|n| due("big", n, DueReason::Repeat)).collect(), AMPLE, NOW);
        assert_eq!(second.start, []);
        let at = |index: usize| second.postpone[index].1 - NOW;
        assert_eq!((at(0), at(MOST_OF_ONE_TENANT - 1)), (LATER, LATER));
        assert_eq!((at(MOST_OF_ONE_TENANT), second.postpone.len()), (LATER * 2, 2 * MOST_OF_ONE_TENANT));
        let renewals = turns.plan((0..1000).map(|n| due("big", 5000 + n, DueReason::Renewal)).collect(), AMPLE, NOW);
        assert_eq!((renewals.start.len(), renewals.postpone.len()), (1000, 0), "renewals are not counted");
    }

    #[test]
    fn endpoints_without_room_stay_due_in_the_same_order_and_their_tenant_is_not_counted() {
        let all: Vec<_> = (0..600).map(|n| due("a", n, DueReason::Registration)).collect();
        let mut turns = Turns::default();
        let mut left = all.clone();
        let mut started = Vec::new();
        for _ in 0..31 {
            let plan = turns.plan(left.clone(), 8, NOW);
            assert_eq!((plan.start.len(), plan.postpone.len(), plan.waiting.len()), (8, 0, left.len() - 8));
            assert!(plan.waiting.iter().zip(left.iter().skip(8)).all(|(waiting, one)| waiting == one), "in this order");
            left.retain(|one| !plan.start.contains(&one.entry));
            started.extend(plan.start);
        }
        assert!(started.iter().zip(&all).all(|(started, one)| *started == one.entry), "the longest due first");
        assert_eq!(turns.plan(left, 0, NOW).start, []);
    }

    #[test]
    fn each_tenant_has_its_share_of_the_room_whatever_the_others_are_due_for() {
        let many = (0..100).map(|n| due("big", n, DueReason::Renewal));
        let few = [(900, DueReason::Registration), (901, DueReason::Repeat)].map(|(n, reason)| due("small", n, reason));
        let all: Vec<_> = many.chain(few.clone()).collect();
        let plan = Turns::default().plan(all.clone(), 6, NOW);
        assert!(few.iter().all(|one| position(&plan, one).is_some()), "{plan:?}");
        assert_eq!((plan.start.len(), plan.waiting.len()), (6, 96), "what it leaves of its part is the others'");
        let plan = Turns::default().plan(all, 1, NOW);
        assert_eq!((plan.start.len(), position(&plan, &few[0])), (1, None), "for one alone the renewal goes first");
    }

    #[test]
    fn where_there_is_room_for_fewer_than_there_are_tenants_the_longest_due_is_first() {
        let all: Vec<_> = (0..9).map(|n| due(&format!("tenant-{}", 9 - n), n, DueReason::Repeat)).collect();
        let plan = Turns::default().plan(all.clone(), 2, NOW);
        assert_eq!(plan.start, [all[0].entry.clone(), all[1].entry.clone()]);
    }

    fn any_due() -> impl Strategy<Value = Vec<DueEndpoint>> {
        let due_reason = prop_oneof![Just(DueReason::Renewal), Just(DueReason::Registration), Just(DueReason::Repeat)];
        prop::collection::vec((0_usize..4, due_reason), 0..400).prop_map(|all| {
            let one = |(n, (tenant, due_reason)): (usize, (usize, DueReason))| {
                due(["a", "b", "c", "d"][tenant], n as u64, due_reason)
            };
            all.into_iter().enumerate().map(one).collect()
        })
    }

    proptest! {
        #[test]
        fn no_endpoint_is_lost_or_waits_for_more_than_one_of_each_other_tenant(all in any_due()) {
            let plan = Turns::default().plan(all.clone(), AMPLE, NOW);
            prop_assert_eq!(plan.start.len() + plan.postpone.len(), all.len());
            let reasons: BTreeMap<_, _> = all.iter().map(|one| (&one.entry.endpoint, one.due_reason)).collect();
            for one in &all {
                let Some(index) = position(&plan, one) else { continue };
                let same = |other: &&DueEndpoint| other.due_reason == one.due_reason;
                let own = all.iter().filter(same).filter(|o| o.tenant == one.tenant && o.entry.due_at <= one.entry.due_at);
                let before = plan.start[..index].iter().filter(|entry| reasons[&entry.endpoint] == one.due_reason);
                prop_assert!(before.count() < own.count() * 4);
            }
        }
    }
}
