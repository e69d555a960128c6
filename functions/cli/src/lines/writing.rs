use serde_json::Value;

use super::Line;
use super::line::COLUMNS;

pub(crate) fn csv_header() -> String {
    record(COLUMNS.map(str::to_owned))
}

/// The line as CSV has it: several values with blanks between them.
pub(crate) fn csv_record(line: &Line) -> String {
    let object = serde_json::to_value(line).expect("texts can be written as JSON");
    record(COLUMNS.map(|column| match &object[column] {
        Value::String(text) => text.clone(),
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        Value::Object(tags) => {
            let tags = tags.iter().filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)));
            tags.collect::<Vec<_>>().join("; ")
        }
        Value::Bool(switch) => switch.to_string(),
        _ => String::new(),
    }))
}

fn record(cells: [String; COLUMNS.len()]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).expect("memory takes all");
    let bytes = writer.into_inner().expect("memory takes all");
    String::from_utf8(bytes).expect("it was made of texts")
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use crate::render::sample;

    #[test]
    fn what_is_written_is_read_again() {
        let line = Line::of(&sample::endpoint(), true).expect("its words are known");
        let all = Line {
            listeners: Some(vec!["arn:aws:1".into(), "arn:aws:2".into()]),
            role: Some("arn:aws:iam::1:role/x".into()),
            tags: Some([("team".into(), "a b".into()), ("x".into(), "y=z".into())].into()),
            export_key: Some(true),
            ..line.clone()
        };
        for line in [line, all] {
            for text in [csv_header() + &csv_record(&line), serde_json::json!(line).to_string()] {
                let read = read(text.as_bytes()).expect("what was written");
                assert_eq!(read.iter().map(|numbered| &numbered.line).collect::<Vec<_>>(), [&line], "{text}");
            }
        }
    }
}
