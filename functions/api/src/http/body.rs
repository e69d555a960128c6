use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::http::problem::Problem;

/// The largest body that is read.
pub(crate) const LARGEST_BODY: usize = 64 * 1024;

/// A JSON body, strictly of its type; errors are returned as a [`Problem`].
pub(crate) struct Strict<T>(pub T);

/// Like [`Strict`], but optional: an empty body, or `null`, is the default.
pub(crate) struct Optional<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Strict<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = says_json(request.headers());
        let bytes = read(request, state).await?;
        match is_json {
            true => parse(&bytes).map(Self),
            false => Err(Problem::not_json()),
        }
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for Optional<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let is_json = says_json(request.headers());
        let bytes = read(request, state).await?;
        match (bytes.is_empty(), is_json) {
            (true, _) => Ok(Self(T::default())),
            (false, true) => parse::<Option<T>>(&bytes).map(|body| Self(body.unwrap_or_default())),
            (false, false) => Err(Problem::not_json()),
        }
    }
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state).await.map_err(|_| {
        let detail = format!("Over {} KiB.", LARGEST_BODY / 1024);
        let title = "The request is too large";
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", title, detail, "Send a smaller request.")
    })
}

/// `application/json`, with whatever parameters.
fn says_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // serde accepts an array for a structure, and takes its elements as the fields in order.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::invalid("The body is an array; an object is expected here."));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        refused(&error.into_inner(), &path)
    });
    let parsed = parsed?;
    json.end().map_err(|error| refused(&error, ""))?;
    Ok(parsed)
}

fn refused(error: &serde_json::Error, path: &str) -> Problem {
    let problem = Problem::invalid(format!("The body is not the JSON that is expected here: {error}"));
    match field_at_fault(&error.to_string(), path) {
        Some(field) => problem.with_field(field),
        None => problem,
    }
}

/// The field that serde names in "missing field `x`" and the like, else the place where it stopped reading.
fn field_at_fault(message: &str, path: &str) -> Option<String> {
    let quoted = ["missing field `", "unknown field `", "duplicate field `"].into_iter().find_map(|start| {
        let (field, _) = message.strip_prefix(start)?.split_once('`')?;
        Some(field)
    });
    let at = (!path.is_empty() && path != "." && path != "?").then_some(path);
    quoted.or(at).map(|field| vocabulary::text::printable(field, 80))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_no_object_though_serde_would_take_it_for_one() {
        #[derive(Debug, serde::Deserialize)]
        struct Change {
            #[expect(dead_code, reason = "only parsed")]
            also: Option<String>,
        }
        for array in ["[null]", " [\"a\"]"] {
            assert!(parse::<Change>(array.as_bytes()).is_err() && parse::<Option<Change>>(array.as_bytes()).is_err());
        }
        assert!(parse::<Change>(b"{}").is_ok());
    }

    #[test]
    fn the_field_is_taken_from_serdes_message_or_from_the_path_in_the_body() {
        assert_eq!(field_at_fault("missing field `domain` at line 1 column 2", "."), Some("domain".into()));
        assert_eq!(field_at_fault("unknown field `x`, expected one of `a`", "x"), Some("x".into()));
        assert_eq!(field_at_fault("duplicate field `domain` at line 1", "?"), Some("domain".into()));
        assert_eq!(field_at_fault("invalid type: integer `1`, expected a string", "also[0]"), Some("also[0]".into()));
        assert_eq!(field_at_fault("expected value at line 1", "."), None);
    }

    #[test]
    fn only_json_is_json() {
        let says = |kind: &'static str| says_json(&HeaderMap::from_iter([(CONTENT_TYPE, kind.parse().expect("text"))]));
        assert!(says("application/json") && says("Application/JSON; charset=utf-8"));
        assert!(!says("text/plain") && !says("application/jsonx") && !says("") && !says_json(&HeaderMap::new()));
    }
}
