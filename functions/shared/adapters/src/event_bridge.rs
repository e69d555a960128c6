//! Events to programs that route them by rules.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use domain::alert::Alert;
use domain::ports::ServiceFault;
use vocabulary::text::printable;

use crate::aws::{classify, fault};
use crate::events::event;

/// `source` of all our events.
pub const SOURCE: &str = "managed-https";

/// The bus that events are put on.
#[derive(Clone, Debug)]
pub struct EventBus {
    client: Client,
    name: String,
}

impl EventBus {
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    pub(crate) async fn put(&self, alert: &Alert) -> Result<(), ServiceFault> {
        let event = event(alert);
        let resources = event.certificate.iter().map(|held| held.arn.clone()).collect();
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(event.kind.to_string())
            .detail(serde_json::to_string(&event).expect("plain data"))
            .set_resources(Some(resources))
            .time(DateTime::from_secs(event.at.unix_timestamp()))
            .build();
        let output = self.client.put_events().entries(entry).send().await;
        let output = output.map_err(|error| fault("events:PutEvents", error))?;
        // The call succeeds also when its entry was not taken.
        let refused = output.entries().iter().find_map(|entry| Some((entry.error_code()?, entry.error_message())));
        match refused {
            None => Ok(()),
            Some((code, message)) => {
                let kind = classify(code);
                let detail = printable(&format!("{code}: {}", message.unwrap_or("no message")), 500);
                Err(ServiceFault { operation: "events:PutEvents", kind, detail })
            }
        }
    }
}
