//! A small HTTP server in the API's place: remembers what it was asked, answers as the test says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// `GET /path?query`, as sent.
    pub(crate) what: String,
    /// In lower case, with their values.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

pub(crate) struct ApiDouble {
    /// With a path, as a local cloud's.
    pub(crate) address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

pub(crate) const BASE_PATH: &str = "/_aws/execute-api/abc";

impl ApiDouble {
    /// `answer` gets what is asked, without the base path, and how often it was asked before; it gives status and body.
    pub(crate) fn start(answer: impl Fn(&str, usize) -> (u16, String) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = format!("http://{}{BASE_PATH}", listener.local_addr().expect("it is bound"));
        let asked = Arc::new(Mutex::new(Vec::<Asked>::new()));
        let seen = Arc::clone(&asked);
        // It ends with the test's process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = read(&stream) else { continue };
                let mut seen = seen.lock().expect("no test panics while it holds the lock");
                let before = seen.iter().filter(|earlier| earlier.what == request.what).count();
                let (status, body) = answer(&request.what.replacen(BASE_PATH, "", 1), before);
                seen.push(request);
                drop(seen);
                write(&stream, status, &body);
            }
        });
        Self { address, asked }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("the server does not panic").clone()
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    lines.read_line(&mut line).ok()?;
    let what = line.trim_end().strip_suffix(" HTTP/1.1")?.to_owned();
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
    Some(Asked { what, headers, body: String::from_utf8(body).ok()? })
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
