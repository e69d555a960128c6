//! Endpoints in every state, as an installation in use has them.

use diagnosis::report::{CheckReport, Finding, Found, RecordCheck, RecordStatus, Serving, Severity};
use domain::endpoint::attempt::execution_name;
use domain::endpoint::records::required_records;
use domain::endpoint::{Attempt, Endpoint, Event, EventKind, Failing, Outcome, Step, StepUsage};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{ChallengeKind, Reachability};
use vocabulary::dns::ProviderHint;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::{Guidance, WaitingOn};
use vocabulary::names::{EndpointNames, Origin, TenantId};
use vocabulary::record::DnsRecord;

use crate::stage::{Stage, TARGET, id, label, platform};
use crate::standing::{Standing, certificate};

pub(crate) const READY: &str = "shop.northwind.example";
pub(crate) const WRONG: &str = "portal.contoso.example";
pub(crate) const HOSTILE: &str = "hostile.example.org";

/// What an attacker would like to see run.
pub(crate) const MARKUP: &str = "\"><script>window.pwned=1</script><img src=x onerror=window.pwned=1>";

pub(crate) fn provider() -> ProviderHint {
    ProviderHint {
        name: "Cloudflare".into(),
        zone: Some("contoso.example".into()),
        typing: "Type the name as “_acme-challenge.portal”: the zone is added automatically.".into(),
        trap: Some("Leave the proxy switch off (grey cloud, “DNS only”) for these records.".into()),
    }
}

pub(crate) fn everybody(now: OffsetDateTime) -> Stage {
    let stage = Stage::default();
    let mut seed = 0;
    let mut add = |domain: &str, also: &[&str], tenant: &str, reachability, age: i64| {
        seed += 1;
        let also: Vec<_> = also.iter().map(|name| (*name).to_owned()).collect();
        let names = EndpointNames::parse(domain, &also, 20).expect("valid names");
        let tenant: TenantId = tenant.parse().expect("a tenant");
        Standing::new(Endpoint::register(id(seed), tenant, names, reachability, label(seed), now - Duration::days(age)))
    };
    let (external, internal) = (Reachability::External, Reachability::Internal);
    stage.put(ready(add(READY, &["www.northwind.example"], "northwind", external, 74), 13, now));
    for (domain, tenant, reachability, age) in [
        ("app.fabrikam.example", "fabrikam", external, 2),
        ("billing.fabrikam.example", "fabrikam", internal, 9),
        ("docs.fabrikam.example", "fabrikam", external, 9),
        ("*.tailspin.example", "tailspin", internal, 22),
        ("checkout.northwind.example", "northwind", external, 31),
        ("ссср.example", "adatum", external, 44),
        ("status.adatum.example", "adatum", external, 58),
    ] {
        stage.put(ready(add(domain, &[], tenant, reachability, age), age, now));
    }
    stage.put(wrong(add(WRONG, &[], "contoso", external, 3), now));
    stage.put(drifted(add("careers.adatum.example", &[], "adatum", external, 66), now));
    stage.put(limited(add("api.tailspin.example", &[], "tailspin", external, 1), now));
    stage.put(issuing(add("new.fabrikam.example", &[], "fabrikam", internal, 0), now));
    let mut going = ready(add("old.contoso.example", &[], "contoso", internal, 50), 50, now);
    going.endpoint.removing = true;
    stage.put(going);
    stage.host_zones_at(provider());
    stage
}

/// So many endpoints of one zone whose name servers do not answer.
pub(crate) fn crowd(stage: &Stage, count: u8, now: OffsetDateTime) {
    for number in 0..count {
        let names = EndpointNames::parse(&format!("shop{number}.bulk.example"), &[], 20).expect("a valid name");
        let (id, label) = (id(120 + number), label(120 + number));
        let mut standing =
            Standing::new(Endpoint::register(id, TenantId::fallback(), names, Reachability::External, label, now));
        let failure = Failure::new(
            FailureName::RecordsNotReady,
            WaitingOn::DomainOwner,
            "None of bulk.example's name servers answered.",
            "Bring the name servers of bulk.example back.",
        );
        // Each has had a certificate: without one it would be setting up, which needs nobody to hurry.
        standing.endpoint.certificate = Some(certificate(&standing.endpoint, now));
        standing.endpoint.failing = Some(Failing::first(failure, now - Duration::days(2)));
        standing.endpoint.due_at = Some(now + Duration::HOUR);
        stage.put(standing);
    }
}

/// An endpoint whose DNS and CA say what they like.
pub(crate) fn hostile(now: OffsetDateTime) -> Standing {
    let names = EndpointNames::parse(HOSTILE, &[], 20).expect("a valid name");
    let mut standing =
        Standing::new(Endpoint::register(id(90), TenantId::fallback(), names, Reachability::External, label(90), now));
    let failure =
        Failure::new(FailureName::CaRefused, WaitingOn::Ca, format!("The CA said: {MARKUP}"), format!("Read {MARKUP}"));
    standing.endpoint.failing = Some(Failing::first(failure.clone(), now));
    standing.endpoint.due_at = Some(now + Duration::HOUR);
    standing.attempts.push(attempt(&standing.endpoint, 1, now, Outcome::Failed, Some(failure)));
    let records = required(&standing.endpoint);
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
    see(&mut standing, checks, vec![finding], serving, now);
    if let Some(report) = &mut standing.report {
        report.provider = Some(hint);
    }
    let by = Origin { who: MARKUP.into(), address: Some(MARKUP.into()), operator: false };
    standing.acts.push(Event::act(EventKind::Changed, by, MARKUP, now, 1));
    standing
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

fn see(
    standing: &mut Standing,
    records: Vec<RecordCheck>,
    findings: Vec<Finding>,
    serving: Serving,
    checked_at: OffsetDateTime,
) {
    let (over_dns, unreached) = (vec![], None);
    let (provider, connect) = (None, Vec::new());
    let report = CheckReport { checked_at, records, findings, provider, serving, over_dns, unreached, connect };
    standing.endpoint.check = Some(report.summary());
    standing.report = Some(report);
}

/// Every record as it must be, on two servers.
fn well(endpoint: &Endpoint) -> Vec<RecordCheck> {
    let check = |record: DnsRecord| {
        let records = [format!("{} {}", record.kind, record.value)];
        let chain: &[&str] =
            if record.value == TARGET { &["edge.platform.example", "192.0.2.80, 192.0.2.81"] } else { &[] };
        let found =
            ["ada.ns.cloudflare.com", "hal.ns.cloudflare.com"].map(|server| found(server, &[&records[0]], chain));
        RecordCheck { record, status: RecordStatus::Ok, found: found.to_vec() }
    };
    required(endpoint).into_iter().map(check).collect()
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
fn ready(mut standing: Standing, age: i64, now: OffsetDateTime) -> Standing {
    let issued = now - Duration::days(age);
    let endpoint = &mut standing.endpoint;
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
    standing.attempts = vec![
        attempt(&standing.endpoint, 2, issued, Outcome::Renewed, None),
        attempt(&standing.endpoint, 1, issued - Duration::days(60), Outcome::Issued, None),
    ];
    standing.acts.push(Event::act(EventKind::Registered, operator(), "Registered.", standing.endpoint.created_at, 1));
    let acts = &mut standing.acts;
    acts.push(Event::act(EventKind::LinkCreated, operator(), "Made a link to the customer’s page.", issued, 2));
    acts.push(Event::act(EventKind::Checked, itself(), "Checked the records.", now - Duration::minutes(12), 3));
    let checks = well(&standing.endpoint);
    see(&mut standing, checks, Vec::new(), serving, now - Duration::minutes(12));
    standing
}

/// The delegation leads to a former vendor, and the host's own record is missing on one server.
fn wrong(mut standing: Standing, now: OffsetDateTime) -> Standing {
    let records = required(&standing.endpoint);
    let (delegation, host) = (records[0].clone(), records[1].clone());
    let failure = Failure::new(
        FailureName::RecordsNotReady,
        WaitingOn::DomainOwner,
        format!("{} points to portal.old-vendor.example instead of {}.", delegation.name, delegation.value),
        format!("Change this record in the domain’s DNS: {} CNAME {}", delegation.name, delegation.value),
    );
    standing.endpoint.attempt = 4;
    standing.endpoint.failing =
        Some(Failing { attempts: 4, ..Failing::first(failure.clone(), now - Duration::days(3)) });
    standing.endpoint.due_at = Some(now + Duration::hours(7));
    for (number, hours) in [(4, 5), (3, 21), (2, 45), (1, 71)] {
        let started = now - Duration::hours(hours);
        standing.attempts.push(attempt(&standing.endpoint, number, started, Outcome::Failed, Some(failure.clone())));
    }
    let explanation = "The CNAME must point exactly to the target of this registration. Each registration has a target of \
                       its own: one left over from an earlier registration, from another service, or made by a wildcard \
                       record gives somebody else the say over this domain's certificates.";
    let finding = Finding {
        check: "delegation-elsewhere".into(),
        severity: Severity::Error,
        subject: delegation.name.clone(),
        expected: format!("CNAME {}", delegation.value),
        explanation: explanation.into(),
        guidance: Guidance::new(
            WaitingOn::DomainOwner,
            format!("points to portal.old-vendor.example instead of {}", delegation.value),
            "Replace the record at this name. Another service may depend on the record that is there: ask whoever created \
             it before you replace it.",
        )
        .with_record(Some(&delegation)),
        command: None,
    };
    let missing = Finding {
        check: "name-servers-disagree".into(),
        severity: Severity::Warning,
        subject: host.name.clone(),
        expected: format!("CNAME {}", host.value),
        explanation: "A server that has not taken up the change yet can be the one that the CA asks.".into(),
        guidance: Guidance::new(
            WaitingOn::DomainOwner,
            "2 servers have the record, 1 has none",
            "Wait for the zone’s transfer, or ask the provider to check the third server.",
        ),
        command: Some(format!("dig +noall +answer CNAME {} @ns3.registrar.example", host.name)),
    };
    let alias = format!("CNAME {}", host.value);
    let chain = ["edge.platform.example", "192.0.2.80, 192.0.2.81"];
    let mut silent = found("ns3.registrar.example", &[], &[]);
    silent.error = Some("NXDOMAIN: the name does not exist there".into());
    let host = RecordCheck {
        record: host,
        status: RecordStatus::Conflict,
        found: vec![
            found("ns1.registrar.example", &[&alias], &chain),
            found("ns2.registrar.example", &[&alias], &chain),
            silent,
        ],
    };
    let elsewhere = ["ns1.registrar.example", "ns2.registrar.example", "ns3.registrar.example"].map(|server| {
        found(server, &["CNAME portal.old-vendor.example"], &["portal.old-vendor.example", "198.51.100.7"])
    });
    let delegation = RecordCheck { record: delegation, status: RecordStatus::Mismatch, found: elsewhere.to_vec() };
    standing.acts.push(Event::act(EventKind::Registered, operator(), "Registered.", now - Duration::days(3), 1));
    see(&mut standing, vec![host, delegation], vec![finding, missing], Serving::NotChecked, now - Duration::minutes(4));
    if let Some(report) = &mut standing.report {
        report.provider = Some(provider());
    }
    standing
}

/// Still good, but its delegation was deleted since.
fn drifted(standing: Standing, now: OffsetDateTime) -> Standing {
    let mut standing = ready(standing, 52, now);
    let mut checks = well(&standing.endpoint);
    let delegation = checks.last_mut().expect("an external endpoint has two");
    delegation.status = RecordStatus::Missing;
    for found in &mut delegation.found {
        found.records.clear();
        found.error = Some("NXDOMAIN: the name does not exist there".into());
    }
    let record = delegation.record.clone();
    let finding = Finding {
        check: "delegation-missing".into(),
        severity: Severity::Error,
        subject: record.name.clone(),
        expected: format!("CNAME {}", record.value),
        explanation: "It was there when the certificate was issued. Without it the next renewal fails.".into(),
        guidance: Guidance::new(WaitingOn::DomainOwner, "no longer has its record.", "Create the record again.")
            .with_record(Some(&record)),
        command: None,
    };
    let serving = standing.report.take().map_or(Serving::NotChecked, |report| report.serving);
    see(&mut standing, checks, vec![finding], serving, now - Duration::hours(2));
    standing
}

fn limited(mut standing: Standing, now: OffsetDateTime) -> Standing {
    let failure = Failure::without_action(
        FailureName::RateLimited,
        WaitingOn::Ca,
        "The CA has issued 50 certificates for tailspin.example in the last 7 days, and takes no more for now.",
    );
    standing.endpoint.attempt = 1;
    standing.endpoint.failing = Some(Failing::first(failure.clone(), now - Duration::hours(20)));
    standing.endpoint.due_at = Some(now + Duration::hours(9));
    standing.attempts.push(attempt(&standing.endpoint, 1, now - Duration::hours(20), Outcome::Failed, Some(failure)));
    let checks = well(&standing.endpoint);
    see(&mut standing, checks, Vec::new(), Serving::NotChecked, now - Duration::hours(1));
    standing
}

fn issuing(mut standing: Standing, now: OffsetDateTime) -> Standing {
    standing.begin(now - Duration::seconds(4));
    let checks = well(&standing.endpoint);
    see(&mut standing, checks, Vec::new(), Serving::NotChecked, now);
    standing
}
