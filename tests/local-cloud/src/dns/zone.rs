//! One zone, as its authoritative server sees it.

use std::collections::BTreeMap;

use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::dname;
use super::keys::Signing;

/// A zone's record sets by owner (lower case) and type.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    origin: Name,
    owners: BTreeMap<Name, BTreeMap<RecordType, RecordSet>>,
    pub(super) signing: Option<Signing>,
}

/// What one owner has of one type.
#[derive(Clone, Debug)]
pub(crate) enum RecordSet {
    Records(Vec<Record>),
    /// Route 53's own: answers with what another name has of the same type.
    Alias(Name),
}

/// What a zone knows about a name and a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Records(Vec<Record>),
    Alias(Name),
    /// The name is another name for the second.
    CanonicalName(Box<Record>, Name),
    /// The name lies in a tree that is another name for another tree: the record that says so, and the name there.
    Renamed(Box<Record>, Name),
    /// The name belongs to a zone that is served elsewhere.
    Delegation(Vec<Record>),
    /// The name exists, without records of the type.
    NoData,
    NoSuchName,
}

impl Zone {
    pub(crate) fn new(origin: Name) -> Self {
        Self { origin: origin.to_lowercase(), owners: BTreeMap::new(), signing: None }
    }

    pub(crate) fn origin(&self) -> &Name {
        &self.origin
    }

    pub(crate) fn insert(&mut self, owner: &Name, record_type: RecordType, set: RecordSet) {
        self.owners.entry(owner.to_lowercase()).or_default().insert(record_type, set);
    }

    /// The record that says how long the absence of something may be remembered (RFC 2308 §3).
    pub(crate) fn start_of_authority(&self) -> Option<Record> {
        match self.owners.get(&self.origin)?.get(&RecordType::SOA)? {
            RecordSet::Records(records) => {
                let mut record = records.first()?.clone();
                if let RData::SOA(soa) = &record.data {
                    record.ttl = record.ttl.min(soa.minimum);
                }
                Some(record)
            }
            RecordSet::Alias(_) => None,
        }
    }

    /// Looks `name`, which lies in this zone, up (RFC 1034 §4.3.2, RFC 4592).
    pub(crate) fn find(&self, name: &Name, record_type: RecordType) -> Found {
        let name = name.to_lowercase();
        // The cut's own DS record is on this side of it.
        let asked = if record_type == RecordType::DS { name.base_name() } else { name.clone() };
        if let Some(delegation) = self.delegation(&asked) {
            return Found::Delegation(delegation);
        }
        if let Some((record, target)) = self.renamed(&name) {
            return Found::Renamed(Box::new(record), target);
        }
        if let Some(sets) = self.owners.get(&name) {
            return select(sets, &name, record_type);
        }
        if self.exists(&name) {
            return Found::NoData;
        }
        let wildcard = self.closest_encloser(&name).prepend_label("*").ok();
        let sets = wildcard.and_then(|wildcard| self.owners.get(&wildcard));
        sets.map_or(Found::NoSuchName, |sets| select(sets, &name, record_type))
    }

    /// The nearest ancestor of `name` that exists: the only one whose wildcard applies.
    pub(super) fn closest_encloser(&self, name: &Name) -> Name {
        let mut encloser = name.base_name();
        while !self.exists(&encloser) && encloser != self.origin && !encloser.is_root() {
            encloser = encloser.base_name();
        }
        encloser
    }

    /// The DNAME record above `name`, and where it leads that.
    fn renamed(&self, name: &Name) -> Option<(Record, Name)> {
        let at = usize::from(self.origin.num_labels())..usize::from(name.num_labels());
        at.into_iter().find_map(|labels| {
            let owner = name.trim_to(labels);
            match self.owners.get(&owner)?.get(&RecordType::DNAME)? {
                RecordSet::Records(records) => {
                    let record = records.first()?.clone();
                    let target = dname::substituted(name, &owner, &record).ok()?;
                    Some((record, target))
                }
                RecordSet::Alias(_) => None,
            }
        })
    }

    /// What this zone, or what it knows from the zones below it, has for the hosts that `servers` name.
    pub(super) fn glue(&self, servers: &[Record]) -> Vec<Record> {
        let hosts = servers.iter().filter_map(|server| match &server.data {
            RData::NS(host) => self.owners.get(&host.0.to_lowercase()),
            _ => None,
        });
        let sets = hosts.flat_map(|sets| [RecordType::A, RecordType::AAAA].map(|kind| sets.get(&kind)));
        sets.flatten()
            .flat_map(|set| match set {
                RecordSet::Records(records) => records.clone(),
                RecordSet::Alias(_) => Vec::new(),
            })
            .collect()
    }

    /// Those that this zone, and none below it, has records of.
    pub(super) fn authoritative_owners(&self) -> impl Iterator<Item = &Name> {
        self.owners.keys().filter(|owner| {
            self.delegation(owner).is_none_or(|servers| servers.iter().all(|server| server.name == **owner))
        })
    }

    /// The types that the zone has at `owner` with authority.
    pub(super) fn types_of(&self, owner: &Name) -> Vec<RecordType> {
        let is_cut = self.delegation(owner).is_some();
        let types = self.owners.get(owner).into_iter().flat_map(BTreeMap::keys).copied();
        types.filter(|kind| !is_cut || matches!(kind, RecordType::NS | RecordType::DS)).collect()
    }

    /// Whether the topmost zone cut above `origin` is at `origin` itself.
    pub(crate) fn delegates(&self, origin: &Name) -> bool {
        self.delegation(origin).is_some_and(|records| records.iter().all(|record| record.name == *origin))
    }

    /// Whether the name has records, or a name below it has.
    pub(super) fn exists(&self, name: &Name) -> bool {
        // In the order of names, those below one come right after it.
        self.owners.range(name..).next().is_some_and(|(owner, _)| name.zone_of(owner))
    }

    /// The name servers of the topmost zone cut at or above `name`.
    fn delegation(&self, name: &Name) -> Option<Vec<Record>> {
        let below_origin = usize::from(self.origin.num_labels()) + 1;
        (below_origin..=usize::from(name.num_labels())).find_map(|labels| {
            match self.owners.get(&name.trim_to(labels))?.get(&RecordType::NS)? {
                RecordSet::Records(records) => Some(records.clone()),
                RecordSet::Alias(_) => None,
            }
        })
    }
}

fn select(sets: &BTreeMap<RecordType, RecordSet>, name: &Name, record_type: RecordType) -> Found {
    match sets.get(&record_type) {
        Some(RecordSet::Records(records)) => return Found::Records(owned_by(name, records)),
        Some(RecordSet::Alias(target)) => return Found::Alias(target.clone()),
        None => {}
    }
    if let Some(RecordSet::Records(records)) = sets.get(&RecordType::CNAME)
        && let Some(record) = owned_by(name, records).into_iter().next()
        && let RData::CNAME(target) = &record.data
    {
        let target = target.0.clone();
        return Found::CanonicalName(Box::new(record), target);
    }
    Found::NoData
}

/// A wildcard's records are given under the name that was asked for.
pub(super) fn owned_by(name: &Name, records: &[Record]) -> Vec<Record> {
    let with_name = |record: &Record| {
        let mut record = record.clone();
        record.name = name.clone();
        record
    };
    records.iter().map(with_name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::testing::{name, zone};

    fn found(name_asked: &str, record_type: RecordType) -> Found {
        let zone = zone(
            "example.test.",
            &[
                ("www.example.test.", "A", "192.0.2.1"),
                ("deep.er.example.test.", "A", "192.0.2.2"),
                ("*.example.test.", "TXT", "\"any\""),
                ("alias.example.test.", "CNAME", "www.example.test."),
                ("else.example.test.", "NS", "ns.else.example.test."),
            ],
        );
        zone.find(&name(name_asked), record_type)
    }

    #[test]
    fn a_name_without_the_type_is_no_data_and_an_unknown_name_does_not_exist() {
        assert_eq!(found("www.example.test.", RecordType::AAAA), Found::NoData);
        assert_eq!(found("x.www.example.test.", RecordType::A), Found::NoSuchName);
    }

    #[test]
    fn a_name_that_only_has_names_below_it_exists() {
        assert_eq!(found("er.example.test.", RecordType::A), Found::NoData);
        assert_eq!(found("x.er.example.test.", RecordType::TXT), Found::NoSuchName, "hides the wildcard");
    }

    #[test]
    fn a_wildcard_answers_for_every_name_that_does_not_exist_under_the_queried_name() {
        let Found::Records(records) = found("a.b.example.test.", RecordType::TXT) else { panic!("no records") };
        assert_eq!(records[0].name, name("a.b.example.test."));
        assert_eq!(found("a.b.example.test.", RecordType::A), Found::NoData);
        assert_eq!(found("www.example.test.", RecordType::TXT), Found::NoData, "the name exists");
    }

    #[test]
    fn a_cname_answers_for_every_type_but_its_own() {
        assert!(
            matches!(found("alias.example.test.", RecordType::A), Found::CanonicalName(_, target) if target == name("www.example.test."))
        );
        assert!(matches!(found("alias.example.test.", RecordType::CNAME), Found::Records(_)));
    }

    #[test]
    fn names_below_a_zone_cut_belong_to_another_zone_and_the_origin_does_not() {
        assert!(matches!(found("x.else.example.test.", RecordType::A), Found::Delegation(_)));
        assert!(matches!(found("example.test.", RecordType::NS), Found::Records(_)));
        let zone = zone("example.test.", &[("else.example.test.", "NS", "ns.else.example.test.")]);
        assert!(zone.delegates(&name("else.example.test.")));
        assert!(!zone.delegates(&name("x.else.example.test.")) && !zone.delegates(&name("www.example.test.")));
    }

    #[test]
    fn names_are_compared_without_case() {
        assert!(matches!(found("WwW.Example.test.", RecordType::A), Found::Records(_)));
    }
}
