//! The pages of docs/, which alarms and messages link to. They contain nothing secret and are public.

use askama::Template;
use axum::Router;
use axum::extract::Path;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use vocabulary::text::printable;

use super::page::{Frame, Next, Place, Refusal, guard, see_other, shown};
use crate::http::base::Base;
use crate::http::problem::Problem;

/// A page of docs/, as `build.rs` has made it.
#[derive(Debug)]
struct Document {
    /// Below docs: `runbooks/scansilentalarm.md`.
    path: &'static str,
    title: &'static str,
    html: &'static str,
}

static DOCUMENTS: &[Document] = include!(concat!(env!("OUT_DIR"), "/documents.rs"));

/// The page of a folder.
const INDEX: &str = "README.md";

#[derive(Debug, Template)]
#[template(path = "document.html")]
struct DocumentPage {
    frame: Frame,
    document: &'static Document,
}

/// `GET /docs/…`, by the paths that the files have.
pub fn router() -> Router {
    let index = async |base: Base| see_other(&base.link(&format!("/docs/{INDEX}")));
    Router::new()
        .route("/docs", get(index))
        .route("/docs/", get(index))
        .route("/docs/{*page}", get(show))
        .layer(map_response(guard))
}

async fn show(Path(page): Path<String>, base: Base) -> Response {
    let find = |path: &str| DOCUMENTS.iter().find(|document| document.path == path);
    if let Some(document) = find(&page) {
        let frame = Frame::new(&base, document.title, Place::Elsewhere, None);
        let mut response = shown(StatusCode::OK, &DocumentPage { frame, document });
        // The same for everybody, until the next release.
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        return response;
    }
    // Of a folder, whose pages' links begin below it.
    let index = format!("{}/{INDEX}", page.trim_end_matches('/'));
    match find(&index) {
        Some(document) => see_other(&base.link(&format!("/docs/{}", document.path))),
        None => unknown(&page, &base),
    }
}

fn unknown(page: &str, base: &Base) -> Response {
    let detail = format!("There is no page docs/{} in this version.", printable(page, 120));
    let step = "Look for it in the list of all pages.";
    let problem = Problem::new(StatusCode::NOT_FOUND, "not-found", "No such page", detail, step);
    let frame = Frame::new(base, problem.title, Place::Elsewhere, None);
    let next = Some(Next { label: "All pages", href: base.link(&format!("/docs/{INDEX}")) });
    shown(problem.status, &Refusal { frame, problem, next }).into_response()
}
