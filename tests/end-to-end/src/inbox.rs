//! A subscriber of the alerts topic.

use std::time::Duration;

use anyhow::{Context, Result};
use local_cloud::{LocalCloud, wait_until};
use serde_json::Value;

/// An SQS queue that gets every message of the topic.
pub struct Inbox {
    sqs: aws_sdk_sqs::Client,
    queue: String,
    messages: std::sync::Mutex<Vec<Value>>,
}

impl Inbox {
    pub async fn subscribe(cloud: &LocalCloud) -> Result<Self> {
        let aws = cloud.aws();
        let created = aws.sqs.create_queue().queue_name("inbox").send().await?;
        let queue = created.queue_url.context("a queue has a URL")?;
        let attributes = aws
            .sqs
            .get_queue_attributes()
            .queue_url(&queue)
            .attribute_names(aws_sdk_sqs::types::QueueAttributeName::QueueArn)
            .send()
            .await?;
        let arns = attributes.attributes.context("attributes")?;
        let arn = arns.get(&aws_sdk_sqs::types::QueueAttributeName::QueueArn).context("an ARN")?;
        let topic = cloud.resource("AlertsTopic")?;
        aws.sns.subscribe().topic_arn(topic).protocol("sqs").endpoint(arn).send().await?;
        Ok(Self { sqs: aws.sqs.clone(), queue, messages: Default::default() })
    }

    /// Waits until the alarm `logical_id` has told that it is in `state`.
    pub async fn wait_for_alarm(&self, logical_id: &str, state: &str) -> Result<()> {
        let said = format!("the alarm {logical_id} in state {state}");
        wait_until(&said, Duration::from_secs(20), async || {
            self.receive().await?;
            let messages = self.messages.lock().expect("no test panics in here");
            let mut alarms = messages.iter().filter_map(|m| serde_json::from_str(crate::text(&m["Message"])).ok());
            let told = alarms.any(|alarm: Value| {
                crate::text(&alarm["AlarmName"]).contains(&format!("-{logical_id}-")) && alarm["NewStateValue"] == state
            });
            Ok(told.then_some(()))
        })
        .await
    }

    /// All messages about `domain` so far: kind and text.
    pub async fn about(&self, domain: &str) -> Result<Vec<(String, String)>> {
        self.receive().await?;
        let messages = self.messages.lock().expect("no test panics in here");
        let own = messages.iter().filter(|m| crate::text(&m["Subject"]).contains(&format!(" {domain}:")));
        let kind = |m: &Value| crate::text(&m["MessageAttributes"]["kind"]["Value"]).to_owned();
        Ok(own.map(|m| (kind(m), crate::text(&m["Message"]).to_owned())).collect())
    }

    /// Takes what has come into the queue.
    async fn receive(&self) -> Result<()> {
        loop {
            let received = self.sqs.receive_message().queue_url(&self.queue).max_number_of_messages(10).send().await?;
            let batch = received.messages.unwrap_or_default();
            if batch.is_empty() {
                return Ok(());
            }
            for message in batch {
                let body: Value = serde_json::from_str(message.body().unwrap_or_default())?;
                self.messages.lock().expect("no test panics in here").push(body);
                let handle = message.receipt_handle.context("a handle")?;
                self.sqs.delete_message().queue_url(&self.queue).receipt_handle(handle).send().await?;
            }
        }
    }

    /// Waits for a message of `kind` about `domain`, and returns its text.
    pub async fn wait_for(&self, domain: &str, kind: &str) -> Result<String> {
        wait_until(&format!("a message {kind} about {domain}"), Duration::from_secs(20), async || {
            Ok(self.about(domain).await?.into_iter().find(|(found, _)| found == kind).map(|(_, text)| text))
        })
        .await
    }
}
