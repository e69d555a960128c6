//! The pages: for operators and tenants under `/dashboard`, for the owner of a domain under `/records/{token}`, and the
//! documentation for all under `/docs`.
//!
//! Pages are made here, from the same views that `/v1` answers with. They work as plain HTML with forms; htmx and one small
//! script add live updates. The caller that mounts the dashboard puts [`recognise`](crate::sign_in::session::recognise) in
//! front of it, which identifies who asks and the pages' base URL.

mod assets;
mod attempts;
mod console;
mod dns_path;
mod documents;
mod domain_owner;
mod endpoint;
mod figures;
mod filter;
mod histogram;
mod installation;
mod life;
mod live;
mod manage;
mod moment;
mod operations;
mod overview;
mod owner_view;
pub(crate) mod page;
mod parts;
mod register;
mod service;
mod strip;
mod visit;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};
use http::{StatusCode, Uri};

pub use assets::router as assets_router;
pub use console::Console;
pub use documents::router as documents_router;
pub use operations::{Done, ListQuery, Operations, Wish};
use page::guard;
use visit::Visit;

use crate::http::problem::Problem;
use crate::installation::Brand;

const LARGEST_FORM: usize = 64 * 1024;

/// What the pages work with.
#[derive(Debug)]
pub struct Desk<O> {
    pub operations: O,
    /// Links to executions; without it they are only named.
    pub console: Option<Console>,
    /// The platform's name and contact for domain owners.
    pub brand: Brand,
}

/// `/dashboard` and all below it.
pub fn router<O: Operations>(desk: Arc<Desk<O>>) -> Router {
    Router::new()
        .route("/dashboard", get(overview::show))
        .route("/dashboard/figures", get(figures::show))
        .route("/dashboard/installation", get(installation::show))
        .route("/dashboard/installation/checks", get(installation::checks))
        .route("/dashboard/register", get(register::form).post(register::register))
        .route("/dashboard/register/check", post(register::check))
        .route("/dashboard/endpoints/{endpoint}", get(endpoint::show))
        .route("/dashboard/endpoints/{endpoint}/live", get(endpoint::follow))
        .route("/dashboard/endpoints/{endpoint}/check", post(endpoint::check))
        .route("/dashboard/endpoints/{endpoint}/renew", post(endpoint::renew))
        .route("/dashboard/endpoints/{endpoint}/shares", post(manage::share))
        .route("/dashboard/endpoints/{endpoint}/shares/{share}/revoke", post(manage::revoke))
        .route("/dashboard/endpoints/{endpoint}/mute", post(manage::mute))
        .route("/dashboard/endpoints/{endpoint}/unmute", post(manage::unmute))
        .route("/dashboard/endpoints/{endpoint}/export", post(manage::change_export))
        .route("/dashboard/endpoints/{endpoint}/remove", get(manage::confirm_removal).post(manage::remove))
        .route("/dashboard/{*rest}", get(unknown))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(map_response(guard))
        .with_state(desk)
}

/// `/records/{token}`: the token is the credential.
pub fn owner_router<O: Operations>(desk: Arc<Desk<O>>) -> Router {
    Router::new()
        .route("/records/{token}", get(domain_owner::show))
        .route("/records/{token}/check", post(domain_owner::check))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .layer(map_response(guard))
        .with_state(desk)
}

async fn unknown(visit: Visit, uri: Uri) -> Response {
    let detail = format!("There is no page at {}.", uri.path());
    visit.refuse(Problem::new(StatusCode::NOT_FOUND, "not-found", "No such page", detail, "Go on from the overview."))
}
