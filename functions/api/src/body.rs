use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::StatusCode;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A JSON body, strictly of its type; what is wrong with it is said as a [`Problem`].
pub(crate) struct Strict<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Strict<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await.map_err(|_| {
            let remedy = "Send a smaller request.";
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The request is too large", "Over 64 KiB.", remedy)
        })?;
        serde_json::from_slice(&bytes).map(Self).map_err(|error| {
            let problem = Problem::invalid(format!("The body is not the JSON that is expected here: {error}"));
            match quoted_field(&error.to_string()) {
                Some(field) => problem.with_field(field),
                None => problem,
            }
        })
    }
}

/// The field that serde names in "missing field `x`" and "unknown field `x`".
fn quoted_field(message: &str) -> Option<String> {
    let rest = message.strip_prefix("missing field `").or_else(|| message.strip_prefix("unknown field `"))?;
    rest.split_once('`').map(|(field, _)| domain::failure::printable(field, 80))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_is_taken_from_serdes_message() {
        assert_eq!(quoted_field("missing field `domain` at line 1 column 2"), Some("domain".into()));
        assert_eq!(quoted_field("unknown field `x`, expected one of `a`"), Some("x".into()));
        assert_eq!(quoted_field("expected value at line 1"), None);
    }
}
