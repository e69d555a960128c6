//! Parameters that are too long for a function's variables, which share 4 KB: a secret of the stack contains them, as lines
//! `NAME=value`. A process reads them when it starts, and restarts after an update of the stack has changed them.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use adapters::secrets_manager::read_text;
use aws_sdk_secretsmanager::Client;
use lambda_runtime::tower::{Service, ServiceExt, layer::layer_fn};
use lambda_runtime::{Error, LambdaInvocation, Runtime, layers::TracingLayer};

use crate::environment::{ConfigurationError, Wired};

/// The variable with the secret's ARN. Without it every parameter has its own variable.
pub(crate) const SETTINGS: &str = "SETTINGS";

/// How old the parameters may be after a run.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// The parameters with which this process has started.
static STARTED_WITH: OnceLock<Settings> = OnceLock::new();

struct Settings {
    client: Client,
    secret: String,
    text: String,
    looked: Mutex<Instant>,
}

/// The lines of the secret, as names and values.
pub(crate) async fn read(client: Client, secret: String) -> Wired<Vec<(String, String)>> {
    let text = read_text(&client, &secret)
        .await
        .map_err(|fault| ConfigurationError::Malformed { name: SETTINGS, why: fault.to_string() })?;
    let variables = variables(&text);
    // Tests start it twice in a process: the first one stays.
    let _ = STARTED_WITH.set(Settings { client, secret, text, looked: Mutex::new(Instant::now()) });
    Ok(variables)
}

fn variables(text: &str) -> Vec<(String, String)> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Runs a function until Lambda stops the process.
///
/// After each run, once its response is sent, the process checks whether its parameters have changed since it started, and then
/// restarts in place. Lambda does not notice it; a run that has begun is never interrupted.
pub async fn serve<S>(runtime: Runtime<S>) -> Result<(), Error>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
{
    let renewed = layer_fn(|service: S| {
        service.then(|result: Result<(), Error>| async move {
            if let Some(settings) = STARTED_WITH.get()
                && settings.have_changed().await
            {
                start_again();
            }
            result
        })
    });
    runtime.layer(renewed).layer(TracingLayer::new()).run().await
}

impl Settings {
    /// A secret that is unreadable now counts as unchanged: the process keeps using what it has read.
    async fn have_changed(&self) -> bool {
        {
            let mut looked = self.looked.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if looked.elapsed() < LOOK_AGAIN {
                return false;
            }
            *looked = Instant::now();
        }
        match read_text(&self.client, &self.secret).await {
            Ok(text) => text != self.text,
            Err(fault) => {
                tracing::warn!(%fault, "whether the parameters have changed cannot be seen; the next run looks again");
                false
            }
        }
    }
}

/// The same program in the same process, with the same environment.
fn start_again() {
    tracing::info!("the parameters have changed: the process starts again");
    let failed = match std::env::current_exe() {
        Ok(program) => Command::new(program).exec(),
        Err(error) => error,
    };
    tracing::error!(%failed, "the process keeps the parameters that it has");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_name_and_all_that_follows_the_first_equals_sign() {
        let read = variables("ACME_TRUST_ANCHOR=MIIB+/8=\nRESERVED_NAMES=\nOIDC_ISSUER=https://id.example/?a=b");
        let expected =
            [("ACME_TRUST_ANCHOR", "MIIB+/8="), ("RESERVED_NAMES", ""), ("OIDC_ISSUER", "https://id.example/?a=b")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
