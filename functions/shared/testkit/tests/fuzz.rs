//! Strangers' input reaches these parsers: names that tenants register, records of domain owners, chains of CAs, tokens in
//! links. None of it may crash the function, and accepted input means what it says.

use domain::endpoint::ShareToken;
use testkit::fuzz::fuzz;
use time::macros::datetime;
use vocabulary::acme::ChallengeKind;
use vocabulary::certificate::chain::{leaf_serial, verify};
use vocabulary::dns::caa::judge;
use vocabulary::dns::{Answer, CaaLevel, Issuer, PersistentIssuer};
use vocabulary::names::{CertificateName, DomainName, EndpointNames};
use vocabulary::text::is_invisible;

fn text(input: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(input)
}

/// One line of a text for people.
fn is_harmless(shown: &str) -> bool {
    !shown.chars().any(is_invisible)
}

#[test]
fn fuzz_names() {
    fuzz("names", |input| {
        let text = text(input);
        if let Ok(name) = text.parse::<DomainName>() {
            let shown = name.to_string();
            assert!(
                shown.is_ascii() && shown.len() <= 253 && !shown.bytes().any(|b| b.is_ascii_uppercase()),
                "{shown}"
            );
            assert!(shown.split('.').all(|label| (1..=63).contains(&label.len())), "{shown}");
            assert_eq!(shown.parse::<DomainName>().as_ref(), Ok(&name), "it is what it says");
        }
        if let Ok(name) = text.parse::<CertificateName>() {
            assert_eq!(name.to_string().parse::<CertificateName>().as_ref(), Ok(&name));
        }
        let mut lines = text.lines().map(str::to_owned);
        let (first, others) = (lines.next().unwrap_or_default(), lines.collect::<Vec<_>>());
        match EndpointNames::parse(&first, &others, 100) {
            Ok(names) => assert!(names.len() <= 100 && names.authorization_names().len() <= names.len()),
            Err(error) => assert!(is_harmless(&error.to_string()), "{error:?}"),
        }
    });
}

#[test]
fn fuzz_caa_and_persistent_records() {
    let account = "https://ca.example/acme/acct/1";
    let issuer = Issuer { identities: vec!["ca.example".into()], account: Some(account.into()) };
    let persistent = PersistentIssuer::of(&issuer).expect("an issuer");
    let now = datetime!(2026-11-24 12:00 UTC);
    fuzz("caa", |input| {
        let text = text(input);
        let records: Vec<String> = text.lines().map(str::to_owned).collect();
        let level = CaaLevel { name: "shop.example".into(), aliases: Vec::new(), answer: Answer::Records(records) };
        for method in [ChallengeKind::Http01, ChallengeKind::Dns01] {
            for wildcard in [false, true] {
                let levels = [level.clone()];
                let Err(refusal) = judge(wildcard, method, &levels, &issuer) else { continue };
                // A proposed record must allow it.
                let Some(proposed) = refusal.allowing(&issuer, method) else { continue };
                let answer = Answer::Records(vec![proposed.clone()]);
                let levels = [CaaLevel { answer, ..level.clone() }];
                assert!(judge(wildcard, method, &levels, &issuer).is_ok(), "{proposed}");
            }
        }
        for wildcard in [false, true] {
            let _ = persistent.judge(&text, wildcard, now);
        }
    });
}

#[test]
fn fuzz_pem() {
    let names = EndpointNames::parse("www.shop.test", &[], 1).expect("a name");
    let now = datetime!(2026-11-24 12:00 UTC);
    fuzz("pem", |input| {
        let text = text(input);
        if let Some(serial) = leaf_serial(&text) {
            assert!(serial.bytes().all(|byte| byte.is_ascii_hexdigit()), "{serial}");
        }
        if let Err(rejected) = verify(&text, b"another key", &names, now, None) {
            assert!(is_harmless(&rejected.to_failure(now).guidance.summary), "{rejected:?}");
        }
    });
}

#[test]
fn fuzz_link_tokens() {
    fuzz("link-tokens", |input| {
        let text = text(input);
        if let Ok(token) = text.parse::<ShareToken>() {
            assert_eq!(token.expose(), text, "one text for each token: its hash is what is stored");
            assert!(!format!("{token:?}").contains(&text[text.len() - 43..]), "a log has no secret of it");
        }
    });
}
