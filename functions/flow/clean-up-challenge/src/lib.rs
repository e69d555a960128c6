//! Takes away the HTTP-01 responses that the endpoint's orders have published, and asks for their TXT values to be removed.

use domain::acts::owned_endpoint::owned_endpoint;
use domain::flow::{Progress, Status, StepInput};
use domain::ports::{EndpointReader, TokenStore};
use futures::future::try_join_all;
use vocabulary::acme::OpenOrder;
use vocabulary::failure::Failure;

/// Runs the step. It also runs after a failure and for an endpoint that is being removed.
pub async fn clean_up_challenge(
    endpoints: &impl EndpointReader,
    tokens: &impl TokenStore,
    input: &StepInput,
) -> Result<Progress, Failure> {
    let endpoint = owned_endpoint(endpoints, input).await?;
    if let Some(order) = &endpoint.order {
        try_join_all(order.published_http().map(|http| tokens.withdraw(http.host, http.token))).await?;
    }
    let records_left = endpoint.order.as_ref().is_some_and(OpenOrder::may_have_records);
    Ok(input.reached(if records_left { Status::RecordsLeft } else { Status::Clean }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::Fixture;
    use vocabulary::acme::Reachability;
    use vocabulary::failure::FailureName;

    async fn run(fixture: &Fixture) -> Result<Progress, Failure> {
        clean_up_challenge(&fixture.endpoints, &fixture.tokens, &fixture.input).await
    }

    #[tokio::test]
    async fn tokens_go_and_the_writer_is_asked_only_where_there_may_be_records() {
        let fixture = Fixture::new(Reachability::External).await.with_order().await.with_publications().await;
        assert_eq!(run(&fixture).await.expect("clean").status, Status::RecordsLeft, "the wildcard's");
        assert_eq!(run(&fixture).await.expect("clean twice").status, Status::RecordsLeft);
        assert!(fixture.tokens.is_empty());
        let unwritten = Fixture::new(Reachability::Internal).await.with_order().await;
        assert_eq!(run(&unwritten).await.expect("clean").status, Status::Clean, "nothing was ever written");
    }

    #[tokio::test]
    async fn an_older_attempt_takes_nothing_away_from_a_newer_one() {
        let mut fixture = Fixture::new(Reachability::External).await.with_order().await.with_publications().await;
        fixture.input.attempt -= 1;
        assert_eq!(run(&fixture).await.expect_err("not ours").name, FailureName::Superseded);
        assert!(!fixture.tokens.is_empty() && !fixture.zone.is_empty());
    }
}
