//! Takes away what the endpoint's orders have published, and nothing else.

use domain::Failure;
use domain::flow::{Progress, Status, Step, StepInput, StepUsage};
use domain::ports::{EndpointReader, TokenStore, TxtZone, owned_endpoint};
use futures::future::try_join_all;

/// Runs the step. It also runs after a failure and for an endpoint that is being removed.
pub async fn clean_up_challenge(
    endpoints: &impl EndpointReader,
    tokens: &impl TokenStore,
    zone: &impl TxtZone,
    delegation_zone: &str,
    input: &StepInput,
) -> Result<Progress, Failure> {
    let endpoint = owned_endpoint(endpoints, input).await?;
    let calls_before = zone.calls();
    if let Some(order) = &endpoint.order {
        try_join_all(order.published_http().map(|http| tokens.withdraw(http.host, http.token))).await?;
        let values = order.published_txt_values();
        if !values.is_empty() {
            zone.withdraw(&endpoint.label.target(delegation_zone), &values).await?;
        }
    }
    let mut progress = input.reached(Status::Clean);
    let route53_calls = zone.calls() - calls_before;
    progress.record(StepUsage { step: Step::CleanUpChallenge, milliseconds: 0, ca_requests: 0, route53_calls });
    Ok(progress)
}
