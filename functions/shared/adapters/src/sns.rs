//! Messages to people.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use domain::failure::printable;
use domain::installation_facts::{Looked, Subscription, Subscriptions};
use domain::notice::Notice;
use domain::ports::{Notifier, ServiceFault};

use crate::aws::fault;

#[derive(Clone, Debug)]
pub struct AlertsTopic {
    client: Client,
    arn: String,
}

impl AlertsTopic {
    pub fn new(client: Client, arn: String) -> Self {
        Self { client, arn }
    }

    /// Who is told, and who was asked to confirm that they want to be.
    pub async fn look(&self) -> Looked<Subscriptions> {
        let topic = self.client.get_topic_attributes().topic_arn(&self.arn).send().await;
        let attributes = topic.map_err(|error| fault("sns:GetTopicAttributes", error))?.attributes.unwrap_or_default();
        let pending = attributes.get("SubscriptionsPending").and_then(|count| count.parse().ok()).unwrap_or_default();
        let mut pages = self.client.list_subscriptions_by_topic().topic_arn(&self.arn).into_paginator().items().send();
        let mut all = Vec::new();
        while let Some(subscription) = pages.next().await {
            let subscription = subscription.map_err(|error| fault("sns:ListSubscriptionsByTopic", error))?;
            all.push(Subscription {
                // Until it is confirmed it has no ARN of its own.
                pending: subscription.subscription_arn().is_none_or(|arn| !arn.starts_with("arn:")),
                protocol: subscription.protocol.unwrap_or_default(),
                endpoint: printable(&subscription.endpoint.unwrap_or_default(), 120),
            });
        }
        Ok(Subscriptions { all, pending })
    }
}

impl Notifier for AlertsTopic {
    async fn notify(&self, notice: &Notice) -> Result<(), ServiceFault> {
        let text = |value: &str| {
            let value = MessageAttributeValue::builder().data_type("String").string_value(value);
            value.build().expect("the type is set")
        };
        let actor = notice.actor.map(|actor| serde_json::to_value(actor).expect("plain data"));
        self.client
            .publish()
            .topic_arn(&self.arn)
            .subject(&notice.subject)
            .message(&notice.text)
            .message_attributes("kind", text(notice.kind.as_str()))
            .message_attributes("tenant", text(notice.tenant.as_str()))
            .message_attributes("endpoint", text(notice.endpoint.as_str()))
            .message_attributes("actor", text(actor.as_ref().and_then(|a| a.as_str()).unwrap_or("nobody")))
            .send()
            .await
            .map_err(|error| fault("sns:Publish", error))?;
        Ok(())
    }
}
