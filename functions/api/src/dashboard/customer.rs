//! The customer's page: one endpoint's records for whoever holds its link, and nothing else.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{Extensions, HeaderMap, StatusCode};
use time::OffsetDateTime;
use wire::{EndpointView, RecordStatus, WaitingOn};

use super::Desk;
use super::moment::Clock;
use super::operations::Operations;
use super::page::{Frame, Place, refused, see_other, shown};
use super::parts::{Findings, Records};
use super::visit::is_partial;
use super::words::{self, Badge};
use crate::http::base::Base;
use crate::http::problem::Problem;
use crate::sign_in::session::source_address;

#[derive(Debug, Template)]
#[template(path = "customer.html")]
struct CustomerPage<'a> {
    frame: Frame,
    view: &'a EndpointView,
    part: CustomerPart<'a>,
}

/// The part that a check renews.
#[derive(Debug, Template)]
#[template(path = "parts/customer.html")]
struct CustomerPart<'a> {
    clock: Clock,
    view: &'a EndpointView,
    /// Where the check button sends to.
    action: String,
    announced: bool,
}

impl HtmlSafe for CustomerPart<'_> {}

impl CustomerPart<'_> {
    fn right(&self) -> usize {
        self.view.dns.records.iter().filter(|row| row.status == Some(RecordStatus::Ok.into())).count()
    }

    fn badge(&self) -> Badge {
        let all_right = self.right() == self.view.dns.records.len();
        words::record_status(if all_right { &RecordStatus::Ok } else { &RecordStatus::Conflict })
    }

    fn standing(&self) -> String {
        let all = self.view.dns.records.len();
        match self.right() {
            _ if self.view.dns.checked_at.is_none() => "Nobody has looked at the records yet.".to_owned(),
            right if right == all => "All records are correct. Nothing is left to do.".to_owned(),
            right => format!("{right} of {all} records {} correct.", if right == 1 { "is" } else { "are" }),
        }
    }

    fn has_findings(&self) -> bool {
        self.view.dns.findings.iter().any(|finding| finding.actor == WaitingOn::DomainOwner)
    }

    fn records(&self) -> Records<'_> {
        Records { dns: &self.view.dns }
    }

    fn findings(&self) -> Findings<'_> {
        Findings::of_customer(&self.view.dns)
    }
}

pub(crate) async fn show<O: Operations>(
    base: Base,
    State(desk): State<Arc<Desk<O>>>,
    Path(token): Path<String>,
) -> Response {
    let now = OffsetDateTime::now_utc();
    match desk.operations.shared(&token, now).await {
        Ok(view) => {
            let frame = Frame::new(&base, format!("DNS records for {}", words::title(&view)), Place::Elsewhere, None);
            let part =
                CustomerPart { clock: Clock { now }, view: &view, action: action(&base, &token), announced: false };
            shown(StatusCode::OK, &CustomerPage { frame, view: &view, part })
        }
        Err(problem) => refuse(&base, problem, false),
    }
}

pub(crate) async fn check<O: Operations>(
    base: Base,
    State(desk): State<Arc<Desk<O>>>,
    Path(token): Path<String>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Response {
    let partial = is_partial(&headers);
    let address = source_address(&extensions);
    match desk.operations.check_shared(&token, address.as_deref(), OffsetDateTime::now_utc()).await {
        Ok(view) if partial => {
            let clock = Clock { now: OffsetDateTime::now_utc() };
            shown(StatusCode::OK, &CustomerPart { clock, view: &view, action: action(&base, &token), announced: true })
        }
        Ok(_) => see_other(&base.link(&format!("/records/{token}"))),
        Err(problem) => refuse(&base, problem, partial),
    }
}

fn action(base: &Base, token: &str) -> String {
    base.link(&format!("/records/{token}/check"))
}

/// Whoever holds no good link learns nothing, not even whether there is such an endpoint.
fn refuse(base: &Base, problem: Problem, partial: bool) -> Response {
    let problem = match problem.status {
        StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Problem::new(
            StatusCode::NOT_FOUND,
            "link-not-valid",
            "This link does not work",
            "It was mistyped, it has ended, or it was revoked.",
            "Ask whoever sent it to you for a new one.",
        ),
        _ => problem,
    };
    refused(problem.clone(), Frame::new(base, problem.title, Place::Elsewhere, None), partial)
}
