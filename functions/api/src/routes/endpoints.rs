use axum::extract::State;
use axum::{Extension, Json};
use http::header::LOCATION;
use http::{HeaderMap, HeaderName, StatusCode};
use serde::Deserialize;
use time::OffsetDateTime;
use utoipa::IntoParams;
use vocabulary::names::Caller;
use wire::{
    AttemptList, EndpointList, EndpointView, EventList, MuteWish, Registration, RevocationReason, RevocationWish,
    StartedView, Wish,
};

use super::Shared;
use crate::http::body::{Optional, Strict};
use crate::http::openapi::{Always, Conflicts, CountedForTenants, OfEndpoint, WithBody};
use crate::http::parameters::{Nothing, Parameters, Reference};
use crate::http::problem::Problem;
use crate::http::query::{EndpointQuery, page_size};
use crate::service::Ports;

const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// List endpoints
///
/// By domain, or by need for attention. With no filter but `prefix`, a page reads only the endpoints that it shows.
/// With other filters a page reads about 5,000 endpoints at most: it may be short without being the last one. The order
/// by attention reads at most 20,000 endpoints; `truncated` is true if it leaves any out.
#[utoipa::path(get, path = "/endpoints", tag = "endpoints", operation_id = "list_endpoints",
    params(EndpointQuery), responses((status = 200, description = "A page.", body = EndpointList), Always))]
pub(super) async fn list<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Parameters(query): Parameters<EndpointQuery>,
) -> Result<Json<EndpointList>, Problem> {
    service.list(&caller, &query, OffsetDateTime::now_utc()).await.map(Json)
}

/// Register an endpoint
///
/// The first attempt starts at once if there is room, otherwise automatically later. With an `Idempotency-Key`, a
/// repeated request within 24 hours registers nothing again; the answer has the endpoint in its current state.
#[utoipa::path(post, path = "/endpoints", tag = "endpoints", operation_id = "register_endpoint",
    params(("Idempotency-Key" = Option<String>, Header, description = "The client's key for this request.",
        min_length = 1, max_length = 255, pattern = "^[!-~]+$", example = "8e03978e-40d5-43dd-bc93-6894a57f9324")),
    request_body = Registration,
    responses((status = 201, description = "The registered endpoint.", body = EndpointView,
        headers(("location" = String, description = "Its path, relative to this request."))),
        Always, WithBody, Conflicts, CountedForTenants))]
pub(super) async fn register<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Parameters(Nothing {}): Parameters<Nothing>,
    headers: HeaderMap,
    Strict(request): Strict<Registration>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<EndpointView>), Problem> {
    let key = idempotency_key(&headers)?;
    let endpoint = service.register(&caller, request, key, OffsetDateTime::now_utc()).await?;
    // Relative: the same wherever the API stands.
    let location = [(LOCATION, format!("endpoints/{}", endpoint.id))];
    Ok((StatusCode::CREATED, location, Json(endpoint)))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        // What is no text is no key: the service refuses the empty one.
        (Some(value), None) => Ok(Some(value.to_str().unwrap_or_default())),
        (Some(_), Some(_)) => Err(Problem::invalid_field("Idempotency-Key", "There is more than one key.")),
    }
}

/// Show an endpoint
///
/// Its status, its certificate, and its records with what the last check found.
#[utoipa::path(get, path = "/endpoints/{endpoint}", tag = "endpoints", operation_id = "show_endpoint",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com")),
    responses((status = 200, description = "The endpoint.", body = EndpointView), Always, OfEndpoint))]
pub(super) async fn show<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Reference(reference): Reference,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Result<Json<EndpointView>, Problem> {
    service.show(&caller, &reference, OffsetDateTime::now_utc()).await.map(Json)
}

/// Change an endpoint
///
/// Its additional names, reachability, challenge and targets, and the tags and export of its certificate; not its
/// domain. Names are claimed and released in one transaction, and the attempt for the change starts at once if there is
/// room. Refused while an attempt is running.
#[utoipa::path(patch, path = "/endpoints/{endpoint}", tag = "endpoints", operation_id = "change_endpoint",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com")),
    request_body = Wish,
    responses((status = 200, description = "The endpoint as it is now.", body = EndpointView),
        Always, OfEndpoint, WithBody, Conflicts, CountedForTenants))]
pub(super) async fn change<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Reference(reference): Reference,
    Parameters(Nothing {}): Parameters<Nothing>,
    Strict(wish): Strict<Wish>,
) -> Result<Json<EndpointView>, Problem> {
    service.change(&caller, &reference, wish, OffsetDateTime::now_utc()).await.map(Json)
}

/// How an endpoint is removed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RemovalQuery {
    /// Reason to revoke the certificate at its CA before it is deleted. If absent, it is not revoked and stays valid
    /// until it expires.
    #[param(inline, example = "cessation-of-operation")]
    revoke: Option<RevocationReason>,
}

/// Remove an endpoint
///
/// Starts the clean-up, an attempt of its own. After it, the endpoint answers 404. The records in the domain's DNS are
/// left for the domain owner to delete.
#[utoipa::path(delete, path = "/endpoints/{endpoint}", tag = "endpoints", operation_id = "remove_endpoint",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com"), RemovalQuery),
    responses((status = 202, description = "The endpoint, being removed.", body = EndpointView),
        Always, OfEndpoint, Conflicts))]
pub(super) async fn remove<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Reference(reference): Reference,
    Parameters(query): Parameters<RemovalQuery>,
) -> Result<(StatusCode, Json<EndpointView>), Problem> {
    let going = service.remove(&caller, &reference, query.revoke, OffsetDateTime::now_utc()).await?;
    Ok((StatusCode::ACCEPTED, Json(going)))
}

/// Start an attempt now
///
/// A renewal if there is a certificate, however long it is valid; otherwise a retry. The number of attempts at once is
/// limited: an attempt with `expected_at` waits for room and starts automatically.
#[utoipa::path(post, path = "/endpoints/{endpoint}/renew", tag = "endpoints", operation_id = "renew_endpoint",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com")),
    responses((status = 202, description = "The attempt, started or waiting for room.", body = StartedView),
        Always, OfEndpoint, WithBody, Conflicts, CountedForTenants))]
pub(super) async fn renew<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Reference(reference): Reference,
    Parameters(Nothing {}): Parameters<Nothing>,
    _: Optional<Empty>,
) -> Result<(StatusCode, Json<StartedView>), Problem> {
    let started = service.renew(&caller, &reference, OffsetDateTime::now_utc()).await?;
    Ok((StatusCode::ACCEPTED, Json(started)))
}

/// Revoke the current certificate
///
/// A new certificate with a new key is issued and replaces it first; then the CA that issued the old one revokes it,
/// through the account that ordered it (RFC 8555 §7.6). The events say when, or why the CA refused. Refused while an
/// attempt is running.
#[utoipa::path(post, path = "/endpoints/{endpoint}/revoke", tag = "endpoints", operation_id = "revoke_certificate",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com")),
    request_body = RevocationWish,
    responses((status = 202, description = "Its certificate is replaced first, then revoked.", body = EndpointView),
        Always, OfEndpoint, WithBody, Conflicts, CountedForTenants))]
pub(super) async fn revoke<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Reference(reference): Reference,
    Parameters(Nothing {}): Parameters<Nothing>,
    Strict(wish): Strict<RevocationWish>,
) -> Result<(StatusCode, Json<EndpointView>), Problem> {
    let revoking = service.revoke(&caller, &reference, wish.reason, OffsetDateTime::now_utc()).await?;
    Ok((StatusCode::ACCEPTED, Json(revoking)))
}

/// Mute an endpoint
///
/// Nobody is notified of the endpoint for a time: for a known problem, or planned maintenance. An issue that lasts is
/// notified afterwards. Some things are notified in any case: a certificate with under a tenth of its lifetime left; a
/// new certificate that could not replace the old one; if a tenant muted the endpoint, an issue waiting on the
/// operator; and causes that the endpoint shares with others. Programs get events of certificates, and none of
/// problems. A second mute replaces the first.
#[utoipa::path(put, path = "/endpoints/{endpoint}/mute", tag = "endpoints", operation_id = "mute_endpoint",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com")),
    request_body = MuteWish,
    responses((status = 200, description = "The endpoint as it is now.", body = EndpointView),
        Always, OfEndpoint, WithBody))]
pub(super) async fn mute<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Reference(reference): Reference,
    Parameters(Nothing {}): Parameters<Nothing>,
    Strict(wish): Strict<MuteWish>,
) -> Result<Json<EndpointView>, Problem> {
    service.mute(&caller, &reference, &wish, OffsetDateTime::now_utc()).await.map(Json)
}

/// Unmute an endpoint
///
/// People are notified again; of current issues with the next attempt or health check.
#[utoipa::path(delete, path = "/endpoints/{endpoint}/mute", tag = "endpoints", operation_id = "unmute_endpoint",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com")),
    responses((status = 200, description = "The endpoint as it is now.", body = EndpointView), Always, OfEndpoint))]
pub(super) async fn unmute<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Reference(reference): Reference,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Result<Json<EndpointView>, Problem> {
    service.unmute(&caller, &reference, OffsetDateTime::now_utc()).await.map(Json)
}

/// A body that says nothing: empty, or `{}`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Empty {}

/// List an endpoint's attempts
///
/// The last 50 attempts. They are kept for 400 days; those of a removed endpoint are found by its id.
#[utoipa::path(get, path = "/endpoints/{endpoint}/attempts", tag = "endpoints", operation_id = "list_attempts",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com")),
    responses((status = 200, description = "Newest first.", body = AttemptList), Always, OfEndpoint))]
pub(super) async fn attempts<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Reference(reference): Reference,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Result<Json<AttemptList>, Problem> {
    Ok(Json(AttemptList { attempts: service.attempt_list(&caller, &reference).await? }))
}

/// Which events of an endpoint.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EventQuery {
    /// Id of an event: the page has the events directly after it. Continuing from the newest event skips none.
    #[param(pattern = "^[0-9]{15}-[0-9a-f]{1,16}$", example = "001795521600000-00a7")]
    after: Option<String>,
    /// Maximum number of events.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// List an endpoint's events
///
/// Who did what, when and from where; and the start and end of each attempt. Events are kept for 400 days; those of a
/// removed endpoint are found by its id.
#[utoipa::path(get, path = "/endpoints/{endpoint}/events", tag = "endpoints", operation_id = "list_events",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com"), EventQuery),
    responses((status = 200, description = "Newest first.", body = EventList), Always, OfEndpoint))]
pub(super) async fn events<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Reference(reference): Reference,
    Parameters(query): Parameters<EventQuery>,
) -> Result<Json<EventList>, Problem> {
    let events = service.event_list(&caller, &reference, query.after()?, page_size(query.limit)?).await?;
    Ok(Json(EventList { events }))
}

/// List the events of all endpoints
///
/// Including removed endpoints; each event names its endpoint. Events are kept for 400 days; without `after`, the page
/// has the newest of the last 31 days. Operators only.
#[utoipa::path(get, path = "/events", tag = "endpoints", operation_id = "list_all_events", params(EventQuery),
    responses((status = 200, description = "Newest first.", body = EventList), Always))]
pub(super) async fn all_events<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Parameters(query): Parameters<EventQuery>,
) -> Result<Json<EventList>, Problem> {
    let (after, limit) = (query.after()?, page_size(query.limit)?);
    let events = service.all_events(&caller, after, limit, OffsetDateTime::now_utc()).await?;
    Ok(Json(EventList { events }))
}

impl EventQuery {
    fn after(&self) -> Result<Option<&str>, Problem> {
        match self.after.as_deref() {
            Some(after) if !is_event_id(after) => Err(Problem::invalid_field("after", "It is not the id of an event.")),
            after => Ok(after),
        }
    }
}

fn is_event_id(text: &str) -> bool {
    let Some((at, distinction)) = text.split_once('-') else { return false };
    let hex = |b: u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    at.len() == 15
        && at.bytes().all(|b| b.is_ascii_digit())
        && (1..=16).contains(&distinction.len())
        && distinction.bytes().all(hex)
}
