//! What an event is about, in a few words: the subject of a mail, the title of a chat message.

use diagnosis::catalogue::entries::CATALOGUE;
use vocabulary::failure::FailureName;
use vocabulary::text::counted;
use vocabulary::times::expires;

use crate::alert::alert::Alert;
use crate::alert::sender::Sender;
use crate::endpoint::alert_kind::AlertKind;
use crate::endpoint::notified::{Cause, Severity};

/// Limit of SNS: under 100 characters.
const SUBJECT: usize = 99;

/// How much of a stack's name a subject shows.
const STACK: usize = 24;

/// How much of a domain it shows at least.
const NAME: usize = 25;

/// `Action needed: www.example.com, DNS record missing`
struct Headline {
    lead: &'static str,
    whom: String,
    /// Empty if the lead says everything.
    what: String,
}

impl Headline {
    fn of(alert: &Alert) -> Self {
        let somebody = alert.guidance.waiting_on.is_somebody();
        let cause = || problem(&alert.cause, alert.check.as_deref());
        let (lead, what) = match alert.kind {
            AlertKind::CertificateIssued => ("Certificate issued", String::new()),
            AlertKind::CertificateRenewed => ("Certificate renewed", String::new()),
            AlertKind::EndpointRemoved if somebody => ("Action needed", "certificate left in ACM".to_owned()),
            AlertKind::EndpointRemoved => ("Endpoint removed", String::new()),
            AlertKind::Recovered => ("Resolved", resolved(&alert.cause)),
            AlertKind::Digest => (
                "Daily digest",
                alert.digest.as_ref().map_or_else(String::new, |digest| {
                    format!("{} waiting for action", counted(digest.waiting, "endpoint"))
                }),
            ),
            AlertKind::ExpiryApproaching => {
                let lead = if somebody { "Action needed" } else { "Expiry approaching" };
                let until = |at| format!(", {} {}", expires(at, alert.at), at.date());
                let until = alert.until.map(until).unwrap_or_default();
                (lead, format!("{}{until}", cause()))
            }
            AlertKind::IssuanceFailed if !somebody => ("Issuance delayed", cause()),
            AlertKind::RenewalFailed if !somebody => ("Renewal delayed", cause()),
            _ => ("Action needed", cause()),
        };
        let whom = alert.domain.clone().or_else(|| alert.tenant.clone()).unwrap_or_else(|| match &alert.affected {
            Some(affected) => counted(affected.endpoints, "endpoint"),
            None => "installation".to_owned(),
        });
        let what = match alert.severity {
            severity if severity >= Severity::Error => format!("{what} ({})", severity.as_str()),
            _ => what,
        };
        Self { lead, whom, what }
    }

    fn write(&self, whom: &str) -> String {
        let comma = if self.what.is_empty() { "" } else { ", " };
        format!("{}: {whom}{comma}{}", self.lead, self.what)
    }
}

impl Alert {
    /// On one line: ASCII without control characters, under 100 characters. A long name is cut at its end; the reason is kept.
    pub fn subject(&self, sender: &Sender) -> String {
        let mut headline = Headline::of(self);
        let stack = format!("[{}] ", ascii(&sender.stack, STACK));
        let rest = SUBJECT - stack.len() - headline.lead.len() - ": , ".len();
        headline.what = ascii(&headline.what, rest - NAME.min(headline.whom.len()));
        let room = rest - headline.what.len();
        // Names are A-labels, so they are ASCII.
        format!("{stack}{}", headline.write(&ascii(&headline.whom, room)))
    }

    /// The same without the stack, and in full.
    pub fn headline(&self) -> String {
        let headline = Headline::of(self);
        headline.write(&headline.whom)
    }
}

fn ascii(text: &str, most: usize) -> String {
    text.chars().filter(|c| c.is_ascii() && !c.is_ascii_control()).take(most).collect()
}

/// What is wrong, by the check that found it, or else by the cause.
pub(super) fn problem(cause: &Cause, check: Option<&str>) -> String {
    let entry = check.and_then(|check| CATALOGUE.iter().find(|entry| entry.name == check));
    match (check, entry) {
        (Some("delegation-missing" | "host-missing" | "persistent-missing"), _) => "DNS record missing".to_owned(),
        (_, Some(entry)) => within_a_sentence(entry.title),
        _ => by_cause(cause).0.map_or_else(|| format!("check {cause} failed"), str::to_owned),
    }
}

/// Its end: `DNS records are correct again`.
pub(super) fn resolved(cause: &Cause) -> String {
    by_cause(cause).1.map_or_else(|| format!("check {cause} passes again"), str::to_owned)
}

/// The texts for the problem and its end. None for a check of the installation.
fn by_cause(cause: &Cause) -> (Option<&'static str>, Option<&'static str>) {
    let failure = FailureName::ALL.into_iter().find(|name| name.as_str() == cause.as_str());
    let (problem, end) = match (failure, cause.as_str()) {
        (Some(failure), _) => by_failure(failure),
        (None, "records-moved") => {
            ("paused, DNS records belong to another registration", "the DNS records are correct again")
        }
        (None, "paused") => ("paused, DNS records missing for a long time", "no longer paused"),
        (None, "served-certificate-differs") => {
            ("a different certificate is served", "the right certificate is served")
        }
        (None, "served-chain-incomplete") => ("incomplete certificate chain", "the whole certificate chain is served"),
        (None, "certificate-missing") => ("certificate missing from ACM", "ACM has the certificate again"),
        (None, "another-in-acm") => ("a different certificate is in ACM", "ACM has the right certificate again"),
        (None, "copy-missing") => ("certificate missing in a region", "all regions have the certificate again"),
        (None, "listener-without") => {
            ("certificate missing from a listener", "all listeners have the certificate again")
        }
        (None, "delegation-unproven") => ("delegation missing", "the delegation is correct again"),
        (None, "dns-broken") => ("DNS not correct", "DNS is correct again"),
        (None, "attempt-overdue") => ("attempts do not start", "attempts start again"),
        (None, "renewal-overdue") => ("renewal overdue", "the renewal was started"),
        (None, _) => return (None, None),
    };
    (Some(problem), Some(end))
}

fn by_failure(failure: FailureName) -> (&'static str, &'static str) {
    match failure {
        FailureName::RecordsNotReady => ("DNS records not correct", "DNS records are correct again"),
        FailureName::ChallengeFailed => ("validation failed", "validation succeeded"),
        FailureName::CaRefused => ("refused by the CA", "no longer refused by the CA"),
        FailureName::AccountRefused => ("ACME account refused by the CA", "the CA accepts the ACME account again"),
        FailureName::RateLimited => ("rate limit of the CA reached", "no longer rate limited by the CA"),
        FailureName::BudgetSpent => ("queued for the CA's rate limit", "no longer queued for the CA's rate limit"),
        FailureName::CaUnavailable => ("CA unavailable", "the CA answers again"),
        FailureName::OrderLost => ("order lost at the CA", "a new order succeeded"),
        FailureName::CertificateRejected => ("certificate of the CA not accepted", "a correct certificate was issued"),
        FailureName::DestinationRefused => {
            ("import into ACM, a listener or a secret failed", "imported, attached and exported again")
        }
        FailureName::Misconfigured => ("installation misconfigured", "the configuration works again"),
        FailureName::Throttled => ("requests to AWS throttled", "requests to AWS are no longer throttled"),
        FailureName::Unavailable => ("a service does not answer", "the service answers again"),
        FailureName::TimedOut => ("attempts time out", "attempts no longer time out"),
        FailureName::EndpointRemoved => ("removed during an attempt", "removal finished"),
        FailureName::Superseded => ("replaced by a newer attempt", "the newer attempt ended"),
    }
}

/// `The delegation is missing` as it continues a sentence. Abbreviations keep their capitals.
fn within_a_sentence(title: &str) -> String {
    let mut letters = title.chars();
    match (letters.next(), letters.next()) {
        (Some(first), Some(second)) if first.is_ascii_uppercase() && !second.is_ascii_uppercase() => {
            format!("{}{}", first.to_ascii_lowercase(), &title[1..])
        }
        _ => title.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::OffsetDateTime;

    #[test]
    fn a_title_continues_a_sentence_and_an_abbreviation_keeps_its_capitals() {
        assert_eq!(within_a_sentence("The host has no record"), "the host has no record");
        assert_eq!(within_a_sentence("A TXT record stands there"), "a TXT record stands there");
        assert_eq!(within_a_sentence("DNSSEC does not validate"), "DNSSEC does not validate");
    }

    #[test]
    fn the_subject_fits_sns_whatever_stack_name_and_reason() {
        let label = "a".repeat(63);
        let sender = Sender { stack: "s".repeat(128), ..Sender::default() };
        let causes = FailureName::ALL.into_iter().map(Cause::from).chain([Cause::new("c".repeat(90))]);
        for cause in causes {
            for kind in AlertKind::ALL {
                let mut alert = Alert::of_installation(kind, cause.clone(), OffsetDateTime::UNIX_EPOCH);
                alert.domain = Some(format!("{label}.{label}.{label}.example.com"));
                alert.severity = Severity::Page;
                let subject = alert.subject(&sender);
                assert!(subject.len() < 100 && subject.is_ascii(), "{subject}");
                assert!(subject.contains("aa"), "{subject}");
            }
        }
    }

    #[test]
    fn a_problem_has_the_words_of_what_a_check_found() {
        let cause = Cause::from(FailureName::RecordsNotReady);
        assert_eq!(problem(&cause, Some("delegation-missing")), "DNS record missing");
        assert_eq!(problem(&cause, None), "DNS records not correct");
        assert_eq!(problem(&Cause::new("schedule"), None), "check schedule failed");
        assert_eq!(resolved(&Cause::new("schedule")), "check schedule passes again");
    }
}
