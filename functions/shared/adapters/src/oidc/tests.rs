//! The provider against a real issuer, with manipulated tokens.

use issuer::{AuthorizationRequest as Asked, Client, Issuer, Person};
use ring::hmac;
use serde_json::{Value, json};

use super::*;

const CLIENT: &str = "managed-https";
const BACK: &str = "https://api.example.com/sign-in/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

async fn both() -> (Issuer, OpenIdProvider) {
    let client = Client { id: CLIENT.into(), redirect_uri: BACK.into() };
    let issuer = Issuer::start(client, vec![somebody(json!({}))]).await;
    let provider = OpenIdProvider::new(issuer.url(), CLIENT).expect("on this machine");
    (issuer, provider)
}

fn somebody(claims: Value) -> Person {
    Person::new("somebody", "Somebody", claims)
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc().replace_nanosecond(0).expect("zero is a nanosecond")
}

async fn rejected(provider: &OpenIdProvider, token: &str) -> TokenRejected {
    match provider.verify(token, None, now()).await {
        Err(VerifyError::Rejected(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_code_is_exchanged_for_a_token_with_the_nonce_of_the_request() {
    let (issuer, provider) = both().await;
    let request = AuthorizationRequest { redirect_uri: BACK, state: "state", nonce: "nonce", verifier: VERIFIER };
    let url = provider.authorization_url(request, now()).await.expect("a URL");
    let asked = Asked::read(url.as_str()).expect("a request");
    assert_eq!((asked.state.as_deref(), asked.code_challenge_method.as_str()), (Some("state"), "S256"));

    let back: Url =
        issuer.authorize(&asked, &somebody(json!({"tenant": "acme"}))).expect("known").parse().expect("a URL");
    let code = back.query_pairs().find(|(name, _)| name == "code").expect("a code").1.into_owned();
    let token = provider.exchange(&code, BACK, VERIFIER, now()).await.expect("a token");
    let claims = provider.verify(&token, Some("nonce"), now()).await.expect("a good token");
    assert_eq!((claims.subject.as_str(), &claims.all["tenant"]), ("somebody", &json!("acme")));

    let other = provider.verify(&token, Some("another"), now()).await;
    assert!(matches!(other, Err(VerifyError::Rejected(TokenRejected::Nonce))), "{other:?}");
    let again = provider.exchange(&code, BACK, VERIFIER, now()).await;
    assert!(matches!(&again, Err(ExchangeError::Refused(why)) if why.contains("spent")), "{again:?}");
}

#[tokio::test]
async fn only_a_signature_by_the_issuers_key_and_its_algorithm_is_accepted() {
    let (issuer, provider) = both().await;
    let good = issuer.token(&somebody(json!({})), now());
    assert!(provider.verify(&good, None, now()).await.is_ok());
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let (header, claims) = signed.split_once('.').expect("two parts");
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());

    let mut unsigned = issuer.header();
    unsigned["alg"] = "none".into();
    for alg in ["none", "None", "NONE"] {
        unsigned["alg"] = alg.into();
        for signature in ["", signature] {
            let token = format!("{}.{claims}.{signature}", encode(&unsigned));
            assert!(matches!(rejected(&provider, &token).await, TokenRejected::Malformed), "{alg}");
        }
    }

    // The published key as a MAC secret.
    let kid = issuer.header()["kid"].as_str().expect("text").to_owned();
    let keys: Value =
        provider.0.fetcher.get_json(&format!("{}/keys", issuer.url()).parse().expect("a URL")).await.expect("keys");
    let jwk = &keys["keys"][0];
    let mut point = vec![4];
    for coordinate in ["x", "y"] {
        point.extend(BASE64_URL_SAFE_NO_PAD.decode(jwk[coordinate].as_str().expect("text")).expect("base64"));
    }
    for secret in [point, jwk.to_string().into_bytes()] {
        let header = json!({"alg": "HS256", "typ": "JWT", "kid": kid});
        let body = json!({"iss": issuer.url(), "aud": CLIENT, "sub": "x", "exp": now().unix_timestamp() + 60});
        let message = format!("{}.{}", encode(&header), encode(&body));
        let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), message.as_bytes());
        let token = format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(mac));
        assert_eq!(rejected(&provider, &token).await, TokenRejected::Signature);
    }

    let other = Issuer::start(Client { id: CLIENT.into(), redirect_uri: BACK.into() }, Vec::new()).await;
    let forged = other.sign(
        &issuer.header(),
        &json!({"iss": issuer.url(), "aud": CLIENT, "sub": "x", "exp": now().unix_timestamp() + 60}),
    );
    assert_eq!(rejected(&provider, &forged).await, TokenRejected::Signature);
    assert_eq!(rejected(&provider, &other.token(&somebody(json!({})), now())).await, TokenRejected::UnknownKey);
    let grown = encode(&json!({"iss": issuer.url(), "aud": CLIENT, "sub": "root", "exp": now().unix_timestamp() + 60}));
    assert_eq!(rejected(&provider, &format!("{header}.{grown}.{signature}")).await, TokenRejected::Signature);

    let mut critical = issuer.header();
    critical["crit"] = json!(["b64"]);
    assert_eq!(rejected(&provider, &issuer.sign(&critical, &json!({}))).await, TokenRejected::Malformed);
    for nonsense in ["", ".", "..", "a.b.c", &format!("{good}.x"), "{}"] {
        assert_eq!(rejected(&provider, nonsense).await, TokenRejected::Malformed, "{nonsense}");
    }
}

#[tokio::test]
async fn a_token_must_name_this_issuer_this_client_and_a_subject() {
    let (issuer, provider) = both().await;
    for (claims, why) in [
        (json!({"iss": "https://login.example.com"}), TokenRejected::Issuer),
        (json!({"iss": format!("{}/", issuer.url())}), TokenRejected::Issuer),
        (json!({"aud": "another"}), TokenRejected::Audience),
        (json!({"aud": ["another"]}), TokenRejected::Audience),
        (json!({"aud": [CLIENT, "another"], "azp": "another"}), TokenRejected::Audience),
        (json!({"aud": null}), TokenRejected::Claim("aud")),
        (json!({"sub": ""}), TokenRejected::Claim("sub")),
        (json!({"sub": 7}), TokenRejected::Claim("sub")),
        (json!({"exp": "9999999999"}), TokenRejected::Claim("exp")),
        (json!({"exp": null}), TokenRejected::Claim("exp")),
        (json!({"exp": 1e300}), TokenRejected::Claim("exp")),
        (json!({"nbf": "0"}), TokenRejected::Claim("nbf")),
    ] {
        assert_eq!(rejected(&provider, &issuer.token(&somebody(claims.clone()), now())).await, why, "{claims}");
    }
    let several = issuer.token(&somebody(json!({"aud": ["another", CLIENT], "azp": CLIENT})), now());
    assert!(provider.verify(&several, None, now()).await.is_ok());
}

/// CVE-2026-25537 is of this kind: a claim of another JSON type was treated as absent.
#[tokio::test]
async fn a_claim_of_another_json_type_is_refused_and_never_taken_for_absent() {
    let (issuer, provider) = both().await;
    let of_all_types = |name: &str, value: Value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let number: f64 = text.parse().unwrap_or(7.0);
        [
            ("null", Value::Null),
            ("a bool", json!(true)),
            ("a number", json!(number)),
            ("a string", json!(text)),
            ("an array", json!([value])),
            ("an array of another type", json!([7, null])),
            ("an empty array", json!([])),
            ("an object", json!({name: value})),
            ("an empty object", json!({})),
        ]
    };
    let exp = (now() + Duration::HOUR).unix_timestamp();
    for (name, value, allowed) in [
        ("iss", json!(issuer.url()), &["a string"][..]),
        // Several audiences are valid (RFC 7519 §4.1.3).
        ("aud", json!(CLIENT), &["a string", "an array"]),
        ("sub", json!("somebody"), &["a string"]),
        ("exp", json!(exp), &["a number"]),
        ("nbf", json!(now().unix_timestamp()), &["a number"]),
        ("azp", json!(CLIENT), &["a string"]),
        ("nonce", json!("nonce"), &["a string"]),
    ] {
        for (kind, spoilt) in of_all_types(name, value) {
            let mut claims = json!({"nonce": "nonce"});
            claims[name] = spoilt.clone();
            let outcome = provider.verify(&issuer.token(&somebody(claims), now()), Some("nonce"), now()).await;
            let fits = match &outcome {
                Ok(_) => allowed.contains(&kind),
                Err(VerifyError::Rejected(why)) => !allowed.contains(&kind) && speaks_of(name, why),
                Err(VerifyError::Fault(_)) => false,
            };
            assert!(fits, "{name} as {kind}, {spoilt}: {outcome:?}");
        }
    }
    let listed = json!({"iss": ["https://login.example.com", issuer.url()]});
    assert_eq!(rejected(&provider, &issuer.token(&somebody(listed), now())).await, TokenRejected::Claim("iss"));
}

/// Whether a rejection for this reason is about the claim.
fn speaks_of(claim: &str, why: &TokenRejected) -> bool {
    match why {
        TokenRejected::Claim(named) => *named == claim,
        TokenRejected::Issuer => claim == "iss",
        TokenRejected::Audience => matches!(claim, "aud" | "azp"),
        TokenRejected::Nonce => claim == "nonce",
        // For a list or an object instead of text or a number, jsonwebtoken rejects the whole token.
        TokenRejected::Malformed => matches!(claim, "sub" | "exp" | "nbf"),
        _ => false,
    }
}

#[tokio::test]
async fn a_token_is_good_from_nbf_to_exp_give_or_take_the_skew() {
    let (issuer, provider) = both().await;
    let (from, until) = (now(), now() + Duration::HOUR);
    let times = json!({"nbf": from.unix_timestamp(), "exp": until.unix_timestamp()});
    let token = issuer.token(&somebody(times), from);
    let at = async |when| match provider.verify(&token, None, when).await {
        Ok(_) => None,
        Err(VerifyError::Rejected(why)) => Some(why),
        Err(fault) => panic!("{fault}"),
    };
    assert_eq!(at(from - CLOCK_SKEW).await, None);
    assert_eq!(at(from - CLOCK_SKEW - Duration::SECOND).await, Some(TokenRejected::NotYetValid));
    assert_eq!(at(until + CLOCK_SKEW - Duration::SECOND).await, None);
    assert_eq!(at(until + CLOCK_SKEW).await, Some(TokenRejected::Expired));
}

#[tokio::test]
async fn a_different_or_unreachable_issuer_is_a_fault_and_rejects_no_token() {
    let (issuer, _) = both().await;
    let spelled_otherwise = OpenIdProvider::new(&format!("{}/", issuer.url()), CLIENT).expect("on this machine");
    let token = issuer.token(&somebody(json!({})), now());
    let outcome = spelled_otherwise.verify(&token, None, now()).await;
    assert!(matches!(outcome, Err(VerifyError::Fault(ProviderFault::OtherIssuer { .. }))), "{outcome:?}");

    let silent = OpenIdProvider::new("http://127.0.0.1:9", CLIENT).expect("on this machine");
    let outcome = silent.verify(&token, None, now()).await;
    assert!(matches!(outcome, Err(VerifyError::Fault(ProviderFault::Unreachable(..)))), "{outcome:?}");
}
