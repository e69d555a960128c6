//! A subscriber of the alerts topic.

use std::time::Duration;

use adapters::event_bridge::SOURCE;
use anyhow::{Context, Result};
use aws_sdk_sqs::types::QueueAttributeName;
use domain::alert::{Alert, Sender};
use local_cloud::{LocalCloud, wait_until};
use serde_json::{Value, json};

use crate::events::alert;

/// An SQS queue, and what came to it.
pub struct Queue {
    sqs: aws_sdk_sqs::Client,
    url: String,
    pub arn: String,
    bodies: std::sync::Mutex<Vec<Value>>,
}

impl Queue {
    pub async fn create(cloud: &LocalCloud, name: &str) -> Result<Self> {
        let sqs = cloud.aws().sqs.clone();
        let url = sqs.create_queue().queue_name(name).send().await?.queue_url.context("a queue has a URL")?;
        let wanted = QueueAttributeName::QueueArn;
        let attributes = sqs.get_queue_attributes().queue_url(&url).attribute_names(wanted.clone()).send().await?;
        let arn = attributes.attributes.context("attributes")?.remove(&wanted).context("an ARN")?;
        Ok(Self { sqs, url, arn, bodies: Default::default() })
    }

    /// From now on, all our events that are put on the bus come to it.
    pub async fn follow_bus(&self, cloud: &LocalCloud) -> Result<()> {
        let events = aws_sdk_eventbridge::Client::new(&cloud.aws().config);
        let bus = cloud.resource("AlertsBus")?;
        let pattern = json!({"source": [SOURCE]}).to_string();
        events.put_rule().name("all").event_bus_name(bus).event_pattern(pattern).send().await?;
        let target = aws_sdk_eventbridge::types::Target::builder().id("queue").arn(&self.arn).build()?;
        events.put_targets().rule("all").event_bus_name(bus).targets(target).send().await?;
        Ok(())
    }

    /// The bodies of all messages so far.
    pub async fn bodies(&self) -> Result<Vec<Value>> {
        loop {
            let received = self.sqs.receive_message().queue_url(&self.url).max_number_of_messages(10).send().await?;
            let batch = received.messages.unwrap_or_default();
            if batch.is_empty() {
                break;
            }
            for message in batch {
                let body: Value = serde_json::from_str(message.body().unwrap_or_default())?;
                self.bodies.lock().expect("no test panics in here").push(body);
                let handle = message.receipt_handle.context("a handle")?;
                self.sqs.delete_message().queue_url(&self.url).receipt_handle(handle).send().await?;
            }
        }
        Ok(self.bodies.lock().expect("no test panics in here").clone())
    }
}

/// A queue that gets every message of the topic.
pub struct Inbox(Queue);

impl Inbox {
    pub async fn subscribe(cloud: &LocalCloud) -> Result<Self> {
        let queue = Queue::create(cloud, "inbox").await?;
        let topic = cloud.resource("AlertsTopic")?;
        cloud.aws().sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(&queue.arn).send().await?;
        Ok(Self(queue))
    }

    /// All alerts so far. The topic has the alarms' messages as well, which are none.
    pub async fn alerts(&self) -> Result<Vec<Alert>> {
        let bodies = self.0.bodies().await?;
        Ok(bodies.iter().filter_map(|body| alert(crate::text(&body["Message"])).ok()).collect())
    }

    /// All alerts so far about `domain`, or about what it was the first to meet: kind and text.
    pub async fn about(&self, domain: &str) -> Result<Vec<(String, String)>> {
        let concerns = |alert: &Alert| {
            let first = alert.affected.as_ref().map(|affected| affected.first.as_str());
            alert.domain.as_deref() == Some(domain) || first == Some(domain)
        };
        let alerts = self.alerts().await?;
        Ok(alerts
            .iter()
            .filter(|a| concerns(a))
            .map(|a| (a.kind.as_str().to_owned(), a.text(&Sender::default())))
            .collect())
    }

    /// Waits until the alarm `logical_id` has told that it is in `state`, and returns what it said.
    pub async fn wait_for_alarm(&self, logical_id: &str, state: &str) -> Result<String> {
        let said = format!("the alarm {logical_id} in state {state}");
        wait_until(&said, Duration::from_secs(20), async || {
            let bodies = self.0.bodies().await?;
            let mut alarms = bodies.iter().filter_map(|body| serde_json::from_str(crate::text(&body["Message"])).ok());
            let told = alarms.find(|alarm: &Value| {
                crate::text(&alarm["AlarmName"]).contains(&format!("-{logical_id}-")) && alarm["NewStateValue"] == state
            });
            let said = |alarm: Value| {
                let part = |name| crate::text(&alarm[name]).to_owned();
                format!("{state}: {}\n{}\n{}", part("AlarmName"), part("AlarmDescription"), part("NewStateReason"))
            };
            Ok(told.map(said))
        })
        .await
    }

    /// The same of what was told by `cause`: that its records were missing at first is another one.
    pub async fn wait_for_cause(&self, domain: &str, cause: &str) -> Result<String> {
        wait_until(&format!("a message by {cause} about {domain}"), Duration::from_secs(20), async || {
            let by = format!("Cause: {cause} (");
            Ok(self.about(domain).await?.into_iter().map(|(_, text)| text).find(|text| text.contains(&by)))
        })
        .await
    }

    /// Waits for an alert of `kind` about `domain`, and returns its text.
    pub async fn wait_for(&self, domain: &str, kind: &str) -> Result<String> {
        wait_until(&format!("a message {kind} about {domain}"), Duration::from_secs(20), async || {
            Ok(self.about(domain).await?.into_iter().find(|(found, _)| found == kind).map(|(_, text)| text))
        })
        .await
    }
}
