//! The ways on which an event goes out: a topic for people and programs, one for chat applications, one for tenants, and a bus.

use domain::alert::Alert;
use domain::ports::{Notifier, ServiceFault};

use crate::event_bridge::EventBus;
use crate::sns::AlertsTopic;

/// All of them. An event that one of them did not take is sent on all of them again, under the same id.
#[derive(Clone, Debug)]
pub struct AlertChannels {
    topic: AlertsTopic,
    chat: AlertsTopic,
    tenants: AlertsTopic,
    bus: EventBus,
}

impl AlertChannels {
    pub fn new(topic: AlertsTopic, chat: AlertsTopic, tenants: AlertsTopic, bus: EventBus) -> Self {
        Self { topic, chat, tenants, bus }
    }
}

impl Notifier for AlertChannels {
    async fn notify(&self, alert: &Alert) -> Result<(), ServiceFault> {
        let sent = futures::join!(
            self.topic.publish(alert),
            self.chat.publish_chat(alert),
            self.tenants.publish_to_tenant(alert),
            self.bus.put(alert),
        );
        sent.0.and(sent.1).and(sent.2).and(sent.3)
    }

    async fn notify_programs(&self, alert: &Alert) -> Result<(), ServiceFault> {
        self.bus.put(alert).await
    }
}
