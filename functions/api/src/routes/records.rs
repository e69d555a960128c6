use axum::extract::State;
use axum::{Extension, Json};
use time::OffsetDateTime;
use vocabulary::names::Caller;
use wire::{EndpointView, Preflight, PreflightView, RecordList};

use super::Shared;
use super::endpoints::Empty;
use crate::http::body::{Optional, Strict};
use crate::http::openapi::{Always, CountedForTenants, OfEndpoint, WithBody};
use crate::http::parameters::{Nothing, Parameters, Reference};
use crate::http::problem::Problem;
use crate::service::Ports;

/// List an endpoint's records
///
/// The records for the domain owner to create, with what the last check found.
#[utoipa::path(get, path = "/endpoints/{endpoint}/records", tag = "records", operation_id = "list_records",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com")),
    responses((status = 200, description = "The records.", body = RecordList), Always, OfEndpoint))]
pub(super) async fn records<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Reference(reference): Reference,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Result<Json<RecordList>, Problem> {
    let endpoint = service.show(&caller, &reference, OffsetDateTime::now_utc()).await?;
    Ok(Json(RecordList { records: endpoint.dns.records }))
}

/// Check an endpoint now
///
/// Queries the authoritative name servers and the host, and stores the result. Checks of an endpoint start at least one
/// second apart: an earlier request waits for a second. The CA is not contacted. If the last attempt failed because of
/// the records and they are correct now, the next attempt starts.
#[utoipa::path(post, path = "/endpoints/{endpoint}/check", tag = "records", operation_id = "check_endpoint",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com")),
    responses((status = 200, description = "The endpoint, with what was found.", body = EndpointView),
        Always, OfEndpoint, WithBody, CountedForTenants))]
pub(super) async fn check<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Reference(reference): Reference,
    Parameters(Nothing {}): Parameters<Nothing>,
    _: Optional<Empty>,
) -> Result<Json<EndpointView>, Problem> {
    service.check(&caller, &reference, OffsetDateTime::now_utc()).await.map(Json)
}

/// Check a domain before it is registered
///
/// Finds what is missing for its certificate. Stores no result, and does not contact the CA.
#[utoipa::path(post, path = "/checks", tag = "records", operation_id = "check_domain", request_body = Preflight,
    responses((status = 200, description = "What was found.", body = PreflightView), Always, WithBody, CountedForTenants))]
pub(super) async fn preflight<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Parameters(Nothing {}): Parameters<Nothing>,
    Strict(asked): Strict<Preflight>,
) -> Result<Json<PreflightView>, Problem> {
    service.preflight(&caller, asked, OffsetDateTime::now_utc()).await.map(Json)
}
