//! Serves `Custom::ManagedHttpsEndpoint`. CloudFormation invokes it, by the permission of whoever deploys the stack.
//!
//! In: a request of CloudFormation about a custom resource. Out: nothing; the answer goes to the request's `ResponseURL`.
//! Calls: DynamoDB `GetItem`, `Query`, `PutItem`, `UpdateItem`, `DeleteItem`, `TransactWriteItems`; Step Functions
//! `StartExecution`, `ListExecutions`; Lambda `GetAccountSettings`; the `ResponseURL`, if it is S3's.

use api::{Outside, Service, parameters};
use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
use serve_custom_resource::{Event, NoInspection, answer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let wiring = runtime::start().await?;
    let (store, flows) = (wiring.endpoints()?, wiring.room()?);
    let ports = Outside { store, flows, prober: wiring.prober_of_records()?, inspector: NoInspection };
    let service = Service { ports, installation: parameters::installation(&wiring)? };
    let responses = wiring.stack_responses()?;
    runtime::serve(Runtime::new(service_fn(async |event: LambdaEvent<Event>| {
        // First of all: a request that cannot be answered is not done.
        let url = responses.url(&event.payload.response_url)?;
        let left = event.context.deadline().duration_since(std::time::SystemTime::now()).unwrap_or_default();
        let response = answer(&service, &event.payload, left).await;
        tracing::info!(
            stack = event.payload.stack_id,
            resource = event.payload.logical_resource_id,
            request = ?event.payload.request_type,
            endpoint = response.physical_resource_id(),
            succeeded = response.succeeded(),
            reason = response.reason(),
            "answered"
        );
        responses.put(&url, &response.body()).await?;
        Ok::<_, Error>(())
    })))
    .await
}
