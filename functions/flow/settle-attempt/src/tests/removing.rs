//! An endpoint that is being removed: what has to be done before it is forgotten.

use super::*;

/// As `open-order` leaves an endpoint that is being removed.
pub(super) async fn deactivated(fixture: &Fixture) {
    let left = fixture.endpoint().await.without_authorizations(|_| true);
    fixture.endpoints.record_authorizations(&left, fixture.input.attempt).await.expect("ours");
}

#[tokio::test]
async fn a_removal_in_the_middle_of_an_attempt_waits_until_the_orders_authorizations_are_deactivated() {
    let mut fixture = Fixture::new(Reachability::Internal).await.with_order().await;
    fixture.endpoints.begin_removal(&fixture.input.endpoint, fixture.now).await.expect("in memory");
    fixture.input.failure = Some(caught(FailureName::EndpointRemoved, WaitingOn::Operator));
    assert_eq!(run(&fixture).await.expect("settled").status, Status::Failed);
    next(&mut fixture).await;
    deactivated(&fixture).await;
    fixture.input.failure = Some(caught(FailureName::EndpointRemoved, WaitingOn::Operator));
    assert_eq!(run(&fixture).await.expect("settled").status, Status::Removed);
}

#[tokio::test]
async fn a_removal_waits_for_its_clean_up_and_then_leaves_nothing() {
    let mut fixture = Fixture::new(Reachability::Internal).await.with_order().await;
    fixture.endpoints.begin_removal(&fixture.input.endpoint, fixture.now).await.expect("in memory");
    fixture.input.clean_up_failure = Some(caught(FailureName::Unavailable, WaitingOn::Operator));
    assert_eq!(run(&fixture).await.expect("settled").status, Status::Failed);
    assert!(fixture.endpoint().await.removing, "what is left is tried again");
    next(&mut fixture).await;
    deactivated(&fixture).await;
    fixture.input.clean_up_failure = None;
    assert_eq!(run(&fixture).await.expect("settled").status, Status::Removed);
    assert!(fixture.endpoints.is_empty() && fixture.keys.is_empty());
}
