//! What the state machine did.

use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_sfn::types::{ExecutionStatus, HistoryEvent};
use serde_json::Value;
use time::OffsetDateTime;

use crate::cloud::LocalCloud;
use crate::wait::wait_until;

/// One execution, as far as it has come.
#[derive(Clone, Debug)]
pub struct Execution {
    pub arn: String,
    pub name: String,
    pub status: ExecutionStatus,
    pub input: Value,
    pub output: Option<Value>,
    /// Name and cause of what made it fail.
    pub error: Option<(String, String)>,
    /// States in the order they were entered.
    pub states: Vec<String>,
    /// Names of the errors of its tasks, those that were retried or caught too.
    pub task_errors: Vec<String>,
    pub started: Option<OffsetDateTime>,
    pub stopped: Option<OffsetDateTime>,
}

impl Execution {
    /// What AWS charges for: one for each state entered.
    pub fn transitions(&self) -> usize {
        self.states.len()
    }
}

impl LocalCloud {
    /// ARNs of all executions, the newest first.
    pub async fn executions(&self) -> Result<Vec<String>> {
        let machine = self.resource("IssueCertificateStateMachine")?;
        let mut pages = self.aws().sfn.list_executions().state_machine_arn(machine).into_paginator().items().send();
        let mut executions = Vec::new();
        while let Some(execution) = pages.next().await {
            executions.push(execution.context("ListExecutions")?.execution_arn);
        }
        Ok(executions)
    }

    pub async fn execution(&self, arn: &str) -> Result<Execution> {
        let sfn = &self.aws().sfn;
        let described = sfn.describe_execution().execution_arn(arn).send().await.context("DescribeExecution")?;
        let mut pages = sfn.get_execution_history().execution_arn(arn).into_paginator().items().send();
        let mut history = Vec::new();
        while let Some(event) = pages.next().await {
            history.push(event.context("GetExecutionHistory")?);
        }
        let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        let moment = |at: Option<aws_sdk_sfn::primitives::DateTime>| {
            at.and_then(|at| OffsetDateTime::from_unix_timestamp_nanos(at.as_nanos()).ok())
        };
        Ok(Execution {
            arn: arn.to_owned(),
            name: described.name.unwrap_or_default(),
            input: json(described.input).unwrap_or(Value::Null),
            output: json(described.output),
            error: described.error.map(|error| (error, described.cause.unwrap_or_default())),
            states: history.iter().filter_map(entered).collect(),
            task_errors: history.iter().filter_map(failed).collect(),
            started: moment(Some(described.start_date)),
            stopped: moment(described.stop_date),
            status: described.status,
        })
    }

    /// Waits until an execution has ended, well or not.
    pub async fn wait_for_execution(&self, arn: &str, limit: Duration) -> Result<Execution> {
        wait_until(&format!("the end of {arn}"), limit, async || {
            let described =
                self.aws().sfn.describe_execution().execution_arn(arn).send().await.context("DescribeExecution")?;
            Ok((described.status != ExecutionStatus::Running).then_some(()))
        })
        .await?;
        self.execution(arn).await
    }
}

fn entered(event: &HistoryEvent) -> Option<String> {
    Some(event.state_entered_event_details()?.name().to_owned())
}

fn failed(event: &HistoryEvent) -> Option<String> {
    let task = event.task_failed_event_details().and_then(|details| details.error());
    let function = event.lambda_function_failed_event_details().and_then(|details| details.error());
    task.or(function).map(str::to_owned)
}
