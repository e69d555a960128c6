//! Starting the flow.

use aws_sdk_sfn::Client;
use aws_sdk_sfn::types::{ExecutionStatus, StateMachineStatus};
use domain::endpoint::attempt::execution_name;
use domain::flow::StepInput;
use domain::installation::{Observed, ResourceState};
use domain::ports::{FlowStarter, ServiceFault, Started};
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use crate::aws::fault;

#[derive(Clone, Debug)]
pub struct StateMachine {
    client: Client,
    arn: String,
}

impl StateMachine {
    pub fn new(client: Client, arn: String) -> Self {
        Self { client, arn }
    }

    /// Whether executions can be started.
    pub async fn describe(&self) -> Observed<ResourceState> {
        let output = self.client.describe_state_machine().state_machine_arn(&self.arn).send().await;
        match output.map_err(|error| fault("states:DescribeStateMachine", error))?.status {
            None | Some(StateMachineStatus::Active) => Ok(ResourceState::Ready),
            Some(other) => Ok(ResourceState::NotReady(other.as_str().to_owned())),
        }
    }
}

impl StateMachine {
    /// Names of the executions that began by `since` and still run.
    pub async fn running_since(&self, since: OffsetDateTime) -> Observed<Vec<String>> {
        let running = self.client.list_executions().state_machine_arn(&self.arn);
        let running = running.status_filter(ExecutionStatus::Running).into_paginator().items();
        let mut running = running.send();
        let mut names = Vec::new();
        while let Some(execution) = running.next().await {
            let execution = execution.map_err(|error| fault("states:ListExecutions", error))?;
            if execution.start_date.secs() <= since.unix_timestamp() {
                names.push(execution.name);
            }
        }
        Ok(names)
    }
}

impl FlowStarter for StateMachine {
    async fn start(&self, endpoint: &EndpointId, attempt: u64) -> Result<Started, ServiceFault> {
        let input = StepInput::start(endpoint.clone(), attempt);
        let result = self
            .client
            .start_execution()
            .state_machine_arn(&self.arn)
            .name(execution_name(endpoint, attempt))
            .input(serde_json::to_string(&input).expect("plain data"))
            .send()
            .await;
        match result {
            Ok(_) => Ok(Started::Now),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_execution_already_exists()) => {
                Ok(Started::Before)
            }
            Err(error) => Err(fault("states:StartExecution", error)),
        }
    }
}
