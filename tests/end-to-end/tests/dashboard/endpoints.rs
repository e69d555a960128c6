//! Endpoints in every state, as an installation in use has them.

use std::collections::BTreeMap;

use diagnosis::judge::obstacle;
use diagnosis::report::{CheckReport, Finding, Found, RecordCheck, RecordStatus, Serving, Severity};
use diagnosis::to_failure::to_failure;
use domain::endpoint::attempt::execution_name;
use domain::endpoint::records::required_records;
use domain::endpoint::{Attempt, Endpoint, Event, EventKind, Failing, Outcome, Step, StepUsage};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{CaRequest, ChallengeKind, Reachability, Refusal};
use vocabulary::dns::ProviderHint;
use vocabulary::failure::{Failure, FailureName, Problem};
use vocabulary::guidance::{Guidance, WaitingOn};
use vocabulary::names::{EndpointNames, Origin, TenantId};
use vocabulary::record::DnsRecord;

use crate::fixture::{Fixture, id, label, platform};
use crate::simulated_dns::{CLOUDFLARE, REGISTRAR, SimulatedDns};
use crate::stored_endpoint::{StoredEndpoint, certificate};

pub(crate) const READY: &str = "shop.northwind.example";
pub(crate) const WRONG: &str = "portal.contoso.example";
pub(crate) const HOSTILE: &str = "hostile.example.org";

/// What an attacker would like to see run.
pub(crate) const MARKUP: &str = "\"><script>window.pwned=1</script><img src=x onerror=window.pwned=1>";

pub(crate) fn everybody(now: OffsetDateTime) -> Fixture {
    let fixture = Fixture::default();
    let mut seed = 0;
    let mut add = |domain: &str, also: &[&str], tenant: &str, reachability, age: i64| {
        seed += 1;
        let also: Vec<_> = also.iter().map(|name| (*name).to_owned()).collect();
        let names = EndpointNames::parse(domain, &also, 20).expect("valid names");
        let tenant: TenantId = tenant.parse().expect("a tenant");
        StoredEndpoint::new(Endpoint::register(
            id(seed),
            tenant,
            names,
            reachability,
            label(seed),
            now - Duration::days(age),
        ))
    };
    let (external, internal) = (Reachability::External, Reachability::Internal);
    fixture.put(ready(add(READY, &["www.northwind.example"], "northwind", external, 74), 13, now));
    for (domain, tenant, reachability, age) in [
        ("app.fabrikam.example", "fabrikam", external, 2),
        ("billing.fabrikam.example", "fabrikam", internal, 9),
        ("docs.fabrikam.example", "fabrikam", external, 9),
        ("*.tailspin.example", "tailspin", internal, 22),
        ("checkout.northwind.example", "northwind", external, 31),
        ("ссср.example", "adatum", external, 44),
        ("status.adatum.example", "adatum", external, 58),
    ] {
        fixture.put(ready(add(domain, &[], tenant, reachability, age), age, now));
    }
    fixture.put(wrong(add(WRONG, &[], "contoso", external, 3), now));
    fixture.put(drifted(add("careers.adatum.example", &[], "adatum", external, 66), now));
    fixture.put(limited(add("api.tailspin.example", &[], "tailspin", external, 1), now));
    fixture.put(issuing(add("new.fabrikam.example", &[], "fabrikam", internal, 0), now));
    let mut going = ready(add("old.contoso.example", &[], "contoso", internal, 50), 50, now);
    going.endpoint.removing = true;
    fixture.put(going);
    fixture.host_zones_at(CLOUDFLARE);
    fixture
}

/// So many endpoints of one zone whose name servers do not answer.
pub(crate) fn crowd(fixture: &Fixture, count: u8, now: OffsetDateTime) {
    for number in 0..count {
        let names = EndpointNames::parse(&format!("shop{number}.bulk.example"), &[], 20).expect("a valid name");
        let (id, label) = (id(120 + number), label(120 + number));
        let mut stored = StoredEndpoint::new(Endpoint::register(
            id,
            TenantId::fallback(),
            names,
            Reachability::External,
            label,
            now,
        ));
        // Each has had a certificate: without one it would be setting up, which needs nobody to hurry.
        stored.endpoint.certificate = Some(certificate(&stored.endpoint, now));
        // Silence is held against the zone when it has lasted for some checks.
        let dns = SimulatedDns {
            silent: true,
            ..SimulatedDns::new(BTreeMap::new(), &["ns1.bulk.example", "ns2.bulk.example"])
        };
        for minutes in [30, 25, 20] {
            let report = dns.check(&stored.endpoint.subject(&platform()), now - Duration::minutes(minutes));
            stored.endpoint.check = Some(report.summary());
            stored.report = Some(report);
        }
        fails(&mut stored, now - Duration::days(2));
        stored.endpoint.due_at = Some(now + Duration::HOUR);
        fixture.put(stored);
    }
}

/// Its attempts fail since then by what the check has found.
fn fails(stored: &mut StoredEndpoint, since: OffsetDateTime) -> Failure {
    let report = stored.report.as_ref().expect("it was checked");
    let failure = to_failure(obstacle(report).expect("something that the CA would meet"));
    let failing = Failing::first(failure.clone(), since);
    let attempts = failing.attempts.max(stored.endpoint.attempt as u32);
    stored.endpoint.failing = Some(Failing { attempts, ..failing });
    failure
}

/// An endpoint whose DNS and CA say what they like.
pub(crate) fn hostile(now: OffsetDateTime) -> StoredEndpoint {
    let names = EndpointNames::parse(HOSTILE, &[], 20).expect("a valid name");
    let mut stored = StoredEndpoint::new(Endpoint::register(
        id(90),
        TenantId::fallback(),
        names,
        Reachability::External,
        label(90),
        now,
    ));
    let failure =
        Failure::new(FailureName::CaRefused, WaitingOn::Ca, format!("The CA said: {MARKUP}"), format!("Read {MARKUP}"));
    stored.endpoint.failing = Some(Failing::first(failure.clone(), now));
    stored.endpoint.due_at = Some(now + Duration::HOUR);
    stored.attempts.push(attempt(&stored.endpoint, 1, now, Outcome::Failed, Some(failure)));
    let records = required(&stored.endpoint);
    let checks = records
        .into_iter()
        .map(|record| RecordCheck {
            found: vec![found("ns1.evil.example", &[&format!("CNAME {MARKUP}")], &[MARKUP, "javascript:alert(1)"])],
            status: RecordStatus::Mismatch,
            record,
        })
        .collect();
    let finding = Finding {
        check: "delegation-elsewhere".into(),
        severity: Severity::Error,
        subject: MARKUP.into(),
        expected: MARKUP.into(),
        explanation: MARKUP.into(),
        guidance: Guidance::new(WaitingOn::DomainOwner, MARKUP, MARKUP),
        command: Some(MARKUP.into()),
    };
    let hint = ProviderHint {
        name: MARKUP.into(),
        zone: Some(MARKUP.into()),
        typing: MARKUP.into(),
        trap: Some(MARKUP.into()),
    };
    let serving = Serving::Unreachable { host: MARKUP.into(), reason: MARKUP.into() };
    let report = CheckReport {
        checked_at: now,
        records: checks,
        findings: vec![finding],
        provider: Some(hint),
        serving,
        over_dns: vec![],
        unreached: None,
        connect: vec![],
    };
    see(&mut stored, report);
    let by = Origin { who: MARKUP.into(), address: Some(MARKUP.into()), operator: false };
    stored.acts.push(Event::act(EventKind::Changed, by, MARKUP, now, 1));
    stored
}

fn operator() -> Origin {
    Origin { who: "ann@platform.example".into(), address: Some("192.0.2.10".into()), operator: true }
}

fn itself() -> Origin {
    Origin { who: "managed-https".into(), address: None, operator: false }
}

fn required(endpoint: &Endpoint) -> Vec<DnsRecord> {
    required_records(endpoint, &platform(), None)
}

fn found(server: &str, records: &[&str], chain: &[&str]) -> Found {
    let texts = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
    Found { server: server.into(), records: texts(records), chain: texts(chain), error: None }
}

fn see(stored: &mut StoredEndpoint, report: CheckReport) {
    stored.endpoint.check = Some(report.summary());
    stored.report = Some(report);
}

/// Every record as it must be.
fn right(endpoint: &Endpoint) -> BTreeMap<String, Vec<String>> {
    let records = required(endpoint).into_iter();
    records.map(|record| (record.name, vec![format!("{} {}", record.kind, record.value)])).collect()
}

/// Checks the endpoint in this DNS, `serving` apart: no host of theirs is on the network.
fn check(stored: &mut StoredEndpoint, dns: &SimulatedDns, serving: Serving, now: OffsetDateTime) {
    let report = dns.check(&stored.endpoint.subject(&platform()), now);
    see(stored, CheckReport { serving, ..report });
}

fn attempt(
    endpoint: &Endpoint,
    number: u64,
    started_at: OffsetDateTime,
    outcome: Outcome,
    failure: Option<Failure>,
) -> Attempt {
    let usage = |step, milliseconds, ca_requests| StepUsage { milliseconds, ca_requests, ..StepUsage::of(step) };
    let steps = match outcome {
        Outcome::Failed => vec![
            usage(Step::OpenOrder, 640, 3),
            usage(Step::PresentChallenge, 85, 0),
            usage(Step::CheckPropagation, 1_210, 0),
            usage(Step::CleanUpChallenge, 60, 0),
            usage(Step::SettleAttempt, 45, 0),
        ],
        Outcome::Running => vec![usage(Step::OpenOrder, 640, 3)],
        _ => vec![
            usage(Step::OpenOrder, 640, 3),
            usage(Step::PresentChallenge, 85, 0),
            usage(Step::CheckPropagation, 310, 0),
            usage(Step::SubmitChallenge, 1_480, 3),
            usage(Step::FinalizeOrder, 890, 2),
            usage(Step::ImportCertificate, 420, 0),
            usage(Step::CleanUpChallenge, 60, 0),
            usage(Step::SettleAttempt, 45, 0),
        ],
    };
    Attempt {
        attempt: number,
        started_at,
        finished_at: (outcome != Outcome::Running).then_some(started_at + Duration::seconds(6)),
        outcome,
        method: Some(ChallengeKind::Http01),
        order: Some("https://acme-v02.api.letsencrypt.org/acme/order/2147483647/350123456789".into()),
        directory: Some("https://acme-v02.api.letsencrypt.org/directory".into()),
        failure,
        execution: execution_name(&endpoint.id, number),
        steps,
    }
}

/// A certificate that is `age` days old, served, with nothing in its way.
fn ready(mut stored: StoredEndpoint, age: i64, now: OffsetDateTime) -> StoredEndpoint {
    let issued = now - Duration::days(age);
    let endpoint = &mut stored.endpoint;
    let held = certificate(endpoint, issued);
    endpoint.due_at = Some(held.renew_at);
    endpoint.attempt = 2;
    let serving = match endpoint.reachability {
        Reachability::Internal => Serving::NotChecked,
        Reachability::External => Serving::Presented {
            host: endpoint.names.primary().to_string(),
            serial: held.serial.clone(),
            issuer: held.issuer.clone(),
            not_after: held.not_after,
            ours: true,
            name_matches: true,
            chain_complete: true,
        },
    };
    endpoint.certificate = Some(held);
    stored.attempts = vec![
        attempt(&stored.endpoint, 2, issued, Outcome::Renewed, None),
        attempt(&stored.endpoint, 1, issued - Duration::days(60), Outcome::Issued, None),
    ];
    stored.acts.push(Event::act(EventKind::Registered, operator(), "Registered.", stored.endpoint.created_at, 1));
    let acts = &mut stored.acts;
    acts.push(Event::act(EventKind::LinkCreated, operator(), "Made a link to the customer’s page.", issued, 2));
    acts.push(Event::act(EventKind::Checked, itself(), "Checked the records.", now - Duration::minutes(12), 3));
    let dns = SimulatedDns::new(right(&stored.endpoint), CLOUDFLARE);
    check(&mut stored, &dns, serving, now - Duration::minutes(12));
    stored
}

/// The delegation leads to a former vendor, and the host's own record is missing on one server.
fn wrong(mut stored: StoredEndpoint, now: OffsetDateTime) -> StoredEndpoint {
    let records = required(&stored.endpoint);
    let mut dns = SimulatedDns::new(right(&stored.endpoint), REGISTRAR);
    for record in &records {
        match record.name.starts_with("_acme-challenge.") {
            true => drop(dns.records.insert(record.name.clone(), vec!["CNAME portal.old-vendor.example".into()])),
            false => dns.lacking = Some((REGISTRAR[2], record.name.clone())),
        }
    }
    stored.endpoint.attempt = 4;
    check(&mut stored, &dns, Serving::NotChecked, now - Duration::minutes(4));
    let failure = fails(&mut stored, now - Duration::days(3));
    stored.endpoint.due_at = Some(now + Duration::hours(7));
    for (number, hours) in [(4, 5), (3, 21), (2, 45), (1, 71)] {
        let started = now - Duration::hours(hours);
        stored.attempts.push(attempt(&stored.endpoint, number, started, Outcome::Failed, Some(failure.clone())));
    }
    stored.acts.push(Event::act(EventKind::Registered, operator(), "Registered.", now - Duration::days(3), 1));
    stored
}

/// Still good, but its delegation was deleted since.
fn drifted(stored: StoredEndpoint, now: OffsetDateTime) -> StoredEndpoint {
    let mut stored = ready(stored, 52, now);
    let mut dns = SimulatedDns::new(right(&stored.endpoint), CLOUDFLARE);
    dns.records.retain(|name, _| !name.starts_with("_acme-challenge."));
    let serving = stored.report.take().map_or(Serving::NotChecked, |report| report.serving);
    check(&mut stored, &dns, serving, now - Duration::hours(2));
    stored
}

/// At a limit of the CA, in its own words.
fn limited(mut stored: StoredEndpoint, now: OffsetDateTime) -> StoredEndpoint {
    let again = (now + Duration::hours(9)).date();
    let said = format!(
        "too many certificates (50) already issued for \"tailspin.example\" in the last 168h0m0s, retry after {again} \
         06:00:00 UTC: see https://letsencrypt.org/docs/rate-limits/#new-certificates-per-registered-domain"
    );
    let refusal = Refusal { problem: Problem::new("rateLimited", &said), status: Some(429), retry_after: None };
    let failure = refusal.to_failure(CaRequest::NewOrder, None);
    stored.endpoint.attempt = 1;
    stored.endpoint.failing = Some(Failing::first(failure.clone(), now - Duration::hours(20)));
    stored.endpoint.due_at = Some(now + Duration::hours(9));
    stored.attempts.push(attempt(&stored.endpoint, 1, now - Duration::hours(20), Outcome::Failed, Some(failure)));
    let dns = SimulatedDns::new(right(&stored.endpoint), CLOUDFLARE);
    check(&mut stored, &dns, Serving::NotChecked, now - Duration::hours(1));
    stored
}

fn issuing(mut stored: StoredEndpoint, now: OffsetDateTime) -> StoredEndpoint {
    stored.begin(now - Duration::seconds(4));
    let dns = SimulatedDns::new(right(&stored.endpoint), CLOUDFLARE);
    check(&mut stored, &dns, Serving::NotChecked, now);
    stored
}
