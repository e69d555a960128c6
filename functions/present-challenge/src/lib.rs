//! Puts the challenge responses of an order where the CA will look for them.

use domain::Failure;
use domain::flow::{Progress, Status, Step, StepInput, StepUsage};
use domain::ports::{AttemptJournal, TokenStore, TxtZone, ordering_endpoint};
use futures::future::try_join_all;

/// Runs the step: all HTTP-01 responses, and all TXT values in one write, because they share one record set.
pub async fn present_challenge(
    journal: &impl AttemptJournal,
    tokens: &impl TokenStore,
    zone: &impl TxtZone,
    delegation_zone: &str,
    input: &StepInput,
) -> Result<Progress, Failure> {
    let (endpoint, mut order) = ordering_endpoint(journal, input).await?;
    let calls_before = zone.calls();
    let publications = order.http_publications();
    try_join_all(publications.map(|http| tokens.publish(http.host, http.token, http.key_authorization))).await?;
    let values = order.txt_values();
    if !values.is_empty() {
        let change = zone.publish(&endpoint.label.target(delegation_zone), &values).await?;
        order.change = Some(change);
        journal.save_order(&endpoint.id, input.attempt, &order).await?;
    }
    let mut progress = input.reached(Status::Presented);
    let route53_calls = zone.calls() - calls_before;
    progress.record(StepUsage { step: Step::PresentChallenge, milliseconds: 0, ca_requests: 0, route53_calls });
    Ok(progress)
}
