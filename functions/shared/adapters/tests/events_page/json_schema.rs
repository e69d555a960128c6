//! The part of JSON Schema, 2020-12 and draft 4, that the schemas of events use. An unknown keyword fails, so that nothing
//! passes unchecked.

use serde_json::Value;

/// Keywords that are informative only.
const WORDS: [&str; 8] =
    ["$schema", "$defs", "definitions", "title", "description", "default", "example", "deprecated"];

/// Where `value` violates `schema`.
pub(crate) fn violations(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(schema, schema, value, "$", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    let rules = schema.as_object().unwrap_or_else(|| panic!("{path}: a schema is an object: {schema}"));
    for (keyword, rule) in rules.iter().filter(|(keyword, _)| !WORDS.contains(&keyword.as_str())) {
        let holds = match keyword.as_str() {
            "$ref" => {
                let pointer = rule.as_str().and_then(|text| text.strip_prefix('#')).expect("into this document");
                let part = root.pointer(pointer).unwrap_or_else(|| panic!("{path}: {pointer} is not defined"));
                check(root, part, value, path, found);
                true
            }
            "type" => match rule {
                Value::Array(types) => types.iter().any(|one| is_of(one, value)),
                one => is_of(one, value),
            },
            "enum" => rule.as_array().expect("a list").contains(value),
            "required" => {
                let names = rule.as_array().expect("a list").iter().filter_map(Value::as_str);
                names.into_iter().all(|name| value.as_object().is_none_or(|object| object.contains_key(name)))
            }
            "properties" => {
                for (name, part) in rule.as_object().expect("an object") {
                    if let Some(inner) = value.get(name) {
                        check(root, part, inner, &format!("{path}.{name}"), found);
                    }
                }
                true
            }
            "items" => {
                for (n, inner) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, inner, &format!("{path}[{n}]"), found);
                }
                true
            }
            "oneOf" => {
                let fits = |part: &&Value| {
                    let mut inner = Vec::new();
                    check(root, part, value, path, &mut inner);
                    inner.is_empty()
                };
                rule.as_array().expect("a list").iter().filter(fits).count() == 1
            }
            "allOf" => {
                rule.as_array().expect("a list").iter().for_each(|part| check(root, part, value, path, found));
                true
            }
            "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().expect("a number")),
            "format" => match rule.as_str() {
                Some("date-time") => value.as_str().is_none_or(|text| {
                    time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).is_ok()
                }),
                Some("int32" | "int64") => value.is_null() || value.as_i64().is_some(),
                other => panic!("{path}: the format {other:?} is not known here"),
            },
            other => panic!("{path}: the keyword {other} is not known here"),
        };
        if !holds {
            found.push(format!("{path}: {keyword} {rule} does not hold of {value}"));
        }
    }
}

fn is_of(name: &Value, value: &Value) -> bool {
    match name.as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some("null") => value.is_null(),
        other => panic!("the type {other:?} is not known here"),
    }
}
