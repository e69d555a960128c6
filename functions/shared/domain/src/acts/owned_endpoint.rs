//! The endpoint, for a step of its current attempt.

use vocabulary::acme::OpenOrder;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

use crate::endpoint::endpoint::Endpoint;
use crate::flow::input::StepInput;
use crate::ports::store::EndpointReader;

/// The current endpoint, for a step of `input`'s attempt.
///
/// # Errors
///
/// [`FailureName::Superseded`] if it is gone, a newer attempt owns it, or this attempt has been settled: a step that is
/// delivered twice must not start anything afterwards.
pub async fn owned_endpoint(reader: &impl EndpointReader, input: &StepInput) -> Result<Endpoint, Failure> {
    owned(reader.find(&input.endpoint).await?, input)
}

/// As [`owned_endpoint`], with the chain that was issued for its order.
pub async fn owned_endpoint_with_chain(reader: &impl EndpointReader, input: &StepInput) -> Result<Endpoint, Failure> {
    owned(reader.find_with_chain(&input.endpoint).await?, input)
}

fn owned(found: Option<Endpoint>, input: &StepInput) -> Result<Endpoint, Failure> {
    match found {
        Some(endpoint) if endpoint.attempt == input.attempt && endpoint.lease_until.is_some() => Ok(endpoint),
        _ => Err(Failure::superseded()),
    }
}

/// As [`owned_endpoint`], with the open order, for steps between opening and importing.
///
/// # Errors
///
/// Also [`FailureName::EndpointRemoved`] if it is being removed, and
/// [`FailureName::OrderLost`] if it has no order.
pub async fn ordering_endpoint(
    reader: &impl EndpointReader,
    input: &StepInput,
) -> Result<(Endpoint, OpenOrder), Failure> {
    ordering(owned_endpoint(reader, input).await?)
}

/// As [`ordering_endpoint`], with the chain that was issued for the order.
pub async fn ordering_endpoint_with_chain(
    reader: &impl EndpointReader,
    input: &StepInput,
) -> Result<(Endpoint, OpenOrder), Failure> {
    ordering(owned_endpoint_with_chain(reader, input).await?)
}

fn ordering(mut endpoint: Endpoint) -> Result<(Endpoint, OpenOrder), Failure> {
    if endpoint.removing {
        return Err(Failure::removed());
    }
    match endpoint.order.take() {
        Some(order) => Ok((endpoint, order)),
        None => Err(Failure::without_action(
            FailureName::OrderLost,
            WaitingOn::Nobody,
            "The endpoint has no open order. A new one is made automatically.",
        )),
    }
}
