use bytes::Bytes;
use http::header::{CONTENT_TYPE, LINK, LOCATION, RETRY_AFTER};
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};

/// A problem document (RFC 8555 §6.7) with its status.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub status: u16,
    /// Without the prefix: `rateLimited`.
    pub kind: String,
    pub detail: String,
    /// Seconds.
    pub retry_after: Option<u64>,
    /// The name at fault, and what is wrong with it, for each of several.
    pub subproblems: Vec<(String, String, String)>,
    /// A link with the relation `terms-of-service`.
    pub terms: Option<String>,
}

impl Problem {
    pub fn new(status: u16, kind: &str, detail: impl Into<String>) -> Self {
        let (kind, detail) = (kind.to_owned(), detail.into());
        Self { status, kind, detail, retry_after: None, subproblems: Vec::new(), terms: None }
    }

    pub fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(crate) fn to_json(&self) -> Value {
        let kind = |kind: &str| format!("urn:ietf:params:acme:error:{kind}");
        let mut document = json!({"type": kind(&self.kind), "detail": self.detail, "status": self.status});
        if !self.subproblems.is_empty() {
            let all = self.subproblems.iter().map(|(name, sub, detail)| {
                json!({"type": kind(sub), "detail": detail, "identifier": {"type": "dns", "value": name}})
            });
            document["subproblems"] = all.collect();
        }
        document
    }
}

/// What a request is answered with.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Body,
    pub(crate) location: Option<String>,
    pub(crate) retry_after: Option<u64>,
    pub(crate) terms: Option<String>,
}

pub(crate) enum Body {
    Empty,
    Json(Value),
    Problem(Value),
    Pem(String),
}

impl Answer {
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self { status, body: Body::Json(body), location: None, retry_after: None, terms: None }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, body: Body::Empty, location: None, retry_after: None, terms: None }
    }

    pub(crate) fn at(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }

    pub(crate) fn after(mut self, seconds: Option<u64>) -> Self {
        self.retry_after = seconds;
        self
    }

    pub(crate) fn into_response(self, nonce: Option<String>) -> Response<Full<Bytes>> {
        let (kind, body) = match self.body {
            Body::Empty => (None, Bytes::new()),
            Body::Json(body) => (Some("application/json"), Bytes::from(body.to_string())),
            Body::Problem(body) => (Some("application/problem+json"), Bytes::from(body.to_string())),
            Body::Pem(body) => (Some("application/pem-certificate-chain"), Bytes::from(body)),
        };
        let mut response = Response::builder().status(StatusCode::from_u16(self.status).expect("a status"));
        for (name, value) in [
            (CONTENT_TYPE, kind.map(str::to_owned)),
            (LOCATION, self.location),
            (RETRY_AFTER, self.retry_after.map(|seconds| seconds.to_string())),
            (LINK, self.terms.map(|terms| format!("<{terms}>;rel=\"terms-of-service\""))),
        ] {
            if let Some(value) = value {
                response = response.header(name, value);
            }
        }
        if let Some(nonce) = nonce {
            response = response.header("replay-nonce", nonce);
        }
        response.body(Full::new(body)).expect("headers are headers")
    }
}

impl From<Problem> for Answer {
    fn from(problem: Problem) -> Self {
        let body = Body::Problem(problem.to_json());
        let Problem { status, retry_after, terms, .. } = problem;
        // wfe2 `sendError`.
        let retry_after = retry_after.or((status == 500).then_some(60));
        Self { status, body, location: None, retry_after, terms }
    }
}
