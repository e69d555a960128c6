//! The alarms of the stack.
//!
//! Signed and sent by hand: the SDK's crate for this one call would turn on features of the SDK's core that nothing
//! else needs, and bring decompression and a second `http-body` into every function.

use std::time::SystemTime;

use aws_types::SdkConfig;
use domain::installation::{Alarm, AlarmState, Observed};
use domain::ports::{FaultKind, ServiceFault};
use serde::Deserialize;
use serde_json::json;
use signing::{SigningFault, SigningScope, sign};
use vocabulary::text::printable;

use crate::aws::classify;
use crate::tls;

const OPERATION: &str = "cloudwatch:DescribeAlarms";
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);
/// More than a stack has; also the most that one answer can hold.
const MOST_ALARMS: u32 = 100;

#[derive(Clone, Debug)]
pub struct Alarms {
    sdk: SdkConfig,
    http: reqwest::Client,
    /// What the names of the stack's alarms begin with.
    prefix: String,
    /// How the names of AWS's services end in this partition.
    url_suffix: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    #[serde(default)]
    metric_alarms: Vec<MetricAlarm>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricAlarm {
    alarm_name: String,
    state_value: String,
    #[serde(default)]
    state_reason: String,
    #[serde(default)]
    actions_enabled: bool,
}

impl Alarms {
    pub fn new(sdk: SdkConfig, prefix: String, url_suffix: String) -> Self {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(None).expect("without an anchor nothing can be malformed"))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .expect("the TLS configuration is of the version reqwest is built with");
        Self { sdk, http, prefix, url_suffix }
    }

    /// The stack's alarms and their states.
    pub async fn describe(&self) -> Observed<Vec<Alarm>> {
        let response =
            self.http.execute(self.signed().await?).await.map_err(|error| unavailable(&error.without_url()))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| unavailable(&error.without_url()))?;
        if !status.is_success() {
            return Err(refused(&body));
        }
        let described: Described = serde_json::from_slice(&body).map_err(|error| unavailable(&error))?;
        Ok(described.metric_alarms.into_iter().map(to_alarm).collect())
    }

    /// AWS JSON 1.0 (smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html), one of the protocols of CloudWatch.
    async fn signed(&self) -> Result<reqwest::Request, ServiceFault> {
        let region = self.sdk.region().map(ToString::to_string).unwrap_or_default();
        let endpoint = self
            .sdk
            .endpoint_url()
            .map_or_else(|| format!("https://monitoring.{region}.{}", self.url_suffix), str::to_owned);
        let body = json!({"AlarmNamePrefix": self.prefix, "MaxRecords": MOST_ALARMS}).to_string();
        let mut request = http::Request::post(format!("{}/", endpoint.trim_end_matches('/')))
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", "GraniteServiceVersion20100801.DescribeAlarms")
            .body(body.into_bytes())
            .map_err(|error| unavailable(&error))?;
        let credentials = self.sdk.credentials_provider().ok_or_else(|| unavailable(&"no credentials"))?;
        let scope = SigningScope { region: &region, service: "monitoring" };
        sign(&mut request, &credentials, scope, SystemTime::now()).await.map_err(|fault| match fault {
            SigningFault::Credentials(error) => unavailable(&error),
            SigningFault::Request(error) => unavailable(&error),
        })?;
        request.try_into().map_err(|error: reqwest::Error| unavailable(&error))
    }
}

fn to_alarm(alarm: MetricAlarm) -> Alarm {
    Alarm {
        state: match alarm.state_value.as_str() {
            "OK" => AlarmState::Ok,
            "ALARM" => AlarmState::Alarm,
            _ => AlarmState::InsufficientData,
        },
        name: alarm.alarm_name,
        reason: printable(&alarm.state_reason, 300),
        actions_enabled: alarm.actions_enabled,
    }
}

fn unavailable(error: &impl ToString) -> ServiceFault {
    ServiceFault { operation: OPERATION, kind: FaultKind::Unavailable, detail: printable(&error.to_string(), 300) }
}

/// `{"__type": "com.amazon.coral.service#AccessDenied", "Message": …}`
fn refused(body: &[u8]) -> ServiceFault {
    #[derive(Default, Deserialize)]
    struct Refusal {
        #[serde(default, rename = "__type")]
        kind: String,
        #[serde(default, alias = "Message")]
        message: String,
    }
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let code = refusal.kind.rsplit('#').next().unwrap_or_default();
    let detail = printable(&format!("{code}: {}", refusal.message), 500);
    ServiceFault { operation: OPERATION, kind: classify(code), detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_classified_by_its_code() {
        let body = br#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not you"}"#;
        let fault = refused(body);
        assert_eq!((fault.kind, fault.detail.as_str()), (FaultKind::Denied, "AccessDeniedException: not you"));
        assert_eq!(refused(b"<html>").kind, FaultKind::Unavailable);
    }

    #[test]
    fn an_answer_of_cloudwatch_is_read() {
        let body = r#"{"MetricAlarms":[{"AlarmName":"a","StateValue":"ALARM","StateReason":"late","ActionsEnabled":true},
            {"AlarmName":"b","StateValue":"INSUFFICIENT_DATA"}]}"#;
        let described: Described = serde_json::from_str(body).expect("JSON");
        let alarms: Vec<_> = described.metric_alarms.into_iter().map(to_alarm).collect();
        assert_eq!((alarms[0].state, alarms[0].actions_enabled), (AlarmState::Alarm, true));
        assert_eq!((alarms[1].state, alarms[1].actions_enabled), (AlarmState::InsufficientData, false));
    }
}
