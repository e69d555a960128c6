//! Messages to people, made from what happened.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::caller::TenantId;
use crate::certificate::InstalledCertificate;
use crate::endpoint::{Endpoint, EndpointId};
use crate::failure::{Actor, Failure, printable};

/// What a message is about. Subscriptions filter by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoticeKind {
    CertificateIssued,
    CertificateRenewed,
    /// The customer must do something.
    ActionRequired,
    /// There is no certificate, and the customer is not the one who can help.
    IssuanceFailed,
    /// As above, while an older certificate still serves.
    RenewalFailed,
    EndpointRemoved,
}

/// A message: one subject line, one plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub kind: NoticeKind,
    pub endpoint: EndpointId,
    pub tenant: TenantId,
    pub actor: Option<Actor>,
    /// ASCII without control characters, under 100 characters (limit of SNS).
    pub subject: String,
    pub text: String,
}

impl NoticeKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CertificateIssued => "CertificateIssued",
            Self::CertificateRenewed => "CertificateRenewed",
            Self::ActionRequired => "ActionRequired",
            Self::IssuanceFailed => "IssuanceFailed",
            Self::RenewalFailed => "RenewalFailed",
            Self::EndpointRemoved => "EndpointRemoved",
        }
    }
}

impl Notice {
    pub fn certificate(endpoint: &Endpoint, certificate: &InstalledCertificate, renewed: bool) -> Self {
        let (kind, verb) = match renewed {
            true => (NoticeKind::CertificateRenewed, "renewed"),
            false => (NoticeKind::CertificateIssued, "issued"),
        };
        let text = format!(
            "The certificate for {} was {verb}.\n\nSerial: {}\nIssuer: {}\nValid until: {}\nRenewal begins: {}\nACM: {}\n\nNobody needs to do anything.",
            all_names(endpoint),
            certificate.serial,
            printable(&certificate.issuer, 200),
            utc(certificate.not_after),
            utc(certificate.renew_at),
            certificate.arn,
        );
        Self::new(kind, endpoint, None, format!("certificate {verb}"), text)
    }

    /// `next` is when the next attempt starts by itself.
    pub fn failure(endpoint: &Endpoint, failure: &Failure, since: OffsetDateTime, next: OffsetDateTime) -> Self {
        let kind = match (failure.actor, &endpoint.certificate) {
            (Actor::Customer, _) => NoticeKind::ActionRequired,
            (_, Some(_)) => NoticeKind::RenewalFailed,
            (_, None) => NoticeKind::IssuanceFailed,
        };
        let who = match failure.actor {
            Actor::Customer => "the owner of the domain",
            Actor::Operator => "the operator of this installation",
            Actor::Ca => "nobody: the certificate authority has to be waited for",
        };
        let held = match &endpoint.certificate {
            Some(held) => format!("The certificate in place is valid until {}.", utc(held.not_after)),
            None => "There is no certificate yet.".to_owned(),
        };
        let text = format!(
            "The certificate for {} cannot be had at present.\n\nWhat: {} ({})\nWho must act: {who}\nWhat to do: {}\n\nFailing since: {}\nNext attempt: {}, by itself\n{held}",
            all_names(endpoint),
            failure.summary,
            failure.name,
            failure.remedy,
            utc(since),
            utc(next),
        );
        Self::new(kind, endpoint, Some(failure.actor), format!("{}", failure.name), text)
    }

    /// `kept` is the ARN of a certificate that was left in ACM because something still uses it.
    pub fn removed(endpoint: &Endpoint, kept: Option<&str>) -> Self {
        let certificate = match kept {
            Some(arn) => format!(
                "Its certificate is still in use and was left in ACM: {arn}\nDelete it there when nothing uses it any more."
            ),
            None => "Nothing of it is left.".to_owned(),
        };
        let text = format!("The endpoint for {} was removed.\n\n{certificate}", all_names(endpoint));
        Self::new(NoticeKind::EndpointRemoved, endpoint, None, "endpoint removed".to_owned(), text)
    }

    fn new(kind: NoticeKind, endpoint: &Endpoint, actor: Option<Actor>, what: String, text: String) -> Self {
        // Names are A-labels, so the subject is ASCII; a long one loses its end, not the reason.
        let name = endpoint.names.primary().to_string();
        let room = 98 - what.len().min(60) - "managed-https: ".len() - ": ".len();
        let name: String = name.chars().take(room).collect();
        Self {
            kind,
            endpoint: endpoint.id.clone(),
            tenant: endpoint.tenant.clone(),
            actor,
            subject: format!("managed-https: {name}: {what}"),
            text,
        }
    }
}

fn all_names(endpoint: &Endpoint) -> String {
    let names: Vec<String> = endpoint.names.iter().map(|name| name.to_unicode()).collect();
    names.join(", ")
}

fn utc(at: OffsetDateTime) -> String {
    at.replace_nanosecond(0).expect("zero is a nanosecond").format(&Rfc3339).expect("a year of four digits")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{DelegationLabel, Reachability};
    use crate::failure::FailureName;
    use crate::names::EndpointNames;
    use time::macros::datetime;

    fn endpoint(domain: &str) -> Endpoint {
        Endpoint::register(
            EndpointId::from_random([1; 16]),
            TenantId::fallback(),
            EndpointNames::parse(domain, &[], 9).expect("valid"),
            Reachability::External,
            DelegationLabel::from_random([2; 16]),
            datetime!(2026-11-24 12:00 UTC),
        )
    }

    #[test]
    fn a_failure_says_what_who_what_to_do_and_until_when() {
        let failure = Failure::new(FailureName::RecordsNotReady, Actor::Customer, "no CNAME", "Create it");
        let (since, next) = (datetime!(2026-11-24 12:00 UTC), datetime!(2026-11-24 12:01:00.5 UTC));
        let notice = Notice::failure(&endpoint("www.example.com"), &failure, since, next);
        assert_eq!(notice.kind, NoticeKind::ActionRequired);
        for part in [
            "www.example.com",
            "no CNAME",
            "owner of the domain",
            "Create it",
            "2026-11-24T12:01:00Z",
            "no certificate yet",
        ] {
            assert!(notice.text.contains(part), "{part} in {}", notice.text);
        }
    }

    #[test]
    fn the_subject_fits_sns_whatever_the_name() {
        let label = "a".repeat(63);
        let long = endpoint(&format!("{label}.{label}.{label}.example.com"));
        let subject = Notice::removed(&long, None).subject;
        assert!(subject.len() < 100 && subject.is_ascii(), "{subject}");
        assert!(subject.ends_with(": endpoint removed"));
    }
}
