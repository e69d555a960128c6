use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use axum::extract::State;
use axum::{Extension, Json};
use http::HeaderName;
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use time::OffsetDateTime;
use utoipa::{IntoParams, OpenApi};
use vocabulary::names::Caller;
use vocabulary::version::VERSION;
use wire::{
    CallerView, GatewayMessage, HealthView, InstallationView, Overview, ReconcileWish, Reconciliation, TenantLimits,
};

use super::Shared;
use crate::http::body::Strict;
use crate::http::openapi::{Always, WithBody};
use crate::http::parameters::{Nothing, Parameters};
use crate::http::problem::Problem;
use crate::service::Ports;

/// Count all endpoints
///
/// How many endpoints have each status, which need attention most, and the next renewals. The counts of many endpoints
/// are stored ones (`as_of`). Without stored counts, at most 20,000 endpoints are counted; `truncated` is true if there
/// are more.
#[utoipa::path(get, path = "/overview", tag = "about", operation_id = "show_overview",
    responses((status = 200, description = "The caller's endpoints.", body = Overview), Always))]
pub(super) async fn overview<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Result<Json<Overview>, Problem> {
    service.overview(&caller, OffsetDateTime::now_utc()).await.map(Json)
}

/// Show the caller
#[utoipa::path(get, path = "/caller", tag = "about", operation_id = "show_caller",
    responses((status = 200, description = "The caller, as the API sees it.", body = CallerView), Always))]
pub(super) async fn caller<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Json<CallerView> {
    Json(service.caller(&caller))
}

/// The tenant whose limits are shown.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LimitQuery {
    /// For operators: the tenant; `default` if absent.
    #[param(pattern = "^[A-Za-z0-9._-]{1,64}$", example = "acme")]
    tenant: Option<String>,
}

/// Show a tenant's limits
///
/// The limits of the tenant, and how much of each is used. Operators are not limited, and see the limits of any tenant.
#[utoipa::path(get, path = "/limits", tag = "about", operation_id = "show_limits", params(LimitQuery),
    responses((status = 200, description = "The limits.", body = TenantLimits), Always))]
pub(super) async fn limits<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Parameters(query): Parameters<LimitQuery>,
) -> Result<Json<TenantLimits>, Problem> {
    service.limits(&caller, query.tenant.as_deref(), OffsetDateTime::now_utc()).await.map(Json)
}

/// Check the installation itself
///
/// Permissions, zone, account, schedule, alarms, subscriptions. Operators only.
#[utoipa::path(get, path = "/installation", tag = "about", operation_id = "check_installation",
    responses((status = 200, description = "One entry per check.", body = InstallationView), Always))]
pub(super) async fn installation<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> Result<Json<InstallationView>, Problem> {
    let checks = service.installation(&caller, OffsetDateTime::now_utc()).await?;
    Ok(Json(InstallationView { version: Some(VERSION.to_owned()), checks }))
}

/// Compare ACM with the table
///
/// For use after a restore of the table to an earlier time: lists the installation's certificates that only ACM or only
/// the table has. One page per call: send `next` as `after` until it is null. With `adopt`, certificates that are
/// missing in the table are recorded again. Operators only.
#[utoipa::path(post, path = "/installation/reconcile", tag = "about", operation_id = "reconcile",
    request_body = ReconcileWish,
    responses((status = 200, description = "A page of differences.", body = Reconciliation), Always, WithBody))]
pub(super) async fn reconcile<P: Ports>(
    State(service): State<Shared<P>>,
    Extension(caller): Extension<Caller>,
    Parameters(Nothing {}): Parameters<Nothing>,
    Strict(wish): Strict<ReconcileWish>,
) -> Result<Json<Reconciliation>, Problem> {
    service.reconcile(&caller, wish).await.map(Json)
}

/// This document
#[utoipa::path(get, path = "/openapi.json", tag = "about", operation_id = "show_document",
    responses((status = 200, description = "OpenAPI 3.1.", body = serde_json::Value), Always))]
pub(super) async fn document(
    Extension(Written(text)): Extension<Written>,
    Parameters(Nothing {}): Parameters<Nothing>,
) -> ([(HeaderName, &'static str); 1], Bytes) {
    ([(CONTENT_TYPE, "application/json")], Bytes::clone(&text))
}

/// The document of the routes that it is one of, written when somebody reads it first.
#[derive(Clone, Debug)]
pub(super) struct Written(Arc<LazyLock<Bytes>>);

impl Written {
    pub(super) fn by(write: fn() -> Bytes) -> Self {
        Self(Arc::new(LazyLock::new(write)))
    }
}

/// Whether the API is up, and its version. Open to all; contacts no other service.
pub(super) async fn health(Parameters(Nothing {}): Parameters<Nothing>) -> Json<HealthView> {
    Json(HealthView { status: "ok".to_owned(), version: Some(VERSION.to_owned()) })
}

/// The document without its operations. Their paths are below its server: `/v1`, or `/bearer/v1`.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "managed-https",
        description = "Automatic HTTPS certificates for your customers' domains, in your own AWS account.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "../v1", description = "The server of this document.")),
    components(schemas(GatewayMessage, wire::Problem)),
    tags(
        (name = "endpoints", description = "Registered domains and their certificates."),
        (name = "records", description = "DNS records for the domain owner, and checks."),
        (name = "links", description = "Links to the domain owner's page."),
        (name = "about", description = "The caller's endpoints as a whole, and the installation."),
    )
)]
pub(super) struct Document;
