//! Why a record is missing, by what is at and around its name.

use vocabulary::names::DomainName;
use vocabulary::record::DnsRecord;

use crate::catalogue::check::Check;
use crate::catalogue::finding::Fix;
use crate::facts::{AuthorizationFacts, Surroundings, ZoneState};
use crate::report::Finding;

/// The most other names that are queried.
const MOST_NEAR_NAMES: usize = 10;

/// Names in the zone `apex` where the record of `LABEL.BASE` is created by mistake, the likeliest first.
///
/// Such mistakes come from providers' forms that drop underscores or append the zone, and from guides for the apex.
pub fn near_names(base: &DomainName, label: &str, apex: &str) -> Vec<String> {
    let base = base.as_str();
    let bare = label.trim_start_matches('_');
    let mut names = vec![format!("{bare}.{base}"), format!("_{}.{base}", bare.replace('-', "_"))];
    let mut above = base;
    while above != apex
        && let Some((_, parent)) = above.split_once('.')
    {
        above = parent;
        names.push(format!("{label}.{parent}"));
    }
    if let Some(relative) = base.strip_suffix(apex).and_then(|rest| rest.strip_suffix('.')) {
        names.extend([base.to_owned(), format!("{relative}.{label}.{apex}"), format!("{label}.{relative}.{base}")]);
    }
    names.push(format!("{label}.www.{base}"));
    names.truncate(MOST_NEAR_NAMES);
    names
}

/// Why there is no such record, if more is known.
///
/// `is_ours` decides whether a record, written as in a zone file, is the required one.
pub(crate) fn explain_missing(
    check: Check,
    record: &DnsRecord,
    facts: &AuthorizationFacts,
    around: &Surroundings,
    is_ours: impl Fn(&str) -> bool,
) -> Option<Finding> {
    let finding = |check: Check, found: String, fix: String| {
        let expected = format!("{} {}", record.kind, record.value);
        check.finding(&record.name, expected, found, Fix::of(fix).with_record(record.clone()))
    };
    if let Some((doubled, there)) = doubled(record, facts, around) {
        let relative = relative(&record.name, apex_of(facts));
        let found = format!("has no record, but {doubled} has one ({there}): the zone was appended");
        let fix = format!(
            "Delete the record at {doubled}, and create it again with the name typed as {relative}: {}",
            record.line()
        );
        return Some(finding(Check::DelegationDoubledLabel, found, fix));
    }
    let is_near = |records: &[String]| records.iter().any(|there| is_ours(there) && !around.is_by_wildcard(there));
    if let Some(near) = around.near.iter().find(|near| is_near(&near.records)) {
        let found = format!("has no such record: the record stands at {} instead", near.name);
        let fix = format!("Move the record from {} to {}: {}", near.name, record.name, record.line());
        return Some(finding(check, found, fix));
    }
    let blocking = around.in_the_way();
    if !blocking.is_empty() {
        let list = blocking.join(", ");
        let found = format!("has no {} record, and other records prevent it: {list}", record.kind);
        let fix = format!(
            "Delete these records at {} first, as a CNAME cannot stand beside others: {list}. Then create: {}",
            record.name,
            record.line()
        );
        return Some(finding(check, found, fix));
    }
    let wildcard = around.wildcard.as_ref()?;
    let found = format!(
        "has no record of its own: the wildcard record {} answers for it ({})",
        wildcard.name,
        wildcard.records.join(", ")
    );
    let fix = format!("Create this record; the wildcard record may stay beside it: {}", record.line());
    Some(finding(check, found, fix))
}

/// The name is delegated to its own servers, so the zone cannot have a CNAME or TXT there.
///
/// `servers` are the name's own name servers; none if it has none.
pub(crate) fn own_zone(record: &DnsRecord, servers: &[String]) -> Option<Finding> {
    if servers.is_empty() {
        return None;
    }
    let found = format!("is a zone of its own, at the name servers {}", servers.join(", "));
    let ns: Vec<String> = servers.iter().map(|server| format!("NS {server}")).collect();
    let ns = ns.join(", ");
    let fix = format!("Delete the NS records at {} ({ns}), then create there: {}", record.name, record.line());
    let expected = format!("{} {}", record.kind, record.value);
    Some(Check::DelegationOwnZone.finding(
        &record.name,
        expected,
        found,
        Fix::of(fix).with_record(record.clone()).with_command(format!("dig NS {}", record.name)),
    ))
}

/// In which zone the record was looked up, if it is not the one that people expect: `None` at the registered domain.
pub(crate) fn zone_asked(facts: &AuthorizationFacts) -> Option<String> {
    let ZoneState::Served { apex, servers, .. } = &facts.zone.state else { return None };
    if apex == facts.base.registered() {
        return None;
    }
    let mut servers: Vec<&str> = servers.iter().map(|server| server.server.as_str()).collect();
    servers.sort_unstable();
    Some(format!("{apex} is a zone of its own, at {}: a record in a zone above it has no effect", servers.join(", ")))
}

/// The name with the zone twice, and what is there.
fn doubled<'a>(record: &DnsRecord, facts: &'a AuthorizationFacts, around: &Surroundings) -> Option<(&'a str, String)> {
    let (doubled, answers) = facts.doubled.as_ref().filter(|(name, _)| name.starts_with(&record.name))?;
    let there = answers.iter().map(|answer| answer.answer.records()).find(|data| !data.is_empty())?;
    let is_wild = |data: &String| ["CNAME", "TXT"].iter().any(|kind| around.is_by_wildcard(&format!("{kind} {data}")));
    (!there.iter().all(is_wild)).then(|| (doubled.as_str(), there.join(", ")))
}

fn relative<'a>(name: &'a str, apex: &str) -> &'a str {
    name.strip_suffix(apex).and_then(|rest| rest.strip_suffix('.')).unwrap_or(name)
}

fn apex_of(facts: &AuthorizationFacts) -> &str {
    match &facts.zone.state {
        ZoneState::Served { apex, .. } => apex,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(base: &str, apex: &str) -> Vec<String> {
        near_names(&base.parse().expect("a name"), "_acme-challenge", apex)
    }

    #[test]
    fn the_near_names_of_a_host_are_those_that_forms_and_guides_lead_to() {
        let names = near("shop.d3.test", "d3.test");
        for expected in [
            "acme-challenge.shop.d3.test",
            "_acme-challenge.d3.test",
            "shop.d3.test",
            "_acme-challenge.www.shop.d3.test",
        ] {
            assert!(names.iter().any(|name| name == expected), "{expected}: {names:?}");
        }
        assert!(!names.contains(&"_acme-challenge.shop.d3.test".to_owned()), "the right name is not beside itself");
        assert!(!names.iter().any(|name| name == "_acme-challenge.test"), "above the zone nothing is asked");
    }

    #[test]
    fn the_near_names_of_a_domain_stay_in_its_zone_and_are_few() {
        assert!(near("d3.test", "d3.test").iter().all(|name| name.ends_with(".d3.test")));
        assert_eq!(near("a.b.c.d.e.f.g.h.i.j.d3.test", "d3.test").len(), MOST_NEAR_NAMES);
    }
}
