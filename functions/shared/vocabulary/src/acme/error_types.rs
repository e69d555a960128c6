//! The CA's error types (RFC 8555 §6.7), what they mean, and who is waited on.

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

use crate::failure::problem::Problem;
use crate::guidance::WaitingOn;

/// An error type of ACME, explained.
#[derive(Clone, Copy, Debug)]
pub struct AcmeError {
    /// As in [`Problem::kind`].
    pub kind: &'static str,
    pub waiting_on: WaitingOn,
    pub meaning: &'static str,
    /// The next step; empty where there is none.
    pub(crate) action: &'static str,
}

const OURS: &str = "A new attempt is made automatically. If it happens again, report it with the CA's words.";

const ACCOUNT: &str = "Compare the account with the stack's parameters (directory, contact, external account binding): docs/how-to/acme-account.md.";

const fn error(kind: &'static str, waiting_on: WaitingOn, meaning: &'static str, action: &'static str) -> AcmeError {
    AcmeError { kind, waiting_on, meaning, action }
}

/// The types of RFC 8555 §6.7, and those of later RFCs and drafts that a new order can meet.
pub const ACME_ERRORS: [AcmeError; 27] = [
    error("accountDoesNotExist", WaitingOn::Operator, "The CA does not know the account.", ACCOUNT),
    error(
        "alreadyReplaced",
        WaitingOn::Ca,
        "The certificate that the order replaces has been replaced already (RFC 9773).",
        OURS,
    ),
    error("alreadyRevoked", WaitingOn::Operator, "The certificate has been revoked already.", OURS),
    error("badCSR", WaitingOn::Operator, "The CA does not accept the certificate request.", OURS),
    error("badNonce", WaitingOn::Ca, "The CA did not accept the request's nonce.", OURS),
    error("badPublicKey", WaitingOn::Operator, "The CA does not accept the kind or quality of the key.", OURS),
    error("badRevocationReason", WaitingOn::Operator, "The CA does not accept the reason for a revocation.", OURS),
    error("badSignatureAlgorithm", WaitingOn::Operator, "The CA does not accept how the request was signed.", OURS),
    error(
        "caa",
        WaitingOn::DomainOwner,
        "The domain's CAA records forbid the CA to issue.",
        "Allow the CA in the domain's CAA records, or delete them.",
    ),
    error(
        "compound",
        WaitingOn::DomainOwner,
        "Several names failed, each for a reason of its own.",
        "Check each name.",
    ),
    error(
        "connection",
        WaitingOn::DomainOwner,
        "The CA could not connect to the host.",
        "Make port 80 of the host reachable from the internet, over IPv4 and IPv6 where it has both.",
    ),
    error(
        "dns",
        WaitingOn::DomainOwner,
        "The CA could not look the name up.",
        "Check the domain's name servers: the CA could not resolve the name, or its DNSSEC does not validate.",
    ),
    error(
        "dnssec",
        WaitingOn::DomainOwner,
        "The domain's DNSSEC does not validate.",
        "Check the domain's name servers: the CA could not resolve the name, or its DNSSEC does not validate.",
    ),
    error(
        "externalAccountRequired",
        WaitingOn::Operator,
        "The CA wants the account bound to a customer account.",
        ACCOUNT,
    ),
    error(
        "incorrectResponse",
        WaitingOn::DomainOwner,
        "The CA found something else than the proof it asked for.",
        "Compare the records at these names with the required ones, and remove others.",
    ),
    error("invalidContact", WaitingOn::Operator, "The CA does not accept the account's contact.", ACCOUNT),
    error(
        "invalidProfile",
        WaitingOn::Operator,
        "The CA has no such certificate profile.",
        "Set the stack's parameter AcmeProfile to a profile that the CA's directory lists, or leave it empty.",
    ),
    error("malformed", WaitingOn::Operator, "The CA could not read the request.", OURS),
    error("orderNotReady", WaitingOn::Ca, "The order was finalized before its validations were done.", OURS),
    error("rateLimited", WaitingOn::Ca, "A limit of the CA is reached.", ""),
    error(
        "rejectedIdentifier",
        WaitingOn::DomainOwner,
        "The CA does not issue for this name by its policy.",
        "The CA does not issue for this name; register another.",
    ),
    error("serverInternal", WaitingOn::Ca, "The CA had an internal error.", ""),
    error(
        "tls",
        WaitingOn::DomainOwner,
        "The CA met a TLS error at the host.",
        "Exclude /.well-known/acme-challenge/ from the redirect to HTTPS, or fix TLS at its target.",
    ),
    error(
        "unauthorized",
        WaitingOn::DomainOwner,
        "The CA did not find the proof where it looked, or the account may not do this.",
        "Compare the records at these names with the required ones, and remove others.",
    ),
    error("unsupportedContact", WaitingOn::Operator, "The CA cannot use this kind of contact.", ACCOUNT),
    error(
        "unsupportedIdentifier",
        WaitingOn::DomainOwner,
        "The CA does not issue for this kind of name.",
        "The CA does not issue for this name; register another.",
    ),
    error(
        "userActionRequired",
        WaitingOn::Operator,
        "The CA wants somebody to act, usually to agree to new terms of service.",
        "Open the link in the CA's words, agree, and renew.",
    ),
];

/// For a type that is not listed.
const UNLISTED: AcmeError = error(
    "",
    WaitingOn::Operator,
    "An error type that is not in RFC 8555.",
    "Read the CA's words; check the account, the profile and the contact among the stack's parameters.",
);

/// The meaning of error type `kind`.
pub fn explain(kind: &str) -> AcmeError {
    ACME_ERRORS.into_iter().find(|known| known.kind == kind).unwrap_or(UNLISTED)
}

impl Problem {
    /// Whether the CA has paused the name. Boulder says so only in the text, with the type `rateLimited`.
    pub fn is_pause(&self) -> bool {
        self.kind == "rateLimited"
            && (self.detail.contains("temporarily prevented from requesting certificates")
                || self.detail.to_ascii_lowercase().contains("paused"))
    }

    /// The registered domain whose limit is spent: `too many certificates (50) already issued for "example.com" …`.
    pub fn limited_domain(&self) -> Option<&str> {
        let rest = self.detail.split_once("already issued for ")?.1.trim_start_matches("domain ");
        rest.strip_prefix('"')?.split('"').next().filter(|domain| !domain.is_empty())
    }

    /// Whether the limit applies to the whole account, or to all requests from here, not to particular names.
    pub fn is_account_limit(&self) -> bool {
        let of_account = ["too many new orders", "too many new registrations", "rate limit for '/acme/new-order'"];
        let words = self.detail.to_ascii_lowercase();
        self.kind == "rateLimited" && of_account.iter().any(|known| words.contains(known))
    }

    /// Whether validations failed too often: `too many failed authorizations (5) for "a.example.com" …`.
    pub fn is_failed_validations(&self) -> bool {
        self.kind == "rateLimited" && self.detail.contains("too many failed authorizations")
    }

    /// Whether only remote perspectives of the CA failed. Boulder says so only in the text.
    pub fn is_secondary(&self) -> bool {
        self.detail.to_ascii_lowercase().contains("during secondary validation")
    }

    /// The time in the CA's text: `…, retry after 2026-11-25 12:00:00 UTC: see …`, as Boulder writes it.
    pub fn retry_time(&self) -> Option<OffsetDateTime> {
        const FORMAT: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
        let (_, rest) = self.detail.split_once("retry after ")?;
        let text = rest.get(..19)?.replace('T', " ");
        time::PrimitiveDateTime::parse(&text, FORMAT).ok().map(time::PrimitiveDateTime::assume_utc)
    }

    /// The page that the CA refers a person to: its own link, or the first one in its text.
    pub fn link(&self) -> Option<&str> {
        if let Some(link) = &self.instance {
            return Some(link);
        }
        let start = self.detail.find("https://")?;
        let link = self.detail[start..].split(|c: char| c.is_whitespace() || "\"<>()".contains(c)).next()?;
        Some(link.trim_end_matches(['.', ',', ';']))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::problem::Subproblem;

    fn limited(detail: &str) -> Problem {
        Problem::new("rateLimited", detail)
    }

    #[test]
    fn every_error_type_of_the_rfc_is_explained_once() {
        const RFC_8555: [&str; 24] = [
            "accountDoesNotExist",
            "alreadyRevoked",
            "badCSR",
            "badNonce",
            "badPublicKey",
            "badRevocationReason",
            "badSignatureAlgorithm",
            "caa",
            "compound",
            "connection",
            "dns",
            "externalAccountRequired",
            "incorrectResponse",
            "invalidContact",
            "malformed",
            "orderNotReady",
            "rateLimited",
            "rejectedIdentifier",
            "serverInternal",
            "tls",
            "unauthorized",
            "unsupportedContact",
            "unsupportedIdentifier",
            "userActionRequired",
        ];
        for kind in RFC_8555 {
            assert_eq!(ACME_ERRORS.iter().filter(|known| known.kind == kind).count(), 1, "{kind}");
        }
        assert_eq!(explain("somethingNew").waiting_on, WaitingOn::Operator);
    }

    #[test]
    fn a_domain_at_its_limit_is_distinguished_from_other_limits() {
        let domain = limited(
            "too many certificates (50) already issued for \"example.com\" in the last 168h0m0s, retry after 2026-11-25 12:00:00 UTC: see https://letsencrypt.org/docs/rate-limits/#x",
        );
        assert_eq!(domain.limited_domain(), Some("example.com"));
        let set =
            limited("too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s");
        assert_eq!(set.limited_domain(), None);
        assert!(!domain.is_pause());
    }

    #[test]
    fn a_paused_name_is_ours_to_unpause_and_its_link_is_whole() {
        let token = "x".repeat(600);
        let paused = limited(&format!(
            "Your account is temporarily prevented from requesting certificates for a.example.com and possibly others. Please visit: https://portal.letsencrypt.org/sfe/v1/unpause?jwt={token}"
        ));
        assert!(paused.is_pause());
        assert!(paused.link().is_some_and(|link| link.ends_with(&token)));
    }

    #[test]
    fn the_retry_time_in_the_cas_text_is_found_in_both_its_spellings() {
        let at = Some(time::macros::datetime!(2026-11-25 12:00 UTC));
        let said = |words: &str| limited(words).retry_time();
        assert_eq!(said("…, retry after 2026-11-25 12:00:00 UTC: see https://x"), at);
        assert_eq!(said("…, retry after 2026-11-25T12:00:00Z"), at);
        assert_eq!(said("retry after a while, says the CA"), None);
        assert_eq!(said("retry after ……………"), None);
    }

    #[test]
    fn a_limit_of_the_account_is_distinguished_from_one_of_names() {
        for (words, of_account) in [
            ("too many new orders (300) from this account in the last 3h0m0s, retry after …", true),
            ("Error creating new order :: too many new orders recently", true),
            ("too many new registrations (10) from this IP address in the last 3h0m0s", true),
            ("too many failed authorizations (5) for \"a.example.com\" in the last 1h0m0s", false),
            ("too many certificates (50) already issued for \"example.com\" in the last 168h0m0s", false),
        ] {
            assert_eq!(limited(words).is_account_limit(), of_account, "{words}");
        }
    }

    #[test]
    fn the_words_of_subproblems_are_in_the_detail_too() {
        let sub = |name: &str, detail: &str| Subproblem {
            name: Some(name.into()),
            kind: "dns".into(),
            detail: detail.into(),
        };
        let problem = Problem::new("compound", "several").with_subproblems(vec![sub("a", "one"), sub("b", "two")]);
        assert_eq!(problem.detail, "several; a: one; b: two");
        assert_eq!(problem.subproblems.len(), 2);
    }
}
