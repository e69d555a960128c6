//! The stack's functions: calling them, switching their CA, killing them.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment, LastUpdateStatus};
use serde_json::Value;

use crate::ca::Ca;
use crate::cloud::LocalCloud;
use crate::process;
use crate::wait::wait_until;

/// Lambda takes seconds for it.
const UPDATED: Duration = Duration::from_secs(30);

/// What a function returned.
#[derive(Clone, Debug)]
pub struct Invocation {
    pub payload: Value,
    /// `errorType` of a function that failed. The payload then has the details.
    pub error: Option<String>,
}

impl LocalCloud {
    /// Invokes the function `logical_id` and waits for its result.
    pub async fn invoke(&self, logical_id: &str, event: &Value) -> Result<Invocation> {
        let result = self
            .aws()
            .lambda
            .invoke()
            .function_name(self.resource(logical_id)?)
            .payload(Blob::new(serde_json::to_vec(event)?))
            .send()
            .await
            .with_context(|| format!("Invoke {logical_id}"))?;
        let payload = result.payload.map(Blob::into_inner).unwrap_or_default();
        let payload: Value = serde_json::from_slice(&payload).unwrap_or(Value::Null);
        let error = result.function_error.map(|unnamed| payload["errorType"].as_str().map_or(unnamed, str::to_owned));
        Ok(Invocation { payload, error })
    }

    /// Runs the scan now, as its schedule does.
    pub async fn scan(&self) -> Result<Invocation> {
        self.invoke("ScanExpiringFunction", &serde_json::json!({})).await
    }

    /// Makes every function that talks to the CA use this one from its next invocation on.
    pub async fn use_ca(&self, ca: &Ca) -> Result<()> {
        self.use_directory(&ca.directory).await
    }

    /// The same for a directory behind a [`crate::FaultProxy`].
    pub async fn use_directory(&self, directory: &str) -> Result<()> {
        self.set_variable("ACME_DIRECTORY", directory).await
    }

    /// Sets a variable of each function that has it. Their warm processes are replaced.
    pub async fn set_variable(&self, name: &str, value: &str) -> Result<()> {
        for logical_id in self.description().resources.keys().filter(|id| id.ends_with("Function")) {
            if self.variables(logical_id).await?.get(name).is_some_and(|current| current != value) {
                self.set_function_variable(logical_id, name, Some(value)).await?;
            }
        }
        Ok(())
    }

    /// Sets or removes a variable of one function, which need not have had it: AWS_ENDPOINT_URL_ROUTE_53,
    /// say, to put a [`crate::FaultProxy`] before a service.
    pub async fn set_function_variable(&self, logical_id: &str, name: &str, value: Option<&str>) -> Result<()> {
        let mut variables = self.variables(logical_id).await?;
        match value {
            Some(value) => variables.insert(name.to_owned(), value.to_owned()),
            None => variables.remove(name),
        };
        self.aws()
            .lambda
            .update_function_configuration()
            .function_name(self.resource(logical_id)?)
            .environment(Environment::builder().set_variables(Some(variables)).build())
            .send()
            .await
            .with_context(|| format!("UpdateFunctionConfiguration {logical_id}"))?;
        Ok(())
    }

    /// Waits until Lambda has carried out the last change of a function: until then it says that it is being updated.
    pub async fn wait_for_update(&self, logical_id: &str) -> Result<()> {
        let name = self.resource(logical_id)?;
        wait_until("the function to be updated", UPDATED, async || {
            let configuration = self.aws().lambda.get_function_configuration().function_name(name).send().await?;
            let going_on = configuration.last_update_status == Some(LastUpdateStatus::InProgress);
            Ok((!going_on).then_some(()))
        })
        .await
    }

    async fn variables(&self, logical_id: &str) -> Result<HashMap<String, String>> {
        let configuration = self
            .aws()
            .lambda
            .get_function_configuration()
            .function_name(self.resource(logical_id)?)
            .send()
            .await
            .with_context(|| format!("GetFunctionConfiguration {logical_id}"))?;
        Ok(configuration.environment.and_then(|set| set.variables).unwrap_or_default())
    }

    /// Kills the processes of a function, in the middle of whatever they do. Returns how many there were.
    pub fn kill_function(&self, logical_id: &str) -> Result<usize> {
        Ok(process::kill_by_environment(&self.processes_of(logical_id)?))
    }

    /// CPU time that the processes of a function have used so far.
    pub fn cpu_of(&self, logical_id: &str) -> Result<Duration> {
        Ok(process::cpu_by_environment(&self.processes_of(logical_id)?))
    }

    /// What the processes of a function have in their environment, and no others.
    fn processes_of(&self, logical_id: &str) -> Result<[String; 2]> {
        Ok([
            format!("AWS_LAMBDA_FUNCTION_NAME={}", self.resource(logical_id)?),
            format!("AWS_ENDPOINT_URL={}", self.description().gate),
        ])
    }
}
