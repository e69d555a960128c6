//! The whole check, before the CA is contacted.

use diagnosis::judge::obstacle;
use diagnosis::report::CheckReport;
use diagnosis::subject::Subject;
use diagnosis::to_failure::to_failure;
use domain::endpoint::Endpoint;
use domain::ports::{CheckLog, Prober};
use time::OffsetDateTime;
use vocabulary::acme::OpenOrder;
use vocabulary::failure::Failure;
use vocabulary::guidance::WaitingOn;

/// Whether the attempt begins with the whole check: names that have no certificate yet, and no order that has passed it
/// before; and whatever the domain owner had to fix. A renewal of correct records needs a check of its proof alone.
pub(crate) fn is_due(endpoint: &Endpoint, usable: Option<&OpenOrder>) -> bool {
    let failed = endpoint.failing.as_ref().map(|failing| failing.failure.waiting_on());
    let known = endpoint.certificate.as_ref().is_some_and(|held| endpoint.names.same_set(&held.names));
    failed == Some(WaitingOn::DomainOwner) || !known && usable.is_none()
}

/// Checks records and hosts; while something is wrong that the CA would find, the CA is not contacted.
///
/// The report is stored like that of a check on demand: every page says the same, from the newest knowledge.
///
/// # Errors
///
/// The worst obstacle, in the words of the check.
pub(crate) async fn check_whole(
    journal: &impl CheckLog,
    prober: &impl Prober,
    endpoint: &Endpoint,
    subject: &Subject,
    now: OffsetDateTime,
) -> Result<CheckReport, Failure> {
    let report = prober.probe(subject, now).await;
    journal.record_check(endpoint, &report).await?;
    match obstacle(&report) {
        Some(finding) => Err(to_failure(finding)),
        None => Ok(report),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{change, fail, run};
    use domain::ports::AttemptJournal;
    use testkit::Fixture;
    use time::Duration;
    use vocabulary::acme::Reachability;
    use vocabulary::certificate::InstalledCertificate;
    use vocabulary::failure::FailureName;
    use vocabulary::guidance::WaitingOn;

    #[tokio::test]
    async fn after_a_fault_of_the_domain_owner_the_ca_is_contacted_once_a_check_finds_nothing() {
        for name in [FailureName::ChallengeFailed, FailureName::CaRefused, FailureName::RecordsNotReady] {
            for open in [false, true] {
                let mut fixture = Fixture::new(Reachability::Internal).await;
                if open {
                    fixture = fixture.with_order().await;
                }
                fail(&mut fixture, name, WaitingOn::DomainOwner).await;
                let requests = fixture.ca.requests();
                fixture.prober.miss_the_delegation(true);
                let failure = run(&fixture).await.expect_err("not mended");
                assert_eq!(
                    (failure.name, failure.guidance.waiting_on),
                    (FailureName::RecordsNotReady, WaitingOn::DomainOwner)
                );
                assert_eq!(fixture.ca.requests(), requests, "{name}: the CA hears nothing");
                let kept = fixture.endpoint().await.check.expect("the check is kept");
                assert_eq!(kept.worst.map(|worst| worst.check).as_deref(), Some("delegation-missing"));

                fixture.prober.miss_the_delegation(false);
                fixture.now += Duration::MINUTE;
                run(&fixture).await.expect("mended");
                assert!(fixture.ca.requests() > requests, "{name}: and then it is asked");
            }
        }
    }

    #[tokio::test]
    async fn a_first_attempt_begins_with_the_whole_check_and_fails_with_its_finding() {
        for reachability in [Reachability::External, Reachability::Internal] {
            let mut fixture = Fixture::new(reachability).await;
            fixture.prober.miss_the_delegation(true);
            let failure = run(&fixture).await.expect_err("not ready");
            assert_eq!((fixture.ca.requests(), fixture.keys.len()), (0, 0), "no CA request, and no key");
            let kept = fixture.endpoint().await.check.expect("the check is kept").worst.expect("a finding");
            assert_eq!((failure.check, failure.guidance), (Some(kept.check), kept.guidance));

            fixture.prober.miss_the_delegation(false);
            fixture.now += Duration::MINUTE;
            run(&fixture).await.expect("right now");
            assert_eq!(fixture.endpoint().await.check.expect("kept").worst, None);
        }
    }

    #[tokio::test]
    async fn a_renewal_and_an_order_that_is_open_are_not_checked_as_a_whole() {
        let renewing = Fixture::new(Reachability::Internal).await;
        let endpoint = renewing.endpoint().await;
        let held = InstalledCertificate { renew_at: renewing.now, ..testkit::installed(&endpoint, renewing.now) };
        renewing.endpoints.record_certificate(&endpoint.id, renewing.input.attempt, &held).await.expect("ours");
        for fixture in [renewing, Fixture::new(Reachability::Internal).await.with_order().await] {
            run(&fixture).await.expect("opened");
            assert_eq!(fixture.prober.take(), []);
        }
    }

    #[tokio::test]
    async fn names_that_have_no_certificate_yet_are_checked_as_a_whole() {
        let mut fixture = Fixture::new(Reachability::Internal).await;
        let endpoint = fixture.endpoint().await;
        let held = testkit::installed(&endpoint, fixture.now);
        fixture.endpoints.record_certificate(&endpoint.id, fixture.input.attempt, &held).await.expect("ours");
        change(&mut fixture, &[], Reachability::Internal.into()).await;
        run(&fixture).await.expect("opened");
        assert_eq!(fixture.prober.take().len(), 1);
    }

    #[tokio::test]
    async fn after_a_failure_of_the_ca_or_the_operator_an_open_order_continues() {
        let mut fixture = Fixture::new(Reachability::Internal).await;
        run(&fixture).await.expect("opened");
        fixture.prober.take();
        fixture.prober.miss_the_delegation(true);
        for actor in [WaitingOn::Ca, WaitingOn::Operator] {
            fail(&mut fixture, FailureName::CaRefused, actor).await;
            run(&fixture).await.expect("resumed");
        }
        assert_eq!(fixture.prober.take(), []);
    }
}
