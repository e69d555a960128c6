//! Messages to people, and to programs that listen to topics.

use std::collections::HashMap;

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use domain::alert::{Alert, Sender};
use domain::installation::{Observed, Subscription, Subscriptions};
use domain::ports::ServiceFault;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vocabulary::certificate::OperatorsOnly;
use vocabulary::former_names::former_name;
use vocabulary::text::printable;

use crate::aws::fault;
use crate::events::event;

#[derive(Clone, Debug)]
pub struct AlertsTopic {
    client: Client,
    arn: String,
    sender: Sender,
}

impl AlertsTopic {
    /// `sender`: how messages name the installation. Its account and region are those of the topic.
    pub fn new(client: Client, arn: String, sender: Sender) -> Self {
        let sender = located(sender, &arn);
        Self { client, arn, sender }
    }

    /// Who is subscribed, and who has yet to confirm.
    pub async fn describe(&self) -> Observed<Subscriptions> {
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

/// What a topic is sent of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TopicMessage {
    /// With one, `body` is JSON with a body for each protocol.
    subject: Option<String>,
    body: String,
}

impl AlertsTopic {
    /// `alert` as text to people and as JSON to programs: each subscription gets what its protocol is for.
    pub(crate) fn message(&self, alert: &Alert) -> TopicMessage {
        let body = bodies(alert, &self.sender).to_string();
        TopicMessage { subject: Some(alert.subject(&self.sender)), body }
    }

    /// `alert` in the form that chat applications show.
    pub(crate) fn chat_message(&self, alert: &Alert) -> TopicMessage {
        TopicMessage { subject: None, body: alert.chat(&self.sender).to_string() }
    }

    /// `alert` for the tenant that it is of; nothing if it is of none. Where the platform runs is left out.
    pub(crate) fn tenant_message(&self, alert: &Alert) -> Option<TopicMessage> {
        alert.tenant.as_ref()?;
        let (subject, body) = to_tenant(alert, &self.sender);
        Some(TopicMessage { subject: Some(subject), body })
    }

    /// Sends `message`, with what subscriptions filter `event` by.
    pub(crate) async fn publish(
        &self,
        event: &wire::events::Alert,
        message: &TopicMessage,
    ) -> Result<(), ServiceFault> {
        let structure = message.subject.as_ref().map(|_| "json".to_owned());
        let publish = self.client.publish().topic_arn(&self.arn).set_message_attributes(Some(attributes(event)));
        let publish = publish.set_subject(message.subject.clone()).set_message_structure(structure);
        publish.message(&message.body).send().await.map_err(|error| fault("sns:Publish", error))?;
        Ok(())
    }
}

/// Protocols whose subscribers are programs. Whoever asks for a mail wants text, and for `email-json` knows better.
const MACHINES: [&str; 5] = ["sqs", "lambda", "http", "https", "firehose"];

/// `arn:aws:sns:REGION:ACCOUNT:NAME`
fn located(sender: Sender, arn: &str) -> Sender {
    let mut parts = arn.split(':').skip(3).map(|part| Some(part.to_owned()).filter(|part| !part.is_empty()));
    let (region, account) = (parts.next().flatten(), parts.next().flatten());
    Sender { region: sender.region.or(region), account: sender.account.or(account), ..sender }
}

/// One body for each protocol.
fn bodies(alert: &Alert, sender: &Sender) -> Value {
    let json = serde_json::to_string(&event(alert)).expect("plain data");
    let text = ("default".to_owned(), Value::from(alert.text(sender)));
    let machines = MACHINES.into_iter().map(|protocol| (protocol.to_owned(), Value::from(json.clone())));
    machines.chain([text]).collect()
}

/// Subject and bodies as a tenant reads them: without ARNs and accounts, and without the runbooks, which are the operators'.
fn to_tenant(alert: &Alert, sender: &Sender) -> (String, String) {
    let accounts = sender.account.iter().filter_map(|account| account.parse().ok());
    let operators_only = OperatorsOnly::new(accounts);
    let sender = Sender { account: None, runbooks: None, ..sender.clone() };
    let hidden = |text: &str| operators_only.hidden_in(text);
    (hidden(&alert.subject(&sender)), hidden(&bodies(alert, &sender).to_string()))
}

/// What subscriptions filter by. An event of the installation has neither tenant nor endpoint.
fn attributes(event: &wire::events::Alert) -> HashMap<String, MessageAttributeValue> {
    let all = [
        ("kind", Some(event.kind.to_string())),
        ("severity", Some(event.severity.to_string())),
        ("cause", Some(event.cause.0.clone())),
        ("waiting_on", Some(event.actor.word())),
        // By its old name and words, for one release.
        ("actor", Some(event.actor.to_string())),
        ("tenant", event.tenant.clone()),
        ("endpoint", event.endpoint.clone()),
    ];
    // A policy takes an array for the sake of any of its elements: also one that filters by the name of the previous release.
    let text = |value: String| {
        let value = match former_name(&value) {
            None => MessageAttributeValue::builder().data_type("String").string_value(value),
            Some(former) => {
                let names = serde_json::to_string(&[value.as_str(), former]).expect("plain data");
                MessageAttributeValue::builder().data_type("String.Array").string_value(names)
            }
        };
        value.build().expect("the type is set")
    };
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), text(value?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::samples;
    use vocabulary::certificate::FOR_OPERATORS;

    /// What SNS takes: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    const MOST: usize = 256 * 1024;

    #[test]
    fn people_get_text_and_programs_get_the_event() {
        for alert in samples::alerts() {
            let sender = Sender { stack: "production".into(), ..Sender::default() };
            let bodies = bodies(&alert, &sender);
            assert_eq!(bodies["default"], alert.text(&sender));
            for protocol in ["sqs", "lambda", "http", "https"] {
                let read: wire::events::Alert =
                    serde_json::from_str(bodies[protocol].as_str().expect("text")).expect("an event");
                assert_eq!(read, event(&alert), "{protocol}");
            }
            assert!(bodies["email"].is_null(), "a mail has the default");
            assert!(bodies.to_string().len() < MOST);
        }
    }

    #[test]
    fn filters_by_a_former_name_go_on_to_match() {
        for alert in samples::alerts() {
            let kind = &attributes(&event(&alert))["kind"];
            let expected = match alert.kind.as_str() {
                "InstallationUnhealthy" => ("String.Array", r#"["InstallationUnhealthy","EngineUnhealthy"]"#),
                kind => ("String", kind),
            };
            assert_eq!((kind.data_type(), kind.string_value()), (expected.0, Some(expected.1)));
        }
    }

    #[test]
    fn a_tenant_gets_each_event_of_its_own_without_arns_and_accounts() {
        let account = "123456789012";
        let sender = Sender {
            stack: "production".into(),
            account: Some(account.into()),
            region: Some("eu-central-1".into()),
            runbooks: Some("https://git.example/runbooks".into()),
        };
        let mut hid = 0;
        for alert in samples::alerts() {
            let (subject, text) = to_tenant(&alert, &sender);
            assert!(!text.contains("arn:aws") && !text.contains(account) && !text.contains("git.example"), "{text}");
            let bodies: Value = serde_json::from_str(&text).expect("JSON");
            let read: wire::events::Alert =
                serde_json::from_str(bodies["sqs"].as_str().expect("text")).expect("an event");
            assert_eq!((read.id, read.names), (alert.id.clone(), alert.names.clone()), "the rest is as it was");
            assert!(
                bodies["default"].as_str().expect("text").contains("Installation: production, region eu-central-1")
            );
            assert!(!subject.is_empty());
            hid += usize::from(text.contains(FOR_OPERATORS));
        }
        assert!(hid > 2, "some of the samples name an ARN");
    }

    #[test]
    fn a_topic_says_in_which_account_and_region_it_is() {
        let sender = located(Sender::default(), "arn:aws:sns:eu-central-1:123456789012:alerts");
        assert_eq!((sender.region.as_deref(), sender.account.as_deref()), (Some("eu-central-1"), Some("123456789012")));
        assert_eq!(located(Sender::default(), "alerts"), Sender::default());
    }

    /// Each is the page of an alarm.
    #[test]
    fn a_runbook_that_a_message_links_to_is_one_of_an_alarm() {
        let template = std::fs::read_to_string("../../../template.yaml").expect("the template");
        let alarms: Vec<_> = template.lines().filter(|line| line.ends_with("Alarm:")).map(str::to_lowercase).collect();
        for page in samples::alerts().iter().filter_map(Alert::runbook) {
            assert!(alarms.contains(&format!("  {page}:")), "{page} of {alarms:?}");
        }
    }

    #[test]
    fn an_event_of_the_installation_has_no_tenant() {
        for alert in samples::alerts() {
            let attributes = attributes(&event(&alert));
            for name in ["kind", "severity", "cause", "waiting_on", "actor"] {
                assert!(attributes.contains_key(name), "{name} of {}", alert.id);
            }
            assert_eq!(attributes.contains_key("tenant"), alert.tenant.is_some());
            assert_eq!(attributes.contains_key("endpoint"), alert.endpoint.is_some());
        }
    }
}
