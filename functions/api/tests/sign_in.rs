//! Signing in against an OpenID provider, with each part of the flow tampered with.

use api::sign_in::identity::Identity;
use api::sign_in::session::{Recognition, recognise};
use api::{Base, ClaimNames, sign_in};
use axum::body::Body;
use axum::routing::{get, post};
use axum::{Extension, Router, middleware};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use issuer::{AuthorizationRequest, Client, Issuer, Person};
use serde_json::{Value, json};
use tower::ServiceExt;
use url::Url;
use vocabulary::names::{Caller, Scope};

const BASE: &str = "https://api.example.com";
const SESSION: &str = "__Host-managed-https-session";

struct Site {
    router: Router,
    issuer: Issuer,
}

/// A browser's answer: enough of one to follow the flow by hand.
struct Answer {
    status: StatusCode,
    location: Option<String>,
    cookies: Vec<String>,
    body: String,
}

async fn site_at(base: &str) -> Site {
    let base: Base = base.parse().expect("a base");
    let client = Client { id: "managed-https".into(), redirect_uri: base.url("/sign-in/callback") };
    let issuer = Issuer::start(client, Vec::new()).await;
    let provider = adapters::oidc::OpenIdProvider::new(issuer.url(), "managed-https").expect("on this machine");
    let claims = ClaimNames { tenant: "tenant".into(), roles: "roles".into(), operator_role: "operator".into() };
    let identity = Identity::new(provider, claims);
    let who = async |caller: Option<Extension<Caller>>| match caller {
        Some(Extension(Caller { scope: Scope::Everything, origin })) => format!("operator {}", origin.who),
        Some(Extension(Caller { scope: Scope::Tenant(tenant), origin })) => format!("{tenant} {}", origin.who),
        None => "nobody".to_owned(),
    };
    let router = Router::new()
        .route("/dashboard", get(who))
        .route("/dashboard/change", post(who).layer(middleware::from_fn(api::sign_in::session::refuse_cross_site)))
        .merge(sign_in::code_flow::router(identity.clone()))
        .layer(middleware::from_fn_with_state(Recognition { identity: Some(identity), base: Some(base) }, recognise));
    Site { router, issuer }
}

async fn site() -> Site {
    site_at(BASE).await
}

fn acme() -> Person {
    Person::new("ada", "Ada", json!({"tenant": "acme"}))
}

impl Site {
    async fn send(&self, request: http::request::Builder) -> Answer {
        let request: Request<Body> = request.body(Body::empty()).expect("a request");
        let response: Response<_> = self.router.clone().oneshot(request).await.expect("infallible");
        let text = |value: &http::HeaderValue| value.to_str().expect("text").to_owned();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        Answer {
            status,
            location: headers.get("location").map(text),
            cookies: headers.get_all("set-cookie").iter().map(text).collect(),
            body: String::from_utf8(body.into()).expect("text"),
        }
    }

    async fn get(&self, path: &str, cookies: &str) -> Answer {
        self.send(Request::get(path).header("cookie", cookies)).await
    }

    /// Begins a sign-in; the cookie of it, and where the browser is sent.
    async fn begin(&self, path: &str) -> (String, AuthorizationRequest) {
        let answer = self.get(path, "").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let request = AuthorizationRequest::read(&answer.location.expect("a location")).expect("a request");
        (pair(&answer.cookies[0]).to_owned(), request)
    }

    /// The path that the provider sends the browser back to.
    fn answer(&self, request: &AuthorizationRequest, person: &Person) -> String {
        let back: Url = self.issuer.authorize(request, person).expect("known").parse().expect("a URL");
        format!("/sign-in/callback?{}", back.query().expect("a query"))
    }
}

/// `name=value` of a Set-Cookie.
fn pair(cookie: &str) -> &str {
    cookie.split(';').next().expect("one at least")
}

impl Answer {
    fn session(&self) -> Option<&str> {
        let set = self.cookies.iter().find(|cookie| cookie.starts_with(SESSION));
        set.map(|cookie| pair(cookie)).filter(|pair| !pair.ends_with('='))
    }

    #[track_caller]
    fn refused_with(&self, status: StatusCode) {
        assert_eq!((self.status, self.session()), (status, None), "{}", self.body);
        assert!(self.body.contains("<h1>"), "a page says why: {}", self.body);
    }
}

#[tokio::test]
async fn somebody_signs_in_and_comes_back_to_the_page_they_wanted() {
    let site = site().await;
    assert_eq!(site.get("/dashboard", "").await.body, "nobody");
    let (cookie, request) = site.begin("/sign-in?to=/dashboard/endpoints/a.example.com%3Fx%3D1").await;
    let answer = site.get(&site.answer(&request, &acme()), &cookie).await;
    assert_eq!(answer.location.as_deref(), Some("/dashboard/endpoints/a.example.com?x=1"));
    let session = answer.session().expect("a session").to_owned();
    assert_eq!(site.get("/dashboard", &session).await.body, "acme ada");

    for cookie in &answer.cookies {
        for attribute in ["HttpOnly", "Secure", "SameSite=Lax", "Path=/", "Max-Age="] {
            assert!(cookie.contains(attribute), "{attribute} in {cookie}");
        }
        assert!(!cookie.contains("Domain="), "{cookie}");
    }
    assert!(
        answer
            .cookies
            .iter()
            .any(|spent| spent.starts_with("__Host-managed-https-sign-in-") && spent.contains("Max-Age=0"))
    );
}

#[tokio::test]
async fn below_a_path_links_and_cookies_stay_below_it() {
    let site = site_at("http://127.0.0.1:1/_aws/execute-api/abc").await;
    let (cookie, request) = site.begin("/sign-in").await;
    assert!(cookie.starts_with("__Secure-managed-https-sign-in-"));
    assert_eq!(request.redirect_uri, "http://127.0.0.1:1/_aws/execute-api/abc/sign-in/callback");
    let answer = site.get(&site.answer(&request, &acme()), &cookie).await;
    assert_eq!(answer.location.as_deref(), Some("/_aws/execute-api/abc/dashboard"));
    assert!(answer.cookies.iter().all(|cookie| cookie.contains("Path=/_aws/execute-api/abc")), "{:?}", answer.cookies);
}

#[tokio::test]
async fn the_answer_of_the_provider_is_valid_for_one_browser_and_one_sign_in() {
    let site = site().await;
    let (cookie, request) = site.begin("/sign-in").await;
    let (other_cookie, other) = site.begin("/sign-in").await;
    let back = site.answer(&request, &acme());
    site.get(&back, "").await.refused_with(StatusCode::BAD_REQUEST);
    site.get(&back, &other_cookie).await.refused_with(StatusCode::BAD_REQUEST);

    // Another sign-in's code under this one's state: nonce and verifier do not fit.
    let stranger = site.answer(&other, &acme());
    let code = |path: &str| path.split("code=").nth(1).expect("a code").split('&').next().expect("one").to_owned();
    let swapped = back.replace(&code(&back), &code(&stranger));
    site.get(&swapped, &cookie).await.refused_with(StatusCode::FORBIDDEN);

    // Several may be under way at once.
    let both = format!("{cookie}; {other_cookie}");
    assert!(site.get(&back, &both).await.session().is_some());
    site.get(&back, &both).await.refused_with(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn whatever_is_tampered_with_there_is_no_session() {
    let site = site().await;
    let name_of = |cookie: &str| cookie.split_once('=').expect("a pair").0.to_owned();
    for (what, status) in [
        ("verifier", StatusCode::FORBIDDEN),
        ("nonce", StatusCode::FORBIDDEN),
        ("cookie", StatusCode::BAD_REQUEST),
        ("state", StatusCode::BAD_REQUEST),
        ("code", StatusCode::FORBIDDEN),
        ("issuer", StatusCode::BAD_REQUEST),
        ("twice", StatusCode::BAD_REQUEST),
    ] {
        let (mut cookie, request) = site.begin("/sign-in").await;
        let mut back = site.answer(&request, &acme());
        let name = name_of(&cookie);
        let value = cookie[name.len() + 1..].to_owned();
        let parts: Vec<_> = value.split('.').collect();
        let stranger = "A".repeat(43);
        match what {
            "verifier" => cookie = format!("{name}={}.{stranger}.{}", parts[0], parts[2]),
            "nonce" => cookie = format!("{name}={stranger}.{}.{}", parts[1], parts[2]),
            "cookie" => cookie = format!("{name}={}", parts[1]),
            "state" => back = back.replace("state=", "state=x"),
            "code" => back = back.replace("code=", "code=x"),
            "issuer" => back = back.replace("iss=http", "iss=https"),
            _ => back = format!("{back}&state=again"),
        }
        let answer = site.get(&back, &cookie).await;
        assert_eq!((answer.status, answer.session()), (status, None), "{what}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_token_that_is_not_for_this_sign_in_and_client_makes_no_session() {
    let site = site().await;
    for claims in [
        json!({"tenant": "acme", "nonce": "another"}),
        json!({"tenant": "acme", "aud": "another"}),
        json!({"tenant": "acme", "iss": "https://login.example.com"}),
        json!({"tenant": "acme", "exp": 1_000_000_000}),
    ] {
        let (cookie, request) = site.begin("/sign-in").await;
        let back = site.answer(&request, &Person::new("eve", "Eve", claims.clone()));
        let answer = site.get(&back, &cookie).await;
        assert_eq!((answer.status, answer.session()), (StatusCode::FORBIDDEN, None), "{claims}");
    }
}

#[tokio::test]
async fn a_person_without_tenant_and_role_sees_what_is_missing() {
    let site = site().await;
    let (cookie, request) = site.begin("/sign-in").await;
    let nobody = Person::new("<b>eve</b>", "Eve", json!({"roles": ["reader"]}));
    let answer = site.get(&site.answer(&request, &nobody), &cookie).await;
    answer.refused_with(StatusCode::FORBIDDEN);
    for told in ["“tenant”", "“operator”", "“roles”", "&#60;b&#62;eve"] {
        assert!(answer.body.contains(told), "{told} in {}", answer.body);
    }
    // A session from before the claim was taken away.
    let token = site.issuer.token(&nobody, time::OffsetDateTime::now_utc());
    site.get("/dashboard", &format!("{SESSION}={token}")).await.refused_with(StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_refusal_by_the_provider_is_quoted_as_text() {
    let site = site().await;
    let (cookie, request) = site.begin("/sign-in").await;
    let state = request.state.expect("a state");
    let path = format!("/sign-in/callback?state={state}&error=access_denied&error_description=%3Cscript%3E");
    let answer = site.get(&path, &cookie).await;
    answer.refused_with(StatusCode::FORBIDDEN);
    assert!(answer.body.contains("access_denied") && !answer.body.contains("<script>"), "{}", answer.body);
}

#[tokio::test]
async fn every_request_is_judged_by_its_own_token() {
    let site = site().await;
    let now = time::OffsetDateTime::now_utc();
    let token = |claims: Value| site.issuer.token(&Person::new("ada", "Ada", claims), now);
    let good = token(json!({"tenant": "acme"}));
    let (head, signature) = good.rsplit_once('.').expect("three parts");
    for (session, who) in [
        (good.clone(), "acme ada"),
        (token(json!({"roles": ["operator"]})), "operator ada"),
        (token(json!({"tenant": "acme", "exp": now.unix_timestamp() - 120})), "nobody"),
        (format!("{head}."), "nobody"),
        (format!("{head}.{}", signature.replace(|c: char| c.is_ascii_digit(), "A")), "nobody"),
        (String::new(), "nobody"),
    ] {
        assert_eq!(site.get("/dashboard", &format!("other=1; {SESSION}={session}")).await.body, who, "{session}");
    }
    let unprefixed = format!("managed-https-session={good}; __Secure-managed-https-session={good}");
    assert_eq!(site.get("/dashboard", &unprefixed).await.body, "nobody");
}

#[tokio::test]
async fn a_token_that_no_browser_would_keep_is_said_to_be_too_long() {
    let site = site().await;
    let (cookie, request) = site.begin("/sign-in").await;
    let many = Person::new("ada", "Ada", json!({"tenant": "acme", "groups": "x".repeat(4096)}));
    let answer = site.get(&site.answer(&request, &many), &cookie).await;
    answer.refused_with(StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.body.contains("too long"), "{}", answer.body);
}

#[tokio::test]
async fn only_our_own_pages_can_change_something() {
    let site = site().await;
    for (headers, allowed) in [
        (&[("sec-fetch-site", "same-origin")][..], true),
        (&[("sec-fetch-site", "same-origin"), ("origin", "null")], true),
        (&[("sec-fetch-site", "none")], true),
        (&[("origin", BASE)], true),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "cross-site"), ("origin", BASE)], false),
        (&[("origin", "https://evil.example")], false),
        (&[("origin", "https://api.example.com.evil.example")], false),
        (&[("origin", "null")], false),
        (&[], false),
    ] {
        for path in ["/dashboard/change", "/sign-out"] {
            let mut request = Request::builder().method(Method::POST).uri(path);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let answer = site.send(request).await;
            let expected = if allowed { StatusCode::OK } else { StatusCode::FORBIDDEN };
            assert_eq!(answer.status, expected, "{path} {headers:?}");
        }
    }
}

#[tokio::test]
async fn signing_out_makes_the_browser_forget_the_session() {
    let site = site().await;
    let answer = site.send(Request::post("/sign-out").header("sec-fetch-site", "same-origin")).await;
    assert!(answer.cookies[0].starts_with(&format!("{SESSION}=;")) && answer.cookies[0].contains("Max-Age=0"));
    assert_eq!(site.send(Request::get("/sign-out")).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn without_an_issuer_nobody_is_signed_in() {
    let who = async |caller: Option<Extension<Caller>>| caller.is_some().to_string();
    let router = Router::new()
        .route("/dashboard", get(who))
        .layer(middleware::from_fn_with_state(Recognition { identity: None, base: None }, recognise));
    let token = site().await.issuer.token(&acme(), time::OffsetDateTime::now_utc());
    let request = Request::get("/dashboard").header("cookie", format!("{SESSION}={token}")).body(Body::empty());
    let response = router.oneshot(request.expect("a request")).await.expect("infallible");
    assert_eq!(response.into_body().collect().await.expect("a body").to_bytes(), "false");
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_a_fault_and_not_a_sign_out() {
    let provider = adapters::oidc::OpenIdProvider::new("http://127.0.0.1:9", "managed-https").expect("on this machine");
    let claims = ClaimNames { tenant: "tenant".into(), roles: "roles".into(), operator_role: "operator".into() };
    let identity = Identity::new(provider, claims);
    let site = Site { router: sign_in::code_flow::router(identity.clone()), issuer: site().await.issuer };
    let answer = site.send(Request::get("/sign-in").header("host", "api.example.com")).await;
    answer.refused_with(StatusCode::SERVICE_UNAVAILABLE);
    let token = site.issuer.token(&acme(), time::OffsetDateTime::now_utc());
    let now = time::OffsetDateTime::now_utc();
    let refusal = identity.bearer(&token, None, now).await;
    assert!(matches!(refusal, Err(api::sign_in::identity::Refusal::IssuerSilent(_))), "{refusal:?}");
}
