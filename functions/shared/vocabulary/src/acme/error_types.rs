//! What a CA says when it refuses (RFC 8555 §6.7), and what that means for whom.

use time::OffsetDateTime;

use crate::failure::failure::{Failure, FailureName};
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
    action: &'static str,
}

const OURS: &str = "A new attempt is made automatically. If it happens again, report it with the CA's words.";

const ACCOUNT: &str = "Compare the account with the stack's parameters (directory, contact, external account binding).";

const fn error(kind: &'static str, waiting_on: WaitingOn, meaning: &'static str, action: &'static str) -> AcmeError {
    AcmeError { kind, waiting_on, meaning, action }
}

/// The types of RFC 8555 §6.7, those of later RFCs that a new order can meet, and the drafts that CAs use.
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
        "Look at each name.",
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
        "Look at the domain's name servers: the CA could not resolve the name, or its DNSSEC does not validate.",
    ),
    error(
        "dnssec",
        WaitingOn::DomainOwner,
        "The domain's DNSSEC does not validate.",
        "Look at the domain's name servers: the CA could not resolve the name, or its DNSSEC does not validate.",
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
        "Compare the endpoint's records with `managed-https records`, and remove other records at these names.",
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
    error("rateLimited", WaitingOn::Ca, "A limit of the CA is spent.", ""),
    error(
        "rejectedIdentifier",
        WaitingOn::DomainOwner,
        "The CA does not issue for this name by its policy.",
        "The CA does not issue for this name; register another.",
    ),
    error("serverInternal", WaitingOn::Ca, "The CA failed inside.", ""),
    error(
        "tls",
        WaitingOn::DomainOwner,
        "The CA met a TLS error at the host.",
        "Make port 80 of the host reachable from the internet, over IPv4 and IPv6 where it has both.",
    ),
    error(
        "unauthorized",
        WaitingOn::DomainOwner,
        "The CA did not find the proof where it looked, or the account may not do this.",
        "Compare the endpoint's records with `managed-https records`, and remove other records at these names.",
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

/// For a type that is in no list.
const UNLISTED: AcmeError = error(
    "",
    WaitingOn::Operator,
    "An error type that is not in RFC 8555.",
    "Read the CA's words; check the account, the profile and the contact among the stack's parameters.",
);

/// What error type `kind` means.
pub fn explain(kind: &str) -> AcmeError {
    ACME_ERRORS.into_iter().find(|known| known.kind == kind).unwrap_or(UNLISTED)
}

impl Problem {
    /// Whether the CA has paused the name. Boulder says so in words alone, with the type `rateLimited`.
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

    /// The first https link in the CA's words.
    pub fn link(&self) -> Option<&str> {
        let start = self.detail.find("https://")?;
        let link = self.detail[start..].split(|c: char| c.is_whitespace() || "\"<>()".contains(c)).next()?;
        Some(link.trim_end_matches(['.', ',', ';']))
    }

    /// The top-level domain whose servers gave the CA no answer for CAA: `DNS problem: SERVFAIL looking up CAA for net - …`.
    ///
    /// Boulder refuses then as it does for the domain's own servers, with the type `dns` or `caa`. One that does not exist
    /// is no outage. `None` as well where another name of the order failed by something else.
    pub fn silent_top_level_domain(&self) -> Option<&str> {
        let details: Vec<&str> = match self.subproblems.as_slice() {
            [] => vec![&self.detail],
            all => all.iter().map(|sub| sub.detail.as_str()).collect(),
        };
        let silent = details.into_iter().map(silent_top_level_domain);
        silent.collect::<Option<Vec<_>>>()?.first().copied()
    }

    fn waits_for_top_level_domain(&self, name: FailureName, summary: String) -> Option<Failure> {
        let domain = self.silent_top_level_domain()?;
        let summary = format!(
            "{summary} The name servers of the top-level domain {domain} did not answer the CA. The next attempt is automatic."
        );
        Some(Failure::without_action(name, WaitingOn::Ca, summary).with_problem(self))
    }

    /// Our failure for a validation that the CA did not accept.
    pub fn to_challenge_failure(&self) -> Failure {
        let summary = format!("The CA could not validate ({}): {}", self.kind, self.detail);
        if let Some(failure) = self.waits_for_top_level_domain(FailureName::ChallengeFailed, summary.clone()) {
            return failure;
        }
        // Whatever it was, the records and the host are the customer's.
        let explained = explain(&self.kind);
        let action = match explained.waiting_on {
            WaitingOn::DomainOwner => explained.action,
            _ => explain("incorrectResponse").action,
        };
        Failure::new(FailureName::ChallengeFailed, WaitingOn::DomainOwner, summary, action).with_problem(self)
    }

    /// A refusal that is about the domain is its owner's to mend (CAA), others are ours.
    pub fn to_refusal(&self, summary: String) -> Failure {
        if let Some(failure) = self.waits_for_top_level_domain(FailureName::CaUnavailable, summary.clone()) {
            return failure;
        }
        let listed = matches!(self.kind.as_str(), "caa" | "rejectedIdentifier" | "unsupportedIdentifier");
        let explained = if listed { explain(&self.kind) } else { UNLISTED };
        Failure::new(FailureName::CaRefused, explained.waiting_on, summary, explained.action).with_problem(self)
    }

    /// A limit that time lifts, or a pause that only we can.
    pub fn to_limit_failure(&self, summary: String, retry_after: Option<OffsetDateTime>) -> Failure {
        let failure = match self.is_pause() {
            true => Failure::new(
                FailureName::RateLimited,
                WaitingOn::Operator,
                summary,
                "Fix what the validations failed by, then open the CA's link and unpause the name.",
            ),
            false => Failure::without_action(FailureName::RateLimited, WaitingOn::Ca, summary),
        };
        failure.with_retry_after(retry_after).with_problem(self)
    }
}

/// Of one of the CA's sentences.
fn silent_top_level_domain(detail: &str) -> Option<&str> {
    let (before, after) = detail.split_once("looking up CAA for ")?;
    let name = after.split_whitespace().next()?.trim_end_matches([':', ',', ';', '.']);
    (!name.is_empty() && !name.contains('.') && !before.trim_end().ends_with("NXDOMAIN")).then_some(name)
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
    fn a_top_level_domain_that_does_not_answer_is_nobodys_to_fix() {
        let said = |how: &str| format!("While processing CAA for shop.example.net: DNS problem: {how}");
        for (kind, how, waits) in [
            ("dns", "SERVFAIL looking up CAA for net - the domain's nameservers may be malfunctioning", true),
            ("dns", "query timed out looking up CAA for net", true),
            ("dns", "looking up CAA for net: DNSSEC: Bogus", true),
            ("caa", "SERVFAIL looking up CAA for net - the domain's nameservers may be malfunctioning", true),
            ("dns", "SERVFAIL looking up CAA for example.net - the domain's nameservers may be malfunctioning", false),
            ("dns", "NXDOMAIN looking up CAA for net - check that a DNS record exists for this domain", false),
            ("dns", "SERVFAIL looking up A for net", false),
        ] {
            let problem = Problem::new(kind, &said(how));
            let (challenge, refusal) = (problem.to_challenge_failure(), problem.to_refusal("s".into()));
            assert_eq!(
                challenge.waiting_on() == WaitingOn::Ca && refusal.waiting_on() == WaitingOn::Ca,
                waits,
                "{how}"
            );
            assert_eq!(refusal.name == FailureName::CaUnavailable, waits, "{how}");
            assert!(!waits || challenge.guidance.summary.contains("top-level domain net"), "{challenge}");
        }
        let sub = |detail: &str| Subproblem { name: None, kind: "dns".into(), detail: detail.into() };
        let silent = sub("SERVFAIL looking up CAA for net");
        let mixed = vec![silent.clone(), sub("SERVFAIL looking up CAA for example.net")];
        assert!(Problem::new("compound", "d").with_subproblems(vec![silent]).silent_top_level_domain().is_some());
        assert!(Problem::new("compound", "d").with_subproblems(mixed).silent_top_level_domain().is_none());
    }

    #[test]
    fn a_domain_at_its_limit_is_told_from_other_limits() {
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
        assert_eq!(paused.to_limit_failure("s".into(), None).waiting_on(), WaitingOn::Operator);
        assert_eq!(
            limited("too many new orders recently").to_limit_failure("s".into(), None).waiting_on(),
            WaitingOn::Ca
        );
    }

    #[test]
    fn the_words_of_subproblems_are_in_the_detail_too() {
        let sub = |name: &str, detail: &str| Subproblem {
            name: Some(name.into()),
            kind: "dns".into(),
            detail: detail.into(),
        };
        let problem = Problem::new("compound", "several").with_subproblems(vec![sub("a", "one"), sub("b", "two")]);
        assert_eq!(problem.detail, "several; one; two");
        assert_eq!(problem.subproblems.len(), 2);
    }

    #[test]
    fn a_validation_that_failed_is_the_customers_to_mend_whatever_the_ca_calls_it() {
        for kind in ["caa", "dns", "connection", "unauthorized", "serverInternal", "somethingNew"] {
            let failure = Problem::new(kind, "d").to_challenge_failure();
            assert_eq!((failure.waiting_on(), failure.problem.is_some()), (WaitingOn::DomainOwner, true), "{kind}");
        }
    }
}
