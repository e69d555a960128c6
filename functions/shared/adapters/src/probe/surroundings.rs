//! What surrounds a name with a wrong record: queried from one server, and only in that case.

use diagnosis::checks::surroundings::near_names;
use diagnosis::facts::{AuthorizationFacts, NearName, Surroundings, Wildcard, ZoneState};
use futures::future::{OptionFuture, join_all};
use vocabulary::dns::{RecordKind, ServerAnswer};
use vocabulary::names::DomainName;

use super::zone::{Known, Zones};

/// `kind` is the type of the record that should be at `name`; `sibling` a label that nobody has created.
pub(super) async fn gather(
    zones: &Zones,
    name: &str,
    facts: &AuthorizationFacts,
    kind: RecordKind,
    sibling: &str,
) -> Surroundings {
    let ZoneState::Served { apex, .. } = &facts.zone.state else { return Surroundings::default() };
    let Some((label, base)) = name.split_once('.') else { return Surroundings::default() };
    let zone = zones.of(facts.base.as_str()).await;
    let zone = Within { zones, zone: &zone };
    let sibling = format!("{sibling}.{base}");
    // No other type may stand beside a CNAME, and no CNAME beside another type.
    let excluded: &[RecordKind] = match kind {
        RecordKind::Cname => &[RecordKind::A, RecordKind::Aaaa, RecordKind::Mx],
        _ => &[RecordKind::Cname],
    };
    let others = join_all(excluded.iter().map(|kind| zone.records(name, *kind)));
    let near = near_names(&facts.base, label, apex).into_iter().map(async |name| {
        let records = zone.records(&name, kind).await;
        NearName { name, records }
    });
    let (own_zone, others, near) = tokio::join!(zones.name_servers_of(zone.zone, name), others, join_all(near));
    let others = others.concat();
    let answered = |answers: &[ServerAnswer]| answers.iter().any(|a| !a.answer.records().is_empty());
    // If there is nothing at the name, no wildcard answers for it.
    let there = !others.is_empty() || [&facts.cname, &facts.txt, &facts.persistent].into_iter().any(|a| answered(a));
    let wildcard = OptionFuture::from(there.then(|| zone.wildcard(&sibling, base, apex))).await;
    let near = near.into_iter().filter(|near| !near.records.is_empty()).collect();
    Surroundings { own_zone, others, near, wildcard: wildcard.flatten() }
}

/// The CNAME and the TXT records at `name`, from the zone of `base`.
pub(super) async fn at(zones: &Zones, base: &DomainName, name: &str) -> (Option<ServerAnswer>, Option<ServerAnswer>) {
    let zone = zones.of(base.as_str()).await;
    let one = async |kind| {
        let reply = zones.first_in(&zone, name, kind).await;
        Some(ServerAnswer { server: name.to_owned(), answer: reply.answer })
    };
    tokio::join!(one(RecordKind::Cname), one(RecordKind::Txt))
}

/// The wildcard record that answers for the host `name`; `sibling` is a label that nobody has created.
pub(super) async fn wildcard_of(zones: &Zones, name: &str, sibling: &str) -> Option<Wildcard> {
    let zone = zones.of(name.trim_start_matches("*.")).await;
    let ZoneState::Served { apex, .. } = &zone.facts.state else { return None };
    let (_, above) = name.split_once('.').filter(|_| name != apex)?;
    Within { zones, zone: &zone }.wildcard(&format!("{sibling}.{above}"), above, apex).await
}

/// Types that a wildcard may answer with.
const KINDS: [RecordKind; 5] = [RecordKind::Cname, RecordKind::Txt, RecordKind::A, RecordKind::Aaaa, RecordKind::Mx];

/// The zone that all the names are assumed to lie in.
struct Within<'a> {
    zones: &'a Zones,
    zone: &'a Known,
}

impl Within<'_> {
    /// The wildcard record that answers for `sibling`, a name below `base` that nobody has created.
    async fn wildcard(&self, sibling: &str, base: &str, apex: &str) -> Option<Wildcard> {
        let records = join_all(KINDS.iter().map(|kind| self.records(sibling, *kind))).await.concat();
        let first = records.first()?;
        let kind = KINDS.into_iter().find(|kind| first.starts_with(&format!("{kind} ")))?;
        let mut levels = vec![base];
        while let Some(level) = levels.last().filter(|level| **level != apex) {
            let Some((_, above)) = level.split_once('.') else { break };
            levels.push(above);
        }
        // From the zone downwards: below the wildcard its own name is answered like any other.
        for level in levels.iter().rev() {
            let name = format!("*.{level}");
            if self.records(&name, kind).await.contains(first) {
                return Some(Wildcard { name, records });
            }
        }
        Some(Wildcard { name: format!("*.{base}"), records })
    }

    /// As in a zone file: `CNAME x.example`. The records of an alias's target are not the name's.
    async fn records(&self, name: &str, kind: RecordKind) -> Vec<String> {
        let reply = self.zones.first_in(self.zone, name, kind).await;
        reply.answer.records().iter().map(|data| format!("{kind} {data}")).collect()
    }
}
