//! An event as a person reads it in a mail.

use vocabulary::text::utc;

use crate::alert::alert::Alert;
use crate::alert::digest::{Digest, who};
use crate::endpoint::alert_kind::AlertKind;
use crate::endpoint::notified::Severity;

/// Limit of SNS: under 100 characters.
const SUBJECT: usize = 99;

impl Alert {
    /// In one line: ASCII without control characters, under 100 characters.
    pub fn subject(&self) -> String {
        // Names are A-labels, so the subject is ASCII; a long one loses its end, not the reason.
        let whom = self.domain.as_deref().or(self.tenant.as_deref()).unwrap_or("installation");
        let what: String = self.headline().chars().filter(|c| c.is_ascii() && !c.is_ascii_control()).take(60).collect();
        let room = SUBJECT - "managed-https: ".len() - ": ".len() - what.len();
        let whom: String = whom.chars().take(room).collect();
        format!("managed-https: {whom}: {what}")
    }

    /// What it is about, in a few words.
    pub fn headline(&self) -> String {
        let cause = &self.cause;
        let what = match self.kind {
            AlertKind::CertificateIssued | AlertKind::CertificateRenewed => format!("certificate {cause}"),
            AlertKind::EndpointRemoved => "endpoint removed".to_owned(),
            AlertKind::Recovered => format!("{cause} is over"),
            AlertKind::ExpiryApproaching => format!("expiry approaching ({cause})"),
            AlertKind::Digest => "daily digest".to_owned(),
            _ => cause.to_string(),
        };
        match self.severity {
            Severity::Info | Severity::Notice => what,
            severity => format!("{what} [{}]", severity.as_str()),
        }
    }

    /// For a person: what, since when, until when, who, the exact record, the link.
    pub fn text(&self) -> String {
        let mut lines = vec![self.guidance.summary.clone(), String::new()];
        lines.extend(self.facts().into_iter().map(|(name, value)| format!("{name}: {value}")));
        lines.join("\n")
    }

    /// What there is to know, by name, in the order in which it matters.
    pub(super) fn facts(&self) -> Vec<(&'static str, String)> {
        let mut facts: Vec<(&'static str, String)> = Vec::new();
        if !self.names.is_empty() {
            facts.push(("Names", self.names.join(", ")));
        }
        let step = self.guidance.next_step();
        facts.push(("Who must act", who(self.guidance.waiting_on).to_owned()));
        facts.push(("What to do", step.to_owned()));
        if let Some(record) = self.guidance.record.as_ref().filter(|record| !step.contains(&record.line())) {
            facts.push(("Record", record.line()));
        }
        facts.extend(self.since.map(|at| ("Since", utc(at))));
        facts.extend(self.next_attempt.map(|at| ("Next attempt", format!("{}, by itself", utc(at)))));
        match (&self.certificate, self.until) {
            (Some(held), _) => {
                let expired = if held.not_after <= self.at { ". It has expired" } else { "" };
                facts.push(("Certificate in place", format!("valid until {}{expired}", utc(held.not_after))));
            }
            (None, Some(until)) => facts.push(("Breaks at", utc(until))),
            (None, None) if self.endpoint.is_some() && self.kind != AlertKind::EndpointRemoved => {
                facts.push(("Certificate in place", "none yet".to_owned()));
            }
            (None, None) => {}
        }
        if let Some(held) = self.certificate.as_ref().filter(|_| self.severity == Severity::Info) {
            facts.push(("Serial", held.serial.clone()));
            facts.push(("Issuer", held.issuer.clone()));
            facts.extend(held.directory.clone().map(|directory| ("CA", directory)));
            facts.push(("Renewal begins", utc(held.renew_at)));
            facts.push(("ACM", held.arn.clone()));
        }
        if let Some(affected) = &self.affected {
            facts.push(("Endpoints that have met it", format!("{}, first {}", affected.endpoints, affected.first)));
        }
        facts.extend(self.digest.iter().flat_map(Digest::lines));
        facts.push(("Cause", format!("{} ({}, {})", self.cause, self.kind.as_str(), self.severity.as_str())));
        facts.extend(self.link.clone().map(|link| ("See", link)));
        facts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::notifications::decide;
    use crate::endpoint::endpoint::Endpoint;
    use crate::endpoint::failing::Failing;
    use time::OffsetDateTime;
    use time::macros::datetime;
    use vocabulary::acme::Reachability;
    use vocabulary::dns::owner_records::delegation_record;
    use vocabulary::failure::{Failure, FailureName};
    use vocabulary::guidance::WaitingOn;
    use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn endpoint(domain: &str) -> Endpoint {
        Endpoint::register(
            EndpointId::from_random([1; 16]),
            vocabulary::names::TenantId::fallback(),
            EndpointNames::parse(domain, &[], 9).expect("valid"),
            Reachability::External,
            DelegationLabel::from_random([2; 16]),
            NOW,
        )
    }

    #[test]
    fn a_failure_says_what_who_what_to_do_the_record_until_when_and_where_to_look() {
        let mut endpoint = endpoint("www.example.com");
        let record =
            delegation_record(endpoint.names.authorization_names().first().expect("a name"), "label.acme.example");
        let failure = Failure::new(FailureName::RecordsNotReady, WaitingOn::DomainOwner, "no CNAME", "Create it.")
            .with_record(Some(&record));
        endpoint.failing = Some(Failing::first(failure, NOW));
        endpoint.due_at = Some(datetime!(2026-11-24 12:01:00.5 UTC));
        let alert = decide(&endpoint, NOW, Some("https://certificates.example")).alerts.remove(0);
        assert_eq!(alert.kind, AlertKind::ActionRequired);
        let text = alert.text();
        for part in [
            "www.example.com",
            "no CNAME",
            "owner of the domain",
            "Create it.",
            "_acme-challenge.www.example.com CNAME label.acme.example",
            "Since: 2026-11-24T12:00:00Z",
            "2026-11-24T12:01:00Z, by itself",
            "Certificate in place: none yet",
            "https://certificates.example/dashboard/endpoints/ep-",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert_eq!(alert.subject(), "managed-https: www.example.com: RecordsNotReady");
    }

    #[test]
    fn a_record_that_the_remedy_spells_out_is_not_said_twice() {
        let mut endpoint = endpoint("www.example.com");
        let record =
            delegation_record(endpoint.names.authorization_names().first().expect("a name"), "label.acme.example");
        let failure = Failure::new(FailureName::RecordsNotReady, WaitingOn::DomainOwner, "no CNAME", record.line())
            .with_record(Some(&record));
        endpoint.failing = Some(Failing::first(failure, NOW));
        let text = decide(&endpoint, NOW, None).alerts.remove(0).text();
        assert_eq!(text.matches(&record.line()).count(), 1, "{text}");
    }

    #[test]
    fn the_subject_fits_sns_whatever_the_name() {
        let label = "a".repeat(63);
        let long = endpoint(&format!("{label}.{label}.{label}.example.com"));
        let subject = Alert::removed(&long, &[], NOW).subject();
        assert!(subject.len() < 100 && subject.is_ascii(), "{subject}");
        assert!(subject.ends_with(": endpoint removed"));
    }
}
