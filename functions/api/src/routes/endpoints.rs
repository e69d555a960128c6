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
/// By domain, or those first that need attention. With `prefix` alone a page costs what it shows, however many endpoints
/// there are. A page that is filtered may be short and yet not be the last: at
/// most 5,000 endpoints are checked for one. In the order by attention at most 20,000 are checked in all, and
/// `truncated` says so if there are more.
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
/// Its first attempt starts at once. With an `Idempotency-Key`, the same request within 24 hours is done once, and
/// answered again with the endpoint as it is then.
#[utoipa::path(post, path = "/endpoints", tag = "endpoints", operation_id = "register_endpoint",
    params(("Idempotency-Key" = Option<String>, Header, description = "The client's name for this request.",
        min_length = 1, max_length = 255, pattern = "^[!-~]+$", example = "8e03978e-40d5-43dd-bc93-6894a57f9324")),
    request_body = Registration,
    responses((status = 201, description = "It is registered.", body = EndpointView,
        headers(("location" = String, description = "Where it is, relative to this request."))),
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
/// Its status, its records beside what the last check found, its certificate.
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
/// Its additional names, its reachability and where its certificate goes, not its domain. Names are claimed and given back in one transaction, and
/// the attempt that brings the certificate after them starts at once. Refused while an attempt is running.
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
    /// Revokes the certificate at its CA as well, before it is deleted. Without it, the certificate stays valid until it expires.
    #[param(inline, example = "cessation-of-operation")]
    revoke: Option<RevocationReason>,
}

/// Remove an endpoint
///
/// Starts the attempt that cleans up. When it is done the endpoint is a 404. Its records in the domain's DNS are the domain
/// owner's to delete.
#[utoipa::path(delete, path = "/endpoints/{endpoint}", tag = "endpoints", operation_id = "remove_endpoint",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com"), RemovalQuery),
    responses((status = 202, description = "It is being removed.", body = EndpointView), Always, OfEndpoint, Conflicts))]
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
/// A renewal where there is a certificate, however long it is good for; else another try. No more attempts run at once than the
/// account carries: with `expected_at` the attempt waits for room, keeps its place, and starts automatically.
#[utoipa::path(post, path = "/endpoints/{endpoint}/renew", tag = "endpoints", operation_id = "renew_endpoint",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com")),
    responses((status = 202, description = "The attempt that was started, or that is the next to start.", body = StartedView),
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
/// At the CA that issued it, with the account that ordered it (RFC 8555 §7.6). A new certificate with a new key is issued and
/// takes its place first; then the old one is revoked. The events say when, or why the CA refused. Refused while an attempt is running.
#[utoipa::path(post, path = "/endpoints/{endpoint}/revoke", tag = "endpoints", operation_id = "revoke_certificate",
    params(("endpoint" = String, Path, description = "An id, or any of the endpoint's names.", example = "shop.example.com")),
    request_body = RevocationWish,
    responses((status = 202, description = "It is being replaced, and revoked after that.", body = EndpointView),
        Always, OfEndpoint, WithBody, Conflicts))]
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
/// For a time nobody is notified of it: it is known, or planned. What lasts is notified after that. Three things are notified in any case:
/// a certificate with under a tenth of its lifetime left; a new certificate that could not take the old one's place; and, where a
/// tenant muted it, what waits on the operator. Programs get no events of problems either, but those of certificates. A second mute takes the place of the first.
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
/// People are notified again: of what is wrong now with the next attempt or health check.
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
/// The last 50. Attempts are kept for 400 days, also of an endpoint that was removed: its id finds them.
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
    /// The id of an event: those that follow it, so that reading on from the newest passes none over.
    #[param(pattern = "^[0-9]{15}-[0-9a-f]{1,16}$", example = "001795521600000-00a7")]
    after: Option<String>,
    /// At most so many.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// List what happened to an endpoint
///
/// Who did what, when and from where, and each attempt's start and end. Kept for 400 days, also of an endpoint that was
/// removed: its id finds them.
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

/// List what happened to all endpoints
///
/// Also to those that were removed: each event names its endpoint. Kept for 400 days; without `after`, the newest of the
/// last 31 days. Operators only.
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
