//! An event in the form that Amazon Q in chat applications shows in Slack and Teams.
//!
//! Source: "Custom notifications" of the AWS documentation of Amazon Q Developer in chat applications.

use serde_json::{Value, json};

use crate::alert::alert::Alert;
use crate::alert::sender::Sender;
use crate::endpoint::notified::Severity;

/// A description may have 8,000 characters; this leaves room for the rest of the message.
const DESCRIPTION: usize = 6000;

impl Alert {
    /// The whole message. Escalations of the same cause for the same endpoint share one thread.
    pub fn chat(&self, sender: &Sender) -> Value {
        let mark = match self.severity {
            Severity::Info => ":white_check_mark:",
            Severity::Notice => ":information_source:",
            Severity::Warning => ":warning:",
            Severity::Error => ":x:",
            Severity::Page => ":rotating_light:",
        };
        let facts = self.facts(sender).into_iter().map(|(name, value)| format!("*{name}*: {}", plain(&value)));
        let lines: Vec<String> = std::iter::once(plain(&self.guidance.summary)).chain(facts).collect();
        let description: String = lines.join("\n").chars().take(DESCRIPTION).collect();
        let headline = format!("[{}] {}", sender.stack, self.headline());
        json!({
            "version": "1.0",
            "source": "custom",
            "id": self.id,
            "content": {
                "textType": "client-markdown",
                "title": format!("{mark} {headline}"),
                "description": description,
            },
            "metadata": {
                "threadId": format!("{}.{}", self.endpoint.as_deref().unwrap_or("installation"), self.cause),
                "summary": headline,
                "eventType": self.kind.as_str(),
            },
        })
    }
}

/// Text from a CA or from DNS, shown literally: no mention of a channel, no link with a misleading label.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '<' => '\u{2039}',
            '>' => '\u{203a}',
            '@' => '\u{ff20}',
            '*' => '\u{2217}',
            '`' => '\u{2019}',
            '[' => '\u{27e6}',
            ']' => '\u{27e7}',
            c => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::alert_kind::AlertKind;
    use crate::endpoint::notified::Cause;
    use time::macros::datetime;

    #[test]
    fn what_a_ca_or_a_zone_says_calls_nobody_and_links_nowhere() {
        let mut alert = Alert::of_installation(
            AlertKind::IssuanceFailed,
            Cause::new("Unavailable"),
            datetime!(2026-11-24 12:00 UTC),
        );
        alert.guidance.summary = "<!channel> @here [click](https://evil.example) *now*".into();
        let chat = alert.chat(&Sender::default());
        let shown = chat["content"]["description"].as_str().expect("text");
        for hostile in ["<!", "@here", "[click]"] {
            assert!(!shown.contains(hostile), "{hostile} in {shown}");
        }
        assert_eq!((&chat["version"], &chat["source"]), (&json!("1.0"), &json!("custom")));
    }

    #[test]
    fn a_very_long_text_is_cut_to_what_is_shown() {
        let mut alert =
            Alert::of_installation(AlertKind::Digest, Cause::new("digest"), datetime!(2026-11-24 12:00 UTC));
        alert.guidance.summary = "x".repeat(20_000);
        assert!(
            alert.chat(&Sender::default())["content"]["description"].as_str().expect("text").chars().count() <= 8000
        );
    }
}
