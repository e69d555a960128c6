//! Events to programs that route them by rules.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use domain::ports::ServiceFault;
use vocabulary::former_names::former_name;
use vocabulary::text::printable;
use wire::Open;

use crate::aws::{classify, fault};

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

    pub(crate) async fn put(&self, event: &wire::events::Alert) -> Result<(), ServiceFault> {
        let entries = entries(&self.name, event);
        let output = self.client.put_events().set_entries(Some(entries)).send().await;
        let output = output.map_err(|error| fault("events:PutEvents", error))?;
        // The call succeeds also when an entry was not taken.
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

/// The event, and once more by its kind's former name where it had one in the previous release: rules that match that go on to
/// match. Both have one id, by which whoever matches both tells them to be one.
fn entries(bus: &str, event: &wire::events::Alert) -> Vec<PutEventsRequestEntry> {
    let resources: Vec<_> = event.certificate.iter().map(|held| held.arn.clone()).collect();
    let kind = event.kind.to_string();
    let former = former_name(&kind).map(|former| {
        let kind = Open::Other(former.to_owned());
        wire::events::Alert { kind, ..event.clone() }
    });
    let entry = |event: &wire::events::Alert| {
        PutEventsRequestEntry::builder()
            .event_bus_name(bus)
            .source(SOURCE)
            .detail_type(event.kind.to_string())
            .detail(serde_json::to_string(event).expect("plain data"))
            .set_resources(Some(resources.clone()))
            .time(DateTime::from_secs(event.at.unix_timestamp()))
            .build()
    };
    [Some(event), former.as_ref()].into_iter().flatten().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use testkit::samples;

    use super::*;
    use crate::events::event;

    #[test]
    fn a_kind_with_a_new_name_is_put_by_both_names_and_any_other_once() {
        let mut renamed = 0;
        for alert in samples::alerts() {
            let entries = entries("bus", &event(&alert));
            let kinds: Vec<_> = entries.iter().filter_map(PutEventsRequestEntry::detail_type).collect();
            match alert.kind.as_str() {
                "InstallationUnhealthy" => {
                    renamed += 1;
                    assert_eq!(kinds, ["InstallationUnhealthy", "EngineUnhealthy"]);
                }
                kind => assert_eq!(kinds, [kind]),
            }
            for entry in &entries {
                let detail = entry.detail().expect("a detail");
                let written: serde_json::Value = serde_json::from_str(detail).expect("JSON");
                assert_eq!(written["kind"].as_str(), entry.detail_type(), "what rules match by");
                let read: wire::events::Alert = serde_json::from_str(detail).expect("an event");
                assert_eq!(read, event(&alert), "and whoever reads it reads the same");
            }
        }
        assert!(renamed > 0, "one of the samples has a new name");
    }
}
