//! The HTTP client under instant-acme: ours, because a step is a short process.
//!
//! A process that restores account and order would request from the CA what an earlier step has already received. This client
//! answers such requests from memory, and signs and decides nothing: the directory, a nonce (RFC 8555 §7.2) while an unused one
//! is known, and resources that the caller passes in. It also keeps what instant-acme drops from errors: the status,
//! Retry-After, and bodies that are not JSON.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, LINK, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use serde::Deserialize;
use time::OffsetDateTime;
use vocabulary::text::printable;
use vocabulary::version::USER_AGENT;

use super::entries::{self, Entries};
use crate::http_fault::innermost;

/// For a step, a CA that takes longer counts as down.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The largest thing a CA sends is a chain, some ten kilobytes.
const LARGEST_BODY: usize = 1 << 20;

/// The last response that was not a success, unchanged.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusal {
    /// `None` if there was no response.
    pub status: Option<u16>,
    pub retry_after: Option<OffsetDateTime>,
    pub problem: Option<ProblemDocument>,
    /// The page for a person to visit: the problem's `instance`, or its terms of service link (RFC 8555 §7.3.3).
    pub link: Option<String>,
    /// What happened, for people.
    pub detail: String,
}

/// RFC 7807 as RFC 8555 §6.7 uses it. Unlike instant-acme's, every field may be missing.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ProblemDocument {
    #[serde(default)]
    pub r#type: String,
    #[serde(default)]
    pub detail: String,
    #[serde(default)]
    pub instance: Option<String>,
    #[serde(default)]
    pub subproblems: Vec<ProblemDocument>,
    /// In a subproblem: the name it is about (RFC 8555 §6.7.1).
    #[serde(default)]
    pub identifier: Option<ProblemIdentifier>,
}

#[derive(Clone, Debug, Deserialize)]
pub(super) struct ProblemIdentifier {
    pub value: String,
}

#[derive(Default)]
struct Memory {
    directory: Option<(String, String)>,
    new_nonce_url: Option<String>,
    nonce: Option<String>,
    known: HashMap<String, String>,
    requests: u32,
    /// Requests sent in this exchange.
    sent: u32,
    refusal: Option<Refusal>,
    last_body: Bytes,
    /// When the last successful response asks the client to come back.
    come_again: Option<OffsetDateTime>,
    /// The directory as fetched from the network, to be stored.
    fetched_directory: Option<String>,
}

#[derive(Clone)]
pub(super) struct Transport {
    http: reqwest::Client,
    memory: Arc<Mutex<Memory>>,
}

impl Transport {
    pub(super) fn new(tls: rustls::ClientConfig) -> Self {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(format!("{USER_AGENT} instant-acme/0.8"))
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("the TLS configuration is of the version reqwest is built with");
        Self { http, memory: Arc::default() }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().expect("nothing panics while it holds the lock")
    }

    /// Begins an exchange: clears what the last one recorded, and takes the nonce that the caller knows.
    pub(super) fn begin(&self, nonce: Option<&String>) {
        let mut memory = self.memory();
        memory.refusal = None;
        memory.sent = 0;
        memory.known.clear();
        if let Some(nonce) = nonce {
            memory.nonce = Some(nonce.clone());
        }
    }

    pub(super) fn know_directory(&self, url: &str, body: &str) {
        let mut memory = self.memory();
        memory.new_nonce_url = Entries::of(body.as_bytes()).map(|entries| entries.new_nonce.to_string());
        memory.directory = Some((url.to_owned(), body.to_owned()));
    }

    /// Answers the next POST-as-GET of `url` with `body`, once.
    pub(super) fn know(&self, url: &str, body: String) {
        self.memory().known.insert(url.to_owned(), body);
    }

    pub(super) fn requests(&self) -> u32 {
        self.memory().requests
    }

    /// Whether anything of this exchange was sent over the network: if not, an error is our own.
    pub(super) fn has_sent(&self) -> bool {
        self.memory().sent > 0
    }

    /// Whether the directory at `url`, if known here, has an entry of this name.
    pub(super) fn directory_has(&self, name: &str, url: &str) -> bool {
        let memory = self.memory();
        let stored = memory.directory.as_ref().filter(|(known, _)| known == url).map(|(_, body)| body);
        let Some(body) = stored.or(memory.fetched_directory.as_ref()) else { return false };
        serde_json::from_str::<serde_json::Value>(body).is_ok_and(|directory| directory[name].is_string())
    }

    /// A nonce that no request has used yet, for the next request.
    pub(super) fn take_nonce(&self) -> Option<String> {
        self.memory().nonce.take()
    }

    pub(super) fn refusal(&self) -> Option<Refusal> {
        self.memory().refusal.clone()
    }

    pub(super) fn last_body(&self) -> Bytes {
        self.memory().last_body.clone()
    }

    /// How long the last successful response asks to wait (RFC 8555 §7.4: for an order in `processing`).
    pub(super) fn wait(&self) -> Option<Duration> {
        let at = self.memory().come_again?;
        Some(Duration::try_from(at - OffsetDateTime::now_utc()).unwrap_or_default())
    }

    pub(super) fn fetched_directory(&self) -> Option<String> {
        self.memory().fetched_directory.clone()
    }

    /// Sends one request over the network, whatever is in memory.
    pub(super) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let (parts, body) = request.into_parts();
        let is_get = parts.method == Method::GET;
        let mut outgoing = self.http.request(parts.method, parts.uri.to_string()).body(body);
        if let Some(kind) = parts.headers.get(CONTENT_TYPE) {
            outgoing = outgoing.header(CONTENT_TYPE, kind);
        }
        {
            let mut memory = self.memory();
            memory.requests += 1;
            memory.sent += 1;
        }
        let answer = match outgoing.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(self.no_answer(error)),
        };
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = self.read(answer).await?;
        let mut memory = self.memory();
        if let Some(nonce) = headers.get("replay-nonce").and_then(|value| value.to_str().ok()) {
            memory.nonce = Some(nonce.to_owned());
        }
        if status.is_success() {
            if is_get && let Some(entries) = Entries::of(&body) {
                memory.new_nonce_url = Some(entries.new_nonce.to_string());
                memory.fetched_directory = Some(String::from_utf8_lossy(&body).into_owned());
            }
            memory.last_body = body.clone();
            memory.come_again = come_again(&headers);
        } else {
            memory.refusal = Some(refusal(status, &headers, &body));
        }
        let mut response = Response::builder().status(status);
        *response.headers_mut().expect("no error so far") = headers;
        Ok(response.body(body)?)
    }

    async fn read(&self, mut answer: reqwest::Response) -> Result<Bytes, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.no_answer(error))? {
            if body.len() + chunk.len() > LARGEST_BODY {
                return Err(Error::Str("the CA's answer is too large"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.into())
    }

    /// The error for a directory without usable URLs.
    pub(super) fn no_directory(&self) -> Error {
        self.memory().refusal = Some(Refusal { detail: entries::UNUSABLE.to_owned(), ..Refusal::default() });
        Error::Str(entries::UNUSABLE)
    }

    fn no_answer(&self, error: reqwest::Error) -> Error {
        let detail = match innermost(&error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        self.memory().refusal = Some(Refusal { detail: printable(&detail, 300), ..Refusal::default() });
        Error::Other(Box::new(error))
    }

    /// A response from memory, if `request` asks for something known.
    fn recall(&self, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let url = request.uri().to_string();
        let mut memory = self.memory();
        let found = |body: String| Response::builder().status(StatusCode::OK).body(Bytes::from(body));
        match *request.method() {
            Method::GET => {
                let (_, body) = memory.directory.as_ref().filter(|(known, _)| *known == url)?;
                found(body.clone()).ok()
            }
            Method::HEAD if memory.new_nonce_url.as_ref() == Some(&url) => {
                let nonce = memory.nonce.take()?;
                Response::builder().header("replay-nonce", nonce).body(Bytes::new()).ok()
            }
            Method::POST => {
                let unused = unused_nonce_of_a_read(request.body())?;
                let body = memory.known.remove(&url)?;
                // The request is not sent, so its nonce remains unused.
                let mut response = found(body).ok()?;
                response.headers_mut().insert("replay-nonce", unused.parse().ok()?);
                Some(response)
            }
            _ => None,
        }
    }
}

impl HttpClient for Transport {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let transport = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = match body.collect().await {
                Ok(collected) => collected.to_bytes(),
                Err(never) => match never {},
            };
            let request = Request::from_parts(parts, body);
            let is_directory = request.method() == Method::GET;
            if request.method() == Method::POST {
                // instant-acme itself takes the nonce of each response; ours is a spare for its newNonce requests.
                transport.memory().nonce = None;
            }
            let response = match transport.recall(&request) {
                Some(response) => response,
                None => transport.send(request).await?,
            };
            // instant-acme panics if one of its URLs is not a URL.
            if is_directory && response.status().is_success() && Entries::of(response.body()).is_none() {
                return Err(transport.no_directory());
            }
            Ok(BytesResponse::from(response.map(Full::new)))
        })
    }
}

/// The nonce of a POST-as-GET (RFC 8555 §6.3: an empty payload); `None` for any other request.
fn unused_nonce_of_a_read(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Jws {
        protected: String,
        payload: String,
    }
    #[derive(Deserialize)]
    struct Protected {
        nonce: String,
    }
    let jws: Jws = serde_json::from_slice(body).ok().filter(|jws: &Jws| jws.payload.is_empty())?;
    let protected = BASE64_URL_SAFE_NO_PAD.decode(jws.protected).ok()?;
    serde_json::from_slice(&protected).ok().map(|protected: Protected| protected.nonce)
}

fn refusal(status: StatusCode, headers: &http::HeaderMap, body: &[u8]) -> Refusal {
    let problem: Option<ProblemDocument> = serde_json::from_slice(body).ok();
    let detail = match &problem {
        Some(problem) => problem.detail.clone(),
        None => format!(
            "HTTP status {status}, and a body that is not ACME: “{}”",
            String::from_utf8_lossy(&body[..body.len().min(80)])
        ),
    };
    let now = OffsetDateTime::now_utc();
    let retry_after = headers.get(RETRY_AFTER).and_then(|value| parse_retry_after(value.to_str().ok()?, now));
    let link = problem.as_ref().and_then(|problem| problem.instance.clone()).or_else(|| terms_of_service(headers));
    Refusal { status: Some(status.as_u16()), retry_after, problem, link, detail: printable(&detail, 300) }
}

/// `Link: <https://ca.example/terms>;rel="terms-of-service"` (RFC 8288).
fn terms_of_service(headers: &http::HeaderMap) -> Option<String> {
    let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let mut terms = links.filter(|link| link.contains("terms-of-service"));
    let (link, _) = terms.next()?.trim().strip_prefix('<')?.split_once('>')?;
    Some(link.to_owned())
}

fn come_again(headers: &http::HeaderMap) -> Option<OffsetDateTime> {
    headers.get(RETRY_AFTER).and_then(|value| parse_retry_after(value.to_str().ok()?, OffsetDateTime::now_utc()))
}

/// RFC 9110 §10.2.3: seconds, or an HTTP date.
pub(super) fn parse_retry_after(text: &str, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(now + Duration::from_secs(u64::from(seconds)));
    }
    let dated = text.strip_suffix("GMT").map(|rest| format!("{rest}+0000"))?;
    OffsetDateTime::parse(&dated, &time::format_description::well_known::Rfc2822).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = datetime!(2026-11-24 12:00 UTC);
        assert_eq!(parse_retry_after("120", now), Some(datetime!(2026-11-24 12:02 UTC)));
        assert_eq!(parse_retry_after("Tue, 24 Nov 2026 13:00:00 GMT", now), Some(datetime!(2026-11-24 13:00 UTC)));
        assert_eq!(parse_retry_after("soon", now), None);
        assert_eq!(parse_retry_after("", now), None);
    }

    #[test]
    fn only_a_read_leaves_its_nonce_unused() {
        let jws = |payload: &str| {
            let protected = BASE64_URL_SAFE_NO_PAD.encode(r#"{"nonce":"n1","url":"u"}"#);
            format!(r#"{{"protected":"{protected}","payload":"{payload}","signature":"s"}}"#)
        };
        assert_eq!(unused_nonce_of_a_read(jws("").as_bytes()), Some("n1".into()));
        assert_eq!(unused_nonce_of_a_read(jws("e30").as_bytes()), None);
        assert_eq!(unused_nonce_of_a_read(b"not json"), None);
    }

    #[test]
    fn the_link_to_new_terms_is_kept_from_the_document_or_from_the_header() {
        let body =
            br#"{"type": "urn:ietf:params:acme:error:userActionRequired", "instance": "https://ca.example/agree"}"#;
        let headers: http::HeaderMap = [
            (LINK, "<https://ca.example/dir>;rel=\"index\"".parse().expect("a value")),
            (LINK, "<https://ca.example/terms>;rel=\"terms-of-service\"".parse().expect("a value")),
        ]
        .into_iter()
        .fold(http::HeaderMap::new(), |mut all, (name, value): (_, http::HeaderValue)| {
            all.append(name, value);
            all
        });
        let link = |body: &[u8], headers| refusal(StatusCode::FORBIDDEN, headers, body).link;
        assert_eq!(link(body, &headers).as_deref(), Some("https://ca.example/agree"));
        assert_eq!(link(b"{}", &headers).as_deref(), Some("https://ca.example/terms"));
        assert_eq!(link(b"{}", &http::HeaderMap::new()), None);
    }

    #[test]
    fn a_refusal_in_html_keeps_status_and_retry_after() {
        let headers = [(RETRY_AFTER, "60".parse().expect("a value"))].into_iter().collect();
        let refusal = refusal(StatusCode::SERVICE_UNAVAILABLE, &headers, b"<html>busy</html>");
        assert_eq!(refusal.status, Some(503));
        assert!(refusal.retry_after.is_some() && refusal.problem.is_none());
        assert!(refusal.detail.contains("503") && refusal.detail.contains("busy"));
    }

    /// A CA, and whoever stands between it and us, writes these.
    #[test]
    fn fuzz_headers_and_bodies_of_a_ca() {
        let now = datetime!(2026-11-24 12:00 UTC);
        testkit::fuzz::fuzz("ca-answers", |input| {
            let (head, body) = match input.windows(2).position(|two| two == b"\n\n") {
                Some(at) => (&input[..at], &input[at + 2..]),
                None => (input, &b""[..]),
            };
            let mut headers = http::HeaderMap::new();
            for line in head.split(|octet| *octet == b'\n') {
                let mut parts = line.splitn(2, |octet| *octet == b':');
                let (Some(name), Some(value)) = (parts.next(), parts.next()) else { continue };
                let name = http::HeaderName::from_bytes(name);
                let value = http::HeaderValue::from_bytes(value.trim_ascii());
                if let (Ok(name), Ok(value)) = (name, value) {
                    headers.append(name, value);
                }
            }
            let retry_after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let _ = retry_after.and_then(|text| parse_retry_after(text, now));
            let refusal = refusal(StatusCode::TOO_MANY_REQUESTS, &headers, body);
            assert!(!refusal.detail.chars().any(vocabulary::text::is_invisible), "{refusal:?}");
            let _ = (terms_of_service(&headers), unused_nonce_of_a_read(body), Entries::of(body));
        });
    }
}
