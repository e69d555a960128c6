//! The ways on which an event goes out: a topic for people and programs, one for chat applications, one for tenants, and a bus.

use std::sync::{Arc, Mutex};

use domain::alert::Alert;
use domain::ports::{FaultKind, Notifier, ServiceFault};

use crate::event_bridge::EventBus;
use crate::sns::AlertsTopic;

/// All of them. An event that one of them could not take for now is sent on all of them again, under the same id. What one
/// refuses, by its permissions or its settings, the others keep.
#[derive(Clone, Debug)]
pub struct AlertChannels {
    topic: AlertsTopic,
    chat: AlertsTopic,
    tenants: AlertsTopic,
    bus: EventBus,
    refused: Arc<Mutex<Option<ServiceFault>>>,
}

impl AlertChannels {
    pub fn new(topic: AlertsTopic, chat: AlertsTopic, tenants: AlertsTopic, bus: EventBus) -> Self {
        Self { topic, chat, tenants, bus, refused: Arc::default() }
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
        if let Some(fault) = outcome([sent.0, sent.1, sent.2, sent.3])? {
            tracing::error!(alert = alert.id, %fault, "a channel refuses notifications; the others have this one");
            *self.refused.lock().expect("nothing panics while it holds the lock") = Some(fault);
        }
        Ok(())
    }

    async fn notify_programs(&self, alert: &Alert) -> Result<(), ServiceFault> {
        self.bus.put(alert).await
    }

    fn refused(&self) -> Option<ServiceFault> {
        self.refused.lock().expect("nothing panics while it holds the lock").take()
    }
}

/// What came of all ways together: an error where it is worth sending again, or nobody has it; else what one refuses.
fn outcome(sent: [Result<(), ServiceFault>; 4]) -> Result<Option<ServiceFault>, ServiceFault> {
    let passes = |fault: &ServiceFault| matches!(fault.kind, FaultKind::Throttled | FaultKind::Unavailable);
    let all = sent.len();
    let faults: Vec<ServiceFault> = sent.into_iter().filter_map(Result::err).collect();
    let nobody_has_it = faults.len() == all;
    match faults.iter().position(passes) {
        Some(at) => Err(faults[at].clone()),
        None if nobody_has_it => Err(faults[0].clone()),
        None => Ok(faults.into_iter().next()),
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
        let refused = outcome([Ok(()), denied(), Ok(()), Ok(())]).expect("three have it").expect("one has not");
        assert_eq!((refused.operation, refused.kind), ("sns:Publish", FaultKind::Denied));
        assert_eq!(outcome([Ok(()), Ok(()), Ok(()), Ok(())]), Ok(None));
        assert!(outcome([denied(), denied(), denied(), denied()]).is_err(), "nobody has it");
        for kind in [FaultKind::Throttled, FaultKind::Unavailable] {
            let again = outcome([denied(), Ok(()), Ok(()), fault("events:PutEvents", kind)]).expect_err("later");
            assert_eq!(again.kind, kind);
        }
    }
}
