use std::collections::BTreeMap;

use serde_json::json;
use wire::{DnsMethod, LinkWish, Preflight, Reachability, Registration, Wish};

fn registration() -> Registration {
    Registration {
        domain: "example.com".into(),
        also: vec![],
        reachability: Reachability::External,
        challenge: None,
        tenant: None,
        listeners: vec![],
        regions: vec![],
        role: None,
        adopt: None,
        label: None,
        tags: BTreeMap::default(),
        export_key: false,
    }
}

#[test]
fn a_registration_is_written_without_absent_fields() {
    // The digest of this text is stored with an Idempotency-Key: neither order nor fields may change.
    assert_eq!(
        serde_json::to_string(&registration()).expect("plain data"),
        r#"{"domain":"example.com","also":[],"reachability":"external"}"#
    );
    let whole = Registration {
        also: vec!["a.example.com".into()],
        challenge: Some(DnsMethod::Dns01),
        tenant: Some("acme".into()),
        listeners: vec!["arn:l".into()],
        regions: vec!["us-east-1".into()],
        role: Some("arn:r".into()),
        ..registration()
    };
    let text = serde_json::to_string(&whole).expect("plain data");
    assert_eq!(
        text,
        r#"{"domain":"example.com","also":["a.example.com"],"reachability":"external","challenge":"dns-01","tenant":"acme","listeners":["arn:l"],"regions":["us-east-1"],"role":"arn:r"}"#
    );
    assert_eq!(serde_json::from_str::<Registration>(&text).expect("readable"), whole);
}

#[test]
fn a_change_has_only_the_fields_to_change_and_an_empty_value_is_one() {
    assert_eq!(serde_json::to_value(Wish::default()).expect("plain data"), json!({}));
    let wish = Wish { also: Some(vec![]), role: Some(String::new()), ..Wish::default() };
    assert_eq!(serde_json::to_value(&wish).expect("plain data"), json!({"also": [], "role": ""}));
    assert_eq!(serde_json::to_value(LinkWish::default()).expect("plain data"), json!({}));
}

#[test]
fn a_preflight_names_a_method_only_where_it_is_not_the_usual_one() {
    let preflight = |challenge| Preflight {
        domain: "example.com".into(),
        also: vec![],
        reachability: Reachability::Internal,
        challenge,
    };
    let written = |method| serde_json::to_value(preflight(method)).expect("plain data");
    assert_eq!(written(DnsMethod::Dns01), json!({"domain": "example.com", "also": [], "reachability": "internal"}));
    assert_eq!(written(DnsMethod::DnsPersist01)["challenge"], "dns-persist-01");
}

#[test]
fn the_name_that_the_challenge_had_is_taken_for_one_release() {
    let registration: Registration = serde_json::from_value(
        json!({"domain": "a.example", "reachability": "internal", "dns_method": "dns-persist-01"}),
    )
    .expect("a registration");
    assert_eq!(registration.challenge, Some(DnsMethod::DnsPersist01));
    let wish: Wish = serde_json::from_value(json!({"dns_method": "dns-01"})).expect("a wish");
    assert_eq!(wish.challenge, Some(DnsMethod::Dns01));
    let both = json!({"dns_method": "dns-01", "challenge": "dns-01"});
    assert!(serde_json::from_value::<Wish>(both).is_err(), "not both");
}

#[test]
fn a_request_with_a_field_or_a_word_that_is_not_known_is_refused_by_name() {
    let refused = |body: serde_json::Value| {
        serde_json::from_value::<Registration>(body).expect_err("not a registration").to_string()
    };
    assert!(refused(json!({"domain": "a.example", "reachability": "external", "x": 1})).contains("`x`"));
    assert!(refused(json!({"domain": "a.example", "reachability": "elsewhere"})).contains("`elsewhere`"));
    assert!(refused(json!({"domain": "a.example"})).contains("`reachability`"));
    assert!(serde_json::from_value::<Wish>(json!({"domain": "a.example"})).is_err(), "a domain cannot be changed");
    assert!(
        serde_json::from_value::<Preflight>(json!({"domain": "a", "reachability": "internal", "tenant": "t"})).is_err()
    );
    assert!(serde_json::from_value::<LinkWish>(json!({"days": 1})).is_err());
}
