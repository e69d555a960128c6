use axum::extract::State;
use axum::{Extension, Json};
use http::StatusCode;
use time::{Duration, OffsetDateTime};
use vocabulary::names::Caller;
use wire::{LinkWish, NewShare, ShareList};

use super::Shared;
use crate::http::base::Base;
use crate::http::body::Optional;
use crate::http::openapi::{Always, Conflicts, OfEndpoint, WithBody};
use crate::http::parameters::{LinkReference, Nothing, Parameters, Reference};
use crate::http::problem::Problem;
use crate::service::Ports;
use crate::views::ToWire;

/// Create a link to the domain owner's page
///
/// The page shows this endpoint's records and what was found, with a button to check again, and nothing else. The URL
/// is shown only once.
#[utoipa::path(post, path = "/endpoints/{endpoint}/shares", tag = "links", operation_id = "create_link",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com")),
    request_body(content = Option<LinkWish>),
    responses((status = 201, description = "The link.", body = NewShare), Always, OfEndpoint, WithBody, Conflicts))]
pub(super) async fn share<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Reference(reference): Reference,
    Parameters(Nothing {}): Parameters<Nothing>,
    base: Result<Base, StatusCode>,
    Optional(wish): Optional<LinkWish>,
) -> Result<(StatusCode, Json<NewShare>), Problem> {
    let base = base.map_err(|_| Problem::invalid_field("host", "The request does not say which host it is for."))?;
    let life = wish.expires_in_days.map(|days| Duration::days(days.into()));
    let link = service.share(&caller, &reference, life, &base.url(""), OffsetDateTime::now_utc()).await?;
    Ok((StatusCode::CREATED, Json(link)))
}

/// List the open links to the domain owner's page
#[utoipa::path(get, path = "/endpoints/{endpoint}/shares", tag = "links", operation_id = "list_links",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com")),
    responses((status = 200, description = "Newest first.", body = ShareList), Always, OfEndpoint))]
pub(super) async fn shares<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Reference(reference): Reference,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Result<Json<ShareList>, Problem> {
    let shares = service.shares(&caller, &reference, OffsetDateTime::now_utc()).await?;
    Ok(Json(ShareList { shares: shares.to_wire() }))
}

/// Revoke a link to the domain owner's page
///
/// It stops working at once.
#[utoipa::path(delete, path = "/endpoints/{endpoint}/shares/{link}", tag = "links", operation_id = "revoke_link",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com"),
        ("link" = String, Path, description = "The link's id.", pattern = "^[0-9a-f]{64}$",
            example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")),
    responses((status = 204, description = "It is revoked."), Always, OfEndpoint))]
pub(super) async fn revoke_share<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    LinkReference { endpoint, link }: LinkReference,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Result<StatusCode, Problem> {
    service.revoke_share(&caller, &endpoint, &link, OffsetDateTime::now_utc()).await?;
    Ok(StatusCode::NO_CONTENT)
}
