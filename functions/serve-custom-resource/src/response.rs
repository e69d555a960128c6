//! What CloudFormation reads (`crpg-ref-responses` of its user guide).

use serde::Serialize;
use vocabulary::text::printable;

use crate::attributes::Attributes;
use crate::event::Event;

/// CloudFormation takes no longer answer.
const LONGEST: usize = 4096;
/// Room for the reason of a failure, in characters.
const LONGEST_REASON: usize = 800;

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The resource is there, and is what was wanted.
    Done { physical_id: String, attributes: Attributes },
    /// There is no such resource any more.
    Gone { physical_id: String },
    /// Why, in words for whoever reads the events of the stack.
    Failed { physical_id: String, reason: String },
}

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Response {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    physical_resource_id: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    data: Attributes,
}

impl Response {
    pub(crate) fn to(event: &Event, outcome: Outcome) -> Self {
        let (status, reason, physical_resource_id, data) = match outcome {
            Outcome::Done { physical_id, attributes } => ("SUCCESS", None, physical_id, attributes),
            Outcome::Gone { physical_id } => ("SUCCESS", None, physical_id, Attributes::default()),
            Outcome::Failed { physical_id, reason } => {
                ("FAILED", Some(printable(&reason, LONGEST_REASON)), physical_id, Attributes::default())
            }
        };
        Self {
            status,
            reason,
            physical_resource_id,
            stack_id: event.stack_id.clone(),
            request_id: event.request_id.clone(),
            logical_resource_id: event.logical_resource_id.clone(),
            data,
        }
    }

    pub fn succeeded(&self) -> bool {
        self.status == "SUCCESS"
    }

    /// Why it failed; empty where it did not.
    pub fn reason(&self) -> &str {
        self.reason.as_deref().unwrap_or_default()
    }

    pub fn physical_resource_id(&self) -> &str {
        &self.physical_resource_id
    }

    /// As it is sent: within CloudFormation's limit, with the attributes of as many records as that leaves room for.
    pub fn body(&self) -> Vec<u8> {
        let mut fitting = self.clone();
        loop {
            let body = serde_json::to_vec(&fitting).expect("texts can be written as JSON");
            if body.len() <= LONGEST || !fitting.data.drop_last_record() {
                return body;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::attributes::tests::with_records;

    fn event() -> Event {
        let event = json!({
            "RequestType": "Create", "ResponseURL": "https://example.net", "StackId": "s".repeat(220),
            "RequestId": "r", "LogicalResourceId": "Shop",
        });
        serde_json::from_value(event).expect("an event")
    }

    #[test]
    fn an_answer_has_at_most_4096_bytes_and_as_many_records_as_fit() {
        let body = |records| {
            let outcome = Outcome::Done { physical_id: "e1".into(), attributes: with_records(records) };
            let body = Response::to(&event(), outcome).body();
            assert!(body.len() <= LONGEST, "{} bytes", body.len());
            serde_json::from_slice::<Value>(&body).expect("JSON")["Data"].clone()
        };
        let few = body(2);
        assert_eq!((&few["RecordCount"], &few["Record2Type"]), (&json!("2"), &json!("CNAME")));
        let many = body(200);
        let shown = (1..).take_while(|n| many.get(format!("Record{n}Name")).is_some()).count();
        assert!((10..200).contains(&shown), "{shown} records");
        assert_eq!(many["RecordCount"], "200", "so that a reader knows of the others");
        assert!(
            many.get(format!("Record{shown}Value")).is_some(),
            "a record is there with all its parts, or not at all"
        );
    }

    #[test]
    fn a_reason_is_one_printable_text_within_the_limit() {
        let failed = Outcome::Failed { physical_id: "p".into(), reason: "a\u{7}\n".repeat(5000) };
        let body = Response::to(&event(), failed).body();
        assert!(body.len() <= LONGEST);
        let answer: Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(answer["Status"], "FAILED");
        assert!(answer["Reason"].as_str().is_some_and(|reason| !reason.contains('\u{7}')));
        assert_eq!((&answer["StackId"], &answer["RequestId"]), (&json!("s".repeat(220)), &json!("r")), "verbatim");
    }
}
