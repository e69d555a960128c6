//! Starts the flow.

use std::collections::BTreeSet;

use aws_sdk_sfn::Client;
use aws_sdk_sfn::error::ProvideErrorMetadata;
use aws_sdk_sfn::types::{ExecutionStatus, StateMachineStatus};
use domain::endpoint::attempt::execution_name;
use domain::flow::{FailureReport, Progress, StepInput};
use domain::installation::{Observed, ResourceState};
use domain::ports::{FlowStarter, ServiceFault, Started};
use serde_json::Value;
use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use crate::aws::{fault, function_name};

/// Executions per list call.
const MOST_LISTED: i32 = 1000;

#[derive(Clone, Debug)]
pub struct StateMachine {
    client: Client,
    arn: String,
}

impl StateMachine {
    pub fn new(client: Client, arn: String) -> Self {
        Self { client, arn }
    }

    /// Whether executions can be started, and the functions in the definition.
    pub async fn describe(&self) -> Observed<(ResourceState, BTreeSet<String>)> {
        let output = self.client.describe_state_machine().state_machine_arn(&self.arn).send().await;
        let output = output.map_err(|error| fault("states:DescribeStateMachine", error))?;
        let state = match output.status {
            None | Some(StateMachineStatus::Active) => ResourceState::Ready,
            Some(other) => ResourceState::NotReady(other.as_str().to_owned()),
        };
        Ok((state, functions_in(&output.definition)))
    }
}

/// Every string in a definition that is a function's ARN.
fn functions_in(definition: &str) -> BTreeSet<String> {
    fn collect(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::String(text) => found.extend(function_name(text)),
            Value::Array(all) => all.iter().for_each(|value| collect(value, found)),
            Value::Object(all) => all.values().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(&serde_json::from_str(definition).unwrap_or_default(), &mut found);
    found
}

impl StateMachine {
    /// Names of the executions that began by `since` and are still running.
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

/// Executions that are listed as running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Those that began before the given time.
    pub(crate) old: usize,
    /// Those that began since.
    pub(crate) new: usize,
}

impl StateMachine {
    /// The running executions, split by when they began.
    pub(crate) async fn running(&self, since: OffsetDateTime) -> Result<Listed, ServiceFault> {
        let running = self.client.list_executions().state_machine_arn(&self.arn);
        let running = running.status_filter(ExecutionStatus::Running).max_results(MOST_LISTED).into_paginator().items();
        let (mut running, mut listed) = (running.send(), Listed::default());
        while let Some(execution) = running.next().await {
            let execution = execution.map_err(|error| fault("states:ListExecutions", error))?;
            match execution.start_date.secs() < since.unix_timestamp() {
                true => listed.old += 1,
                false => listed.new += 1,
            }
        }
        Ok(listed)
    }

    /// How many of those that began since then have ended. The list is newest first.
    pub(crate) async fn ended_of_those_since(&self, since: OffsetDateTime) -> Result<usize, ServiceFault> {
        let newest = self.client.list_executions().state_machine_arn(&self.arn);
        let newest = newest.max_results(MOST_LISTED).into_paginator().items();
        let (mut newest, mut ended) = (newest.send(), 0);
        while let Some(execution) = newest.next().await {
            let execution = execution.map_err(|error| fault("states:ListExecutions", error))?;
            if execution.start_date.secs() < since.unix_timestamp() {
                break;
            }
            ended += usize::from(execution.status != ExecutionStatus::Running);
        }
        Ok(ended)
    }
}

/// Answers for steps that wait for a task token (`.waitForTaskToken`).
#[derive(Clone, Debug)]
pub struct Tasks {
    client: Client,
}

impl Tasks {
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Lets the flow continue. False: it no longer waits for this token, because it timed out or was answered.
    pub async fn succeed(&self, token: &str, progress: &Progress) -> Result<bool, ServiceFault> {
        let output = serde_json::to_string(progress).expect("plain data");
        let result = self.client.send_task_success().task_token(token).output(output).send().await;
        match result {
            Ok(_) => Ok(true),
            Err(error) if error.code().is_some_and(is_over) => Ok(false),
            Err(error) => Err(fault("states:SendTaskSuccess", error)),
        }
    }

    /// Fails the step, as a function does: the flow matches the name. False as in [`Self::succeed`].
    pub async fn fail(&self, token: &str, report: &FailureReport) -> Result<bool, ServiceFault> {
        let name = report.failure.name.as_str();
        let message = serde_json::to_string(report).expect("plain data");
        let cause = serde_json::json!({"errorType": name, "errorMessage": message}).to_string();
        let result = self.client.send_task_failure().task_token(token).error(name).cause(cause).send().await;
        match result {
            Ok(_) => Ok(true),
            Err(error) if error.code().is_some_and(is_over) => Ok(false),
            Err(error) => Err(fault("states:SendTaskFailure", error)),
        }
    }
}

fn is_over(code: &str) -> bool {
    ["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"].contains(&code)
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
