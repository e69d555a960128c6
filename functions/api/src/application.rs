//! All routes of the function: the API, the pages, and sign-in.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::{Redirect, Response};
use axum::routing::get;
use http::HeaderValue;
use http::header::STRICT_TRANSPORT_SECURITY;

use crate::dashboard::{self, Console, Desk};
use crate::http::base::Base;
use crate::http::reader::show_to_reader;
use crate::routes::router;
use crate::service::{Ports, Service};
use crate::sign_in::code_flow;
use crate::sign_in::identity::Identity;
use crate::sign_in::session::{Recognition, recognise, refuse_cross_site};

/// Identity provider, base URL and AWS console, as configured.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Without one, nobody can sign in, and no token is accepted.
    pub identity: Option<Identity>,
    /// Without one, links use the host of the request.
    pub base: Option<Base>,
    /// Without one, executions are named, not linked.
    pub console: Option<Console>,
}

/// All routes. Only the dashboard's use sessions: a cookie neither opens nor closes what a link or an IAM identity opens.
pub fn application<P: Ports>(service: Arc<Service<P>>, surroundings: Surroundings) -> Router {
    let Surroundings { identity, base, console } = surroundings;
    let brand = service.installation.brand.clone();
    let reader = from_fn_with_state(Arc::new(service.installation.operators_only()), show_to_reader);
    let desk = Arc::new(Desk { operations: Arc::clone(&service), console, brand });
    let recognition = Recognition { identity: identity.clone(), base: base.clone() };
    let pages = dashboard::router(Arc::clone(&desk))
        .layer(reader.clone())
        .layer(from_fn(refuse_cross_site))
        .layer(from_fn_with_state(recognition, recognise));
    let by_link = dashboard::owner_router(desk).layer(reader).layer(from_fn(refuse_cross_site));
    let mut open = by_link.merge(dashboard::assets_router()).merge(dashboard::documents_router());
    if let Some(identity) = &identity {
        open = open.merge(code_flow::router(identity.clone()));
    }
    open = open.route("/", get(to_dashboard));
    let claims = identity.map(|identity| identity.claims().clone());
    router(service, claims)
        .merge(pages)
        .merge(open)
        .layer(from_fn_with_state(base, tell_base))
        .layer(map_response(only_over_tls))
}

/// Makes browsers use TLS from now on, for this host alone: its subdomains may belong to somebody else.
async fn only_over_tls(mut response: Response) -> Response {
    response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    response
}

/// Whoever opens the bare address wants the pages.
async fn to_dashboard(base: Base) -> Redirect {
    Redirect::to(&base.link("/dashboard"))
}

/// Passes the configured base to the code that makes links.
async fn tell_base(State(base): State<Option<Base>>, mut request: Request, next: Next) -> Response {
    if let Some(base) = base {
        request.extensions_mut().insert(base);
    }
    next.run(request).await
}
