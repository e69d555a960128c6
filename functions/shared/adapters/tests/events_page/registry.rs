//! infra/event-schemas.yaml contains the schema of what EventBridge delivers, generated from the types.

use std::path::{Path, PathBuf};

use adapters::event_bridge::SOURCE;
use adapters::events::event;
use serde_json::{Value, json};
use testkit::samples;

use crate::json_schema::violations;
use crate::schema::schema;

/// The line that the schema follows.
const BEGIN: &str = "      Content: |\n";
/// Below `Content`.
const INDENT: &str = "        ";
/// CloudFormation's limit for a template that is sent with the call; a larger one needs a bucket.
const LARGEST_TEMPLATE: usize = 51_200;
/// EventBridge's limit for a schema.
const LARGEST_SCHEMA: usize = 100_000;

fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../infra/event-schemas.yaml")
}

/// JSON Schema draft 4, which EventBridge supports besides OpenAPI 3.0: OpenAPI 3.0 has no `null`.
fn registered() -> Value {
    let text = schema().to_string().replace("#/$defs/", "#/definitions/");
    let mut alert: Value = serde_json::from_str(&text).expect("it was JSON before");
    let alert_fields = alert.as_object_mut().expect("an object");
    alert_fields.remove("$schema");
    let mut definitions = alert_fields.remove("$defs").expect("the parts");
    definitions["Alert"] = alert;
    json!({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "managed-https event",
        "type": "object",
        "required": ["source", "detail-type", "detail", "time", "resources"],
        "properties": {
            "source": {"enum": [SOURCE]},
            "detail-type": {"$ref": "#/definitions/AlertKind"},
            "time": {"type": "string", "format": "date-time"},
            "resources": {"description": "ARN of the current certificate, if any.", "type": "array", "items": {"type": "string"}},
            "detail": {"$ref": "#/definitions/Alert"},
        },
        "definitions": definitions,
    })
}

/// The schema as it stands in the template.
fn in_template(text: &str) -> Value {
    let (_, content) = text.split_once(BEGIN).expect("the template has its mark");
    let lines = content.lines().map(|line| line.strip_prefix(INDENT).expect("to the end"));
    serde_json::from_str(&lines.collect::<Vec<_>>().join("\n")).expect("JSON")
}

/// As EventBridge delivers each sample.
fn delivered() -> Vec<Value> {
    let envelope = |alert: &domain::alert::Alert| {
        let sent = event(alert);
        let resources: Vec<_> = sent.certificate.iter().map(|held| held.arn.clone()).collect();
        json!({
            "version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "account": "111122223333",
            "region": "eu-central-1", "time": "2026-11-24T12:00:00Z", "source": SOURCE, "resources": resources,
            "detail-type": sent.kind.to_string(), "detail": sent,
        })
    };
    samples::alerts().iter().map(envelope).collect()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "make sets it to have the template written")]
fn the_registered_schema_is_what_the_types_say() {
    let text = std::fs::read_to_string(file()).expect("the template is there");
    if std::env::var_os("WRITE_PAGES").is_some() {
        let (by_hand, _) = text.split_once(BEGIN).expect("the template has its mark");
        let pretty = serde_json::to_string_pretty(&registered()).expect("plain data");
        let lines: String = pretty.lines().map(|line| format!("{INDENT}{line}\n")).collect();
        std::fs::write(file(), format!("{by_hand}{BEGIN}{lines}")).expect("written");
        return;
    }
    assert!(in_template(&text) == registered(), "infra/event-schemas.yaml is stale: run this test with WRITE_PAGES=1");
    assert!(text.len() < LARGEST_TEMPLATE, "{} bytes are too many to be sent with the call", text.len());
    assert!(registered().to_string().len() < LARGEST_SCHEMA);
}

#[test]
fn every_event_that_is_delivered_fits_the_registered_schema() {
    let schema = registered();
    for event in delivered() {
        assert_eq!(violations(&schema, &event), Vec::<String>::new(), "{event:#}");
    }
}

#[test]
fn a_malformed_delivery_does_not_fit_the_registered_schema() {
    let (schema, good) = (registered(), delivered().remove(0));
    for (field, wrong) in [
        ("source", json!("aws.ec2")),
        ("detail-type", json!("Nonsense")),
        ("detail", json!({})),
        ("resources", json!("x")),
    ] {
        let mut event = good.clone();
        event[field] = wrong;
        assert!(!violations(&schema, &event).is_empty(), "{field}");
    }
}
