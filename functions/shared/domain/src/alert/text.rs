//! An event as a person reads it in a mail.

use vocabulary::guidance::WaitingOn;
use vocabulary::text::counted;
use vocabulary::times::{expires, timestamp};

use crate::alert::alert::Alert;
use crate::alert::digest::Digest;
use crate::alert::sender::Sender;
use crate::endpoint::alert_kind::AlertKind;
use crate::endpoint::notified::Severity;

impl Alert {
    /// For a person: what, who is waited on, the next step and the exact record, since when, until when, where.
    pub fn text(&self, sender: &Sender) -> String {
        let mut lines = vec![sender.linking(&self.guidance.summary), String::new()];
        lines.extend(self.facts(sender).into_iter().map(|(name, value)| format!("{name}: {value}")));
        lines.join("\n")
    }

    /// What there is to know, by name, in order of importance.
    pub(super) fn facts(&self, sender: &Sender) -> Vec<(&'static str, String)> {
        let time = |at| timestamp(at, self.at);
        let facts = self.guidance.facts().into_iter();
        let mut facts: Vec<_> = facts.map(|(name, value)| (name, sender.linking(&value))).collect();
        if !self.names.is_empty() {
            facts.push(("Names", self.names.join(", ")));
        }
        facts.extend(self.since.map(|at| ("Since", time(at))));
        facts.extend(self.next_attempt.map(|at| ("Next attempt", format!("{}, automatic", time(at)))));
        match (&self.certificate, self.until) {
            (Some(held), _) => {
                let expires = expires(held.not_after, self.at);
                facts.push(("Current certificate", format!("{expires} {}", time(held.not_after))));
            }
            (None, Some(until)) if until <= self.at => facts.push(("Expired", time(until))),
            (None, Some(until)) => facts.push(("Expires", time(until))),
            (None, None) if self.endpoint.is_some() && self.kind != AlertKind::EndpointRemoved => {
                facts.push(("Current certificate", "none yet".to_owned()));
            }
            (None, None) => {}
        }
        if let Some(held) = self.certificate.as_ref().filter(|_| self.severity == Severity::Info) {
            facts.push(("Serial", held.serial.clone()));
            facts.push(("Issuer", held.issuer.clone()));
            facts.extend(held.directory.clone().map(|directory| ("CA", directory)));
            facts.push(("Next renewal", format!("{}, automatic", time(held.renew_at))));
            facts.push(("ACM", held.arn.clone()));
        }
        if let Some(affected) = &self.affected {
            facts
                .push(("Affected", format!("{} (first: {})", counted(affected.endpoints, "endpoint"), affected.first)));
        }
        facts.extend(self.digest.iter().flat_map(|digest| Digest::lines(digest, self.at)));
        facts.push(("Cause", format!("{} ({}, {})", self.cause, self.kind.as_str(), self.severity.as_str())));
        if !sender.stack.is_empty() {
            facts.push(("Installation", sender.in_words()));
        }
        facts.extend(self.link.clone().map(|link| ("Dashboard", link)));
        let runbook = sender.runbooks.as_ref().zip(self.runbook());
        facts.extend(runbook.map(|(base, page)| ("Runbook", format!("{}/{page}.md", base.trim_end_matches('/')))));
        facts
    }

    /// The runbook: that of the alarm for the same fault.
    pub fn runbook(&self) -> Option<&'static str> {
        match (self.kind, self.guidance.waiting_on) {
            (AlertKind::InstallationUnhealthy, _) => Some("enginechecksalarm"),
            (AlertKind::ServedCertificateDiffers, _) => Some("anotherservedalarm"),
            (AlertKind::ExpiryApproaching, _) => Some("lifeleftalarm"),
            (AlertKind::IssuanceFailed | AlertKind::RenewalFailed, WaitingOn::Operator) => {
                Some("operatorfailuresalarm")
            }
            (AlertKind::IssuanceFailed | AlertKind::RenewalFailed, WaitingOn::Ca) => Some("cafailuresalarm"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::notifications::decide;
    use crate::alert::policy::NotificationPolicy;
    use crate::endpoint::endpoint::Endpoint;
    use crate::endpoint::failing::Failing;
    use time::macros::datetime;
    use time::{Duration, OffsetDateTime};
    use vocabulary::acme::Reachability;
    use vocabulary::dns::owner_records::delegation_record;
    use vocabulary::failure::{Failure, FailureName};
    use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);
    const DASHBOARD: NotificationPolicy<'static> =
        NotificationPolicy { dashboard: Some("https://certificates.example"), setup_patience: Duration::ZERO };

    fn sender() -> Sender {
        Sender {
            stack: "production".into(),
            account: Some("123456789012".into()),
            region: Some("eu-central-1".into()),
            runbooks: Some("https://git.example/docs/runbooks/".into()),
        }
    }

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

    fn notified(failure: Failure) -> Alert {
        let mut endpoint = endpoint("www.example.com");
        endpoint.failing = Some(Failing::first(failure, NOW));
        endpoint.due_at = Some(datetime!(2026-11-24 12:01:00.5 UTC));
        decide(&endpoint, NOW, &DASHBOARD).alerts.remove(0)
    }

    fn missing(action: impl Into<String>) -> Failure {
        let names = EndpointNames::parse("www.example.com", &[], 9).expect("valid");
        let record = delegation_record(names.authorization_names().first().expect("a name"), "label.acme.example");
        Failure::new(FailureName::RecordsNotReady, WaitingOn::DomainOwner, "no CNAME", action)
            .with_check("delegation-missing")
            .with_record(Some(&record))
    }

    #[test]
    fn a_message_has_the_issue_who_is_waited_on_the_next_step_the_record_dates_and_a_link() {
        let alert = notified(missing("Create it."));
        assert_eq!(alert.kind, AlertKind::ActionRequired);
        let text = alert.text(&sender());
        let lines: Vec<_> = text.lines().collect();
        for line in [
            "no CNAME",
            "Waiting on: the domain owner",
            "Next step: Create it.",
            "Record: _acme-challenge.www.example.com CNAME label.acme.example",
            "Names: www.example.com",
            "Since: 2026-11-24 12:00:00 UTC (just now)",
            "Next attempt: 2026-11-24 12:01:00 UTC (in 60 seconds), automatic",
            "Current certificate: none yet",
            "Installation: production, account 123456789012, region eu-central-1",
        ] {
            assert!(lines.contains(&line), "{line} in {text}");
        }
        assert!(text.contains("\nDashboard: https://certificates.example/dashboard/endpoints/ep-"), "{text}");
        assert_eq!(alert.subject(&sender()), "[production] Action needed: www.example.com, DNS record missing");
    }

    #[test]
    fn where_nobody_can_act_one_line_says_so() {
        let failure = Failure::without_action(FailureName::OrderLost, WaitingOn::Ca, "The order is gone.");
        let alert = notified(failure);
        let text = alert.text(&sender());
        assert!(text.contains("\nWaiting on: the certificate authority (CA). No action needed.\n"), "{text}");
        assert!(text.ends_with("\nRunbook: https://git.example/docs/runbooks/cafailuresalarm.md"), "{text}");
        assert!(!alert.text(&Sender::default()).contains("Runbook"), "a path in a mail is no link");
        assert_eq!(alert.subject(&sender()), "[production] Issuance delayed: www.example.com, order lost at the CA");
    }

    #[test]
    fn a_page_that_the_next_step_names_is_a_link_that_opens() {
        let alert = notified(missing("Replace it: docs/how-to/acme-account.md."));
        let text = alert.text(&sender());
        assert!(text.contains("Next step: Replace it: https://git.example/docs/how-to/acme-account.md.\n"), "{text}");
        let elsewhere = Sender { runbooks: Some("https://wiki.example/alarms".into()), ..sender() };
        assert!(alert.text(&elsewhere).contains("Replace it: docs/how-to/acme-account.md."), "only what is there");
    }

    #[test]
    fn a_record_that_the_next_step_spells_out_is_not_repeated() {
        let line = missing("").guidance.record.expect("a record").line();
        let text = notified(missing(&line)).text(&sender());
        assert_eq!(text.matches(&line).count(), 1, "{text}");
    }
}
