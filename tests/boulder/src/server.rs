//! The paths, and who may ask what.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::net::TcpListener;

use crate::Boulder;
use crate::answer::{Answer, Body, Problem};
use crate::issuing::authority;
use crate::jws::{Signer, verify};
use crate::knobs::Knobs;
use crate::state::{Account, Counted, State, Validator};

pub(crate) async fn start(now: OffsetDateTime, validator: Validator) -> Boulder {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await.expect("a free port");
    let base = format!("http://{}", listener.local_addr().expect("it is bound"));
    let (issuer, issuer_pem) = authority();
    let state = State {
        base: base.clone(),
        now,
        knobs: Knobs::default(),
        validator,
        issuer,
        issuer_pem,
        counter: 0,
        nonces: Default::default(),
        accounts: Vec::new(),
        orders: Vec::new(),
        authorizations: Vec::new(),
        certificates: Vec::new(),
        counted: Counted::default(),
        replaced: Vec::new(),
        seen: Vec::new(),
        refused: Vec::new(),
    };
    let boulder = Boulder { base, state: Arc::new(Mutex::new(state)) };
    tokio::spawn(serve(boulder.clone(), listener));
    boulder
}

async fn serve(boulder: Boulder, listener: TcpListener) -> std::io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let boulder = boulder.clone();
        tokio::spawn(async move {
            let service = service_fn(|request: Request<Incoming>| {
                let boulder = boulder.clone();
                async move { Ok::<_, Infallible>(respond(&boulder, request).await) }
            });
            // A connection that breaks off is the client's affair.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn respond(boulder: &Boulder, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let mut state = boulder.state();
    state.seen.push(format!("{method} {path}"));
    let outcome = match injected(&mut state, &path) {
        Some(problem) => Err(problem),
        None => answer(&mut state, &method, &path, &body),
    };
    if let Err(problem) = &outcome {
        state.refused.push(problem.kind.clone());
    }
    let nonce = (method != Method::GET).then(|| state.nonce());
    outcome.unwrap_or_else(Answer::from).into_response(nonce)
}

fn injected(state: &mut State, path: &str) -> Option<Problem> {
    let found = state.knobs.injected.iter_mut().find(|(start, answer)| path.starts_with(start) && answer.times > 0)?;
    found.1.times -= 1;
    Some(found.1.problem.clone())
}

fn answer(state: &mut State, method: &Method, path: &str, body: &[u8]) -> Result<Answer, Problem> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let not_found = || Problem::new(404, "malformed", "Page not found");
    let number = |text: &str| text.parse::<u64>().map_err(|_| not_found());
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["directory"]) => return Ok(Answer::json(200, directory(state))),
        ("GET", ["renewal-info", id]) if state.knobs.ari => return state.renewal_info(id),
        ("HEAD", ["new-nonce"]) => return Ok(Answer::empty(200)),
        ("POST", _) => {}
        _ => return Err(not_found()),
    }
    let signed = verify(state, &format!("{}{path}", state.base), body)?;
    let payload: Value = serde_json::from_slice(&signed.payload).unwrap_or(Value::Null);
    let account = match (signed.by, parts.as_slice()) {
        (Signer::Key { point, thumbprint }, ["new-acct"]) => return new_account(state, point, thumbprint),
        (Signer::Account(account), _) => account,
        (Signer::Key { .. }, _) => return Err(Problem::new(400, "malformed", "No Key ID in JWS header")),
    };
    match parts.as_slice() {
        ["acct", id] if number(id)? == account => Ok(Answer::json(200, json!({"status": "valid"}))),
        ["new-order"] => state.new_order(account, &payload),
        ["order", id] => {
            let order = state.find_order(account, number(id)?)?;
            Ok(state.order_answer(200, &order))
        }
        ["authz", id] => state.authorization_answer(account, number(id)?),
        ["chall", id, kind] => state.answer_challenge(account, number(id)?, kind),
        ["finalize", id] => {
            let csr = payload["csr"].as_str().and_then(|csr| BASE64_URL_SAFE_NO_PAD.decode(csr).ok());
            let csr = csr.ok_or_else(|| Problem::new(400, "malformed", "Error unmarshaling finalize order request"))?;
            state.finalize(account, number(id)?, &csr)
        }
        ["cert", index] => {
            let index = usize::try_from(number(index)?).map_err(|_| not_found())?;
            let held = state.certificates.get(index).ok_or_else(not_found)?;
            Ok(Answer { body: Body::Pem(held.pem.clone()), ..Answer::empty(200) })
        }
        ["revoke-cert"] => {
            let der = payload["certificate"].as_str().and_then(|der| BASE64_URL_SAFE_NO_PAD.decode(der).ok());
            let der = der.ok_or_else(|| Problem::new(400, "malformed", "Unable to JSON parse revoke request"))?;
            state.revoke(account, &der, payload["reason"].as_u64().unwrap_or(0))?;
            Ok(Answer::empty(200))
        }
        _ => Err(not_found()),
    }
}

fn directory(state: &State) -> Value {
    let url = |path: &str| format!("{}/{path}", state.base);
    let mut directory = json!({
        "newNonce": url("new-nonce"),
        "newAccount": url("new-acct"),
        "newOrder": url("new-order"),
        "revokeCert": url("revoke-cert"),
        "keyChange": url("key-change"),
        "meta": {
            "termsOfService": "https://letsencrypt.org/documents/LE-SA-v1.6-August-18-2025.pdf",
            "profiles": state.knobs.profiles,
            "caaIdentities": ["letsencrypt.org"],
        },
    });
    if state.knobs.ari {
        directory["renewalInfo"] = json!(url("renewal-info"));
    }
    directory
}

fn new_account(state: &mut State, point: Vec<u8>, thumbprint: String) -> Result<Answer, Problem> {
    let known = state.accounts.iter().find(|account| account.thumbprint == thumbprint);
    let (status, id) = match known {
        Some(account) if account.status != "valid" => {
            return Err(Problem::new(
                403,
                "unauthorized",
                "An account with the provided public key exists but is deactivated",
            ));
        }
        Some(account) => (200, account.id),
        None => {
            let id = state.next();
            state.accounts.push(Account { id, point, thumbprint, status: "valid" });
            (201, id)
        }
    };
    let url = format!("{}/acct/{id}", state.base);
    Ok(Answer::json(status, json!({"status": "valid"})).at(url))
}
