//! Puts the challenge responses of an order where the CA will look for them.

use domain::acts::owned_endpoint::ordering_endpoint;
use domain::flow::{Progress, Status, StepInput};
use domain::ports::{AttemptJournal, TokenStore, TxtZone};
use futures::future::try_join_all;
use vocabulary::failure::Failure;

/// Runs the step: all HTTP-01 responses, and all TXT values in one write, because they share one record set.
pub async fn present_challenge(
    journal: &impl AttemptJournal,
    tokens: &impl TokenStore,
    zone: &impl TxtZone,
    delegation_zone: &str,
    input: &StepInput,
) -> Result<Progress, Failure> {
    let (endpoint, mut order) = ordering_endpoint(journal, input).await?;
    let publications = order.http_publications();
    try_join_all(publications.map(|http| tokens.publish(http.host, http.token, http.key_authorization))).await?;
    let values = order.txt_values();
    if !values.is_empty() {
        let change = zone.publish(&endpoint.label.target(delegation_zone), &values).await?;
        order.change = Some(change);
        journal.save_order(&endpoint.id, input.attempt, &order).await?;
    }
    Ok(input.reached(Status::Presented))
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::Fixture;
    use vocabulary::acme::Reachability;
    use vocabulary::failure::FailureName;

    async fn run(fixture: &Fixture) -> Result<Progress, Failure> {
        present_challenge(&fixture.endpoints, &fixture.tokens, &fixture.zone, Fixture::ZONE, &fixture.input).await
    }

    #[tokio::test]
    async fn all_values_of_the_one_txt_name_go_out_in_one_write() {
        let fixture = Fixture::new(Reachability::Internal).await.with_order().await;
        run(&fixture).await.expect("presented");
        assert_eq!(fixture.zone.values(&fixture.target().await).len(), 2, "apex and wildcard");
        assert_eq!(fixture.zone.calls(), 1);
        assert!(fixture.order().await.change.is_some(), "the next step knows what to wait for");
    }

    #[tokio::test]
    async fn tokens_go_to_the_bucket_and_a_second_run_changes_nothing() {
        let fixture = Fixture::new(Reachability::External).await.with_order().await;
        run(&fixture).await.expect("presented");
        run(&fixture).await.expect("presented again");
        let order = fixture.order().await;
        let http: Vec<_> = order.http_publications().collect();
        let body = fixture.tokens.read(http[0].host, http[0].token).await.expect("in memory");
        assert_eq!(body.as_deref(), Some(http[0].key_authorization));
    }

    #[tokio::test]
    async fn for_a_standing_record_nothing_is_published() {
        let fixture = Fixture::by_persistent_record().await.with_order().await;
        assert_eq!(run(&fixture).await.expect("presented").status, Status::Presented);
        assert!(fixture.zone.is_empty() && fixture.tokens.is_empty());
        assert_eq!((fixture.zone.calls(), fixture.order().await.change), (0, None));
    }

    #[tokio::test]
    async fn without_an_order_there_is_nothing_to_present() {
        let fixture = Fixture::new(Reachability::External).await;
        assert_eq!(run(&fixture).await.expect_err("no order").name, FailureName::OrderLost);
        assert!(fixture.tokens.is_empty() && fixture.zone.is_empty());
    }
}
