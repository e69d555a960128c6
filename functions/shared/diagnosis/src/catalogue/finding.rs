//! The catalogue: every check, as data. `docs/reference/checks.md` is generated from it.

use vocabulary::guidance::Guidance;
use vocabulary::record::DnsRecord;
use vocabulary::text::printable;

use crate::catalogue::check::{Area, Check, Entry};
use crate::catalogue::entries::CATALOGUE;
use crate::report::{Finding, Severity};

impl Check {
    pub fn entry(self) -> &'static Entry {
        &CATALOGUE[self as usize]
    }

    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// A finding of this check. Its subject is at fault, unless set otherwise. Texts from outside are always made [`printable`]
    /// here.
    pub(crate) fn finding(
        self,
        subject: impl AsRef<str>,
        expected: impl AsRef<str>,
        found: impl AsRef<str>,
        fix: Fix,
    ) -> Finding {
        let entry = self.entry();
        Finding {
            check: entry.name.to_owned(),
            severity: entry.severity,
            subject: printable(subject.as_ref(), 260),
            expected: printable(expected.as_ref(), 600),
            explanation: entry.explanation.to_owned(),
            guidance: Guidance {
                waiting_on: entry.actor,
                summary: printable(found.as_ref(), 1200),
                action: fix.text,
                record: fix.record.map(Box::new),
                at_fault: Some(printable(subject.as_ref(), 260)),
            },
            command: fix.command,
        }
    }
}

impl Finding {
    /// The catalogue's entry for this finding.
    pub fn entry(&self) -> Option<&'static Entry> {
        CATALOGUE.iter().find(|entry| entry.name == self.check)
    }

    /// Whether it explains what the CA said at the last attempt.
    pub fn is_of_the_ca(&self) -> bool {
        self.entry().is_some_and(|entry| entry.area == Area::Ca)
    }

    /// With what is at fault, if it is not the subject alone.
    pub(crate) fn at(mut self, what: impl Into<String>) -> Self {
        self.guidance = self.guidance.at(what);
        self
    }

    /// Limits the severity to `severity`, where nothing fails because of it.
    pub(crate) fn softened(mut self, severity: Severity) -> Self {
        self.severity = self.severity.min(severity);
        self
    }

    pub(crate) fn is(&self, check: Check) -> bool {
        self.check == check.name()
    }
}

/// The next step after a finding, ready to be copied.
pub(crate) struct Fix {
    /// In one or two sentences, for the one who is waited on.
    text: Option<String>,
    record: Option<DnsRecord>,
    command: Option<String>,
}

impl Fix {
    pub(crate) fn of(text: impl Into<String>) -> Self {
        Self::optional(Some(text.into()))
    }

    /// Without a text there is no next step.
    pub(crate) fn optional(text: Option<String>) -> Self {
        Self { text, record: None, command: None }
    }

    pub(crate) fn with_record(mut self, record: DnsRecord) -> Self {
        self.record = Some(record);
        self
    }

    pub(crate) fn with_command(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_finds_its_own_entry_by_number_and_by_name() {
        for (number, entry) in CATALOGUE.iter().enumerate() {
            assert_eq!(entry.check as usize, number, "{}", entry.name);
            let finding = entry.check.finding("s", "e", "f", Fix::of("do"));
            assert_eq!(finding.entry().map(|found| found.check), Some(entry.check), "{} is unique", entry.name);
        }
        assert_eq!(Check::OrderFailed as usize + 1, CATALOGUE.len());
    }

    #[test]
    fn every_entry_says_what_it_is_and_what_to_do() {
        for entry in &CATALOGUE {
            assert!(entry.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            for text in [entry.explanation, entry.fix] {
                assert!(text.ends_with('.') && !text.contains('\n'), "{}: {text}", entry.name);
            }
        }
    }

    #[test]
    fn hostile_text_in_a_finding_is_made_harmless() {
        let finding = Check::OrderFailed.finding("s\u{202e}", "e", "\u{1b}[31m<b>\r\n", Fix::of("do"));
        assert_eq!((finding.subject.as_str(), finding.guidance.summary.as_str()), ("s\u{fffd}", "\u{fffd}[31m<b>  "));
    }
}
