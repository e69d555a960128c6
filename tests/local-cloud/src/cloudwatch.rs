//! What CloudWatch does and its emulator does not: it makes metrics of log lines, evaluates an alarm's own dimensions, and
//! notices that data is missing.

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use crate::cloud::LocalCloud;
use crate::emulators::{ACCESS_KEY, REGION};
use crate::options::STACK_NAME;

/// One alarm of the stack.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Alarm {
    pub alarm_name: String,
    #[serde(default)]
    pub alarm_description: String,
    pub state_value: String,
    namespace: String,
    metric_name: String,
    #[serde(default)]
    dimensions: Vec<Value>,
    statistic: String,
    period: i64,
    evaluation_periods: i64,
    threshold: f64,
    comparison_operator: String,
    #[serde(default)]
    treat_missing_data: String,
}

impl Alarm {
    /// Whether one period with this value, or without one, counts against the alarm.
    fn is_breached_by(&self, value: Option<f64>) -> bool {
        match (value, self.comparison_operator.as_str()) {
            (None, _) => self.treat_missing_data == "breaching",
            (Some(value), "GreaterThanOrEqualToThreshold") => value >= self.threshold,
            (Some(value), "GreaterThanThreshold") => value > self.threshold,
            (Some(value), "LessThanThreshold") => value < self.threshold,
            (Some(value), "LessThanOrEqualToThreshold") => value <= self.threshold,
            (Some(_), operator) => unreachable!("no alarm of the stack compares by {operator}"),
        }
    }

    /// The value next to the threshold on the side that breaches it, or on the other.
    fn value(&self, breaches: bool) -> f64 {
        let step = match (self.comparison_operator.as_str(), breaches) {
            ("GreaterThanOrEqualToThreshold" | "LessThanOrEqualToThreshold", true) => 0.0,
            ("GreaterThanThreshold" | "LessThanThreshold", false) => 0.0,
            ("GreaterThanThreshold", true) | ("LessThanOrEqualToThreshold", false) => 1.0,
            _ => -1.0,
        };
        self.threshold + step
    }

    /// The alarm's name in the template: CloudFormation calls it `STACK-NAME-RANDOM`.
    pub fn logical_id(&self) -> &str {
        let name = self.alarm_name.strip_prefix(STACK_NAME).unwrap_or(&self.alarm_name).trim_start_matches('-');
        name.split('-').next().unwrap_or(name)
    }
}

impl LocalCloud {
    pub async fn alarms(&self) -> Result<Vec<Alarm>> {
        let described = self.cloudwatch("DescribeAlarms", &json!({})).await?;
        serde_json::from_value(described["MetricAlarms"].clone()).context("the alarms")
    }

    /// The lines that the function behind `log_group` wrote since `since`, as far as they are JSON.
    pub async fn log_lines(&self, log_group: &str, since: OffsetDateTime) -> Result<Vec<Value>> {
        let group = format!("/{STACK_NAME}/{log_group}");
        let since = i64::try_from(since.unix_timestamp_nanos() / 1_000_000)?;
        let request = json!({"logGroupName": group, "startTime": since});
        let events = self.call("Logs_20140328.FilterLogEvents", &request).await?;
        let messages = events["events"].as_array().context("events")?.iter().filter_map(|e| e["message"].as_str());
        Ok(messages.filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// Makes metrics of the lines that the function behind `log_group` wrote since `since`, and says how many.
    pub async fn take_in_metrics(&self, log_group: &str, since: OffsetDateTime) -> Result<usize> {
        let lines = self.log_lines(log_group, since).await?;
        let mut count = 0;
        for line in lines.iter().filter(|line| line["_aws"].is_object()) {
            let at = OffsetDateTime::from_unix_timestamp(line["_aws"]["Timestamp"].as_i64().context("a time")? / 1000)?;
            for directive in line["_aws"]["CloudWatchMetrics"].as_array().context("directives")? {
                let data = data(line, directive, at)?;
                count += data.len();
                let request = json!({"Namespace": directive["Namespace"], "MetricData": data});
                self.cloudwatch("PutMetricData", &request).await?;
            }
        }
        Ok(count)
    }

    /// Reports the alarm's metric, as the service does that it is of: in each period that is checked at `now` the value
    /// next to the threshold that `breaches` it, or does not.
    pub async fn report(&self, alarm: &Alarm, breaches: bool, now: OffsetDateTime) -> Result<()> {
        let middle = |back: i64| now.unix_timestamp() - alarm.period * back - alarm.period / 2;
        let datum = |back| {
            json!({
                "MetricName": alarm.metric_name, "Dimensions": alarm.dimensions, "Timestamp": middle(back),
                "Value": alarm.value(breaches),
            })
        };
        let data: Vec<_> = (0..alarm.evaluation_periods).map(datum).collect();
        self.cloudwatch("PutMetricData", &json!({"Namespace": alarm.namespace, "MetricData": data})).await?;
        Ok(())
    }

    /// Gives every alarm the state that CloudWatch would at `now`, and returns them all. A change notifies the subscribers.
    pub async fn evaluate_alarms(&self, now: OffsetDateTime) -> Result<Vec<Alarm>> {
        let mut alarms = self.alarms().await?;
        for alarm in &mut alarms {
            let state = self.state(alarm, now).await?;
            if state != alarm.state_value {
                let (name, reason) = (alarm.alarm_name.clone(), "evaluated by the local cloud".to_owned());
                let request = json!({"AlarmName": name, "StateValue": state, "StateReason": reason});
                self.cloudwatch("SetAlarmState", &request).await?;
                alarm.state_value = state.to_owned();
            }
        }
        Ok(alarms)
    }

    async fn state(&self, alarm: &Alarm, now: OffsetDateTime) -> Result<&'static str> {
        let mut breached = true;
        for back in 0..alarm.evaluation_periods {
            let end = now - Duration::seconds(alarm.period) * i32::try_from(back)?;
            let request = json!({
                "Namespace": alarm.namespace, "MetricName": alarm.metric_name, "Dimensions": alarm.dimensions,
                "StartTime": end.unix_timestamp() - alarm.period, "EndTime": end.unix_timestamp(),
                // One value for the whole of it, however it is aligned.
                "Period": alarm.period * 2, "Statistics": [alarm.statistic],
            });
            let answer = self.cloudwatch("GetMetricStatistics", &request).await?;
            let points = answer["Datapoints"].as_array().context("data points")?.iter();
            let values = points.filter_map(|point| point[&alarm.statistic].as_f64());
            let value = match alarm.statistic.as_str() {
                "Sum" => values.reduce(|a, b| a + b),
                "Minimum" => values.reduce(f64::min),
                _ => values.reduce(f64::max),
            };
            breached &= alarm.is_breached_by(value);
        }
        Ok(if breached { "ALARM" } else { "OK" })
    }

    async fn cloudwatch(&self, operation: &str, request: &Value) -> Result<Value> {
        self.call(&format!("GraniteServiceVersion20100801.{operation}"), request).await
    }

    /// Calls a service that speaks JSON and has no client here: the SDK's crates for these few calls are large.
    pub(crate) async fn call(&self, target: &str, request: &Value) -> Result<Value> {
        let scope = format!("{ACCESS_KEY}/20260101/{REGION}/monitoring/aws4_request");
        let response = self
            .http_client()?
            .post(&self.description().aws)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"))
            .body(request.to_string())
            .send()
            .await?;
        let status = response.status();
        let text = response.text().await?;
        ensure!(status.is_success(), "{target}: {status}: {text}");
        if text.trim().is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_str(&text)?) }
    }
}

/// The data that one directive makes of a line: each metric once for each set of dimensions.
fn data(line: &Value, directive: &Value, at: OffsetDateTime) -> Result<Vec<Value>> {
    let mut data = Vec::new();
    for dimensions in directive["Dimensions"].as_array().context("dimension sets")? {
        let names = dimensions.as_array().context("a dimension set")?;
        let dimensions: Vec<Value> =
            names.iter().map(|name| json!({"Name": name, "Value": line[name.as_str().unwrap_or_default()]})).collect();
        for metric in directive["Metrics"].as_array().context("metrics")? {
            let name = metric["Name"].as_str().context("a name")?;
            data.push(json!({
                "MetricName": name, "Dimensions": dimensions, "Timestamp": at.unix_timestamp(),
                "Value": line[name].as_f64().with_context(|| format!("a value of {name} in {line}"))?,
                "Unit": metric["Unit"].as_str().unwrap_or("None"),
            }));
        }
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(operator: &str, missing: &str) -> Alarm {
        Alarm {
            alarm_name: format!("{STACK_NAME}-ScanSilentAlarm-1ABC"),
            alarm_description: String::new(),
            state_value: "OK".into(),
            namespace: String::new(),
            metric_name: String::new(),
            dimensions: Vec::new(),
            statistic: "Sum".into(),
            period: 60,
            evaluation_periods: 1,
            threshold: 1.0,
            comparison_operator: operator.into(),
            treat_missing_data: missing.into(),
        }
    }

    #[test]
    fn an_alarm_is_breached_at_its_threshold_or_by_what_is_missing() {
        let silent = alarm("LessThanThreshold", "breaching");
        assert_eq!([None, Some(0.0), Some(1.0)].map(|value| silent.is_breached_by(value)), [true, true, false]);
        let many = alarm("GreaterThanOrEqualToThreshold", "notBreaching");
        assert_eq!([None, Some(0.0), Some(1.0)].map(|value| many.is_breached_by(value)), [false, false, true]);
        assert_eq!(silent.logical_id(), "ScanSilentAlarm");
        for operator in
            ["GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"]
        {
            let alarm = alarm(operator, "missing");
            let [rings, rests] = [true, false].map(|breaches| alarm.is_breached_by(Some(alarm.value(breaches))));
            assert!(rings && !rests, "{operator}");
        }
    }

    #[test]
    fn a_line_gives_each_metric_with_each_set_of_dimensions() {
        let line = json!({"Stack": "s", "Outcome": "Failed", "Attempts": 1});
        let directive =
            json!({"Dimensions": [["Stack", "Outcome"], []], "Metrics": [{"Name": "Attempts", "Unit": "Count"}]});
        let data = data(&line, &directive, OffsetDateTime::UNIX_EPOCH).expect("well formed");
        assert_eq!(data.len(), 2);
        assert_eq!(data[0]["Dimensions"][1], json!({"Name": "Outcome", "Value": "Failed"}));
        assert_eq!((data[1]["Dimensions"].as_array().map(Vec::len), data[1]["Value"].as_f64()), (Some(0), Some(1.0)));
    }
}
