//! The schedules of what runs automatically.

use aws_sdk_scheduler::Client;
use aws_sdk_scheduler::types::ScheduleState;
use domain::installation::{Observed, Schedule};

use crate::aws::{fault, function_name};

/// One schedule, in the default group.
#[derive(Clone, Debug)]
pub struct NamedSchedule {
    client: Client,
    name: String,
}

impl NamedSchedule {
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    pub async fn describe(&self) -> Observed<Schedule> {
        let output = self.client.get_schedule().name(&self.name).send().await;
        let output = output.map_err(|error| fault("scheduler:GetSchedule", error))?;
        Ok(Schedule {
            name: self.name.clone(),
            enabled: output.state != Some(ScheduleState::Disabled),
            expression: output.schedule_expression.unwrap_or_default(),
            function: output.target.and_then(|target| function_name(target.arn())),
        })
    }
}
