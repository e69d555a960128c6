//! A small HTTP server in the API's place: reads each request as strictly as the API does, remembers it, and answers as
//! the test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde::de::DeserializeOwned;
use serde_json::Value;
use wire::{LinkWish, MuteWish, Preflight, Registration, RevocationWish, Wish};

#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// `GET /v1/endpoints/www.example.com`: without the base path and the query.
    pub(crate) what: String,
    /// As sent, without the `?`.
    pub(crate) query: String,
    /// In lower case, with their values.
    pub(crate) headers: Vec<(String, String)>,
    /// Null if there is none.
    pub(crate) body: Value,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Status and body of an answer; an empty body with 204.
pub(crate) type Answer = (u16, String);

#[derive(Default)]
struct Seen {
    requests: Vec<Request>,
    /// Why the API would have refused requests.
    refused: Vec<String>,
}

pub(crate) struct ApiDouble {
    /// With a path, as a local cloud's.
    pub(crate) address: String,
    seen: Arc<Mutex<Seen>>,
}

/// As the gateway names each request.
const REQUEST_ID: &str = "JKJaXmPLvHcESHA=";
pub(crate) const BASE_PATH: &str = "/_aws/execute-api/abc";

impl ApiDouble {
    /// `answer` gets each request, and how often it came before.
    pub(crate) fn start(answer: impl Fn(&Request, usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = format!("http://{}{BASE_PATH}", listener.local_addr().expect("it is bound"));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = read(&stream) else { continue };
                let mut seen = shared.lock().expect("no test panics while it holds the lock");
                let before = seen.requests.iter().filter(|earlier| earlier.what == request.what).count();
                if let Err(reason) = take(&request) {
                    seen.refused.push(format!("{}: {reason}", request.what));
                }
                let (status, body) = answer(&request, before);
                seen.requests.push(request);
                drop(seen);
                write(&stream, status, &body);
            }
        });
        Self { address, seen }
    }

    /// Gives the same answer to everything.
    pub(crate) fn always(status: u16, body: &Value) -> Self {
        let body = body.to_string();
        Self::start(move |_, _| (status, body.clone()))
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().expect("the server does not panic").requests.clone()
    }

    pub(crate) fn first(&self) -> Request {
        self.requests().remove(0)
    }
}

impl Drop for ApiDouble {
    fn drop(&mut self) {
        let refused = &self.seen.lock().expect("the server does not panic").refused;
        assert!(thread::panicking() || refused.is_empty(), "the API does not take that: {refused:#?}");
    }
}

/// Whether the API would take it: credentials of its route, a body of its type, a key where one counts.
fn take(request: &Request) -> Result<(), String> {
    let (method, path) = request.what.split_once(' ').ok_or("no request line")?;
    let authorization = request.header("authorization");
    if path == "/health" {
        return authorization.map_or(Ok(()), |_| Err("credentials go to a route that needs none".into()));
    }
    let (path, scheme) = match path.strip_prefix("/bearer/v1/") {
        Some(path) => (path, "Bearer "),
        None => (path.strip_prefix("/v1/").ok_or("no such path")?, "AWS4-HMAC-SHA256 "),
    };
    if !authorization.is_some_and(|value| value.starts_with(scheme)) {
        return Err("the credentials are not those of the route".into());
    }
    let keyed = request.header("idempotency-key").is_some_and(|key| (16..=64).contains(&key.len()));
    if keyed != (method == "POST" && path == "endpoints") {
        return Err("an Idempotency-Key goes with a registration, and only with it".into());
    }
    let segments: Vec<_> = path.split('/').collect();
    match (method, segments.as_slice()) {
        ("POST", ["endpoints"]) => is::<Registration>(&request.body),
        ("POST", ["checks"]) => is::<Preflight>(&request.body),
        ("PATCH", ["endpoints", _]) => is::<Wish>(&request.body),
        ("POST", ["endpoints", _, "shares"]) => is::<LinkWish>(&request.body),
        ("PUT", ["endpoints", _, "mute"]) => is::<MuteWish>(&request.body),
        ("POST", ["endpoints", _, "revoke"]) => is::<RevocationWish>(&request.body),
        _ if request.body.is_null() => Ok(()),
        _ => Err("a body where none is taken".into()),
    }
}

fn is<T: DeserializeOwned>(body: &Value) -> Result<(), String> {
    T::deserialize(body).map(|_| ()).map_err(|error| error.to_string())
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line).ok()?;
    let (method, target) = line.trim_end().strip_suffix(" HTTP/1.1")?.split_once(' ')?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let what = format!("{method} {}", path.strip_prefix(BASE_PATH).unwrap_or("outside of the API"));
    let query = query.to_owned();
    let mut headers = Vec::new();
    loop {
        line.clear();
        lines.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, n)| n.parse().unwrap_or(0));
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(&body).ok()? };
    Some(Request { what, query, headers, body })
}

fn write(mut stream: &TcpStream, status: u16, body: &str) {
    let kind = if status < 400 { "application/json" } else { "application/problem+json" };
    // A client that went away is the test's matter.
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\napigw-requestid: {REQUEST_ID}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
}
