//! The routes of `/v1`, and of `/bearer/v1`, where the same stand behind another authorizer.

mod about;
mod endpoints;
mod links;
mod records;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::handler::Handler;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, any, on};
use http::{Method, StatusCode, Uri};
use utoipa::openapi::HttpMethod;

use crate::http::body::LARGEST_BODY;
use crate::http::caller::{identify_by_iam, identify_by_token};
use crate::http::problem::Problem;
use crate::service::{Ports, Service};
use crate::sign_in::claims::ClaimNames;

type Shared<P> = Arc<Service<P>>;

/// All routes of the API; those for bearers of tokens only with the names of the claims that count.
pub fn router<P: Ports>(service: Arc<Service<P>>, claims: Option<ClaimNames>) -> Router {
    let iam = Operations::<Shared<P>>::new("/v1").all().layered().layer(from_fn(identify_by_iam));
    let mut routes = Router::new().merge(iam);
    if let Some(claims) = claims {
        let bearer = Operations::<Shared<P>>::new("/bearer/v1").all().layered();
        routes = routes.merge(bearer.layer(from_fn_with_state(claims, identify_by_token)));
    }
    routes
        .merge(Operations::new("").with(about::__path_health, about::health).router)
        .fallback(unknown_path)
        .method_not_allowed_fallback(unknown_method)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .with_state(service)
}

/// Routes made of the operations as they are documented, so that neither can be without the other.
struct Operations<S> {
    prefix: &'static str,
    router: Router<S>,
    #[cfg(test)]
    routed: Vec<(HttpMethod, String)>,
}

impl<S: Clone + Send + Sync + 'static> Operations<S> {
    fn new(prefix: &'static str) -> Self {
        Self {
            prefix,
            router: Router::new(),
            #[cfg(test)]
            routed: Vec::new(),
        }
    }

    /// Routes one operation where its document, `O`, says.
    fn with<O: utoipa::Path, H: Handler<T, S>, T: 'static>(mut self, _: O, handler: H) -> Self {
        let path = format!("{}{}", self.prefix, O::path());
        for method in O::methods() {
            self.router = self.router.route(&path, on(filter(&method), handler.clone()));
            #[cfg(test)]
            self.routed.push((method, O::path()));
        }
        self
    }
}

impl<P: Ports> Operations<Shared<P>> {
    fn all(self) -> Self {
        let mut routed = self
            .with(endpoints::__path_list, endpoints::list::<P>)
            .with(endpoints::__path_register, endpoints::register::<P>)
            .with(endpoints::__path_show, endpoints::show::<P>)
            .with(endpoints::__path_change, endpoints::change::<P>)
            .with(endpoints::__path_remove, endpoints::remove::<P>)
            .with(endpoints::__path_renew, endpoints::renew::<P>)
            .with(endpoints::__path_attempts, endpoints::attempts::<P>)
            .with(endpoints::__path_events, endpoints::events::<P>)
            .with(records::__path_records, records::records::<P>)
            .with(records::__path_check, records::check::<P>)
            .with(records::__path_preflight, records::preflight::<P>)
            .with(links::__path_share, links::share::<P>)
            .with(links::__path_shares, links::shares::<P>)
            .with(links::__path_revoke_share, links::revoke_share::<P>)
            .with(about::__path_overview, about::overview::<P>)
            .with(about::__path_caller, about::caller::<P>)
            .with(about::__path_installation, about::installation::<P>)
            .with(about::__path_document, about::document);
        // Nobody learns without an identity which paths there are.
        let rest = format!("{}/{{*rest}}", routed.prefix);
        routed.router = routed.router.route(&rest, any(unknown_path));
        routed
    }

    /// Ready for a layer, which then covers also what is refused.
    fn layered(self) -> Router<Shared<P>> {
        self.router.method_not_allowed_fallback(unknown_method)
    }
}

fn filter(method: &HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Delete => MethodFilter::DELETE,
        _ => unreachable!("no operation has another method"),
    }
}

async fn unknown_path(uri: Uri) -> Problem {
    Problem::unknown_path(uri.path())
}

/// The header `allow` is added by the router.
async fn unknown_method(request: Request) -> Response {
    if request.method() == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let detail = format!("The methods of {} are in the header `allow`.", request.uri().path());
    let title = "The path has no such method";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", title, detail, "Use one of these methods.")
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use utoipa::OpenApi;

    type Anything = crate::service::Outside<
        testkit::MemoryEndpoints,
        testkit::MemoryFlows,
        testkit::MemoryLooker,
        testkit::MemoryInspector,
    >;

    #[test]
    fn every_route_is_in_the_document_and_the_document_has_no_other() {
        let written = serde_json::to_value(about::Document::openapi()).expect("plain data");
        let paths = written["paths"].as_object().expect("an object");
        let documented: BTreeSet<_> = paths
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().expect("an object").keys();
                methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
            })
            .collect();
        let routes = Operations::<Shared<Anything>>::new("/v1").all().routed;
        let word = |method: &HttpMethod| serde_json::to_value(method).expect("a word").as_str().map(str::to_uppercase);
        let routed: BTreeSet<_> =
            routes.iter().map(|(method, path)| (word(method).expect("a word"), path.clone())).collect();
        assert_eq!(documented, routed);
        assert_eq!(routes.len(), routed.len(), "each once");
    }
}
