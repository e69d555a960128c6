//! Removes the HTTP-01 responses that the endpoint's orders have published, and asks for their TXT values to be removed.

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
    let records_left = !input.progress.withdrawn && endpoint.order.as_ref().is_some_and(OpenOrder::may_have_records);
    Ok(input.reached(if records_left { Status::RecordsLeft } else { Status::Clean }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ports::AttemptJournal;
    use testkit::Fixture;
    use vocabulary::acme::Reachability;
    use vocabulary::failure::{FailureName, ServiceFault};
    use vocabulary::names::DomainName;
    use vocabulary::names::endpoint_names::MOST_NAMES;

    async fn run(fixture: &Fixture) -> Result<Progress, Failure> {
        clean_up_challenge(&fixture.endpoints, &fixture.tokens, &fixture.input).await
    }

    #[tokio::test]
    async fn tokens_are_removed_and_the_writer_is_called_only_where_records_may_exist() {
        let fixture = Fixture::new(Reachability::External).await.with_order().await.with_publications().await;
        assert_eq!(run(&fixture).await.expect("clean").status, Status::RecordsLeft, "the wildcard's");
        assert_eq!(run(&fixture).await.expect("clean twice").status, Status::RecordsLeft);
        assert!(fixture.tokens.is_empty());
        let mut withdrawn = Fixture::new(Reachability::External).await.with_order().await.with_publications().await;
        withdrawn.input.progress.withdrawn = true;
        assert_eq!(run(&withdrawn).await.expect("clean").status, Status::Clean, "this attempt took them away before");
        let by_http = Fixture::of("www.example.com", Reachability::External).await.with_order().await;
        assert_eq!(run(&by_http).await.expect("clean").status, Status::Clean, "it has no TXT values");
        let taken_away = OpenOrder { withdrawn: true, ..fixture.order().await };
        fixture.endpoints.save_order(&fixture.input.endpoint, fixture.input.attempt, &taken_away).await.expect("ours");
        assert_eq!(run(&fixture).await.expect("clean").status, Status::Clean, "an attempt before took them away");
    }

    /// A bucket that takes its time over each token.
    struct Slow<'a>(&'a testkit::MemoryTokens);

    const EACH: std::time::Duration = std::time::Duration::from_millis(100);

    impl TokenStore for Slow<'_> {
        async fn publish(&self, host: &DomainName, token: &str, body: &str) -> Result<(), ServiceFault> {
            self.0.publish(host, token, body).await
        }

        async fn read(&self, host: &DomainName, token: &str) -> Result<Option<String>, ServiceFault> {
            self.0.read(host, token).await
        }

        async fn withdraw(&self, host: &DomainName, token: &str) -> Result<(), ServiceFault> {
            #[expect(clippy::disallowed_methods, reason = "it plays a service that is slow")]
            tokio::time::sleep(EACH).await;
            self.0.withdraw(host, token).await
        }
    }

    /// One after the other, at a second each, they would outlast the step.
    #[tokio::test]
    async fn the_tokens_of_many_names_go_side_by_side() {
        let names: Vec<String> = (0..MOST_NAMES).map(|number| format!("n{number}.example.com")).collect();
        let fixture = Fixture::with_names(&names).await.with_order().await.with_publications().await;
        let begun = tokio::time::Instant::now();
        let slow = Slow(&fixture.tokens);
        clean_up_challenge(&fixture.endpoints, &slow, &fixture.input).await.expect("clean");
        assert!(fixture.tokens.is_empty());
        let one_by_one = EACH * u32::try_from(MOST_NAMES).expect("a few");
        assert!(begun.elapsed() < one_by_one / 4, "{:?}", begun.elapsed());
    }

    #[tokio::test]
    async fn an_older_attempt_takes_nothing_away_from_a_newer_one() {
        let mut fixture = Fixture::new(Reachability::External).await.with_order().await.with_publications().await;
        fixture.input.attempt -= 1;
        assert_eq!(run(&fixture).await.expect_err("not ours").name, FailureName::Superseded);
        assert!(!fixture.tokens.is_empty() && !fixture.zone.is_empty());
    }
}
