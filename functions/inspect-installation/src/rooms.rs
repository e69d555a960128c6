//! Whether load balancers will take the certificates that come.

use domain::installation::capacity::full_at;
use domain::installation::{BalancerUse, Capacity, InstallationCheck, Observed, Used};
use time::OffsetDateTime;
use vocabulary::certificate::{BalancerKind, ListenerPools, LoadBalancerArn};
use vocabulary::text::counted;
use vocabulary::times::exact;

use crate::{failed, ok, unseen, warning};

/// Percent of the room from which it is a warning, and from which it is a failure.
const NEAR: u32 = 80;
const VERY_NEAR: u32 = 95;
/// So many are described, the fullest first.
const MOST_SHOWN: usize = 8;

/// What fills up together: the load balancers of a pool, since new endpoints go where there is room; else one alone.
struct Group<'a> {
    /// `edge-1 (eu-central-1)`, `pool eu`. Stable.
    name: String,
    pooled: bool,
    members: Vec<&'a BalancerUse>,
    /// Certificates that are there, and room that is promised.
    taken: u32,
    most: u32,
    new_lately: u32,
}

impl<'a> Group<'a> {
    fn of(name: String, pooled: bool, members: Vec<&'a BalancerUse>, capacity: &Capacity) -> Self {
        let known = || members.iter().filter(|one| one.used.is_some());
        let taken = known().map(|one| one.used.unwrap_or_default() + capacity.promised(&one.balancer)).sum();
        let most = known().map(|one| one.most).sum();
        let new_lately = known().map(|one| one.registrations.new_lately).sum();
        Self { name, pooled, members, taken, most, new_lately }
    }

    /// Whole percent, rounded down. Without any room all of it is taken.
    fn percent(&self) -> u32 {
        let percent = (u64::from(self.taken) * 100).checked_div(self.most.into()).unwrap_or(100);
        u32::try_from(percent).unwrap_or(u32::MAX)
    }

    fn said(&self, now: OffsetDateTime) -> String {
        let of = if self.pooled {
            format!(" on {}", counted(self.members.len() as u64, "load balancer"))
        } else {
            String::new()
        };
        let mut said = format!("{}: {} of {}{of}", self.name, self.taken, counted(self.most.into(), "certificate"));
        if let Some(at) = full_at(self.most.saturating_sub(self.taken), self.new_lately, now) {
            let came = counted(self.new_lately.into(), "registration");
            said += &format!(", full on {} at the rate of the last 30 days ({came})", at.date());
        }
        said + "."
    }
}

pub(crate) fn load_balancers(
    seen: &Observed<Capacity>,
    pools: &ListenerPools,
    now: OffsetDateTime,
) -> InstallationCheck {
    const NAME: &str = "load-balancers";
    let capacity = match seen {
        Ok(capacity) => capacity,
        Err(fault) => return unseen(NAME, fault),
    };
    if capacity.listed_at.is_none() {
        return ok(NAME, "Not counted yet; the next run of check-health does.");
    }
    if capacity.balancers.is_empty() {
        return ok(NAME, "No endpoint is on a load balancer.");
    }
    let mut groups = groups(capacity, pools);
    groups.sort_by_key(|group| std::cmp::Reverse(group.percent()));
    let used = groups.iter().take(MOST_SHOWN);
    let used: Vec<_> =
        used.map(|group| Used { of: format!("load-balancers {}", group.name), percent: group.percent() }).collect();
    let shown: Vec<_> = groups.iter().take(MOST_SHOWN).map(|group| group.said(now)).collect();
    let mut detail = shown.join(" ");
    if groups.len() > MOST_SHOWN {
        detail += &format!(" Others with more room: {}.", groups.len() - MOST_SHOWN);
    }
    let faults: Vec<_> = capacity.balancers.iter().filter_map(|one| Some((one, one.fault.as_ref()?))).collect();
    for (one, fault) in &faults {
        detail += &format!(" {} could not be counted: {fault}.", name_of(one));
    }
    if let Some((one, why)) = capacity.balancers.iter().find_map(|one| Some((one, one.most_unknown.as_ref()?))) {
        detail += &format!(" Service Quotas did not answer for {}, so AWS's default counts: {why}.", name_of(one));
    }
    if let Some(as_of) = capacity.balancers.iter().filter_map(|one| one.as_of).min() {
        detail += &format!(" Counted since {}.", exact(as_of));
    }
    let check = match groups.first().map(Group::percent).unwrap_or_default() {
        VERY_NEAR.. => failed(NAME, detail, remedy(capacity)),
        NEAR.. => warning(NAME, detail, remedy(capacity)),
        _ if !faults.is_empty() => {
            let page = "docs/how-to/listeners-and-regions.md";
            warning(
                NAME,
                detail,
                format!(
                    "If it was denied, give the role the permissions of {page}. If it is gone, name another listener."
                ),
            )
        }
        _ => ok(NAME, detail),
    };
    InstallationCheck { used, ..check }
}

fn name_of(one: &BalancerUse) -> String {
    let account = one.role.as_ref().map(|role| format!(", {}", role.account().as_str())).unwrap_or_default();
    format!("{} ({}{account})", one.balancer.name(), one.balancer.region())
}

fn groups<'a>(capacity: &'a Capacity, pools: &ListenerPools) -> Vec<Group<'a>> {
    let pool_of = |one: &BalancerUse| {
        pools.all().find(|(_, member)| LoadBalancerArn::from(&member.listener) == one.balancer).map(|(name, _)| name)
    };
    let pooled = pools.names().map(|name| {
        let members = capacity.balancers.iter().filter(|one| pool_of(one) == Some(name)).collect();
        Group::of(format!("pool {name}"), true, members, capacity)
    });
    let alone = capacity.balancers.iter().filter(|one| pool_of(one).is_none() && one.used.is_some());
    let alone = alone.map(|one| Group::of(name_of(one), false, vec![one], capacity));
    pooled.filter(|group| !group.members.is_empty()).chain(alone).collect()
}

fn remedy(capacity: &Capacity) -> String {
    let has = |kind| capacity.balancers.iter().any(|one| one.balancer.kind() == kind);
    let quota = match (has(BalancerKind::Application), has(BalancerKind::Network)) {
        (true, false) => "“Certificates per Application Load Balancer”",
        (false, true) => "“Certificates per Network Load Balancer”",
        _ => "“Certificates per Application Load Balancer” or “Certificates per Network Load Balancer”",
    };
    format!(
        "Request more of the quota {quota}: in the console, Service Quotas, Elastic Load Balancing, \
         or add a load balancer to ListenerPools: new endpoints go there. What is granted counts within the hour, and endpoints \
         that wait are attached then. Runbook: docs/runbooks/loadbalancerroomalarm.md"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NOW, denied, is_failed, is_ok, is_warning};
    use domain::overview::Registrations;

    fn listener(name: &str) -> String {
        format!("arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/{name}/1/2")
    }

    fn counted_as(name: &str, used: u32) -> BalancerUse {
        BalancerUse {
            balancer: LoadBalancerArn::from(&listener(name).parse().expect("a listener")),
            role: None,
            used: Some(used),
            most: 25,
            most_unknown: None,
            registrations: Registrations { endpoints: used, new_lately: 10 },
            as_of: Some(NOW),
            tried_at: NOW,
            fault: None,
        }
    }

    fn capacity(balancers: Vec<BalancerUse>) -> Capacity {
        Capacity { balancers, listed_at: Some(NOW), ..Capacity::default() }
    }

    fn judged(balancers: Vec<BalancerUse>) -> InstallationCheck {
        load_balancers(&Ok(capacity(balancers)), &ListenerPools::default(), NOW)
    }

    #[test]
    fn a_limit_is_a_warning_at_80_percent_and_a_failure_at_95_and_not_before() {
        assert!(is_ok(&judged(vec![counted_as("edge", 19)])) && is_warning(&judged(vec![counted_as("edge", 20)])));
        assert!(is_warning(&judged(vec![counted_as("edge", 23)])) && is_failed(&judged(vec![counted_as("edge", 24)])));
        let check = judged(vec![counted_as("edge", 20)]);
        assert!(
            check.detail.starts_with("edge (eu-central-1): 20 of 25 certificates, full on 2026-12-09"),
            "{check:?}"
        );
        assert_eq!(check.used, [Used { of: "load-balancers edge (eu-central-1)".into(), percent: 80 }]);
    }

    #[test]
    fn a_full_load_balancer_in_a_pool_with_room_is_no_failure() {
        let members = ["edge-1", "edge-2"]
            .map(|name| format!(r#"{{"listener": "{}", "target": "{name}.example.net"}}"#, listener(name)));
        let pools: ListenerPools = format!(r#"{{"eu": [{}]}}"#, members.join(",")).parse().expect("pools");
        let full = vec![counted_as("edge-1", 25), counted_as("edge-2", 5)];
        let check = load_balancers(&Ok(capacity(full.clone())), &pools, NOW);
        assert!(
            is_ok(&check) && check.detail.starts_with("pool eu: 30 of 50 certificates on 2 load balancers"),
            "{check:?}"
        );
        assert!(is_failed(&judged(full)), "alone it is");
    }

    #[test]
    fn promised_room_counts_as_used() {
        let mut all = capacity(vec![counted_as("edge", 19)]);
        let endpoint = vocabulary::names::EndpointId::from_random([1; 16]);
        all.assign(&endpoint, &listener("edge").parse().expect("a listener"), NOW);
        assert!(is_warning(&load_balancers(&Ok(all), &ListenerPools::default(), NOW)));
    }

    #[test]
    fn an_unknown_count_is_reported_and_no_load_balancer_is_no_failure() {
        assert!(is_ok(&judged(vec![])));
        let none = Capacity::default();
        assert!(is_ok(&load_balancers(&Ok(none), &ListenerPools::default(), NOW)));
        let gone = BalancerUse { used: None, fault: Some("it does not exist".into()), ..counted_as("edge", 0) };
        let check = judged(vec![gone]);
        assert!(is_warning(&check) && check.detail.contains("it does not exist"), "{check:?}");
        let unsaid = BalancerUse { most_unknown: Some("denied".into()), ..counted_as("edge", 1) };
        let check = judged(vec![unsaid]);
        assert!(is_ok(&check) && check.detail.contains("AWS's default counts: denied"), "{check:?}");
        let fault = Err(denied("dynamodb:GetItem"));
        assert!(is_failed(&load_balancers(&fault, &ListenerPools::default(), NOW)));
    }
}
