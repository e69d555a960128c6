//! Follows aliases from zone to zone, as a resolver does.

use std::net::IpAddr;

use diagnosis::facts::{Chain, ChainEnd, MOST_ALIASES};
use vocabulary::dns::{Answer, RecordKind, Unanswered};

use super::zone::Zones;

/// From `name` to its addresses.
pub(super) async fn follow(zones: &Zones, name: &str) -> Chain {
    on(zones, vec![name.to_owned()], true).await
}

/// From `name`, whose alias leads to `to`, to the addresses.
pub(super) async fn follow_from(zones: &Zones, name: &str, to: &str) -> Chain {
    on(zones, vec![name.to_owned(), to.to_owned()], true).await
}

/// From `name`, whose alias leads to `to`, along the aliases only.
pub(super) async fn aliases(zones: &Zones, name: &str, to: &str) -> Chain {
    on(zones, vec![name.to_owned(), to.to_owned()], false).await
}

/// `seen` are the names so far, starting with the requested one.
async fn on(zones: &Zones, mut seen: Vec<String>, addresses: bool) -> Chain {
    let names = |seen: Vec<String>| seen.into_iter().skip(1).collect();
    loop {
        let at = seen.last().expect("there is a name to begin with").clone();
        if let Some(before) = seen[..seen.len() - 1].iter().find(|name| **name == at).cloned() {
            return Chain { names: names(seen), end: ChainEnd::Loop(before) };
        }
        if seen.len() > MOST_ALIASES + 1 {
            return Chain { names: names(seen), end: ChainEnd::TooLong };
        }
        let (a, aaaa) = if addresses {
            tokio::join!(zones.first(&at, RecordKind::A), zones.first(&at, RecordKind::Aaaa))
        } else {
            // Any record type shows an alias; if the delegated name has records, they are TXT.
            let txt = zones.first(&at, RecordKind::Txt).await;
            (txt.clone(), txt)
        };
        match a.alias.or(aaaa.alias) {
            Some(next) => seen.push(next),
            None if addresses => return ends(names(seen), &a.answer, &aaaa.answer),
            None => return Chain { names: names(seen), end: ChainEnd::Addresses(Vec::new()) },
        }
    }
}

/// The end of a chain at a name with these answers.
pub(super) fn ends(names: Vec<String>, a: &Answer, aaaa: &Answer) -> Chain {
    let records = a.records().iter().chain(aaaa.records());
    let addresses: Vec<IpAddr> = records.filter_map(|text| text.parse().ok()).collect();
    let end = match addresses.is_empty() {
        false => ChainEnd::Addresses(addresses),
        true if a.is_usable() => ChainEnd::Nothing(a.clone()),
        true => ChainEnd::Nothing(aaaa.clone()),
    };
    Chain { names, end }
}

/// The records of `kind` at `name`, or where its aliases lead: each name that an alias led to, and the last answer.
pub(super) async fn chase(zones: &Zones, name: &str, kind: RecordKind) -> (Vec<String>, Answer) {
    let mut aliases = Vec::new();
    for _ in 0..=MOST_ALIASES {
        let reply = zones.first(aliases.last().map_or(name, String::as_str), kind).await;
        match reply.alias {
            Some(next) => aliases.push(next),
            None => return (aliases, reply.answer),
        }
    }
    (aliases, Answer::Failed(Unanswered::Other("too many aliases".into())))
}

/// For a chain that was not followed to its end in time.
pub(super) fn late(to: &str) -> Chain {
    Chain { names: vec![to.to_owned()], end: ChainEnd::Nothing(Answer::Failed(Unanswered::TimedOut)) }
}
