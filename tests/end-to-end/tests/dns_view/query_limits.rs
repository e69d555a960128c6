//! How many questions one check of 97 names asks of one server, and that an honest zone is judged within that.
//!
//! docs/explanation/security.md has the numbers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, ensure};
use diagnosis::report::CheckReport;
use diagnosis::subject::Subject;
use local_cloud::{Behaviour, StaticZone};
use vocabulary::acme::Reachability;
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointNames;

use crate::internet::{Internet, NOW, TARGET, subject};

/// As many as an endpoint may have, but for what a certificate of a hundred names has room for.
const NAMES: usize = 97;
/// What one check may ask of one server.
const MOST_OF_ONE: usize = 792;

fn names_below(apex: impl Fn(usize) -> String) -> Vec<String> {
    (0..NAMES).map(|number| format!("n{number}.{}", apex(number))).collect()
}

fn checked(names: &[String], reachability: Reachability) -> Result<Subject> {
    let all = EndpointNames::parse(&names[0], &names[1..], NAMES)?;
    Ok(Subject { names: all, reachability, ..subject(&names[0]) })
}

/// Checks all of `names` in a zone with these records at one server; returns how many queries that got.
async fn count_queries(net: u8, subject: &Subject, behaviour: Behaviour) -> Result<(CheckReport, usize)> {
    let (mut internet, queries) = (Internet::without_owner(net).await?, Arc::new(AtomicUsize::new(0)));
    internet.serve(3, Behaviour::Counted(Box::new(behaviour), queries.clone())).await?;
    let report = internet.check(subject, NOW).await;
    Ok((report, queries.load(Ordering::Relaxed)))
}

fn zone(records: &[(String, &str, String)]) -> Result<StaticZone> {
    let own = [("d.test", "NS", "ns1.dns.test.")].into_iter();
    let records: Vec<_> =
        own.chain(records.iter().map(|(name, kind, value)| (name.as_str(), *kind, value.as_str()))).collect();
    StaticZone::new("d.test", &records)
}

/// The records of each of `names`: `of_host` makes that of the host, if there is to be one.
fn records(names: &[String], of_host: Option<(&'static str, &str)>) -> Vec<(String, &'static str, String)> {
    let delegation = |name: &String| (format!("_acme-challenge.{name}"), "CNAME", format!("{TARGET}."));
    let delegations = names.iter().map(delegation);
    let hosts = names.iter().filter_map(|name| of_host.map(|(kind, value)| (name.clone(), kind, value.to_owned())));
    delegations.chain(hosts).collect()
}

#[tokio::test]
async fn an_honest_zone_with_97_names_is_judged_with_a_few_queries_for_each() -> Result<()> {
    let names = names_below(|_| "d.test".into());
    let alias = records(&names, Some(("CNAME", "edge.platform.test.")));
    let address = records(&names, Some(("A", "127.0.0.1")));
    for (net, what, reachability, records, most) in [
        (40, "internal, delegated", Reachability::Internal, records(&names, None), 5 * NAMES),
        (41, "external, each host an alias", Reachability::External, alias, 8 * NAMES),
        (42, "external, each host with an address", Reachability::External, address, 8 * NAMES),
        (43, "no record at all", Reachability::External, Vec::new(), MOST_OF_ONE),
    ] {
        let (report, queries) =
            count_queries(net, &checked(&names, reachability)?, Behaviour::Serving(zone(&records)?)).await?;
        println!("{what}: {queries} questions");
        ensure!(queries <= most.min(MOST_OF_ONE), "{what}: {queries} questions");
        let unknown: Vec<_> = report.findings.iter().filter(|finding| finding.check == "servers-unseen").collect();
        ensure!(unknown.is_empty(), "{what}: not all was asked: {unknown:#?}");
        // Nothing answers at the hosts of this internet; of the records nothing is left to be done.
        let missing = report.findings.iter().filter(|finding| finding.check == "delegation-missing").count();
        ensure!((missing == NAMES) == records.is_empty(), "{what}: {missing} are missing: {report:#?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_refuses_or_is_silent_gets_few_queries_however_many_names_lead_to_it() -> Result<()> {
    let subject = checked(&names_below(|_| "d.test".into()), Reachability::External)?;
    for (net, what, behaviour, most) in
        [(44, "it refuses", Behaviour::Refused, 40), (45, "it is silent", Behaviour::Silent, 80)]
    {
        let (report, queries) = count_queries(net, &subject, behaviour).await?;
        println!("{what}: {queries} questions");
        ensure!(queries <= most, "{what}: {queries} questions");
        ensure!(!report.findings.is_empty(), "and it is said");
    }
    Ok(())
}

/// Whoever has domains of their own can name any server for them, and has it asked for each.
#[tokio::test]
async fn a_server_that_97_domains_name_and_that_serves_none_of_them_gets_few_queries() -> Result<()> {
    let (mut internet, queries) = (Internet::delegating(46, NAMES).await?, Arc::new(AtomicUsize::new(0)));
    internet.serve(3, Behaviour::Counted(Box::new(Behaviour::Refused), queries.clone())).await?;
    let subject = checked(&names_below(|number| format!("d{number}.test")), Reachability::External)?;
    let report = internet.check(&subject, NOW).await;
    let queries = queries.load(Ordering::Relaxed);
    println!("97 domains at a server that refuses: {queries} questions");
    ensure!(queries <= 40, "{queries} questions");
    let certain = report.findings.iter().filter(|finding| finding.guidance.waiting_on == WaitingOn::DomainOwner);
    println!("{} findings for the domain owner", certain.count());
    Ok(())
}

/// Before it is registered it is anybody's: a sample of the names is checked.
#[tokio::test]
async fn a_check_before_registration_queries_a_sample_of_the_names() -> Result<()> {
    let names = names_below(|_| "d.test".into());
    let subject = Subject { registered: false, ..checked(&names, Reachability::External)? };
    let all = records(&names, Some(("CNAME", "edge.platform.test.")));
    let (_, queries) = count_queries(47, &subject, Behaviour::Serving(zone(&all)?)).await?;
    println!("before registration: {queries} questions");
    ensure!(queries <= 120, "{queries} questions");
    Ok(())
}
