//! The stack that pages people turns each event into what its service accepts.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use documentation::{Page, root};
use serde_json::Value;

const STACK: &str = "infra/paging.yaml";

/// An input transformer of a rule: where its values stand in the event, and the text around them.
#[derive(Debug, Default)]
struct Transformer {
    paths: BTreeMap<String, String>,
    template: String,
}

/// Those of the stack, in its order. Read line by line, as it is written by hand in one style.
fn transformers() -> Result<Vec<Transformer>> {
    let text = std::fs::read_to_string(root().join(STACK)).context(STACK)?;
    let mut all: Vec<Transformer> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(paths) = line.trim().strip_prefix("InputPathsMap:") {
            let paths = if paths.is_empty() { lines.next().context("the paths")?.trim() } else { paths.trim() };
            let pairs = paths.trim_matches(['{', '}']).split(", ").filter_map(|pair| pair.trim().split_once(": "));
            let paths = pairs.map(|(name, path)| (name.to_owned(), path.trim_matches('"').to_owned())).collect();
            all.push(Transformer { paths, ..Transformer::default() });
        }
        if line.trim() == "InputTemplate: |" {
            let depth = line.len() - line.trim_start().len();
            let transformer = all.last_mut().context("paths before the template")?;
            while let Some(more) = lines.next_if(|next| next.len() - next.trim_start().len() > depth) {
                transformer.template += more;
            }
        }
    }
    Ok(all)
}

/// What EventBridge sends: a value is JSON outside quotes, and itself, unescaped, within them. What an event lacks is left out.
fn filled(transformer: &Transformer, event: &Value) -> String {
    let mut text = transformer.template.clone();
    for (name, path) in &transformer.paths {
        let pointer = path.trim_start_matches("$.").replace(['.', '['], "/").replace(']', "");
        let value = event.pointer(&format!("/{pointer}"));
        let bare =
            value.map_or_else(String::new, |value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let json = value.map_or_else(String::new, Value::to_string);
        let placeholder = format!("<{name}>");
        while let Some(at) = text.find(&placeholder) {
            let is_quoted = text[..at].matches('"').count() % 2 == 1;
            text.replace_range(at..at + placeholder.len(), if is_quoted { &bare } else { &json });
        }
    }
    text
}

/// The sample events of the documentation, and one whose words have quotes.
fn events() -> Result<Vec<Value>> {
    let page = Page::read(Path::new("docs/reference/events.md"))?;
    let blocks = page.code().into_iter().filter_map(|code| serde_json::from_str::<Value>(&code.text).ok());
    let mut all: Vec<Value> = blocks.filter(|event| event["what"].is_string()).collect();
    let mut quoting = all.first().context("a sample")?.clone();
    quoting["what"] = "CAA 0 issue \"ca.test\" forbids it.".into();
    quoting["also_resolved"] = serde_json::json!(["ChallengeFailed"]);
    all.push(quoting);
    Ok(all)
}

#[test]
fn every_event_becomes_json_with_what_the_pager_requires() -> Result<()> {
    let (transformers, events) = (transformers()?, events()?);
    ensure!(transformers.len() == 5 && events.len() > 10, "{} and {}", transformers.len(), events.len());
    for event in &events {
        let envelope = serde_json::json!({ "detail": event });
        for transformer in &transformers {
            let text = filled(transformer, &envelope);
            let sent: Value = serde_json::from_str(&text).with_context(|| text.clone())?;
            let key = sent["dedup_key"].as_str().unwrap_or_default();
            ensure!(key.starts_with("managed-https "), "{text}");
            if sent["event_action"] == "trigger" {
                let required = [&sent["payload"]["summary"], &sent["payload"]["source"]];
                let is_said = |value: &&Value| value.as_str().is_some_and(|text| !text.trim().is_empty());
                ensure!(required.iter().all(is_said), "{text}");
            }
        }
    }
    Ok(())
}

/// What ends is what began: by the same key.
#[test]
fn an_incident_is_resolved_by_the_key_that_opened_it() -> Result<()> {
    let transformers = transformers()?;
    let event = serde_json::json!({ "detail": {
        "domain": "www.example.com", "cause": "ChallengeFailed", "what": "", "action": "", "also_resolved": ["ChallengeFailed"],
    }});
    let keys = transformers[..3].iter().map(|one| {
        let sent: Value = serde_json::from_str(&filled(one, &event))?;
        Ok(sent["dedup_key"].clone())
    });
    let keys: Vec<Value> = keys.collect::<Result<_>>()?;
    ensure!(keys.iter().all(|key| key == "managed-https www.example.com ChallengeFailed"), "{keys:?}");
    Ok(())
}
