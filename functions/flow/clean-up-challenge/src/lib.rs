//! Takes away what the endpoint's orders have published, and nothing else.

use domain::acts::owned_endpoint::owned_endpoint;
use domain::flow::{Progress, Status, StepInput};
use domain::ports::{EndpointReader, TokenStore, TxtZone};
use futures::future::try_join_all;
use vocabulary::failure::Failure;

/// Runs the step. It also runs after a failure and for an endpoint that is being removed.
pub async fn clean_up_challenge(
    endpoints: &impl EndpointReader,
    tokens: &impl TokenStore,
    zone: &impl TxtZone,
    delegation_zone: &str,
    input: &StepInput,
) -> Result<Progress, Failure> {
    let endpoint = owned_endpoint(endpoints, input).await?;
    if let Some(order) = &endpoint.order {
        try_join_all(order.published_http().map(|http| tokens.withdraw(http.host, http.token))).await?;
        let values = order.published_txt_values();
        if !values.is_empty() {
            zone.withdraw(&endpoint.label.target(delegation_zone), &values).await?;
        }
    }
    Ok(input.reached(Status::Clean))
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::Fixture;
    use vocabulary::acme::Reachability;
    use vocabulary::failure::FailureName;

    async fn run(fixture: &Fixture) -> Result<Progress, Failure> {
        clean_up_challenge(&fixture.endpoints, &fixture.tokens, &fixture.zone, Fixture::ZONE, &fixture.input).await
    }

    #[tokio::test]
    async fn everything_of_the_order_goes_and_a_strangers_value_stays() {
        let fixture = Fixture::new(Reachability::External).await.with_order().await.with_publications().await;
        let target = fixture.target().await;
        let mut values = fixture.order().await.txt_values();
        values.push("stranger".into());
        fixture.zone.publish(&target, &values).await.expect("in memory");
        run(&fixture).await.expect("clean");
        run(&fixture).await.expect("clean twice");
        assert!(fixture.tokens.is_empty());
        assert_eq!(fixture.zone.values(&target).into_iter().collect::<Vec<_>>(), ["stranger"]);
    }

    #[tokio::test]
    async fn an_older_attempt_takes_nothing_away_from_a_newer_one() {
        let mut fixture = Fixture::new(Reachability::External).await.with_order().await.with_publications().await;
        fixture.input.attempt -= 1;
        assert_eq!(run(&fixture).await.expect_err("not ours").name, FailureName::Superseded);
        assert!(!fixture.tokens.is_empty() && !fixture.zone.is_empty());
    }
}
