//! Puts the HTTP-01 responses of an order where the CA will look for them, and asks for its TXT values to be written.

use domain::acts::owned_endpoint::ordering_endpoint;
use domain::flow::{Progress, Status, StepInput};
use domain::ports::{EndpointReader, TokenStore};
use futures::future::try_join_all;
use vocabulary::failure::Failure;

/// Runs the step. The delegation zone has one writer, `write-records`: with TXT values to publish the flow goes on there.
pub async fn present_challenge(
    endpoints: &impl EndpointReader,
    tokens: &impl TokenStore,
    input: &StepInput,
) -> Result<Progress, Failure> {
    let (_, order) = ordering_endpoint(endpoints, input).await?;
    let publications = order.http_publications();
    try_join_all(publications.map(|http| tokens.publish(http.host, http.token, http.key_authorization))).await?;
    if order.txt_values().is_empty() {
        return Ok(input.reached(Status::Presented));
    }
    Ok(input.reached(Status::RecordsWanted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::Fixture;
    use vocabulary::acme::Reachability;
    use vocabulary::failure::FailureName;

    async fn run(fixture: &Fixture) -> Result<Progress, Failure> {
        present_challenge(&fixture.endpoints, &fixture.tokens, &fixture.input).await
    }

    #[tokio::test]
    async fn txt_values_are_left_to_the_writer_and_the_clean_up_knows_of_them() {
        let fixture = Fixture::new(Reachability::Internal).await.with_order().await;
        assert_eq!(run(&fixture).await.expect("presented").status, Status::RecordsWanted);
        assert!(fixture.order().await.may_have_records(), "before anything is written");
        assert_eq!(fixture.zone.calls(), 0);
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
    async fn for_a_persistent_record_nothing_is_published() {
        let fixture = Fixture::by_persistent_record().await.with_order().await;
        assert_eq!(run(&fixture).await.expect("presented").status, Status::Presented);
        assert!(fixture.zone.is_empty() && fixture.tokens.is_empty());
        assert!(!fixture.order().await.may_have_records());
    }

    #[tokio::test]
    async fn without_an_order_there_is_nothing_to_present() {
        let fixture = Fixture::new(Reachability::External).await;
        assert_eq!(run(&fixture).await.expect_err("no order").name, FailureName::OrderLost);
        assert!(fixture.tokens.is_empty() && fixture.zone.is_empty());
    }
}
