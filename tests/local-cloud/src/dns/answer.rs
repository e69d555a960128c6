//! What to answer to a question, over all the zones that are served.

use std::collections::HashSet;
use std::sync::Arc;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, Record, RecordType};

use super::zone::{Found, Zone, owned_by};

/// Aliases of aliases that are followed.
const ALIAS_DEPTH: usize = 4;

/// Where zones come from.
pub(crate) trait Zones: Send + Sync {
    type Error;

    /// The zone with the longest name that `name` lies in. `None`: no zone that is served.
    fn zone_of(&self, name: &Name) -> impl Future<Output = Result<Option<Arc<Zone>>, Self::Error>> + Send;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub code: ResponseCode,
    pub authoritative: bool,
    pub answers: Vec<Record>,
    pub authorities: Vec<Record>,
}

impl Answer {
    fn plain(code: ResponseCode) -> Self {
        Self { code, authoritative: false, answers: Vec::new(), authorities: Vec::new() }
    }
}

/// Answers with authority for each zone, and follows CNAMEs from zone to zone like a resolver, as far as
/// zones are served: the CA has this server alone to ask.
pub(crate) async fn answer<Z: Zones>(zones: &Z, name: &Name, record_type: RecordType) -> Result<Answer, Z::Error> {
    answer_within(zones, name, record_type, ALIAS_DEPTH).await
}

async fn answer_within<Z: Zones>(
    zones: &Z,
    name: &Name,
    record_type: RecordType,
    alias_depth: usize,
) -> Result<Answer, Z::Error> {
    let mut answers = Vec::new();
    let mut seen = HashSet::new();
    let mut owner = name.to_lowercase();
    loop {
        let Some(zone) = zone_for(zones, &owner, record_type).await? else {
            // A chain that leads out of the served zones ends there; only a first name is refused.
            let code = if answers.is_empty() { ResponseCode::Refused } else { ResponseCode::NoError };
            return Ok(Answer { authoritative: !answers.is_empty(), answers, ..Answer::plain(code) });
        };
        let (code, authorities) = match zone.find(&owner, record_type) {
            Found::CanonicalName(record, target) => {
                answers.push(*record);
                seen.insert(owner);
                owner = target.to_lowercase();
                if !seen.contains(&owner) {
                    continue;
                }
                // A loop: the whole chain is the answer (RFC 1034 §3.6.2 leaves it to the resolver).
                (ResponseCode::NoError, Vec::new())
            }
            Found::Records(records) => {
                answers.extend(records);
                (ResponseCode::NoError, Vec::new())
            }
            Found::Alias(target) => {
                let records = alias(zones, &target, record_type, alias_depth).await?;
                answers.extend(owned_by(&owner, &records));
                (ResponseCode::NoError, Vec::new())
            }
            Found::Delegation(servers) => {
                let authoritative = !answers.is_empty();
                return Ok(Answer { code: ResponseCode::NoError, authoritative, answers, authorities: servers });
            }
            Found::NoData => (ResponseCode::NoError, zone.start_of_authority().into_iter().collect()),
            Found::NoSuchName => (ResponseCode::NXDomain, zone.start_of_authority().into_iter().collect()),
        };
        return Ok(Answer { code, authoritative: true, answers, authorities });
    }
}

/// The zone that answers for the name. A DS record belongs to the zone above the one it is about (RFC 4035 §3.1.4.1).
async fn zone_for<Z: Zones>(zones: &Z, owner: &Name, record_type: RecordType) -> Result<Option<Arc<Zone>>, Z::Error> {
    if record_type == RecordType::DS
        && let Some(above) = zones.zone_of(&owner.base_name()).await?
    {
        return Ok(Some(above));
    }
    zones.zone_of(owner).await
}

/// What `target` has of the type, without the CNAMEs on the way.
async fn alias<Z: Zones>(
    zones: &Z,
    target: &Name,
    record_type: RecordType,
    depth: usize,
) -> Result<Vec<Record>, Z::Error> {
    let Some(depth) = depth.checked_sub(1) else { return Ok(Vec::new()) };
    let mut records = Box::pin(answer_within(zones, target, record_type, depth)).await?.answers;
    records.retain(|record| record.record_type() == record_type);
    Ok(records)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::dns::testing::{name, zone};
    use crate::dns::zone::RecordSet;

    struct Served(Vec<(Name, Arc<Zone>)>);

    impl Zones for Served {
        type Error = Infallible;

        async fn zone_of(&self, name: &Name) -> Result<Option<Arc<Zone>>, Infallible> {
            let around = self.0.iter().filter(|(origin, _)| origin.zone_of(name));
            Ok(around.max_by_key(|(origin, _)| origin.num_labels()).map(|(_, zone)| zone.clone()))
        }
    }

    fn served() -> Served {
        let mut customer = zone(
            "customer.test.",
            &[
                ("_acme-challenge.customer.test.", "CNAME", "label.acme.platform.test."),
                ("dangling.customer.test.", "CNAME", "gone.acme.platform.test."),
                ("out.customer.test.", "CNAME", "somewhere.example."),
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

    async fn ask(asked: &str, record_type: RecordType) -> Answer {
        answer(&served(), &name(asked), record_type).await.unwrap()
    }

    fn types(answer: &Answer) -> Vec<RecordType> {
        answer.answers.iter().map(Record::record_type).collect()
    }

    #[tokio::test]
    async fn a_delegated_challenge_is_followed_into_the_other_zone() {
        let answer = ask("_acme-challenge.customer.test.", RecordType::TXT).await;
        assert_eq!(types(&answer), [RecordType::CNAME, RecordType::TXT]);
        assert_eq!((answer.code, answer.authoritative), (ResponseCode::NoError, true));
    }

    #[tokio::test]
    async fn a_cname_that_is_asked_for_is_not_followed() {
        assert_eq!(types(&ask("_acme-challenge.customer.test.", RecordType::CNAME).await), [RecordType::CNAME]);
    }

    #[tokio::test]
    async fn what_does_not_exist_comes_with_the_zones_soa() {
        let missing = ask("x.customer.test.", RecordType::A).await;
        assert_eq!(missing.code, ResponseCode::NXDomain);
        assert_eq!(missing.authorities[0].name, name("customer.test."));
        let no_data = ask("edge.platform.test.", RecordType::AAAA).await;
        assert_eq!(no_data.code, ResponseCode::NoError);
        assert_eq!(no_data.authorities[0].record_type(), RecordType::SOA);
    }

    #[tokio::test]
    async fn a_cname_to_a_name_that_does_not_exist_says_so_with_the_target_zones_soa() {
        let answer = ask("dangling.customer.test.", RecordType::TXT).await;
        assert_eq!((answer.code, types(&answer)), (ResponseCode::NXDomain, vec![RecordType::CNAME]));
        assert_eq!(answer.authorities[0].name, name("acme.platform.test."));
    }

    #[tokio::test]
    async fn a_chain_ends_where_no_zone_is_served_and_a_loop_ends_at_all() {
        assert_eq!(ask("out.customer.test.", RecordType::A).await.code, ResponseCode::NoError);
        assert_eq!(types(&ask("one.customer.test.", RecordType::A).await), [RecordType::CNAME; 2]);
    }

    #[tokio::test]
    async fn a_zone_that_is_not_served_is_refused() {
        let answer = ask("example.com.", RecordType::A).await;
        assert_eq!((answer.code, answer.authoritative), (ResponseCode::Refused, false));
    }

    #[tokio::test]
    async fn a_ds_record_is_answered_by_the_zone_above() {
        let answer = ask("acme.platform.test.", RecordType::DS).await;
        assert_eq!((answer.authoritative, types(&answer)), (true, vec![RecordType::DS]));
        let none = ask("customer.test.", RecordType::DS).await;
        assert!(none.answers.is_empty() && none.authoritative, "no zone above is served: the zone itself says no");
    }

    #[tokio::test]
    async fn an_alias_answers_under_its_own_name() {
        let answer = ask("customer.test.", RecordType::A).await;
        assert_eq!(types(&answer), [RecordType::A]);
        assert_eq!(answer.answers[0].name, name("customer.test."));
    }
}
