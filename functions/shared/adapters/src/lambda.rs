//! The stack's functions, as Lambda sees them; and the function that inspects all others.

use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{InvocationType, LastUpdateStatus, State};
use domain::installation::{Concurrency, InstallationCheck, Observed, Reconcile, Reconciled, ResourceState};
use domain::ports::{FaultKind, HealthRuns, Inspector, Reconciler, ServiceFault};
use serde::de::DeserializeOwned;
use vocabulary::text::printable;

use crate::aws::fault;

/// Whether a function can be invoked.
pub async fn describe(client: &Client, name: &str) -> Observed<ResourceState> {
    let output = client.get_function_configuration().function_name(name).send().await;
    let output = output.map_err(|error| fault("lambda:GetFunctionConfiguration", error))?;
    let why = |text: Option<String>| printable(&text.unwrap_or_default(), 200);
    // Lambda wakes a function that was idle for weeks at its next invocation.
    if !matches!(output.state, None | Some(State::Active | State::Inactive)) {
        return Ok(ResourceState::NotReady(why(output.state_reason)));
    }
    if output.last_update_status == Some(LastUpdateStatus::Failed) {
        return Ok(ResourceState::NotReady(why(output.last_update_status_reason)));
    }
    Ok(ResourceState::Ready)
}

/// Whether a queue's messages reach their function: the event source mapping with this id.
pub async fn describe_mapping(client: &Client, id: &str) -> Observed<ResourceState> {
    let output = client.get_event_source_mapping().uuid(id).send().await;
    let output = output.map_err(|error| fault("lambda:GetEventSourceMapping", error))?;
    Ok(match output.state.as_deref() {
        None | Some("Enabled" | "Enabling" | "Creating" | "Updating") => ResourceState::Ready,
        Some(other) => ResourceState::NotReady(printable(other, 200)),
    })
}

/// How many executions the account and region allow at once.
pub async fn concurrency(client: &Client) -> Observed<Concurrency> {
    const OPERATION: &str = "lambda:GetAccountSettings";
    let output = client.get_account_settings().send().await.map_err(|error| fault(OPERATION, error))?;
    let limit = output.account_limit.ok_or_else(|| {
        let detail = "an answer without AccountLimit".to_owned();
        ServiceFault { operation: OPERATION, kind: FaultKind::Unavailable, detail }
    })?;
    let count = |executions: i32| u32::try_from(executions).unwrap_or(0);
    let total = count(limit.concurrent_executions);
    Ok(Concurrency { limit: total, unreserved: limit.unreserved_concurrent_executions.map_or(total, count) })
}

/// The payload field of a run for one shard: the number of the shard.
pub const SHARD: &str = "shard";

/// Starts other runs of this process's own function.
#[derive(Clone, Debug)]
pub struct OwnFunction {
    client: Client,
    name: String,
}

impl OwnFunction {
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }
}

impl HealthRuns for OwnFunction {
    async fn begin(&self, shard: u32) -> Result<(), ServiceFault> {
        let payload = Blob::new(serde_json::json!({ SHARD: shard }).to_string());
        let invoke = self.client.invoke().function_name(&self.name).invocation_type(InvocationType::Event);
        let begun = invoke.payload(payload).send().await;
        begun.map(drop).map_err(|error| fault("lambda:InvokeFunction", error))
    }
}

/// The function `inspect-installation` and, for callers that may invoke it, `reconcile-certificates`.
#[derive(Clone, Debug)]
pub struct InspectFunction {
    client: Client,
    name: String,
    reconciles: Option<String>,
}

const INVOKE: &str = "lambda:InvokeFunction";

impl InspectFunction {
    pub fn new(client: Client, name: String, reconciles: Option<String>) -> Self {
        Self { client, name, reconciles }
    }

    /// The response of the function `name`.
    async fn ask<T: DeserializeOwned>(&self, name: &str, payload: Vec<u8>) -> Result<T, ServiceFault> {
        let output = self.client.invoke().function_name(name).payload(Blob::new(payload)).send().await;
        let output = output.map_err(|error| fault(INVOKE, error))?;
        let payload = output.payload.map(Blob::into_inner).unwrap_or_default();
        let broken = |kind, detail: &str| ServiceFault { operation: INVOKE, kind, detail: printable(detail, 500) };
        if output.function_error.is_some() {
            return Err(broken(FaultKind::Unavailable, &String::from_utf8_lossy(&payload)));
        }
        serde_json::from_slice(&payload).map_err(|error| broken(FaultKind::Refused, &error.to_string()))
    }
}

impl Inspector for InspectFunction {
    async fn inspect(&self) -> Result<Vec<InstallationCheck>, ServiceFault> {
        self.ask(&self.name, b"{}".to_vec()).await
    }
}

impl Reconciler for InspectFunction {
    async fn reconcile(&self, request: &Reconcile) -> Result<Reconciled, ServiceFault> {
        let name = self.reconciles.as_deref().ok_or_else(|| ServiceFault {
            operation: INVOKE,
            kind: FaultKind::Denied,
            detail: "RECONCILE_FUNCTION is not set".to_owned(),
        })?;
        self.ask(name, serde_json::to_vec(request).expect("plain data")).await
    }
}
