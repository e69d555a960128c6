//! What a name server answers from the zones that it has.

use std::collections::HashSet;
use std::sync::Arc;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, Record, RecordType};

use super::dname::synthesized;
use super::zone::{Found, Zone, owned_by};

/// Aliases of aliases that are followed.
const ALIAS_DEPTH: usize = 4;

/// The zones that a server has.
pub(crate) trait Zones {
    /// The zone with the longest name that `name` lies in. `None`: no zone that is served.
    fn zone_of(&self, name: &Name) -> Option<Arc<Zone>>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    pub name: Name,
    pub record_type: RecordType,
    /// EDNS came with it (RFC 6891).
    pub extended: bool,
    /// Signatures are wanted (DO).
    pub signed: bool,
    pub over_tcp: bool,
}

impl Question {
    /// Whether it is for records of this type.
    pub(super) fn is_for(&self, kind: &str) -> bool {
        kind.parse::<RecordType>().is_ok_and(|kind| kind == self.record_type)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub code: ResponseCode,
    pub authoritative: bool,
    pub answers: Vec<Record>,
    pub authorities: Vec<Record>,
    pub additionals: Vec<Record>,
    /// As from a server that has never heard of EDNS.
    pub plain: bool,
    /// Cut short over UDP, whatever its length.
    pub truncated: bool,
    /// Names in capital letters, however they were asked for: the question's as well.
    pub shouted: bool,
}

impl Answer {
    pub(super) fn only(code: ResponseCode) -> Self {
        Self {
            code,
            authoritative: false,
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
            plain: false,
            truncated: false,
            shouted: false,
        }
    }

    fn drop_signatures(&mut self) {
        let asked_for =
            |record: &Record| !matches!(record.record_type(), RecordType::RRSIG | RecordType::NSEC | RecordType::NSEC3);
        self.answers.retain(asked_for);
        self.authorities.retain(asked_for);
    }
}

/// Answers with authority for each zone, and refers to the servers of the zones below. Aliases are followed within a zone:
/// a resolver finds out itself where another zone is served.
pub(crate) fn answer(zones: &impl Zones, question: &Question) -> Answer {
    let mut answer = match zone_for(zones, &question.name, question.record_type) {
        Some(zone) => answer_from(zones, &zone, &question.name, question.record_type, ALIAS_DEPTH),
        None => Answer::only(ResponseCode::Refused),
    };
    if !question.signed {
        answer.drop_signatures();
    }
    answer
}

fn answer_from(zones: &impl Zones, zone: &Zone, name: &Name, record_type: RecordType, alias_depth: usize) -> Answer {
    let mut answer = Answer { authoritative: true, ..Answer::only(ResponseCode::NoError) };
    let mut seen = HashSet::new();
    let mut owner = name.to_lowercase();
    loop {
        let target = match zone.find(&owner, record_type) {
            Found::CanonicalName(record, target) => {
                answer.answers.extend(zone.signed(vec![*record]));
                target
            }
            Found::Renamed(record, target) => {
                answer.answers.extend(zone.signed(vec![*record]));
                answer.answers.push(synthesized(&owner, &target));
                target
            }
            Found::Records(records) => {
                answer.answers.extend(zone.signed(records));
                if !zone.exists(&owner) {
                    answer.authorities.extend(zone.proof_of_absence(&owner));
                }
                return answer;
            }
            Found::Alias(target) => {
                let records = alias(zones, &target, record_type, alias_depth);
                answer.answers.extend(zone.signed(owned_by(&owner, &records)));
                return answer;
            }
            Found::Delegation(servers) => {
                // Behind an alias the resolver continues itself.
                if answer.answers.is_empty() {
                    refer(zone, servers, &mut answer);
                }
                return answer;
            }
            Found::NoData => {
                deny(zone, &owner, &mut answer);
                return answer;
            }
            Found::NoSuchName => {
                answer.code = ResponseCode::NXDomain;
                deny(zone, &owner, &mut answer);
                return answer;
            }
        };
        seen.insert(owner);
        owner = target.to_lowercase();
        // A loop: the whole chain is the answer (RFC 1034 §3.6.2 leaves it to the resolver).
        if seen.contains(&owner) || !zone.origin().zone_of(&owner) {
            return answer;
        }
    }
}

/// Names the servers of a zone below, with their addresses and with what secures the step, or proves that nothing does.
fn refer(zone: &Zone, servers: Vec<Record>, answer: &mut Answer) {
    answer.authoritative = false;
    answer.additionals = zone.glue(&servers);
    let cut = servers.first().map(|server| server.name.clone());
    answer.authorities = servers;
    if let Some(cut) = cut.filter(|_| zone.is_signed()) {
        match zone.find(&cut, RecordType::DS) {
            Found::Records(records) => answer.authorities.extend(zone.signed(records)),
            _ => answer.authorities.extend(zone.proof_of_absence(&cut)),
        }
    }
}

fn deny(zone: &Zone, owner: &Name, answer: &mut Answer) {
    answer.authorities.extend(zone.signed(zone.start_of_authority().into_iter().collect()));
    answer.authorities.extend(zone.proof_of_absence(owner));
}

/// The zone that answers for the name. A DS record belongs to the zone above the one it is about (RFC 4035 §3.1.4.1).
fn zone_for(zones: &impl Zones, owner: &Name, record_type: RecordType) -> Option<Arc<Zone>> {
    let above = || zones.zone_of(&owner.base_name());
    let of_the_zone_above = record_type == RecordType::DS && !owner.is_root();
    of_the_zone_above.then(above).flatten().or_else(|| zones.zone_of(owner))
}

/// What `target` has of the type, without the CNAMEs on the way.
fn alias(zones: &impl Zones, target: &Name, record_type: RecordType, depth: usize) -> Vec<Record> {
    let (Some(depth), Some(zone)) = (depth.checked_sub(1), zone_for(zones, target, record_type)) else {
        return Vec::new();
    };
    let mut records = answer_from(zones, &zone, target, record_type, depth).answers;
    records.retain(|record| record.record_type() == record_type);
    records
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::testing::{name, zone};
    use crate::dns::zone::RecordSet;

    struct Served(Vec<(Name, Arc<Zone>)>);

    impl Zones for Served {
        fn zone_of(&self, name: &Name) -> Option<Arc<Zone>> {
            let around = self.0.iter().filter(|(origin, _)| origin.zone_of(name));
            around.max_by_key(|(origin, _)| origin.num_labels()).map(|(_, zone)| zone.clone())
        }
    }

    fn served() -> Served {
        let mut customer = zone(
            "customer.test.",
            &[
                ("_acme-challenge.customer.test.", "CNAME", "label.acme.platform.test."),
                ("dangling.customer.test.", "CNAME", "gone.acme.platform.test."),
                ("out.customer.test.", "CNAME", "somewhere.example."),
                ("inside.customer.test.", "CNAME", "nothing.customer.test."),
                ("one.customer.test.", "CNAME", "two.customer.test."),
                ("two.customer.test.", "CNAME", "one.customer.test."),
            ],
        );
        customer.insert(&name("customer.test."), RecordType::A, RecordSet::Alias(name("edge.platform.test.")));
        let platform = zone(
            "platform.test.",
            &[
                ("edge.platform.test.", "A", "127.0.0.1"),
                ("acme.platform.test.", "NS", "ns.test."),
                ("acme.platform.test.", "DS", "1 13 2 00"),
            ],
        );
        let acme = zone("acme.platform.test.", &[("label.acme.platform.test.", "TXT", "\"token\"")]);
        Served(vec![
            (name("customer.test."), Arc::new(customer)),
            (name("platform.test."), Arc::new(platform)),
            (name("acme.platform.test."), Arc::new(acme)),
        ])
    }

    fn query(queried: &str, record_type: RecordType) -> Answer {
        let signed = queried.ends_with("signed.test.");
        answer(&served(), &Question { name: name(queried), record_type, extended: signed, signed, over_tcp: false })
    }

    fn types(answer: &Answer) -> Vec<RecordType> {
        answer.answers.iter().map(Record::record_type).collect()
    }

    #[test]
    fn an_alias_is_followed_only_within_its_zone() {
        let away = query("_acme-challenge.customer.test.", RecordType::TXT);
        assert_eq!(types(&away), [RecordType::CNAME], "though the other zone is served here, too");
        assert_eq!((away.code, away.authoritative), (ResponseCode::NoError, true));
        let inside = query("inside.customer.test.", RecordType::A);
        assert_eq!((inside.code, types(&inside)), (ResponseCode::NXDomain, vec![RecordType::CNAME]));
        assert_eq!(inside.authorities[0].name, name("customer.test."));
    }

    #[test]
    fn a_queried_cname_is_not_followed() {
        assert_eq!(types(&query("_acme-challenge.customer.test.", RecordType::CNAME)), [RecordType::CNAME]);
    }

    #[test]
    fn what_does_not_exist_comes_with_the_zones_soa() {
        let missing = query("x.customer.test.", RecordType::A);
        assert_eq!(missing.code, ResponseCode::NXDomain);
        assert_eq!(missing.authorities[0].name, name("customer.test."));
        let no_data = query("edge.platform.test.", RecordType::AAAA);
        assert_eq!(no_data.code, ResponseCode::NoError);
        assert_eq!(no_data.authorities[0].record_type(), RecordType::SOA);
    }

    #[test]
    fn a_chain_ends_where_no_zone_is_served_and_a_loop_ends_too() {
        assert_eq!(query("out.customer.test.", RecordType::A).code, ResponseCode::NoError);
        assert_eq!(types(&query("one.customer.test.", RecordType::A)), [RecordType::CNAME; 2]);
    }

    #[test]
    fn a_zone_that_is_not_served_is_refused() {
        let answer = query("example.com.", RecordType::A);
        assert_eq!((answer.code, answer.authoritative), (ResponseCode::Refused, false));
    }

    #[test]
    fn a_ds_record_is_answered_by_the_zone_above() {
        let answer = query("acme.platform.test.", RecordType::DS);
        assert_eq!((answer.authoritative, types(&answer)), (true, vec![RecordType::DS]));
        let none = query("customer.test.", RecordType::DS);
        assert!(none.answers.is_empty() && none.authoritative, "no zone above is served: the zone itself says no");
    }

    #[test]
    fn a_zone_below_is_referred_to_with_the_addresses_of_its_servers() {
        let mut above = zone(
            "signed.test.",
            &[("sub.signed.test.", "NS", "ns.sub.signed.test."), ("ns.sub.signed.test.", "A", "127.0.0.1")],
        );
        above.sign().unwrap();
        let served = Served(vec![(name("signed.test."), Arc::new(above))]);
        let query = |signed| {
            let name = name("www.sub.signed.test.");
            answer(&served, &Question { name, record_type: RecordType::A, extended: signed, signed, over_tcp: false })
        };
        let types = |records: &[Record]| records.iter().map(Record::record_type).collect::<Vec<_>>();
        let referral = query(false);
        assert!(!referral.authoritative && referral.answers.is_empty());
        assert_eq!(types(&referral.authorities), [RecordType::NS]);
        assert_eq!(types(&referral.additionals), [RecordType::A]);
        assert_eq!(
            types(&query(true).authorities),
            [RecordType::NS, RecordType::NSEC, RecordType::RRSIG],
            "with the proof that it is unsigned"
        );
    }

    #[test]
    fn an_alias_answers_under_its_own_name() {
        let answer = query("customer.test.", RecordType::A);
        assert_eq!(types(&answer), [RecordType::A]);
        assert_eq!(answer.answers[0].name, name("customer.test."));
    }
}
