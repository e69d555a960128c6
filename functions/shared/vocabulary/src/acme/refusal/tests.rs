//! Boulder's and Pebble's texts, and what follows from each.

use super::*;
use FailureName::{AccountRefused, CaRefused, CaUnavailable, ChallengeFailed, RateLimited, Unavailable};
use WaitingOn::{Ca, DomainOwner, Nobody, Operator};
use time::macros::datetime;

fn refusal(kind: &str, detail: &str, status: Option<u16>) -> Refusal {
    Refusal { problem: Problem::new(kind, detail), status, retry_after: None }
}

/// Request, status (0: the problem is in a resource), type, text; then failure and who is waited on.
type Row = (CaRequest, u16, &'static str, &'static str, FailureName, WaitingOn);

#[rustfmt::skip]
const TABLE: &[Row] = &[
    // The account.
    (CaRequest::NewOrder, 403, "unauthorized", "Unable to validate JWS :: Account is not valid, has status \"deactivated\"", AccountRefused, Operator),
    (CaRequest::Challenge, 403, "unauthorized", "Account is not valid, has status \"deactivated\"", AccountRefused, Operator),
    (CaRequest::Finalize, 401, "unauthorized", "Account is not valid, has status \"revoked\"", AccountRefused, Operator),
    (CaRequest::NewOrder, 403, "unauthorized", "Account has been deactivated.", AccountRefused, Operator),
    (CaRequest::NewOrder, 400, "accountDoesNotExist", "Account \"https://ca/acme/acct/7\" not found", AccountRefused, Operator),
    (CaRequest::NewOrder, 403, "userActionRequired", "Terms of service have changed", AccountRefused, Operator),
    (CaRequest::Account, 400, "invalidContact", "contact email has invalid domain: Domain name does not end with a valid public suffix (TLD)", AccountRefused, Operator),
    (CaRequest::Account, 400, "unsupportedContact", "only contact scheme 'mailto:' is supported", AccountRefused, Operator),
    (CaRequest::Account, 403, "externalAccountRequired", "The request must include a value for the 'externalAccountBinding' field", AccountRefused, Operator),
    (CaRequest::Account, 403, "unauthorized", "the external account binding's key is unknown", AccountRefused, Operator),
    (CaRequest::Account, 400, "malformed", "JWS verification error", AccountRefused, Operator),
    (CaRequest::NewOrder, 400, "malformed", "Unable to validate JWS :: JWS verification error", AccountRefused, Operator),
    (CaRequest::NewOrder, 400, "invalidProfile", "The requested certificate profile \"x\" is not recognized", AccountRefused, Operator),
    (CaRequest::NewOrder, 403, "unauthorized", "Error creating new order :: account ID 5 is not permitted to use certificate profile \"shortlived\"", AccountRefused, Operator),
    // Names.
    (CaRequest::NewOrder, 400, "rejectedIdentifier", "Error creating new order :: Cannot issue for \"a--b.example\": Domain name contains an invalid label in a reserved format (R-LDH: '??--')", CaRefused, DomainOwner),
    (CaRequest::NewOrder, 400, "malformed", "Error creating new order :: Cannot issue for \"printer.local\": Domain name does not end with a valid public suffix (TLD)", CaRefused, DomainOwner),
    (CaRequest::NewOrder, 400, "malformed", "Domain name \"www.example.com\" is redundant with a wildcard domain in the same request. Remove one or the other from the certificate request.", CaRefused, DomainOwner),
    (CaRequest::NewOrder, 400, "unsupportedIdentifier", "NewOrder request included unsupported identifier: type \"ip\"", CaRefused, DomainOwner),
    (CaRequest::NewOrder, 400, "malformed", "Order cannot contain more than 25 identifiers", CaRefused, Operator),
    // CAA.
    (CaRequest::NewOrder, 403, "caa", "CAA record for example.com prevents issuance", CaRefused, DomainOwner),
    (CaRequest::Challenge, 0, "caa", "While processing CAA for shop.example.com: CAA record for example.com prevents issuance", ChallengeFailed, DomainOwner),
    (CaRequest::Finalize, 403, "caa", "Error finalizing order :: rechecking caa: While processing CAA for shop.example.com: CAA record for example.com prevents issuance", CaRefused, DomainOwner),
    (CaRequest::Challenge, 0, "dns", "While processing CAA for shop.example.net: DNS problem: SERVFAIL looking up CAA for net - the domain's nameservers may be malfunctioning", ChallengeFailed, Nobody),
    (CaRequest::NewOrder, 403, "caa", "DNS problem: SERVFAIL looking up CAA for net - the domain's nameservers may be malfunctioning", CaRefused, Nobody),
    (CaRequest::Challenge, 0, "dns", "DNS problem: query timed out looking up CAA for net", ChallengeFailed, Nobody),
    (CaRequest::Challenge, 0, "dns", "DNS problem: looking up CAA for net: DNSSEC: Bogus", ChallengeFailed, Nobody),
    (CaRequest::Finalize, 403, "caa", "Error finalizing order :: rechecking caa: During secondary validation: While processing CAA for launches.example: DNS problem: networking error looking up CAA for launches.example", CaRefused, Nobody),
    (CaRequest::Challenge, 0, "dns", "DNS problem: SERVFAIL looking up CAA for example.net - the domain's nameservers may be malfunctioning", ChallengeFailed, Nobody),
    // The CA's own.
    (CaRequest::NewOrder, 500, "serverInternal", "Error creating new order", Unavailable, Ca),
    (CaRequest::NewOrder, 503, "rateLimited", "Service busy; retry later.", Unavailable, Ca),
    (CaRequest::NewOrder, 400, "badNonce", "JWS has an invalid anti-replay nonce", Unavailable, Ca),
    (CaRequest::NewOrder, 502, "malformed", "Bad gateway", Unavailable, Ca),
    (CaRequest::Challenge, 0, "serverInternal", "Could not communicate with VA", CaUnavailable, Ca),
    (CaRequest::Finalize, 0, "serverInternal", "Error finalizing order :: Unable to meet CA SCT embedding requirements", CaUnavailable, Ca),
    (CaRequest::Finalize, 500, "serverInternal", "Error finalizing order :: getting SCTs", Unavailable, Ca),
    // What it did not see, for the first time.
    (CaRequest::Challenge, 0, "connection", "192.0.2.7: Fetching http://shop.example.com/.well-known/acme-challenge/x: Timeout during connect (likely firewall problem)", ChallengeFailed, Nobody),
    (CaRequest::Challenge, 0, "unauthorized", "192.0.2.7: Invalid response from http://shop.example.com/.well-known/acme-challenge/x: 404", ChallengeFailed, Nobody),
    (CaRequest::Challenge, 0, "unauthorized", "Incorrect TXT record \"x\" found at _acme-challenge.shop.example.com", ChallengeFailed, Nobody),
    (CaRequest::Challenge, 0, "dns", "DNS problem: NXDOMAIN looking up TXT for _acme-challenge.shop.example.com - check that a DNS record exists for this domain", ChallengeFailed, Nobody),
    (CaRequest::Challenge, 0, "tls", "remote error: tls: handshake failure", ChallengeFailed, Nobody),
    (CaRequest::Challenge, 0, "malformed", "Error processing validation record: malformed accounturi", ChallengeFailed, DomainOwner),
    // Limits.
    (CaRequest::NewOrder, 429, "rateLimited", "too many new orders (300) from this account in the last 3h0m0s, retry after 2026-11-24 13:00:00 UTC", RateLimited, Ca),
    (CaRequest::NewOrder, 429, "rateLimited", "too many certificates (50) already issued for \"example.com\" in the last 168h0m0s, retry after 2026-11-24 13:00:00 UTC", RateLimited, Ca),
    (CaRequest::NewOrder, 429, "rateLimited", "too many certificates (5) already issued for this exact set of identifiers in the last 168h0m0s, retry after 2026-11-24 13:00:00 UTC", RateLimited, Ca),
    (CaRequest::NewOrder, 429, "rateLimited", "too many failed authorizations (5) for \"shop.example.com\" in the last 1h0m0s, retry after 2026-11-24 13:00:00 UTC", RateLimited, Ca),
    (CaRequest::NewOrder, 429, "rateLimited", "Your account is temporarily prevented from requesting certificates for a.example.com and possibly others. Please visit: https://portal.test/unpause?jwt=a.b.c", RateLimited, Operator),
    (CaRequest::NewOrder, 429, "malformed", "slow down", RateLimited, Ca),
    // The request.
    (CaRequest::Finalize, 400, "badCSR", "Error finalizing order :: CSR does not specify same identifiers as Order", CaRefused, Operator),
    (CaRequest::Finalize, 400, "badPublicKey", "the key is on a list of compromised keys", CaRefused, Operator),
    (CaRequest::Finalize, 403, "unauthorized", "Error finalizing order :: authorizations for these identifiers not found or expired: shop.example.com", CaRefused, Nobody),
    (CaRequest::Finalize, 403, "orderNotReady", "Order's status (\"pending\") is not acceptable for finalization", CaRefused, Nobody),
    (CaRequest::NewOrder, 409, "alreadyReplaced", "cannot indicate an order replaces a certificate that has been replaced already", CaRefused, Nobody),
    (CaRequest::NewOrder, 400, "malformed", "Parse error reading JWS", CaRefused, Operator),
    (CaRequest::NewOrder, 400, "somethingNew", "what", CaRefused, Operator),
];

#[test]
fn each_of_the_cas_sentences_has_its_failure_and_who_is_waited_on() {
    for (request, status, kind, words, name, waiting_on) in TABLE {
        let failure = refusal(kind, words, (*status != 0).then_some(*status)).to_failure(*request, None);
        assert_eq!((failure.name, failure.waiting_on()), (*name, *waiting_on), "{request:?} {kind}: {words}");
        assert!(failure.guidance.summary.contains(words), "{failure}");
        assert_eq!(failure.guidance.action.is_some(), waiting_on.is_somebody(), "{failure:?}");
        assert!(failure.problem.is_some());
    }
}

#[test]
fn a_record_that_the_ca_misses_twice_waits_on_the_domain_owner() {
    for (kind, words, step) in [
        ("connection", "Timeout during connect", "Make port 80"),
        ("dns", "DNS problem: SERVFAIL looking up TXT for _acme-challenge.x", "Check the domain's name servers"),
        ("unauthorized", "Incorrect TXT record", "Compare the records at these names"),
        ("dns", "DNS problem: SERVFAIL looking up CAA for example.net", "Check the domain's name servers"),
        (
            "connection",
            "During secondary validation: 192.0.2.7: Timeout during connect",
            "The CA asks from several networks",
        ),
    ] {
        let refusal = refusal(kind, words, None);
        let first = refusal.to_failure(CaRequest::Challenge, None);
        assert!(first.guidance.summary.contains("just before"), "{first}");
        let second = refusal.to_failure(CaRequest::Challenge, Some(&first));
        assert_eq!(second.waiting_on(), DomainOwner, "{words}");
        assert!(second.guidance.next_step().starts_with(step), "{second:?}");
        let away = Failure::without_action(Unavailable, Ca, "It is away.");
        assert_eq!(refusal.to_failure(CaRequest::Challenge, Some(&away)).waiting_on(), Nobody, "another failure");
    }
    let silent = refusal("dns", "SERVFAIL looking up CAA for net", None);
    let first = silent.to_failure(CaRequest::Challenge, None);
    assert_eq!(silent.to_failure(CaRequest::Challenge, Some(&first)).waiting_on(), Nobody, "as often as it comes");
    assert!(first.guidance.summary.contains("top-level domain net"), "{first}");
}

#[test]
fn caa_that_cannot_be_queried_at_finalize_twice_waits_on_the_domain_owner() {
    let words = "Error finalizing order :: rechecking caa: While processing CAA for shop.example.com: DNS problem: \
                 SERVFAIL looking up CAA for example.com";
    let refusal = refusal("caa", words, Some(403));
    let first = refusal.to_failure(CaRequest::Finalize, None);
    assert_eq!(first.waiting_on(), Nobody, "{first:?}");
    let again = refusal.to_failure(CaRequest::Finalize, Some(&first));
    assert_eq!(again.waiting_on(), DomainOwner, "{again:?}");
}

#[test]
fn a_link_of_the_ca_is_in_the_next_step() {
    let link = "https://ca.example/terms/2027";
    let problem = Problem::new("userActionRequired", "Terms of service have changed").with_instance(Some(link));
    let terms = Refusal { problem, status: Some(403), retry_after: None }.to_failure(CaRequest::NewOrder, None);
    assert_eq!(terms.guidance.next_step(), format!("Open {link} and agree to the new terms, then renew."));
    let paused = refusal(
        "rateLimited",
        "Your account is temporarily prevented from requesting certificates for a. Please visit: https://portal.test/unpause?jwt=a.b.c",
        Some(429),
    );
    let paused = paused.to_failure(CaRequest::NewOrder, None);
    assert!(paused.guidance.next_step().contains("open https://portal.test/unpause?jwt=a.b.c"), "{paused:?}");
}

#[test]
fn of_several_names_at_fault_all_are_reported_and_a_person_is_waited_on_first() {
    let sub = |name: &str, kind: &str, detail: &str| Subproblem {
        name: Some(name.into()),
        kind: kind.into(),
        detail: detail.into(),
    };
    let told = |request, kind: &str, subs: Vec<Subproblem>| {
        Refusal::from(Problem::new(kind, "Several names.").with_subproblems(subs)).to_failure(request, None)
    };
    let policy = vec![
        sub("a.local", "malformed", "Domain name does not end with a valid public suffix (TLD)"),
        sub("b--c.example", "rejectedIdentifier", "forbidden by policy"),
    ];
    let failure = told(CaRequest::NewOrder, "malformed", policy);
    assert_eq!((failure.name, failure.waiting_on()), (CaRefused, DomainOwner));
    assert!(failure.guidance.next_step().starts_with("Have a.local, b--c.example taken off"), "{failure:?}");
    let mixed = vec![
        sub("a.example.net", "dns", "SERVFAIL looking up CAA for net"),
        sub("b.example.com", "caa", "CAA record for example.com prevents issuance"),
    ];
    let failure = told(CaRequest::Finalize, "caa", mixed);
    assert_eq!(failure.waiting_on(), DomainOwner);
    for words in ["a.example.net: SERVFAIL", "b.example.com: CAA record"] {
        assert!(failure.guidance.summary.contains(words), "{failure}");
    }
    let silent = vec![sub("a.example.net", "dns", "SERVFAIL looking up CAA for net")];
    assert_eq!(told(CaRequest::Finalize, "caa", silent).waiting_on(), Nobody);
}

#[test]
fn a_limit_waits_until_the_time_in_the_header_or_in_the_words() {
    let words =
        "too many new orders (300) from this account in the last 3h0m0s, retry after 2026-11-24 13:00:00 UTC: see x";
    let mut limited = refusal("rateLimited", words, Some(429));
    let at = |refusal: &Refusal| refusal.to_failure(CaRequest::NewOrder, None).retry_after;
    assert_eq!(at(&limited), Some(datetime!(2026-11-24 13:00 UTC)));
    limited.retry_after = Some(datetime!(2026-11-24 12:30 UTC));
    assert_eq!(at(&limited), limited.retry_after);
    assert!(limited.is_limit() && !limited.is_outage());
}

#[test]
fn a_wait_that_the_ca_names_is_left_to_the_schedule() {
    let mut busy = refusal("serverInternal", "The service is down for maintenance", Some(503));
    busy.retry_after = Some(datetime!(2026-11-24 13:00 UTC));
    let failure = busy.to_failure(CaRequest::NewOrder, None);
    assert_eq!((failure.name, failure.retry_after), (CaUnavailable, busy.retry_after));
}

#[test]
fn a_shared_cause_is_at_fault_whatever_the_names_of_its_endpoints() {
    let at_fault = |kind: &str, detail: &str, status| {
        let failure = refusal(kind, detail, Some(status)).to_failure(CaRequest::NewOrder, None);
        failure.guidance.at_fault
    };
    let domain = "too many certificates (50) already issued for \"bulk.test\" in the last 168h0m0s, retry after \
                  2026-11-25 12:00:00 UTC: see https://ca";
    for (kind, detail, status, expected) in [
        ("rateLimited", domain, 429, Some("bulk.test")),
        ("rateLimited", "too many new orders (300) from this account in the last 3h0m0s", 429, Some("account")),
        ("rateLimited", "too many failed authorizations (5) for \"h1.bulk.test\" in the last 1h0m0s", 429, None),
        ("serverInternal", "Error creating new order for h1.bulk.test", 500, Some("CA")),
        ("unauthorized", "Account is not valid, has status \"deactivated\"", 403, Some("account")),
        ("invalidProfile", "The requested certificate profile \"x\" is not recognized", 400, Some("profile")),
        ("rejectedIdentifier", "Cannot issue for \"h1.bulk.test\": policy", 400, None),
    ] {
        assert_eq!(at_fault(kind, detail, status).as_deref(), expected, "{detail}");
    }
}
