use proptest::prelude::*;

use super::*;
use crate::names::domain_name::{CHALLENGE_LABEL, STANDING_LABEL};

/// The result for a name that is passed to the installation.
fn refused(policy: NamePolicy, text: &str) -> Option<String> {
    match text.parse::<CertificateName>() {
        Ok(name) => policy.refuses(&name).map(|refusal| format!("{refusal}. {}", refusal.next_step())),
        Err(error) => Some(error.to_string()),
    }
}

/// The rules of Boulder's policy authority in its order, each with names, and the part of our answer that states the reason.
const RULES: &[(&str, &[&str], &str)] = &[
    ("errEmptyIdentifier", &["", "*."], "empty"),
    ("errInvalidDNSCharacter", &["under_score.example.com", "a b.example.com", "me@example.com"], "characters"),
    ("errInvalidDNSCharacter, at the ends of a label", &["-a.example.com", "a-.example.com"], "characters"),
    ("errIPAddressInDNS", &["192.0.2.1", "2001:db8::1"], "IP address"),
    ("errTooManyLabels", &["a.b.c.d.e.f.g.h.i.example.com", "*.a.b.c.d.e.f.g.h.i.example.com"], "11 labels"),
    ("errTooFewLabels", &["shop"], "single label"),
    ("errLabelTooShort", &["a..example.com", ".example.com"], "empty label"),
    ("errInvalidRLDH", &["ab--cd.example.com", "r3---sn-x.example.com", "*.zz--zz.example.com"], "third and fourth"),
    ("errMalformedIDN", &["xn--99999999999.example.com", "xn--.example.com"], "internationalised"),
    (
        "errNonPublic",
        &[
            "printer.local",
            "db.corp.internal",
            "db.corp",
            "shop.invalid",
            "nas.lan",
            "a.localdomain",
            "*.shop.test",
            "shop.alt",
        ],
        "public CAs issue no",
    ),
    ("errICANNTLD", &["co.uk", "xn--55qx5d.cn"], "public suffix"),
    ("errTooManyWildcards", &["*.*.example.com"], "wildcard"),
    ("errMalformedWildcard", &["a.*.example.com", "w*.example.com"], "wildcard"),
    ("errICANNTLDWildcard", &["*.com", "*.co.uk"], "public suffix"),
    ("ballot SC-086v3", &["1.0.0.127.in-addr.arpa", "host.8.b.d.0.1.0.0.2.ip6.arpa"], "reverse zone"),
    ("special use below a public suffix", &["x.onion", "*.shop.onion", "nas.home.arpa"], "reserved"),
];

#[test]
fn what_the_policy_authority_refuses_is_refused_with_its_reason() {
    for (rule, names, reason) in RULES {
        for name in *names {
            let told = refused(NamePolicy::LetsEncrypt, name).unwrap_or_else(|| panic!("{rule}: {name} is accepted"));
            assert!(told.contains(reason), "{rule}: {name}: {told}");
        }
    }
    for length in [64, 70] {
        assert!(refused(NamePolicy::LetsEncrypt, &format!("{}.example.com", "a".repeat(length))).is_some());
    }
}

#[test]
fn names_that_the_policy_authority_issues_for_are_accepted() {
    for name in [
        "example.com",
        "*.example.co.uk",
        "a.b.c.d.e.f.g.h.example.com",
        "*.a.b.c.d.e.f.g.h.example.com",
        "a--b.example.com",
        "abc--d.example.com",
        "xn--bcher-kva.example.com",
        "пример.рф",
        "shop.公司.cn",
        "github.io",
        "*.shop.github.io",
        "bucket.s3.amazonaws.com",
        "d111111abcdef8.cloudfront.net",
        "local.example.com",
        "notlocal.com",
        "in-addr.arpa.example.com",
        "shop.ck.com",
        "www.ck",
    ] {
        assert_eq!(refused(NamePolicy::LetsEncrypt, name), None, "{name}");
    }
}

#[test]
fn a_private_ca_takes_what_a_public_one_does_not() {
    for name in ["printer.local", "db.corp.internal", "shop.test", "ab--cd.example.com", "1.0.0.127.in-addr.arpa"] {
        assert!(refused(NamePolicy::Public, name).is_some(), "{name}");
        assert_eq!(refused(NamePolicy::Private, name), None, "{name}");
    }
}

#[test]
fn only_lets_encrypt_counts_labels() {
    let deep = "a.b.c.d.e.f.g.h.i.example.com";
    assert_eq!(refused(NamePolicy::Public, deep), None);
    for (directory, private, policy) in [
        ("https://acme-v02.api.letsencrypt.org/directory", false, NamePolicy::LetsEncrypt),
        ("https://acme-staging-v02.api.letsencrypt.org/directory", false, NamePolicy::LetsEncrypt),
        ("https://acme-v02.api.letsencrypt.org:443/directory", true, NamePolicy::Private),
        ("https://dv.acme-v02.api.pki.goog/directory", false, NamePolicy::Public),
        ("https://ca.example.com/letsencrypt.org", false, NamePolicy::Public),
        ("https://notletsencrypt.org/directory", false, NamePolicy::Public),
    ] {
        assert_eq!(NamePolicy::of(directory, private), policy, "{directory}");
    }
}

#[test]
fn the_record_by_which_a_name_is_validated_ends_at_253_octets() {
    let long = |octets: usize| {
        let labels = format!("{0}.{0}.{0}", "a".repeat(63));
        let name = format!("{labels}.{}.com", "b".repeat(octets - labels.len() - 5));
        assert_eq!(name.len(), octets);
        name.parse::<DomainName>().expect("a name")
    };
    for (prefix, most) in [(CHALLENGE_LABEL, 237), (STANDING_LABEL, 233)] {
        assert_eq!(why_no_record_fits(&long(most), prefix), None);
        let told = why_no_record_fits(&long(most + 1), prefix).expect("one too many").to_string();
        assert!(told.contains(&format!("{} characters", most + 1)) && told.contains("are 254,"), "{told}");
    }
}

/// Boulder's rules for one name, written from their description alone, without our parser.
fn boulder_refuses(name: &str) -> bool {
    let base = name.strip_prefix("*.").unwrap_or(name);
    let labels: Vec<&str> = base.split('.').collect();
    let is_ldh = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_reserved = |label: &&str| label.len() >= 4 && &label[2..4] == "--" && !label.starts_with("xn");
    let is_listed = |at: usize| {
        let suffix = labels[at..].join(".");
        psl2::lookup(&suffix).is_some_and(|found| found.is_public_suffix() && found.is_icann())
    };
    let suffix = (0..labels.len()).find(|at| is_listed(*at));
    base.len() > 253
        || base.parse::<std::net::IpAddr>().is_ok()
        || !(2..=10).contains(&labels.len())
        || !labels.iter().all(is_ldh)
        || labels.iter().any(is_reserved)
        // `errMalformedIDN`
        || labels.iter().any(|label| label.starts_with("xn--") && idna::domain_to_unicode(label).1.is_err())
        || suffix.is_none_or(|at| at == 0)
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => "[a-z0-9]{1,4}",
        2 => "[a-z0-9]{2}--[a-z0-9]{0,3}",
        1 => "[a-z0-9_*-]{0,5}",
        1 => "[a-z]{62,65}",
    ]
}

fn suffix() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "com",
        "co.uk",
        "example.com",
        "github.io",
        "ck",
        "kobe.jp",
        "local",
        "internal",
        "test",
        "onion",
        "home.arpa",
        "in-addr.arpa",
        "arpa",
        "xn--p1ai",
        "zz",
        "1",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn nothing_gets_through_that_the_policy_authority_refuses_and_little_else_is_refused(
        wildcard in any::<bool>(),
        labels in prop::collection::vec(label(), 0..11),
        suffix in suffix(),
    ) {
        let mut name: String = labels.iter().flat_map(|label| [label.as_str(), "."]).collect();
        name.push_str(suffix);
        if wildcard {
            name.insert_str(0, "*.");
        }
        let ours = refused(NamePolicy::LetsEncrypt, &name);
        if boulder_refuses(&name) {
            prop_assert!(ours.is_some(), "{name} is accepted");
        } else if let Some(told) = ours {
            let reserved = ["reserved", "reverse zone"].iter().any(|word| told.contains(word));
            prop_assert!(reserved, "{name}: {told}");
        }
    }

    #[test]
    fn any_text_is_answered_in_one_short_line_of_visible_text(text in "\\PC{0,60}|[a-z.*,;:/%\\[\\] -]{0,60}|.{0,60}") {
        for policy in [NamePolicy::Private, NamePolicy::Public, NamePolicy::LetsEncrypt] {
            if let Some(told) = refused(policy, &text) {
                prop_assert!(!told.chars().any(crate::text::is_invisible), "{told:?}");
                prop_assert!(told.chars().count() < 500, "{told}");
            }
        }
    }
}
