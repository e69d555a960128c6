//! A small HTTP server in the API's place: holds each request against the API's contract, remembers it, and answers
//! as the test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::contract;

#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `GET /v1/endpoints/www.example.com`: without the base path and the query.
    pub(crate) what: String,
    /// As sent, without the `?`.
    pub(crate) query: String,
    /// In lower case, with their values.
    pub(crate) headers: Vec<(String, String)>,
    /// Null if there is none.
    pub(crate) body: Value,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Status and body of an answer; an empty body with 204.
pub(crate) type Answer = (u16, String);

#[derive(Default)]
struct Seen {
    asked: Vec<Asked>,
    /// How requests broke the contract.
    breaches: Vec<String>,
}

pub(crate) struct ApiDouble {
    /// With a path, as a local cloud's.
    pub(crate) address: String,
    seen: Arc<Mutex<Seen>>,
}

pub(crate) const BASE_PATH: &str = "/_aws/execute-api/abc";

impl ApiDouble {
    /// `answer` gets what is asked, and how often it was asked before.
    pub(crate) fn start(answer: impl Fn(&Asked, usize) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = format!("http://{}{BASE_PATH}", listener.local_addr().expect("it is bound"));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = Arc::clone(&seen);
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = read(&stream) else { continue };
                let mut seen = shared.lock().expect("no test panics while it holds the lock");
                let before = seen.asked.iter().filter(|earlier| earlier.what == request.what).count();
                if let Err(breach) = contract::holds(&request) {
                    seen.breaches.push(format!("{}: {breach}", request.what));
                }
                let (status, body) = answer(&request, before);
                seen.asked.push(request);
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

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.seen.lock().expect("the server does not panic").asked.clone()
    }

    pub(crate) fn first(&self) -> Asked {
        self.asked().remove(0)
    }
}

impl Drop for ApiDouble {
    fn drop(&mut self) {
        let breaches = &self.seen.lock().expect("the server does not panic").breaches;
        assert!(thread::panicking() || breaches.is_empty(), "the API's contract is broken: {breaches:#?}");
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line).ok()?;
    let (method, target) = line.trim_end().strip_suffix(" HTTP/1.1")?.split_once(' ')?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    // Elsewhere no contract holds.
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
    Some(Asked { what, query, headers, body })
}

fn write(mut stream: &TcpStream, status: u16, body: &str) {
    let kind = if status < 400 { "application/json" } else { "application/problem+json" };
    // A client that went away is the test's matter.
    let _ = write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
}
