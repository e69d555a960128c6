//! One judgement for each fault: first attempt, later attempts, check and health check say the same of the same world.

use diagnosis::catalogue::CATALOGUE;
use diagnosis::catalogue::check::{Area, Entry};
use diagnosis::judge::obstacle;
use diagnosis::report::{Concern, Finding, Severity};
use domain::endpoint::{Health, SymptomKind};
use domain::health::{CertificateUse, InAcm, Seen};
use testkit::Fixture;
use vocabulary::acme::Reachability;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::{Guidance, WaitingOn};

use crate::testing::{fail, run};

fn finding(entry: &Entry) -> Finding {
    Finding {
        check: entry.name.into(),
        severity: entry.severity,
        subject: "www.example.com".into(),
        expected: "what is right".into(),
        explanation: entry.explanation.into(),
        guidance: Guidance::new(entry.actor, "is not as it must be.", entry.fix),
        command: None,
    }
}

/// An attempt of an endpoint in a world where a check finds `found`: the first one, or one after a domain owner's failure.
async fn attempt(found: &Finding, later: bool) -> (Option<Failure>, u32, Option<Concern>) {
    let mut fixture = Fixture::new(Reachability::Internal).await;
    if later {
        fail(&mut fixture, FailureName::RecordsNotReady, WaitingOn::DomainOwner).await;
    }
    fixture.prober.find(vec![found.clone()]);
    let requests = fixture.ca.requests();
    let failure = run(&fixture).await.err();
    let check = fixture.endpoint().await.check.expect("the check is kept");
    (failure, fixture.ca.requests() - requests, check.worst)
}

/// What a health check makes of it between renewals.
async fn health(found: &Finding) -> Option<Guidance> {
    let fixture = Fixture::new(Reachability::Internal).await;
    fixture.prober.find(vec![found.clone()]);
    let endpoint = fixture.endpoint().await;
    let held = testkit::installed(&endpoint, fixture.now);
    let subject = endpoint.subject(&Fixture::platform());
    let report = domain::ports::Prober::probe(&fixture.prober, &subject, fixture.now).await;
    let acm = InAcm::There(CertificateUse { serial: held.serial.clone(), used_by: vec!["lb".into()] });
    let seen = Seen { report: &report, acm: &acm, copies: &[], listeners: &[] };
    let health = Health::follow(None, &endpoint, &held, &seen, fixture.now);
    health.symptom(SymptomKind::DnsBroken).map(|symptom| symptom.guidance.clone())
}

#[tokio::test]
async fn check_health_check_and_attempts_describe_each_fault_in_the_same_words() {
    let mut stopped = 0;
    for entry in &CATALOGUE {
        let found = finding(entry);
        let words = found.guidance_for_people();
        let is_obstacle = {
            let fixture = Fixture::new(Reachability::Internal).await;
            fixture.prober.find(vec![found.clone()]);
            let subject = fixture.endpoint().await.subject(&Fixture::platform());
            let report = domain::ports::Prober::probe(&fixture.prober, &subject, fixture.now).await;
            obstacle(&report).is_some()
        };
        for later in [false, true] {
            let (failure, requests, check) = attempt(&found, later).await;
            // An explanation ends with its failure: no check keeps it.
            let kept = check.as_ref().map(|check| (check.check.as_str(), &check.guidance));
            assert_eq!(kept, (entry.area != Area::Ca).then_some((entry.name, &words)), "the check");
            match failure {
                Some(failure) => {
                    assert!(is_obstacle, "{}: {failure}", entry.name);
                    assert_eq!(failure.check.as_deref(), Some(entry.name));
                    assert_eq!(failure.guidance, words, "{}, later: {later}", entry.name);
                    assert_eq!(requests, 0, "{}: the CA hears nothing", entry.name);
                    stopped += 1;
                }
                None => assert!(!is_obstacle, "{}: an order was made, later: {later}", entry.name),
            }
        }
        let before_the_ca = !matches!(entry.area, Area::Serving | Area::Ca);
        match health(&found).await {
            Some(told) => assert_eq!(told, words, "{}: the health check", entry.name),
            None => assert!(entry.severity < Severity::Error || !before_the_ca, "{}: unseen", entry.name),
        }
    }
    assert!(stopped > 40, "most faults stop an attempt before the CA hears of it: {stopped}");
}
