//! The configuration of the SDK's clients, from the environment that Lambda gives every function.
//!
//! `aws-config` would also try profiles, instance metadata and single sign-on. In a Lambda none of these exist, and their code
//! would be linked into each function.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, StalledStreamProtectionConfig};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use crate::environment::{Environment, Wired};

/// For one attempt of a call, to the last byte of its answer. The longest that is waited for is a function of ours (25 s).
const LONGEST_CALL: Duration = Duration::from_secs(30);

const ENDPOINT: &str = "AWS_ENDPOINT_URL";

/// With the role's session, which is valid for the lifetime of the process, and the endpoints in the variables
/// `AWS_ENDPOINT_URL` and, for one service, `AWS_ENDPOINT_URL_ROUTE_53` and the like.
pub(crate) fn config(environment: &Environment) -> Wired<SdkConfig> {
    let credentials = Credentials::new(
        environment.required("AWS_ACCESS_KEY_ID")?,
        environment.required("AWS_SECRET_ACCESS_KEY")?,
        environment.optional("AWS_SESSION_TOKEN"),
        None,
        "lambda",
    );
    let mut config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(environment.required("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(sdk_http::client())
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(SharedTimeSource::default())
        // The time of each attempt covers what this would watch byte by byte.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(LONGEST_CALL).build())
        .service_config(Endpoints(environment.clone()));
    config.set_endpoint_url(environment.optional(ENDPOINT));
    Ok(config.build())
}

#[derive(Debug)]
struct Endpoints(Environment);

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        if key.env() != ENDPOINT {
            return None;
        }
        self.0.optional(&format!("{ENDPOINT}_{}", key.service_id().to_uppercase().replace(' ', "_")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_service_may_have_an_endpoint_of_its_own() {
        let environment = Environment::from([
            ("AWS_ACCESS_KEY_ID", "key"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
            ("AWS_ENDPOINT_URL_ROUTE_53", "http://127.0.0.1:2"),
        ]);
        let config = config(&environment).expect("complete");
        let asked = |service| {
            let key = ServiceConfigKey::builder().service_id(service).env(ENDPOINT).profile("endpoint_url").build();
            config.service_config().expect("given").load_config(key.expect("complete"))
        };
        assert_eq!((asked("Route 53").as_deref(), asked("ACM")), (Some("http://127.0.0.1:2"), None));
        assert_eq!(config.endpoint_url(), Some("http://127.0.0.1:1"));
    }

    #[test]
    fn a_process_without_a_session_says_what_is_missing() {
        let missing = config(&Environment::from([("AWS_REGION", "eu-central-1")])).expect_err("no session");
        assert!(missing.to_string().contains("AWS_ACCESS_KEY_ID"), "{missing}");
    }
}
