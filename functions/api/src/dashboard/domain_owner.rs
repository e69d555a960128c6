//! The domain owner's page: one endpoint's records for whoever holds its link, and nothing else.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::{Extensions, HeaderMap, StatusCode};
use serde::Deserialize;
use time::OffsetDateTime;
use wire::EndpointView;

use super::Desk;
use super::moment::Clock;
use super::operations::Operations;
use super::owner_view::OwnerView;
use super::page::{Frame, Place, refused, see_other, shown};
use super::parts::{Findings, Provider, Record};
use super::visit::is_partial;
use super::words;
use crate::http::base::Base;
use crate::http::problem::Problem;
use crate::installation::Brand;
use crate::sign_in::session::source_address;
use crate::views::message;

#[derive(Debug, Template)]
#[template(path = "domain-owner.html")]
struct OwnerPage<'a> {
    frame: Frame,
    view: &'a EndpointView,
    brand: &'a Brand,
    part: OwnerPart<'a>,
}

/// The part that a check updates.
#[derive(Debug, Template)]
#[template(path = "parts/domain-owner.html")]
struct OwnerPart<'a> {
    clock: Clock,
    view: OwnerView<'a>,
    /// URL that runs a check.
    action: String,
    /// The text to send to somebody else.
    mail: wire::Mail,
    /// Whether the page was just opened: it then checks at once.
    opened: bool,
    announced: bool,
}

impl HtmlSafe for OwnerPart<'_> {}

impl<'a> OwnerPart<'a> {
    fn of(brand: &Brand, base: &Base, token: &str, view: &'a EndpointView) -> Self {
        Self {
            clock: Clock { now: OffsetDateTime::now_utc() },
            view: OwnerView::of(view),
            action: base.link(&format!("/records/{token}/check")),
            mail: message(view, brand, &base.url(&format!("/records/{token}")), None),
            opened: false,
            announced: false,
        }
    }

    /// When the browser checks automatically: on opening, and while something is missing. Without a script, the button checks.
    fn trigger(&self) -> Option<&'static str> {
        match (self.opened, self.view.is_done()) {
            (true, false) => Some("load, every 20s"),
            (true, true) => Some("load"),
            (false, false) => Some("every 20s"),
            (false, true) => None,
        }
    }
}

pub(crate) async fn show<O: Operations>(
    base: Base,
    State(desk): State<Arc<Desk<O>>>,
    Path(token): Path<String>,
) -> Response {
    match desk.operations.shared(&token, OffsetDateTime::now_utc()).await {
        Ok(view) => {
            let title = format!("DNS records for {}", words::title(&view));
            let frame = Frame::new(&base, title, Place::Elsewhere, None).branded(desk.brand.name.as_deref());
            let part = OwnerPart { opened: true, ..OwnerPart::of(&desk.brand, &base, &token, &view) };
            shown(StatusCode::OK, &OwnerPage { frame, view: &view, brand: &desk.brand, part })
        }
        Err(problem) => refuse(&base, problem, false),
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Seen {
    /// The mark of what the browser shows.
    seen: String,
}

pub(crate) async fn check<O: Operations>(
    base: Base,
    State(desk): State<Arc<Desk<O>>>,
    Path(token): Path<String>,
    Query(Seen { seen }): Query<Seen>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Response {
    let partial = is_partial(&headers);
    let address = source_address(&extensions);
    match desk.operations.check_shared(&token, address.as_deref(), OffsetDateTime::now_utc()).await {
        Ok(view) if partial => {
            let part = OwnerPart::of(&desk.brand, &base, &token, &view);
            // An unchanged result is announced only to those who asked for it.
            let announced = seen != part.view.mark();
            shown(StatusCode::OK, &OwnerPart { announced, ..part })
        }
        Ok(_) => see_other(&base.link(&format!("/records/{token}"))),
        Err(problem) => refuse(&base, problem, partial),
    }
}

/// Without a valid link the answer reveals nothing, not even whether the endpoint exists.
fn refuse(base: &Base, problem: Problem, partial: bool) -> Response {
    let problem = match problem.status {
        StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Problem::new(
            StatusCode::NOT_FOUND,
            "link-not-valid",
            "This link does not work",
            "It was mistyped, it has expired, or it was revoked.",
            "Ask for a new link where you got this one.",
        ),
        _ => problem,
    };
    refused(problem.clone(), Frame::new(base, problem.title, Place::Elsewhere, None), partial)
}
