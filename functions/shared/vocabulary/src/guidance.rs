//! The situation, who is waited on, and the next step: the part that all issues have in common.

use serde::{Deserialize, Serialize};

use crate::record::DnsRecord;

/// Who must do something before it continues.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitingOn {
    /// The owner of the domain, in its DNS.
    #[serde(rename = "customer")]
    DomainOwner,
    /// The team that runs this installation.
    Operator,
    /// The certificate authority; waiting is enough.
    Ca,
    /// It continues automatically.
    Nobody,
}

impl WaitingOn {
    /// As it is stored and sent.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DomainOwner => "customer",
            Self::Operator => "operator",
            Self::Ca => "ca",
            Self::Nobody => "nobody",
        }
    }

    /// As people read it, in every text.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::DomainOwner => "the domain owner",
            Self::Operator => "the operator",
            Self::Ca => "the certificate authority (CA)",
            Self::Nobody => "nobody",
        }
    }

    /// Whether it waits on a person, who has to be notified.
    pub fn is_somebody(self) -> bool {
        matches!(self, Self::DomainOwner | Self::Operator)
    }
}

/// The situation, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guidance {
    /// Stored as `actor`, its name in earlier releases.
    #[serde(rename = "actor")]
    pub waiting_on: WaitingOn,
    /// What happened and why, in one or two sentences.
    pub summary: String,
    /// The next step, for [`WaitingOn`]; `None` if there is none. Stored as `remedy`, empty if there is none, so that an
    /// earlier release can still read it.
    #[serde(rename = "remedy", with = "stored_action", default)]
    pub action: Option<String>,
    /// The record to create or to change, where that is the next step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<DnsRecord>>,
    /// What is at fault: the name of a record, a zone, the holder of a CAA record, a listener, a service. With the name of the
    /// fault it identifies equal causes of several endpoints, whose texts may differ. Absent if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_fault: Option<String>,
}

impl Guidance {
    pub fn new(waiting_on: WaitingOn, summary: impl Into<String>, action: impl Into<String>) -> Self {
        Self { waiting_on, summary: summary.into(), action: Some(action.into()), record: None, at_fault: None }
    }

    /// Nobody can do anything about it, or nobody needs to.
    pub fn without_action(waiting_on: WaitingOn, summary: impl Into<String>) -> Self {
        Self { waiting_on, summary: summary.into(), action: None, record: None, at_fault: None }
    }

    pub fn with_record(mut self, record: Option<&DnsRecord>) -> Self {
        self.record = record.cloned().map(Box::new);
        self
    }

    /// With what is at fault.
    pub fn at(mut self, what: impl Into<String>) -> Self {
        self.at_fault = Some(what.into());
        self
    }

    /// Who is waited on and the next step, with the record if the step does not name it: names and values of lines.
    pub fn facts(&self) -> Vec<(&'static str, String)> {
        let whom = self.waiting_on.in_words();
        let Some(action) = &self.action else {
            return vec![("Waiting on", format!("{whom}. {NO_ACTION}"))];
        };
        let record = self.record.as_ref().map(|record| record.line()).filter(|line| !action.contains(line.as_str()));
        let record = record.map(|line| ("Record", line));
        let facts = [("Waiting on", whom.to_owned()), ("Next step", action.clone())];
        facts.into_iter().chain(record).collect()
    }

    /// The next step as people read it.
    pub fn next_step(&self) -> &str {
        self.action.as_deref().unwrap_or(NO_ACTION)
    }
}

/// What people read where there is no next step.
pub const NO_ACTION: &str = "No action needed.";

mod stored_action {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(action: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(action.as_deref().unwrap_or_default())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        Ok(text.filter(|text| !text.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guidance_is_stored_with_the_field_names_of_earlier_releases() {
        let guidance = Guidance::new(WaitingOn::DomainOwner, "It is missing.", "Create it.");
        let stored = serde_json::json!({"actor": "customer", "summary": "It is missing.", "remedy": "Create it."});
        assert_eq!(serde_json::to_value(&guidance).expect("plain data"), stored);
        assert_eq!(serde_json::from_value::<Guidance>(stored).expect("reads"), guidance);
    }

    #[test]
    fn no_action_is_stored_as_an_empty_text_and_read_as_none() {
        let guidance = Guidance::without_action(WaitingOn::Nobody, "It is retried.");
        let stored = serde_json::to_value(&guidance).expect("plain data");
        assert_eq!(stored["remedy"], "");
        assert_eq!(serde_json::from_value::<Guidance>(stored).expect("reads"), guidance);
        assert_eq!(guidance.next_step(), NO_ACTION);
    }

    #[test]
    fn everybody_is_written_as_they_are_serialized() {
        for who in [WaitingOn::DomainOwner, WaitingOn::Operator, WaitingOn::Ca, WaitingOn::Nobody] {
            assert_eq!(serde_json::to_value(who).expect("a word"), who.as_str());
        }
    }
}
