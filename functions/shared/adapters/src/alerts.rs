//! The ways on which an event goes out: a topic for people and programs, one for chat applications, one for tenants, and a bus.

use std::sync::{Arc, Mutex};

use domain::alert::Alert;
use domain::installation::{Observed, RefusedNotifications};
use domain::ports::{FaultKind, Notifier, ServiceFault};
use futures::future::join_all;
use serde::{Deserialize, Serialize};

use crate::dynamodb::EndpointsTable;
use crate::event_bridge::EventBus;
use crate::events::event;
use crate::sns::{AlertsTopic, TopicMessage};

/// One of the ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    People,
    Chat,
    Tenants,
    Bus,
}

impl Channel {
    const ALL: [Self; 4] = [Self::People, Self::Chat, Self::Tenants, Self::Bus];

    /// As the template calls it, and as what it refuses is kept.
    fn as_str(self) -> &'static str {
        match self {
            Self::People => "AlertsTopic",
            Self::Chat => "ChatTopic",
            Self::Tenants => "TenantsTopic",
            Self::Bus => "AlertsBus",
        }
    }
}

/// What one of them is sent. It is kept as it was made: what it tells may be over by the time that it is taken.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Message {
    event: wire::events::Alert,
    /// Absent for the bus, which takes the event itself.
    text: Option<TopicMessage>,
}

/// All of them. An event that one of them could not take for now is sent on all of them again, under the same id. What one
/// refuses, by its permissions or its settings, the others have, and it is kept for that one.
#[derive(Clone, Debug)]
pub struct AlertChannels {
    people: AlertsTopic,
    chat: AlertsTopic,
    tenants: AlertsTopic,
    bus: EventBus,
    table: EndpointsTable,
    refused: Arc<Mutex<Option<ServiceFault>>>,
}

impl AlertChannels {
    pub fn new(
        people: AlertsTopic,
        chat: AlertsTopic,
        tenants: AlertsTopic,
        bus: EventBus,
        table: EndpointsTable,
    ) -> Self {
        Self { people, chat, tenants, bus, table, refused: Arc::default() }
    }

    fn messages(&self, alert: &Alert) -> Vec<(Channel, Message)> {
        let event = event(alert);
        let texts = [
            (Channel::People, Some(self.people.message(alert))),
            (Channel::Chat, Some(self.chat.chat_message(alert))),
            (Channel::Tenants, self.tenants.tenant_message(alert)),
        ];
        let texts = texts.into_iter().filter_map(|(channel, text)| Some((channel, Some(text?))));
        let all = texts.chain([(Channel::Bus, None)]);
        all.map(|(channel, text)| (channel, Message { event: event.clone(), text })).collect()
    }

    async fn send(&self, channel: Channel, message: &Message) -> Result<(), ServiceFault> {
        let topic = match channel {
            Channel::People => &self.people,
            Channel::Chat => &self.chat,
            Channel::Tenants => &self.tenants,
            Channel::Bus => return self.bus.put(&message.event).await,
        };
        match &message.text {
            Some(text) => topic.publish(&message.event, text).await,
            None => Ok(()),
        }
    }

    async fn keep(
        &self,
        alert: &Alert,
        channel: Channel,
        message: &Message,
        fault: &ServiceFault,
    ) -> Result<(), ServiceFault> {
        tracing::error!(alert = alert.id, %fault, "a channel refuses a notification, which is kept for it");
        let text = serde_json::to_string(message).expect("plain data");
        self.table.keep_refused(channel.as_str(), (&alert.id, alert.at), text, fault.to_string()).await?;
        *self.refused.lock().expect("nothing panics while it holds the lock") = Some(fault.clone());
        Ok(())
    }

    /// Why it still refuses, if it does.
    async fn send_kept_for(&self, channel: Channel) -> Result<Option<ServiceFault>, ServiceFault> {
        let mut still = None;
        for kept in self.table.refused_by(channel.as_str()).await? {
            let sent = match serde_json::from_str(&kept.message) {
                Ok(message) => self.send(channel, &message).await,
                Err(error) => {
                    tracing::error!(channel = channel.as_str(), %error, "a kept notification cannot be read");
                    Ok(())
                }
            };
            match sent {
                Ok(()) => self.table.forget_refused(channel.as_str(), &kept).await?,
                // It may be about this one alone.
                Err(fault) if fault.kind == FaultKind::Refused => still = Some(fault),
                Err(fault) => return Ok(Some(fault)),
            }
        }
        Ok(still)
    }
}

impl Notifier for AlertChannels {
    async fn notify(&self, alert: &Alert) -> Result<(), ServiceFault> {
        let messages = self.messages(alert);
        let sent = join_all(messages.iter().map(|(channel, message)| self.send(*channel, message))).await;
        for (at, fault) in refusals(&sent)? {
            let (channel, message) = &messages[at];
            self.keep(alert, *channel, message, fault).await?;
        }
        Ok(())
    }

    async fn notify_programs(&self, alert: &Alert) -> Result<(), ServiceFault> {
        let message = Message { event: event(alert), text: None };
        match self.send(Channel::Bus, &message).await {
            Err(fault) if !passes(&fault) => self.keep(alert, Channel::Bus, &message, &fault).await,
            sent => sent,
        }
    }

    fn refused(&self) -> Option<ServiceFault> {
        self.refused.lock().expect("nothing panics while it holds the lock").take()
    }

    async fn send_refused(&self) -> Result<Option<ServiceFault>, ServiceFault> {
        let still = futures::future::try_join_all(Channel::ALL.map(|channel| self.send_kept_for(channel))).await?;
        Ok(still.into_iter().flatten().next())
    }
}

/// What waits for ways that refuse it.
pub async fn describe_refused(table: &EndpointsTable) -> Observed<Vec<RefusedNotifications>> {
    let waiting = Channel::ALL.map(async |channel| {
        let kept = table.refused_by(channel.as_str()).await?;
        let last = kept.last().map(|last| last.why.clone());
        Ok(last.map(|why| RefusedNotifications { channel: channel.as_str(), count: kept.len(), why }))
    });
    Ok(futures::future::try_join_all(waiting).await?.into_iter().flatten().collect())
}

fn passes(fault: &ServiceFault) -> bool {
    matches!(fault.kind, FaultKind::Throttled | FaultKind::Unavailable)
}

/// Which of the ways refuse it, and why: an error where it is worth sending again, or nobody has it.
fn refusals(sent: &[Result<(), ServiceFault>]) -> Result<Vec<(usize, &ServiceFault)>, ServiceFault> {
    let faults: Vec<_> = sent.iter().enumerate().filter_map(|(at, sent)| Some((at, sent.as_ref().err()?))).collect();
    let nobody_has_it = faults.len() == sent.len();
    match faults.iter().find(|(_, fault)| passes(fault)).or(faults.first().filter(|_| nobody_has_it)) {
        Some((_, fault)) => Err((*fault).clone()),
        None => Ok(faults),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(operation: &'static str, kind: FaultKind) -> Result<(), ServiceFault> {
        Err(ServiceFault { operation, kind, detail: "no".into() })
    }

    #[test]
    fn what_one_channel_refuses_is_not_sent_on_the_others_again() {
        let denied = || fault("sns:Publish", FaultKind::Denied);
        let sent = [Ok(()), denied(), Ok(()), Ok(())];
        let refused = refusals(&sent).expect("three have it");
        assert_eq!(refused.iter().map(|(at, fault)| (*at, fault.kind)).collect::<Vec<_>>(), [(1, FaultKind::Denied)]);
        assert_eq!(refusals(&[Ok(()), Ok(()), Ok(()), Ok(())]), Ok(vec![]));
        assert!(refusals(&[denied(), denied(), denied(), denied()]).is_err(), "nobody has it");
        for kind in [FaultKind::Throttled, FaultKind::Unavailable] {
            let again = refusals(&[denied(), Ok(()), Ok(()), fault("events:PutEvents", kind)]).expect_err("later");
            assert_eq!(again.kind, kind);
        }
    }
}
