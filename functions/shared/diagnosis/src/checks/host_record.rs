//! Where a host's own record leads, from what its name servers hold.

use std::net::IpAddr;

use vocabulary::dns::Answer;
use vocabulary::record::DnsRecord;

use crate::catalogue::check::Check;
use crate::catalogue::finding::Fix;
use crate::checks::delegation::error_of;
use crate::checks::http::expected;
use crate::facts::{HostAnswer, HostFacts};
use crate::report::{Finding, Found};

/// Where one server's answer leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leads {
    /// Through the required alias.
    ByAlias,
    /// To the platform's addresses, written out.
    ByAddress,
    /// IPv4 points to the platform, IPv6 does not.
    Ipv6Elsewhere,
    /// Only to addresses that no CA connects to.
    Private,
    Elsewhere,
    /// Several records that must not coexist.
    Torn,
    Nowhere,
}

impl Leads {
    pub(crate) fn is_right(self) -> bool {
        matches!(self, Self::ByAlias | Self::ByAddress)
    }
}

/// Where `answer` leads, without reserved addresses, which the CA leaves out, too.
pub(crate) fn leads(answer: &HostAnswer, target: &str, platform: &[IpAddr], reserved: &[IpAddr]) -> Leads {
    if is_torn(answer) {
        return Leads::Torn;
    }
    if answer.chain.names.iter().any(|name| name == target) {
        return Leads::ByAlias;
    }
    let all = answer.chain.addresses();
    let used: Vec<IpAddr> = all.iter().copied().filter(|address| !reserved.contains(address)).collect();
    let is_ours = |address: &IpAddr| platform.contains(address);
    let of = |v4: bool| used.iter().filter(move |address| address.is_ipv4() == v4);
    match () {
        () if all.is_empty() && answer.chain.names.is_empty() => Leads::Nowhere,
        () if all.is_empty() => Leads::Elsewhere,
        () if used.is_empty() => Leads::Private,
        () if used.iter().all(is_ours) => Leads::ByAddress,
        () if of(true).count() > 0 && of(true).all(is_ours) => Leads::Ipv6Elsewhere,
        () => Leads::Elsewhere,
    }
}

/// A name with a CNAME has no other record, and no second one (RFC 1034 §3.6.2, RFC 2181 §10.1).
fn is_torn(answer: &HostAnswer) -> bool {
    let aliases = answer.cname.records();
    let beside = [&answer.a, &answer.aaaa].iter().any(|other| !other.records().is_empty());
    aliases.len() > 1 || !aliases.is_empty() && beside
}

/// Several records at the host's name that must not coexist.
pub(crate) fn torn(record: &DnsRecord, answer: &HostAnswer) -> Finding {
    let right = format!("CNAME {}", record.value);
    let all = records_of(answer);
    let others: Vec<&str> = all.iter().map(String::as_str).filter(|found| *found != right).collect();
    let text = match others.len() < all.len() {
        true => format!("Delete {} at {}, and keep: {}", others.join(" and "), record.name, record.line()),
        false => format!("Delete {} at {}, then create: {}", others.join(" and "), record.name, record.line()),
    };
    let found = format!("has records that cannot stand beside each other: {}", all.join(" and "));
    Check::HostConflict.finding(&record.name, expected(record), found, Fix::of(text).with_record(record.clone()))
}

pub(crate) fn records_of(answer: &HostAnswer) -> Vec<String> {
    let of = |kind: &'static str, answer: &Answer| {
        answer.records().iter().map(move |data| format!("{kind} {data}")).collect::<Vec<_>>()
    };
    [of("CNAME", &answer.cname), of("A", &answer.a), of("AAAA", &answer.aaaa)].concat()
}

/// What each server said, as a report has it.
pub(crate) fn found(host: &HostFacts) -> Vec<Found> {
    let mut found: Vec<Found> = host
        .answers
        .iter()
        .map(|answer| {
            let records = records_of(answer);
            // What the records themselves say is not repeated.
            let chain = match &answer.cname {
                Answer::Records(_) => answer.chain.describe().into_iter().skip(1).collect(),
                _ => Vec::new(),
            };
            let error = [&answer.cname, &answer.a, &answer.aaaa].into_iter().find_map(error_of);
            let error = error.filter(|_| records.is_empty());
            Found { server: answer.server.clone(), records, chain, error }
        })
        .collect();
    found.sort_by(|a, b| a.server.cmp(&b.server));
    found
}
