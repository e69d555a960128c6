use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::ports::{DueIndex, FlowStarter, Registry};
use domain::records::required_records;
use http::header::LOCATION;
use http::{StatusCode, Uri};
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;

use crate::body::Strict;
use crate::problem::Problem;
use crate::service::{Registration, Service};
use crate::views::EndpointView;

const LARGEST_BODY: usize = 64 * 1024;
const DEFAULT_PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 200;

type Shared<R, F> = State<Arc<Service<R, F>>>;
type Answer = Result<Response, Problem>;

/// All routes, under `/v1`.
pub fn router<R, F>(service: Service<R, F>) -> Router
where
    R: Registry + DueIndex + Send + Sync + 'static,
    F: FlowStarter + Send + Sync + 'static,
{
    Router::new()
        .route("/v1/endpoints", get(list).post(register))
        .route("/v1/endpoints/{endpoint}", get(show).delete(remove))
        .route("/v1/endpoints/{endpoint}/records", get(records))
        .route("/v1/endpoints/{endpoint}/renew", post(renew))
        .route("/v1/endpoints/{endpoint}/attempts", get(attempts))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(Arc::new(service))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    cursor: Option<String>,
    limit: Option<u32>,
}

async fn list<R: Registry + DueIndex, F: FlowStarter>(
    State(service): Shared<R, F>,
    page: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
) -> Answer {
    let Query(page) = page.map_err(|rejection| Problem::invalid(rejection.body_text()))?;
    let limit = page.limit.unwrap_or(DEFAULT_PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Problem::invalid(format!("limit is a number from 1 to {LARGEST_PAGE}")).with_field("limit"));
    }
    let found = service.list(page.cursor.as_deref(), limit).await?;
    let now = OffsetDateTime::now_utc();
    let views: Vec<_> = found.endpoints.iter().map(|e| EndpointView::of(e, None, &service.installation, now)).collect();
    Ok(Json(json!({"endpoints": views, "next_cursor": found.next})).into_response())
}

async fn register<R: Registry + DueIndex, F: FlowStarter>(
    State(service): Shared<R, F>,
    Strict(request): Strict<Registration>,
) -> Answer {
    let now = OffsetDateTime::now_utc();
    let endpoint = service.register(request, now).await?;
    let location = format!("/v1/endpoints/{}", endpoint.id);
    let view = EndpointView::of(&endpoint, None, &service.installation, now);
    Ok((StatusCode::CREATED, [(LOCATION, location)], Json(view)).into_response())
}

async fn show<R: Registry + DueIndex, F: FlowStarter>(
    State(service): Shared<R, F>,
    Path(reference): Path<String>,
) -> Answer {
    let endpoint = service.find(&reference).await?;
    Ok(Json(EndpointView::of(&endpoint, None, &service.installation, OffsetDateTime::now_utc())).into_response())
}

async fn records<R: Registry + DueIndex, F: FlowStarter>(
    State(service): Shared<R, F>,
    Path(reference): Path<String>,
) -> Answer {
    let endpoint = service.find(&reference).await?;
    let installation = &service.installation;
    let records = required_records(&endpoint, &installation.delegation_zone, &installation.endpoint_target);
    Ok(Json(json!({"records": records})).into_response())
}

async fn renew<R: Registry + DueIndex, F: FlowStarter>(
    State(service): Shared<R, F>,
    Path(reference): Path<String>,
) -> Answer {
    let (id, attempt) = service.renew(&reference, OffsetDateTime::now_utc()).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"endpoint": id, "attempt": attempt}))).into_response())
}

async fn attempts<R: Registry + DueIndex, F: FlowStarter>(
    State(service): Shared<R, F>,
    Path(reference): Path<String>,
) -> Answer {
    let attempts = service.history(&reference).await?;
    Ok(Json(json!({"attempts": attempts})).into_response())
}

async fn remove<R: Registry + DueIndex, F: FlowStarter>(
    State(service): Shared<R, F>,
    Path(reference): Path<String>,
) -> Answer {
    let now = OffsetDateTime::now_utc();
    let endpoint = service.remove(&reference, now).await?;
    Ok((StatusCode::ACCEPTED, Json(EndpointView::of(&endpoint, None, &service.installation, now))).into_response())
}

async fn unknown_path(uri: Uri) -> Problem {
    let detail = format!("There is nothing at {}.", uri.path());
    Problem::new(StatusCode::NOT_FOUND, "not-found", "No such path", detail, "The paths begin with /v1/endpoints.")
}

async fn unknown_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method-not-allowed",
        "The path has no such method",
        "The method is not one of this path's.",
        "See docs/API.md for the methods of each path.",
    )
}
