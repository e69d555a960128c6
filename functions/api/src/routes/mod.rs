//! The routes of `/v1`, and of `/bearer/v1`, which has the same routes behind another authorizer.

mod about;
mod endpoints;
mod links;
mod records;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, OriginalUri, Request};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, any, get, on};
use axum::{Extension, Router};
use http::{Method, StatusCode};
use utoipa::{Modify, OpenApi, Path};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::{PathItemExt, paste, routes};

use self::about::{Document, Written};
use crate::http::body::LARGEST_BODY;
use crate::http::caller::{identify_by_iam, identify_by_token};
use crate::http::openapi::Common;
use crate::http::problem::Problem;
use crate::http::reader::show_to_reader;
use crate::service::{Ports, Service};
use crate::sign_in::claims::ClaimNames;

type Shared<P> = Arc<Service<P>>;

/// All routes of the API; those for bearers of tokens only with the names of the claims that count.
pub fn router<P: Ports>(service: Arc<Service<P>>, claims: Option<ClaimNames>) -> Router {
    let operators_only = Arc::new(service.installation.operators_only());
    let operations = documented::<P>().layer(from_fn_with_state(operators_only, show_to_reader));
    let mut router = Router::new().nest("/v1", operations.clone().layer(from_fn(identify_by_iam)));
    if let Some(claims) = claims {
        router = router.nest("/bearer/v1", operations.layer(from_fn_with_state(claims, identify_by_token)));
    }
    router
        .route("/health", get(about::health))
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(service)
}

/// The operations, including the one that serves their document. A layer on top also covers refused requests.
fn documented<P: Ports>() -> Router<Shared<P>> {
    served::<P>()
        // Without an identity, nobody learns which paths exist.
        .route("/{*rest}", any(unknown_path))
        .method_not_allowed_fallback(unknown_method)
        .layer(Extension(Written::by(write::<P>)))
}

fn write<P: Ports>() -> Bytes {
    let mut document = described::<P>().into_openapi();
    Common.modify(&mut document);
    document.to_json().expect("plain data").into()
}

/// Each handler, by its module. Where it is routed is what its document says; the document of all is made only for who reads it,
/// as it took half of the CPU time of a start.
macro_rules! operations {
    ($($module:ident::{$($handler:ident),+}),+ $(,)?) => {
        fn served<P: Ports>() -> Router<Shared<P>> {
            let router = Router::new();
            $($(
                let (path, methods) = paste! {
                    (<$module::[<__path_ $handler>] as Path>::path(), <$module::[<__path_ $handler>] as Path>::methods())
                };
                let filter = methods.iter().map(PathItemExt::to_method_filter).reduce(MethodFilter::or);
                let router = router.route(&path, on(filter.expect("it has a method"), $module::$handler));
            )+)+
            router
        }

        fn described<P: Ports>() -> OpenApiRouter<Shared<P>> {
            OpenApiRouter::with_openapi(Document::openapi())$($(.routes(routes!($module::$handler)))+)+
        }
    };
}

operations! {
    endpoints::{list, register, show, change, remove, renew, revoke, mute, unmute, attempts, events, all_events},
    records::{records, check, preflight},
    links::{share, shares, revoke_share},
    about::{overview, caller, limits, installation, reconcile, document},
}

async fn unknown_path(OriginalUri(uri): OriginalUri) -> Problem {
    Problem::unknown_path(uri.path())
}

/// The header `allow` is added by the router.
async fn unknown_method(OriginalUri(uri): OriginalUri, request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let detail = format!("The methods of {} are in the header `allow`.", uri.path());
    let title = "The path has no such method";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", title, detail, "Use one of these methods.")
        .into_response()
}
