//! Parameters in the path and the query of a request.

use axum::extract::{FromRequestParts, OriginalUri, RawPathParams};
use http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::http::problem::Problem;

/// The query, strictly of its type: an unknown, repeated or malformed parameter is refused by name.
pub(crate) struct Parameters<T>(pub T);

/// For operations that have no query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Parameters<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = serde_urlencoded::Deserializer::new(url::form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(pairs).map(Self).map_err(|error| {
            let path = error.path().to_string();
            let message = error.into_inner().to_string();
            let quoted = message.split_once("field `").and_then(|(_, rest)| rest.split_once('`'));
            let field = quoted.map_or(path.as_str(), |(field, _)| field);
            let field = vocabulary::text::printable(field, 80);
            Problem::invalid_field(field, format!("A parameter is not as expected: {message}"))
        })
    }
}

/// One segment of the path, decoded. What cannot be decoded names nothing.
pub(crate) struct Reference(pub String);

/// The endpoint and the link that a path names.
pub(crate) struct LinkReference {
    pub(crate) endpoint: String,
    pub(crate) link: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Reference {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self(segment(parts, state, "endpoint").await?))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for LinkReference {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Ok(Self { endpoint: segment(parts, state, "endpoint").await?, link: segment(parts, state, "link").await? })
    }
}

/// The path as requested: nested routes see only the rest of it.
fn original_path(parts: &Parts) -> &str {
    parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri).path()
}

async fn segment<S: Send + Sync>(parts: &mut Parts, state: &S, name: &str) -> Result<String, Problem> {
    let params = RawPathParams::from_request_parts(parts, state).await;
    let params = params.map_err(|_| Problem::unknown_path(original_path(parts)))?;
    let found = params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned());
    Ok(found.expect("the route has this segment"))
}
