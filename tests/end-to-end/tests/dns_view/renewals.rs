//! One judgement of one fault, in cases that are resolved from the root: the first attempt, the one after a failure, a renewal,
//! the check and the health check name the same check, the same person and the same next step.

use std::slice;

use adapters::dns::Dns;
use adapters::probe::EndpointProber;
use anyhow::{Context, Result, ensure};
use diagnosis::judge::obstacle;
use domain::acts::{Authorities, Authority, MOVE_GRACE, Pace, TENANT_SHARE};
use domain::endpoint::attempt::execution_name;
use domain::endpoint::{Attempt, Failing, Health, LEASE, Notifications, Outcome, SymptomKind};
use domain::flow::StepInput;
use domain::health::{CertificateUse, InAcm, Seen};
use domain::ports::{AttemptJournal, CertificateAuthority, DueEntry, DueIndex, Prober, Settlement};
use local_cloud::{Behaviour, ServerEffect, SignatureFault, StaticZone};
use open_order::{Ports, open_order};
use testkit::{Fixture, MemoryCa};
use time::Duration;
use vocabulary::acme::{CaLimits, Reachability};
use vocabulary::dns::Platform;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::Guidance;

use crate::internet::{Internet, NAME};

const UNLIMITED: Pace =
    Pace { limits: CaLimits { orders: None, domain: None, names: None }, tenant_share: TENANT_SHARE };

/// What is wrong, in records of `d.test`: `{target}` is what the delegation must lead to.
struct Case {
    check: &'static str,
    about: &'static str,
    records: &'static [(&'static str, &'static str, &'static str)],
    /// Of the one server of the zone.
    served: fn(StaticZone) -> Result<Behaviour>,
    /// The zone above says that the zone is signed.
    is_secured: bool,
    /// Only the whole check sees it. A renewal of what was right begins with the proof alone: then the CA says it.
    needs_whole_check: bool,
}

const fn case(
    check: &'static str,
    about: &'static str,
    records: &'static [(&'static str, &'static str, &'static str)],
) -> Case {
    Case {
        check,
        about,
        records,
        served: |zone| Ok(Behaviour::Serving(zone)),
        is_secured: false,
        needs_whole_check: false,
    }
}

/// The proof is right, and something else would keep the CA from issuing.
const fn seen_by_the_whole_check(
    check: &'static str,
    about: &'static str,
    records: &'static [(&'static str, &'static str, &'static str)],
) -> Case {
    Case { needs_whole_check: true, ..case(check, about, records) }
}

const RIGHT: (&str, &str, &str) = (NAME, "CNAME", "{target}.");

const CASES: [Case; 20] = [
    case("delegation-missing", "no record", &[]),
    case("delegation-missing", "at the name above", &[("_acme-challenge.d.test", "CNAME", "{target}.")]),
    case("delegation-missing", "another type in the way", &[(NAME, "A", "192.0.2.7")]),
    case("delegation-elsewhere", "another vendor", &[(NAME, "CNAME", "abc.dcv.vendor.test.")]),
    case("delegation-elsewhere", "R1: an earlier registration", &[(NAME, "CNAME", "earlier.acme.platform.test.")]),
    case("delegation-elsewhere", "two records", &[(NAME, "CNAME", "{target}."), (NAME, "CNAME", "old.test.")]),
    case("delegation-missing", "a wildcard", &[("*.d.test", "CNAME", "sites.builder.test.")]),
    case("delegation-elsewhere", "the zone appended to the target", &[(NAME, "CNAME", "{target}.d.test.")]),
    case(
        "delegation-doubled-label",
        "and to the name",
        &[("_acme-challenge.shop.d.test.d.test", "CNAME", "{target}.d.test.")],
    ),
    case("delegation-txt-instead", "the wrong type", &[(NAME, "TXT", "\"{target}\"")]),
    case("delegation-own-zone", "a zone of its own", &[(NAME, "NS", "ns2.dns.test.")]),
    case("alias-loop", "an alias of itself", &[(NAME, "CNAME", "_acme-challenge.shop.d.test.")]),
    Case { served: |_| Ok(Behaviour::Refused), ..case("servers-lame", "the server refuses", &[]) },
    Case { served: |_| Ok(Behaviour::ServFail), ..case("servers-failing", "the server fails", &[]) },
    seen_by_the_whole_check("caa-forbids", "another CA", &[RIGHT, ("d.test", "CAA", "0 issue \"other.test\"")]),
    seen_by_the_whole_check("caa-critical", "C1: a critical tag", &[RIGHT, ("shop.d.test", "CAA", "1 tbs \"x\"")]),
    seen_by_the_whole_check(
        "caa-method",
        "by other challenges",
        &[RIGHT, ("d.test", "CAA", "0 issue \"ca.example; validationmethods=tls-alpn-01\"")],
    ),
    Case {
        served: |zone| Ok(Behaviour::Serving(zone.with(ServerEffect::RefusingAt("CAA".into())))),
        ..seen_by_the_whole_check("caa-unanswered", "C9: REFUSED for CAA", &[RIGHT])
    },
    Case {
        served: |zone| {
            let expired = zone.signed()?.with_signatures(Some(NAME), SignatureFault::Expired)?;
            Ok(Behaviour::Serving(expired))
        },
        is_secured: true,
        ..seen_by_the_whole_check("dnssec-broken", "S2: the record's own signature is over", &[RIGHT])
    },
    Case { is_secured: true, ..seen_by_the_whole_check("dnssec-broken", "signed above alone", &[RIGHT]) },
];

/// What somebody reads: the check, and words with the next step.
type Said = (Option<String>, Guidance);

fn said(failure: Failure) -> Said {
    (failure.check, failure.guidance)
}

struct Tried<'a> {
    dns: &'a Dns,
    prober: &'a EndpointProber,
    platform: &'a Platform,
}

impl Tried<'_> {
    /// An attempt of the fixture's endpoint, with production's resolver. The CA hears nothing.
    async fn attempt(&self, fixture: &Fixture) -> Result<Said> {
        let first = Authority {
            directory: CertificateAuthority::directory(&fixture.ca).to_owned(),
            issuer: MemoryCa::issuer(),
            pace: UNLIMITED,
        };
        let authorities = Authorities::new(first, []).ok().context("one CA")?;
        let ports = Ports {
            journal: &fixture.endpoints,
            keys: &fixture.keys,
            cas: slice::from_ref(&fixture.ca),
            authorities: &authorities,
            dns: self.dns,
            prober: self.prober,
            rate_limits: &fixture.rate_limits,
            platform: self.platform,
            move_grace: MOVE_GRACE,
        };
        let requests = fixture.ca.requests();
        let Err(failure) = open_order(&ports, &fixture.input, fixture.now).await else {
            anyhow::bail!("an order was made")
        };
        ensure!(failure.name == FailureName::RecordsNotReady, "{failure:?}");
        ensure!(fixture.ca.requests() == requests, "the CA heard of it: {failure:?}");
        Ok(said(failure))
    }

    async fn check_and_health(&self, fixture: &Fixture) -> Result<[Said; 2]> {
        let endpoint = fixture.endpoint().await;
        let report = self.prober.probe(&endpoint.subject(self.platform), fixture.now).await;
        let finding = obstacle(&report).with_context(|| format!("an obstacle: {report:#?}"))?;
        let held = testkit::installed(&endpoint, fixture.now);
        let acm = InAcm::There(CertificateUse { serial: held.serial.clone(), used_by: vec!["lb".into()] });
        let seen = Seen { report: &report, acm: &acm, copies: &[], listeners: &[] };
        let health = Health::follow(None, &endpoint, &held, &seen, fixture.now);
        let symptom = health.symptom(SymptomKind::DnsBroken).context("a symptom")?;
        let check = (Some(finding.check.clone()), finding.guidance_for_people());
        Ok([check, (symptom.check.clone(), symptom.guidance.clone())])
    }

    /// All of them, with what each is called; without the renewal of what was right, where only the whole check sees it.
    async fn all(
        &self,
        fixture: impl AsyncFn() -> Fixture,
        needs_whole_check: bool,
    ) -> Result<Vec<(&'static str, Said)>> {
        let first = fixture().await;
        let [check, health] = self.check_and_health(&first).await?;
        let attempted = self.attempt(&first).await?;
        let mut later = fixture().await;
        let failure = Failure::with_guidance(FailureName::RecordsNotReady, attempted.1.clone());
        fail(&mut later, failure).await?;
        let second = self.attempt(&later).await?;
        let mut again = fixture().await;
        again.give_certificate(again.now).await;
        fail(&mut again, Failure::with_guidance(FailureName::RecordsNotReady, attempted.1.clone())).await?;
        let renewed = self.attempt(&again).await?;
        let mut all = vec![
            ("the check", check),
            ("the health check", health),
            ("the first attempt", attempted),
            ("the second attempt", second),
            ("the renewal after a failure", renewed),
        ];
        if !needs_whole_check {
            let renewing = fixture().await;
            renewing.give_certificate(renewing.now).await;
            all.push(("the renewal", self.attempt(&renewing).await?));
        }
        Ok(all)
    }
}

/// Ends the attempt with this failure, and claims the next one.
async fn fail(fixture: &mut Fixture, failure: Failure) -> Result<()> {
    let (id, number) = (fixture.input.endpoint.clone(), fixture.input.attempt);
    let attempt = Attempt {
        attempt: number,
        started_at: fixture.now,
        finished_at: None,
        outcome: Outcome::Running,
        method: None,
        order: None,
        directory: None,
        failure: None,
        execution: execution_name(&id, number),
        steps: Vec::new(),
    };
    let settlement = Settlement {
        due_at: fixture.now,
        failing: Some(Failing::first(failure, fixture.now - Duration::HOUR)),
        drop_order: false,
        withdrawn: false,
        announced: false,
        told: Notifications::default(),
        unsent: None,
        track: domain::endpoint::TrackRecord::default(),
        returned: vec![],
        authorizations: vec![],
        at: fixture.now,
        removing: false,
        attempt,
    };
    fixture.endpoints.settle(&id, number, &settlement).await?;
    let entry = DueEntry { endpoint: id.clone(), due_at: fixture.now };
    let claimed = fixture.endpoints.claim(&entry, fixture.now, fixture.now + LEASE).await?.context("it is due")?;
    fixture.input = StepInput::start(id, claimed);
    Ok(())
}

fn alike(all: &[(&'static str, Said)], check: &str) -> Result<()> {
    let (_, (_, first)) = &all[0];
    for (who, (named, guidance)) in all {
        ensure!(named.as_deref() == Some(check), "{who} names {named:?}: {guidance:#?}");
        ensure!(guidance == first, "{who} says something else: {guidance:#?}\nthan the check: {first:#?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn checks_and_attempts_report_a_fault_in_the_same_words() -> Result<()> {
    let fixture = async || Fixture::of("shop.d.test", Reachability::Internal).await;
    let target = fixture().await.endpoint().await.label.target("acme.platform.test");
    let platform = Platform { delegation_zone: "acme.platform.test".into(), ..Fixture::platform() };
    let mut wrong = Vec::new();
    for (net, case) in (60..).zip(&CASES) {
        let filled: Vec<(&str, &str, String)> = case
            .records
            .iter()
            .map(|(owner, kind, value)| (*owner, *kind, value.replace("{target}", &target)))
            .collect();
        let own = [("d.test", "NS", "ns1.dns.test.")].into_iter();
        let records: Vec<_> =
            own.chain(filled.iter().map(|(owner, kind, value)| (*owner, *kind, value.as_str()))).collect();
        let mut internet = match case.is_secured {
            true => Internet::signed(net).await?,
            false => Internet::without_owner(net).await?,
        };
        internet.serve(3, (case.served)(StaticZone::new("d.test", &records)?)?).await?;
        internet.issuer = MemoryCa::issuer();
        let tried = Tried { dns: &internet.dns()?, prober: &internet.prober()?, platform: &platform };
        let judged = tried.all(&fixture, case.needs_whole_check).await.and_then(|all| alike(&all, case.check));
        if let Err(error) = judged {
            wrong.push(format!("{} ({}): {error:#}", case.check, case.about));
        }
    }
    ensure!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CASES.len(), wrong.join("\n\n"));
    Ok(())
}

/// The same of a persistent record, where the delegation proves the tenant and is right.
#[tokio::test(flavor = "multi_thread")]
async fn checks_and_attempts_report_a_faulty_persistent_record_in_the_same_words() -> Result<()> {
    let fixture = async || Fixture::by_persistent_record().await;
    let target = format!("{}.", fixture().await.endpoint().await.label.target("acme.platform.test"));
    let platform = Platform { delegation_zone: "acme.platform.test".into(), ..Fixture::platform() };
    let right = MemoryCa::persistent_issuer().value(true);
    let (quoted, at) = (|value: &str| format!("\"{value}\""), "_validation-persist.example.com");
    let mut wrong = Vec::new();
    for (net, check, owner, value) in [
        (80, "persistent-missing", "unrelated.example.com", quoted("x")),
        (81, "persistent-missing", "_validation-persist.www.example.com", quoted(&right)),
        (82, "persistent-elsewhere", at, quoted(&right.replace("account/1", "account/2"))),
        (83, "persistent-malformed", at, quoted(&format!("{right};"))),
        (84, "persistent-expired", at, quoted(&format!("{right}; persistUntil=1577836800"))),
        (85, "persistent-wildcard", at, quoted(&MemoryCa::persistent_issuer().value(false))),
    ] {
        let mut internet = Internet::with_root(net, &[("example.com", "NS", "ns1.dns.test.")]).await?;
        let records = [
            ("example.com", "NS", "ns1.dns.test."),
            ("_acme-challenge.example.com", "CNAME", target.as_str()),
            (owner, "TXT", value.as_str()),
        ];
        internet.serve(3, Behaviour::Serving(StaticZone::new("example.com", &records)?)).await?;
        internet.issuer = MemoryCa::issuer();
        let tried = Tried { dns: &internet.dns()?, prober: &internet.prober()?, platform: &platform };
        let judged = tried.all(&fixture, false).await.and_then(|all| alike(&all, check));
        if let Err(error) = judged {
            wrong.push(format!("{check} at {owner}: {error:#}"));
        }
    }
    ensure!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n\n"));
    Ok(())
}
