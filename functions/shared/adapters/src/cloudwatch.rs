//! The alarms of the stack.
//!
//! Without the SDK (see `aws_json.rs`): its crate for this one call would enable features of the SDK's core that nothing else
//! needs, and bring decompression and a second `http-body` into every function.

use aws_types::SdkConfig;
use domain::installation::{Alarm, AlarmState, Observed};
use serde::Deserialize;
use serde_json::json;
use vocabulary::text::printable;

use crate::aws_json::{JsonCall, JsonClient};

const OPERATION: &str = "cloudwatch:DescribeAlarms";
/// More than a stack has; also the most that one response can hold.
const MOST_ALARMS: u32 = 100;

#[derive(Clone, Debug)]
pub struct Alarms {
    client: JsonClient,
    /// The prefix of the names of the stack's alarms.
    prefix: String,
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
        let call = JsonCall {
            operation: OPERATION,
            service: "monitoring",
            target: "GraniteServiceVersion20100801.DescribeAlarms",
            version: "1.0",
        };
        Self { client: JsonClient::new(sdk, call, url_suffix), prefix }
    }

    /// The stack's alarms and their states.
    pub async fn describe(&self) -> Observed<Vec<Alarm>> {
        let request = json!({"AlarmNamePrefix": self.prefix, "MaxRecords": MOST_ALARMS});
        let described: Described = self.client.send(&request).await?;
        Ok(described.metric_alarms.into_iter().map(to_alarm).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

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
