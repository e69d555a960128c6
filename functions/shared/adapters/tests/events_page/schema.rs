//! The JSON schema of events, generated from the types.

use serde_json::{Map, Value};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use wire::events::{Alert, VERSION};

/// JSON Schema 2020-12 of an [`Alert`]. Fields may be added: readers ignore unknown ones.
pub(crate) fn schema() -> Value {
    let mut parts: Vec<(String, RefOr<Schema>)> = Vec::new();
    Alert::schemas(&mut parts);
    let mut definitions = Map::new();
    for (name, part) in parts {
        definitions.insert(name, written(&part));
    }
    let mut root = Map::new();
    root.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
    root.insert("title".into(), format!("managed-https event, version {}", VERSION).into());
    if let Value::Object(event) = written(&Alert::schema()) {
        root.extend(event);
    }
    root.insert("$defs".into(), Value::Object(definitions));
    Value::Object(root)
}

/// As JSON, with references into this document instead of an OpenAPI document.
fn written(part: &RefOr<Schema>) -> Value {
    let text = serde_json::to_string(part).expect("plain data").replace("#/components/schemas/", "#/$defs/");
    serde_json::from_str(&text).expect("it was JSON before")
}
