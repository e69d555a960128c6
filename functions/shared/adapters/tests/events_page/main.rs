//! docs/reference/events.md is generated: the schema from the types, each example by the code.

mod json_schema;
mod registry;
mod schema;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use adapters::events::event;
use domain::alert::AlertKind;
use json_schema::violations;
use schema::schema;
use serde_json::Value;
use testkit::samples;

const BEGIN: &str = "<!-- Written by `WRITE_PAGES=1 cargo test`, functions/shared/adapters/tests/events_page/main.rs: from here on -->\n";

fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../docs/reference/events.md")
}

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).expect("plain data")
}

/// One sentence for each kind.
fn meaning(kind: AlertKind) -> &'static str {
    match kind {
        AlertKind::CertificateIssued => "The endpoint has its first certificate.",
        AlertKind::CertificateRenewed => {
            "A new certificate replaced the previous one, under the same ARN where ACM allows that."
        }
        AlertKind::IssuanceFailed => {
            "The first certificate could not be issued, waiting on the operator or the CA. This example is for all \
             endpoints together: `affected` instead of an endpoint."
        }
        AlertKind::RenewalFailed => "A renewal failed. The current certificate is still valid.",
        AlertKind::ActionRequired => "Somebody must act before the next certificate can be issued.",
        AlertKind::ExpiryApproaching => {
            "A notified problem continues, and the expiry comes closer; it has the cause of the first notification. Or a \
             due renewal has not begun (`renewal-overdue`)."
        }
        AlertKind::Recovered => "The problem with this cause is resolved.",
        AlertKind::ServedCertificateDiffers => "The host serves a different certificate than the one in ACM.",
        AlertKind::CertificateMissing => "The certificate was deleted from ACM, or replaced there.",
        AlertKind::InstallationUnhealthy => "A check of the installation itself fails.",
        AlertKind::EndpointRemoved => {
            "The endpoint was removed; `action` names a certificate left in ACM because it is in use."
        }
        AlertKind::Digest => {
            "Once a day per tenant with endpoints that need action: who they wait on, and what expires next."
        }
    }
}

fn generated() -> String {
    let mut text = String::from("\n## Examples\n");
    for alert in samples::alerts() {
        let kind = alert.kind.as_str();
        write!(text, "\n### {kind}\n\n{}\n\n```json\n{}\n```\n", meaning(alert.kind), pretty(&event(&alert)))
            .expect("memory");
    }
    let example = samples::alerts().into_iter().find(|alert| alert.kind == AlertKind::ActionRequired).expect("of each");
    let sender = samples::sender();
    write!(text, "\n## The same event for people\n\nActionRequired from above, as mail:\n\n```text\n").expect("memory");
    write!(text, "Subject: {}\n\n{}\n```\n", example.subject(&sender), example.text(&sender)).expect("memory");
    write!(text, "\nOn the topic for chat applications:\n\n```json\n{}\n```\n", pretty(&example.chat(&sender)))
        .expect("memory");
    write!(text, "\n## JSON schema\n\n```json\n{}\n```\n", pretty(&schema())).expect("memory");
    text
}

#[test]
#[expect(clippy::disallowed_methods, reason = "make sets it to have the page written")]
fn the_page_is_what_the_types_say() {
    let text = std::fs::read_to_string(page()).expect("the page is there");
    let (by_hand, made) = text.split_once(BEGIN).expect("the page has its mark");
    if std::env::var_os("WRITE_PAGES").is_some() {
        std::fs::write(page(), format!("{by_hand}{BEGIN}{}", generated())).expect("written");
        return;
    }
    assert!(made == generated(), "docs/reference/events.md is stale: run this test with WRITE_PAGES=1");
    for kind in AlertKind::ALL {
        assert!(by_hand.contains(&format!("`{}`", kind.as_str())), "the table above names {}", kind.as_str());
    }
}

#[test]
fn each_example_fits_the_schema_and_round_trips() {
    let schema = schema();
    for alert in samples::alerts() {
        let sent = event(&alert);
        let value = serde_json::to_value(&sent).expect("plain data");
        assert_eq!(violations(&schema, &value), Vec::<String>::new(), "{value:#}");
        assert_eq!(serde_json::from_value::<wire::events::Alert>(value).expect("readable"), sent);
    }
}

#[test]
fn a_malformed_event_does_not_fit_the_schema() {
    let schema = schema();
    let good = serde_json::to_value(event(&samples::alerts()[0])).expect("plain data");
    let broken = |change: fn(&mut Value)| {
        let mut value = good.clone();
        change(&mut value);
        violations(&schema, &value)
    };
    assert!(broken(|_| ()).is_empty());
    assert!(!broken(|value| value["kind"] = "Nonsense".into()).is_empty(), "an unknown kind");
    assert!(!broken(|value| value["version"] = "1".into()).is_empty(), "a text for a number");
    assert!(!broken(|value| value["certificate"]["serial"] = 7.into()).is_empty(), "deep inside, too");
    assert!(!broken(|value| drop(value.as_object_mut().expect("an object").remove("severity"))).is_empty(), "one gone");
}
