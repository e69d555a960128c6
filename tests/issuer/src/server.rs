use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router, extract::Query};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tower::ServiceExt;
use url::Url;

use crate::codes::{self, Grant};
use crate::pages::SignInPage;
use crate::{Client, Issuer, Person, SigningKey, TOKEN_LIFE};

impl Issuer {
    /// Starts one on a free port of loopback, for as long as the runtime lives. Its key is a new one (ES256).
    pub async fn start(client: Client, people: Vec<Person>) -> Self {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let issuer = Self::new(&url, client, SigningKey::generate(), people);
        tokio::spawn(issuer.clone().serve(listener));
        issuer
    }

    /// Serves until the listener fails.
    pub async fn serve(self, listener: TcpListener) -> std::io::Result<()> {
        let router = self.router();
        loop {
            let (stream, _) = listener.accept().await?;
            let router = router.clone();
            tokio::spawn(async move {
                let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
                    let router = router.clone();
                    async move { Ok::<_, Infallible>(router.oneshot(request).await.into_response()) }
                });
                // A connection that breaks off is the client's affair.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/authorize", get(sign_in_page).post(answer))
            .route("/token", post(exchange))
            .with_state(self.clone())
    }

    /// Signs `person` in as the page does, and returns the address that the browser is sent to.
    ///
    /// # Errors
    ///
    /// The words for somebody who asked wrongly and cannot be trusted with a redirect.
    pub fn authorize(&self, request: &AuthorizationRequest, person: &Person) -> Result<String, String> {
        self.expect_known(request)?;
        let mut back: Url = request.redirect_uri.parse().map_err(|_| "redirect_uri is not a URL".to_owned())?;
        let outcome = match request.complaint() {
            Some((error, description)) => [("error", error.to_owned()), ("error_description", description.to_owned())],
            None => {
                let grant = Grant {
                    person: person.clone(),
                    client_id: request.client_id.clone(),
                    redirect_uri: request.redirect_uri.clone(),
                    challenge: request.code_challenge.clone(),
                    nonce: request.nonce.clone(),
                    expires: OffsetDateTime::now_utc() + codes::LIFE,
                };
                let code = self.0.codes.lock().expect("no holder panics").issue(grant);
                [("code", code), ("iss", self.0.url.clone())]
            }
        };
        let state = request.state.iter().map(|state| ("state", state.clone()));
        back.query_pairs_mut().extend_pairs(outcome.into_iter().chain(state));
        Ok(back.into())
    }

    /// Nobody is sent to an address that was not registered.
    fn expect_known(&self, request: &AuthorizationRequest) -> Result<(), String> {
        let client = &self.0.client;
        if request.client_id != client.id {
            return Err(format!("There is no client “{}” here.", request.client_id));
        }
        if request.redirect_uri != client.redirect_uri {
            return Err(format!("“{}” is not the redirect_uri of {}.", request.redirect_uri, client.id));
        }
        Ok(())
    }
}

/// What a client asks for (OpenID Connect Core 1.0 §3.1.2.1).
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AuthorizationRequest {
    pub response_type: String,
    pub client_id: String,
    pub redirect_uri: String,
    pub scope: String,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub code_challenge: String,
    pub code_challenge_method: String,
}

impl AuthorizationRequest {
    /// Reads the address that a client sent a browser to.
    pub fn read(url: &str) -> Option<Self> {
        let url: Url = url.parse().ok()?;
        let pairs: serde_json::Map<String, Value> =
            url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned().into())).collect();
        serde_json::from_value(pairs.into()).ok()
    }

    fn complaint(&self) -> Option<(&'static str, &'static str)> {
        if self.response_type != "code" {
            return Some(("unsupported_response_type", "only the code flow"));
        }
        if !self.scope.split(' ').any(|scope| scope == "openid") {
            return Some(("invalid_scope", "the scope openid is missing"));
        }
        if self.code_challenge_method != "S256" || self.code_challenge.len() != 43 {
            return Some(("invalid_request", "PKCE with S256 is required"));
        }
        None
    }

    fn fields(&self) -> Vec<(&'static str, &str)> {
        let optional = [("state", &self.state), ("nonce", &self.nonce)];
        let optional = optional.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        [
            ("response_type", self.response_type.as_str()),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", &self.scope),
            ("code_challenge", &self.code_challenge),
            ("code_challenge_method", &self.code_challenge_method),
        ]
        .into_iter()
        .chain(optional)
        .collect()
    }
}

async fn discovery(State(issuer): State<Issuer>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", issuer.0.url);
    Json(json!({
        "issuer": issuer.0.url,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [issuer.0.key.algorithm()],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "scopes_supported": ["openid"],
    }))
}

async fn keys(State(issuer): State<Issuer>) -> Json<Value> {
    Json(json!({"keys": [issuer.0.key.jwk()]}))
}

async fn sign_in_page(State(issuer): State<Issuer>, Query(request): Query<AuthorizationRequest>) -> Response {
    if let Err(why) = issuer.expect_known(&request) {
        return (StatusCode::BAD_REQUEST, why).into_response();
    }
    let page = SignInPage { fields: request.fields(), people: &issuer.0.people };
    ([(CACHE_CONTROL, "no-store")], Html(page.render().expect("strings only"))).into_response()
}

#[derive(Deserialize)]
struct Choice {
    person: String,
    #[serde(flatten)]
    request: AuthorizationRequest,
}

async fn answer(State(issuer): State<Issuer>, Form(choice): Form<Choice>) -> Response {
    let Some(person) = issuer.0.people.iter().find(|person| person.subject == choice.person) else {
        return (StatusCode::BAD_REQUEST, "There is no such person.").into_response();
    };
    match issuer.authorize(&choice.request, person) {
        Ok(back) => Redirect::to(&back).into_response(),
        Err(why) => (StatusCode::BAD_REQUEST, why).into_response(),
    }
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Exchange {
    grant_type: String,
    code: String,
    redirect_uri: String,
    client_id: String,
    code_verifier: String,
}

async fn exchange(State(issuer): State<Issuer>, Form(form): Form<Exchange>) -> Response {
    let refused = |error: &str, why: &str| {
        let body = json!({"error": error, "error_description": why});
        (StatusCode::BAD_REQUEST, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
    };
    if form.grant_type != "authorization_code" {
        return refused("unsupported_grant_type", "only authorization_code");
    }
    let now = OffsetDateTime::now_utc();
    let mut codes = issuer.0.codes.lock().expect("no holder panics");
    match codes.redeem(&form.code, &form.client_id, &form.redirect_uri, &form.code_verifier, now) {
        Err(why) => refused("invalid_grant", why),
        Ok(grant) => {
            let body = json!({
                "token_type": "Bearer",
                "expires_in": TOKEN_LIFE.whole_seconds(),
                "access_token": issuer.token(&grant.person, now),
                "id_token": issuer.token_for(&grant.person, grant.nonce.as_deref(), now),
            });
            ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
    }
}
