//! What the product says of a domain, beside what a validating resolver makes of it: unbound, which Let's Encrypt runs.
//! Needs no cloud.

use adapters::address_filter::Reach;
use adapters::http_probe::Probe;
use adapters::probe::EndpointProber;
use anyhow::{Result, ensure};
use diagnosis::report::CheckReport;
use diagnosis::subject::Subject;
use domain::ports::Prober;
use local_cloud::{DenialFault, DnsLab, Opinion, ServerEffect, ServerFault, SignatureFault};
use time::OffsetDateTime;
use vocabulary::acme::Reachability;
use vocabulary::dns::{Issuer, Platform, TenantProof};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::EndpointNames;

const TARGET: &str = "label.acme.platform.test";

/// A domain with its delegation, and something that is unusual about it.
struct Case {
    zone: &'static str,
    about: &'static str,
    set: fn(&DnsLab, &str) -> Result<Vec<ServerFault>>,
    /// What unbound answers to the CA's question for the challenge.
    code: &'static str,
    well: bool,
    /// Why a domain that resolves is not well.
    stricter: Option<&'static str>,
}

const CASES: [Case; 25] = [
    Case { zone: "good.test", about: "nothing is wrong", set: good, code: "No Error", well: true, stricter: None },
    Case { zone: "signed.test", about: "a signed zone", set: signed, code: "No Error", well: true, stricter: None },
    Case {
        zone: "expired.test",
        about: "signatures that have expired",
        set: |lab, zone| with_signatures(lab, zone, SignatureFault::Expired),
        code: "Server Failure",
        well: false,
        stricter: None,
    },
    Case {
        zone: "forged.test",
        about: "signatures over other data",
        set: |lab, zone| with_signatures(lab, zone, SignatureFault::Wrong),
        code: "Server Failure",
        well: false,
        stricter: None,
    },
    Case {
        zone: "bare.test",
        about: "a DS record, and no signatures",
        set: |lab, zone| with_signatures(lab, zone, SignatureFault::Missing),
        code: "Server Failure",
        well: false,
        stricter: None,
    },
    Case {
        zone: "onesig.test",
        about: "the delegation alone has an expired signature",
        set: |lab, zone| {
            lab.sign(zone)?;
            let fault = SignatureFault::Expired;
            with_fault(lab, zone, None, ServerEffect::Signatures { owner: Some(challenge(zone)), fault })
        },
        code: "Server Failure",
        well: false,
        stricter: None,
    },
    Case {
        zone: "oldfashioned.test",
        about: "both servers answer FORMERR to EDNS",
        set: |lab, zone| with_fault(lab, zone, None, ServerEffect::NoEdns),
        code: "No Error",
        well: true,
        stricter: None,
    },
    Case {
        zone: "halflame.test",
        about: "one of two servers refuses",
        set: |lab, zone| with_fault(lab, zone, Some("ns1.dns.test"), ServerEffect::Refused),
        code: "No Error",
        well: true,
        stricter: None,
    },
    Case {
        zone: "lame.test",
        about: "both servers refuse",
        set: |lab, zone| with_fault(lab, zone, None, ServerEffect::Refused),
        code: "Server Failure",
        well: false,
        stricter: None,
    },
    Case {
        zone: "stray.test",
        about: "both servers answer without authority",
        set: |lab, zone| with_fault(lab, zone, None, ServerEffect::WithoutAuthority),
        code: "No Error",
        well: false,
        stricter: None,
    },
    Case {
        zone: "nobody.test",
        about: "a domain that nobody has",
        set: |_, _| Ok(Vec::new()),
        code: "Non-Existent Domain",
        well: false,
        stricter: None,
    },
    Case {
        zone: "loop.test",
        about: "two aliases that point to each other",
        set: looping,
        code: "Server Failure",
        well: false,
        stricter: None,
    },
    Case {
        zone: "renamed.test",
        about: "a whole tree under another name, which has the delegation",
        set: renamed,
        code: "No Error",
        well: false,
        stricter: Some("the delegation must point to its target directly"),
    },
    Case {
        zone: "nocaa.test",
        about: "both servers fail at CAA",
        set: |lab, zone| with_fault(lab, zone, None, ServerEffect::FailingAt("CAA".into())),
        code: "No Error",
        well: false,
        stricter: None,
    },
    // A signed zone proves what it does not have: CAA at every name below it. Without a proof no resolver believes it.
    Case {
        zone: "hashed.test",
        about: "absence is proven by hashed names (NSEC3)",
        set: |lab, zone| denying(lab, zone, true, None),
        code: "No Error",
        well: true,
        stricter: None,
    },
    Case {
        zone: "unproven.test",
        about: "absence is not proven (no NSEC)",
        set: |lab, zone| denying(lab, zone, false, Some(DenialFault::Missing)),
        code: "No Error",
        well: false,
        stricter: None,
    },
    Case {
        zone: "unhashed.test",
        about: "absence is not proven (no NSEC3)",
        set: |lab, zone| denying(lab, zone, true, Some(DenialFault::Missing)),
        code: "No Error",
        well: false,
        stricter: None,
    },
    Case {
        zone: "misproven.test",
        about: "the proof is of another name (NSEC)",
        set: |lab, zone| denying(lab, zone, false, Some(DenialFault::OfAnotherName)),
        code: "No Error",
        well: false,
        stricter: None,
    },
    Case {
        zone: "mishashed.test",
        about: "the proof is of another name (NSEC3)",
        set: |lab, zone| denying(lab, zone, true, Some(DenialFault::OfAnotherName)),
        code: "No Error",
        well: false,
        stricter: None,
    },
    Case {
        zone: "forgedproof.test",
        about: "the proof's signature is over other data (NSEC)",
        set: |lab, zone| {
            lab.sign(zone)?;
            let fault = SignatureFault::Wrong;
            // The zone's own name and the one before every host's: those of the proofs.
            let effect = ServerEffect::Signatures { owner: Some(format!("shop.{zone}")), fault };
            lab.host(zone, &[(&challenge(zone), "CNAME", TARGET), (&format!("shop.{zone}"), "A", "127.0.0.9")])?;
            Ok(vec![ServerFault { zone: zone.to_owned(), server: None, effect }])
        },
        code: "No Error",
        well: false,
        stricter: None,
    },
    Case {
        zone: "signedmissing.test",
        about: "a signed zone without the delegation, which it proves",
        set: |lab, zone| {
            lab.sign(zone)?;
            lab.host(zone, &[(&format!("www.{zone}"), "A", "127.0.0.9")])?;
            Ok(Vec::new())
        },
        code: "Non-Existent Domain",
        well: false,
        stricter: None,
    },
    Case {
        zone: "hashedmissing.test",
        about: "the same with hashed names",
        set: |lab, zone| {
            lab.sign(zone)?;
            lab.host(zone, &[(&format!("www.{zone}"), "A", "127.0.0.9")])?;
            let effect = ServerEffect::Denials { hashed: true, fault: None };
            Ok(vec![ServerFault { zone: zone.to_owned(), server: None, effect }])
        },
        code: "Non-Existent Domain",
        well: false,
        stricter: None,
    },
    Case {
        zone: "signedrenamed.test",
        about: "DNAME in a signed zone",
        set: |lab, zone| {
            lab.sign(zone)?;
            renamed(lab, zone)
        },
        code: "No Error",
        well: false,
        stricter: Some("the delegation must point to its target directly"),
    },
    Case {
        zone: "brokenrenamed.test",
        about: "DNAME whose signature has expired",
        set: |lab, zone| {
            lab.sign(zone)?;
            renamed(lab, zone)?;
            let owner = Some(format!("shop.{zone}"));
            let effect = ServerEffect::Signatures { owner, fault: SignatureFault::Expired };
            Ok(vec![ServerFault { zone: zone.to_owned(), server: None, effect }])
        },
        code: "Server Failure",
        well: false,
        stricter: None,
    },
    Case {
        zone: "unsupported.test",
        about: "S4: a DS record of an algorithm that nobody knows",
        set: |lab, zone| {
            lab.sign_oddly(zone)?;
            good(lab, zone)
        },
        code: "No Error",
        well: true,
        stricter: None,
    },
];

/// A signed zone with the delegation, which denies everything else in this way.
fn denying(lab: &DnsLab, zone: &str, hashed: bool, fault: Option<DenialFault>) -> Result<Vec<ServerFault>> {
    lab.sign(zone)?;
    // The host has a record: it is no name that is there because of the one below it.
    lab.host(zone, &[(&challenge(zone), "CNAME", TARGET), (&format!("shop.{zone}"), "A", "127.0.0.9")])?;
    let effect = ServerEffect::Denials { hashed, fault };
    Ok(vec![ServerFault { zone: zone.to_owned(), server: None, effect }])
}

fn challenge(zone: &str) -> String {
    format!("_acme-challenge.shop.{zone}")
}

fn good(lab: &DnsLab, zone: &str) -> Result<Vec<ServerFault>> {
    lab.host(zone, &[(&challenge(zone), "CNAME", TARGET)])?;
    Ok(Vec::new())
}

fn signed(lab: &DnsLab, zone: &str) -> Result<Vec<ServerFault>> {
    lab.sign(zone)?;
    good(lab, zone)
}

fn with_fault(lab: &DnsLab, zone: &str, server: Option<&str>, effect: ServerEffect) -> Result<Vec<ServerFault>> {
    good(lab, zone)?;
    Ok(vec![ServerFault { zone: zone.to_owned(), server: server.map(str::to_owned), effect }])
}

fn with_signatures(lab: &DnsLab, zone: &str, fault: SignatureFault) -> Result<Vec<ServerFault>> {
    lab.sign(zone)?;
    with_fault(lab, zone, None, ServerEffect::Signatures { owner: None, fault })
}

fn looping(lab: &DnsLab, zone: &str) -> Result<Vec<ServerFault>> {
    let (one, other) = (challenge(zone), format!("other.{zone}"));
    lab.host(zone, &[(&one, "CNAME", &other), (&other, "CNAME", &one)])?;
    Ok(Vec::new())
}

fn renamed(lab: &DnsLab, zone: &str) -> Result<Vec<ServerFault>> {
    let kept = format!("kept.{zone}");
    let below = format!("_acme-challenge.{kept}");
    lab.host(zone, &[(&format!("shop.{zone}"), "DNAME", &kept), (&below, "CNAME", TARGET)])?;
    Ok(Vec::new())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_passes_where_a_resolver_gets_through_and_nowhere_else() -> Result<()> {
    let lab = DnsLab::start().await?;
    let delegated = ["ns1.dns.test", "ns2.dns.test"].map(|server| ("acme.platform.test", "NS", server));
    lab.host("platform.test", &delegated)?;
    // Another type: the question of the CA ends in an empty answer.
    lab.host("acme.platform.test", &[(TARGET, "A", "127.0.0.1")])?;
    let mut faults = Vec::new();
    for case in &CASES {
        faults.extend((case.set)(&lab, case.zone)?);
    }
    lab.spoil(&faults)?;

    let mut wrong = Vec::new();
    for case in &CASES {
        let report = probe(&lab, case.zone).await?;
        let txt = lab.second_opinion(&challenge(case.zone), "TXT").await?;
        let caa = lab.second_opinion(&format!("shop.{}", case.zone), "CAA").await?;
        if let Err(error) = compare(case, &report, &txt, &caa) {
            wrong.push(format!("{} ({}): {error:#}\n{txt:?}\n{caa:?}\n{report:#?}", case.zone, case.about));
        }
    }
    ensure!(wrong.is_empty(), "{} of the cases:\n{}", wrong.len(), wrong.join("\n\n"));
    Ok(())
}

fn compare(case: &Case, report: &CheckReport, txt: &Opinion, caa: &Opinion) -> Result<()> {
    ensure!(txt.code.to_string() == case.code, "unbound says {}", txt.code);
    ensure!(report.is_well() == case.well, "the product says well = {}", report.is_well());
    let gets_through = txt.answers.iter().any(|answer| answer.trim_end_matches('.') == TARGET)
        && caa.code.to_string() != "Server Failure";
    ensure!(
        case.well == gets_through || case.stricter.is_some(),
        "they disagree: unbound gets through = {gets_through}"
    );
    Ok(())
}

async fn probe(lab: &DnsLab, zone: &str) -> Result<CheckReport> {
    probe_as(lab, zone, Reachability::Internal).await
}

async fn probe_as(lab: &DnsLab, zone: &str, reachability: Reachability) -> Result<CheckReport> {
    let dns = end_to_end::dns(lab)?;
    let probe = Probe::new(Reach::new(dns.clone(), vec!["127.0.0.0/8".parse()?]), 1);
    let issuer = Issuer { identities: vec!["ca.test".into()], account: None };
    let names = EndpointNames::parse(&format!("shop.{zone}"), &[], 1)?;
    let platform = Platform {
        delegation_zone: "acme.platform.test".into(),
        endpoint_target: "edge.platform.test".parse()?,
        tenant_proof: TenantProof::On,
        reserved: Vec::new(),
    };
    let mut subject = Subject::unregistered(names, reachability.into(), &platform);
    subject.delegation_target = Some(TARGET.to_owned());
    subject.registered = true;
    Ok(EndpointProber::new(dns, probe, None, issuer).probe(&subject, OffsetDateTime::now_utc()).await)
}

/// A delegation zone whose signatures do not fit is the platform's to repair, for every endpoint below it.
#[tokio::test(flavor = "multi_thread")]
async fn the_txt_record_at_the_delegated_name_is_judged_as_the_resolver_would() -> Result<()> {
    let lab = DnsLab::start().await?;
    lab.host("platform.test", &["ns1.dns.test", "ns2.dns.test"].map(|server| ("acme.platform.test", "NS", server)))?;
    lab.sign("platform.test")?;
    lab.host("acme.platform.test", &[(TARGET, "TXT", "\"value\"")])?;
    lab.sign("acme.platform.test")?;
    good(&lab, "good.test")?;
    let well = probe(&lab, "good.test").await?;
    ensure!(well.is_well(), "intact: {well:#?}");
    let effect = ServerEffect::Signatures { owner: None, fault: SignatureFault::Expired };
    lab.spoil(&[ServerFault { zone: "acme.platform.test".to_owned(), server: None, effect }])?;
    let opinion = lab.second_opinion(&challenge("good.test"), "TXT").await?;
    ensure!(opinion.code.to_string() == "Server Failure", "unbound says {}", opinion.code);
    let report = probe(&lab, "good.test").await?;
    let Some(obstacle) = diagnosis::judge::obstacle(&report) else { anyhow::bail!("an obstacle: {report:#?}") };
    let seen = (obstacle.check.as_str(), obstacle.guidance.waiting_on);
    ensure!(seen == ("dnssec-broken", WaitingOn::Operator), "{report:#?}");
    Ok(())
}

/// S6: the wildcard's answer is validly signed, and still no record of the name's own.
#[tokio::test(flavor = "multi_thread")]
async fn a_wildcard_in_a_signed_zone_is_named_and_the_record_is_to_be_created() -> Result<()> {
    let lab = DnsLab::start().await?;
    lab.sign("wild.test")?;
    lab.host("wild.test", &[("*.wild.test", "CNAME", "sites.builder.test")])?;
    let report = probe(&lab, "wild.test").await?;
    let finding = &report.findings[0];
    ensure!(finding.guidance.summary.contains("the wildcard record *.wild.test answers"), "{report:#?}");
    ensure!(finding.guidance.next_step().starts_with("Create this record"), "{report:#?}");
    Ok(())
}

/// Variants of S2: of the host's own records, and of the zone behind its alias, which is a stranger's.
#[tokio::test(flavor = "multi_thread")]
async fn everything_that_the_ca_depends_on_is_validated_also_in_the_zones_of_others() -> Result<()> {
    let lab = DnsLab::start().await?;
    let expired = |zone: &str, owner: Option<&str>| ServerFault {
        zone: zone.to_owned(),
        server: None,
        effect: ServerEffect::Signatures { owner: owner.map(str::to_owned), fault: SignatureFault::Expired },
    };
    for (zone, alias) in [("own.test", "shop.own.test"), ("behind.test", "www.vendor.test")] {
        lab.sign(zone)?;
        let host = format!("shop.{zone}");
        let record = if alias == host { (host.as_str(), "A", "127.0.0.9") } else { (host.as_str(), "CNAME", alias) };
        lab.host(zone, &[(&challenge(zone), "CNAME", TARGET), record])?;
    }
    lab.sign("vendor.test")?;
    lab.host("vendor.test", &[("www.vendor.test", "A", "127.0.0.9")])?;
    lab.spoil(&[expired("own.test", Some("shop.own.test")), expired("vendor.test", None)])?;
    for (zone, subject) in [("own.test", "shop.own.test"), ("behind.test", "www.vendor.test")] {
        let opinion = lab.second_opinion(&format!("shop.{zone}"), "A").await?;
        ensure!(opinion.code.to_string() == "Server Failure", "{zone}: unbound says {}", opinion.code);
        let report = probe_as(&lab, zone, Reachability::External).await?;
        let finding = report.findings.iter().find(|finding| finding.check == "dnssec-broken");
        ensure!(finding.is_some_and(|finding| finding.subject == subject), "{zone}: {report:#?}");
    }
    Ok(())
}
