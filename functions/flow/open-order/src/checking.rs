//! The look that comes before the CA, when the last attempt failed by the customer's fault.

use diagnosis::judge::obstacle;
use diagnosis::subject::Subject;
use diagnosis::to_failure::to_failure;
use domain::endpoint::Endpoint;
use domain::ports::{CheckLog, Prober};
use time::OffsetDateTime;
use vocabulary::failure::Failure;

/// Looks whether the customer has mended what the last attempt failed by: until then the CA hears nothing.
///
/// What was found is kept, as if somebody had asked for the look.
pub(crate) async fn check_again(
    journal: &impl CheckLog,
    prober: &impl Prober,
    endpoint: &Endpoint,
    subject: &Subject,
    now: OffsetDateTime,
) -> Result<(), Failure> {
    let report = prober.probe(subject, now).await;
    journal.record_check(endpoint, &report).await?;
    match obstacle(&report) {
        Some(finding) => Err(to_failure(finding)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{fail, run};
    use testkit::Fixture;
    use time::Duration;
    use vocabulary::acme::Reachability;
    use vocabulary::failure::FailureName;
    use vocabulary::guidance::WaitingOn;

    #[tokio::test]
    async fn after_the_customers_fault_the_ca_is_asked_no_sooner_than_a_look_finds_nothing() {
        for name in [FailureName::ChallengeFailed, FailureName::CaRefused, FailureName::RecordsNotReady] {
            for open in [false, true] {
                let mut fixture = Fixture::new(Reachability::Internal).await;
                if open {
                    fixture = fixture.with_order().await;
                }
                fail(&mut fixture, name, WaitingOn::DomainOwner).await;
                let asked = fixture.ca.asked();
                fixture.prober.miss_the_delegation(true);
                let failure = run(&fixture).await.expect_err("not mended");
                assert_eq!(
                    (failure.name, failure.guidance.waiting_on),
                    (FailureName::RecordsNotReady, WaitingOn::DomainOwner)
                );
                assert_eq!(fixture.ca.asked(), asked, "{name}: the CA hears nothing");
                let kept = fixture.endpoint().await.check.expect("the look is kept");
                assert_eq!(kept.worst.map(|worst| worst.check).as_deref(), Some("delegation-missing"));

                fixture.prober.miss_the_delegation(false);
                fixture.now += Duration::MINUTE;
                run(&fixture).await.expect("mended");
                assert!(fixture.ca.asked() > asked, "{name}: and then it is asked");
            }
        }
    }

    #[tokio::test]
    async fn after_nobodys_fault_or_ours_nothing_is_looked_for() {
        let mut fixture = Fixture::new(Reachability::Internal).await;
        fixture.prober.miss_the_delegation(true);
        run(&fixture).await.expect("the first attempt asks at once");
        for actor in [WaitingOn::Ca, WaitingOn::Operator] {
            fail(&mut fixture, FailureName::CaRefused, actor).await;
            run(&fixture).await.expect("resumed");
        }
        assert_eq!(fixture.prober.take(), []);
    }
}
