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

    async fn run(scene: &Fixture) -> Result<Progress, Failure> {
        present_challenge(&scene.endpoints, &scene.tokens, &scene.zone, Fixture::ZONE, &scene.input).await
    }

    #[tokio::test]
    async fn all_values_of_the_one_txt_name_go_out_in_one_write() {
        let scene = Fixture::new(Reachability::Internal).await.with_order().await;
        run(&scene).await.expect("presented");
        assert_eq!(scene.zone.values(&scene.target().await).len(), 2, "apex and wildcard");
        assert_eq!(scene.zone.calls(), 1);
        assert!(scene.order().await.change.is_some(), "the next step knows what to wait for");
    }

    #[tokio::test]
    async fn tokens_go_to_the_bucket_and_a_second_run_changes_nothing() {
        let scene = Fixture::new(Reachability::External).await.with_order().await;
        run(&scene).await.expect("presented");
        run(&scene).await.expect("presented again");
        let order = scene.order().await;
        let http: Vec<_> = order.http_publications().collect();
        let body = scene.tokens.read(http[0].host, http[0].token).await.expect("in memory");
        assert_eq!(body.as_deref(), Some(http[0].key_authorization));
    }

    #[tokio::test]
    async fn for_a_standing_record_nothing_is_published() {
        let scene = Fixture::by_standing_record().await.with_order().await;
        assert_eq!(run(&scene).await.expect("presented").status, Status::Presented);
        assert!(scene.zone.is_empty() && scene.tokens.is_empty());
        assert_eq!((scene.zone.calls(), scene.order().await.change), (0, None));
    }

    #[tokio::test]
    async fn without_an_order_there_is_nothing_to_present() {
        let scene = Fixture::new(Reachability::External).await;
        assert_eq!(run(&scene).await.expect_err("no order").name, FailureName::OrderLost);
        assert!(scene.tokens.is_empty() && scene.zone.is_empty());
    }
}
