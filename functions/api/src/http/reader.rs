//! Answers, reduced to what their reader may see.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use vocabulary::certificate::OperatorsOnly;
use vocabulary::names::Caller;

/// Hides what [only operators see](OperatorsOnly) in every answer to others: JSON, problems and pages, also those that a
/// link opens. Runs behind the layer that identifies the [`Caller`].
pub(crate) async fn show_to_reader(
    State(operators_only): State<Arc<OperatorsOnly>>,
    request: Request,
    next: Next,
) -> Response {
    let operator = request.extensions().get::<Caller>().is_some_and(Caller::is_operator);
    let response = next.run(request).await;
    if operator {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // All answers are in memory, and one that cannot be read is not shown.
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    parts.headers.remove(CONTENT_LENGTH);
    let body = match std::str::from_utf8(&bytes) {
        Ok(text) => Body::from(operators_only.hidden_in(text)),
        Err(_) => Body::from(bytes),
    };
    Response::from_parts(parts, body)
}
