//! The page of one endpoint: its status, its records beside what was found, its certificate, what happened.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use domain::endpoint::Share;
use http::StatusCode;
use serde::Deserialize;
use time::OffsetDateTime;
use wire::{DnsMethod, EndpointView, MuteView};

use super::console::Console;
use super::live::{Known, Live};
use super::moment::{Clock, day};
use super::operations::{Done, Operations};
use super::page::{Frame, Place, shown};
use super::visit::Visit;
use super::{Desk, words};

/// Events shown on the page.
const EVENTS: u32 = 30;

#[derive(Debug, Template)]
#[template(path = "endpoint.html")]
pub(crate) struct EndpointPage<'a> {
    pub(crate) frame: Frame,
    pub(crate) clock: Clock,
    pub(crate) operator: bool,
    /// Whether the installation exports private keys at all.
    pub(crate) exports_keys: bool,
    pub(crate) view: &'a EndpointView,
    pub(crate) live: Live<'a>,
    pub(crate) shares: &'a [Share],
}

impl EndpointPage<'_> {
    /// `Muted until 28 Dec 2026 (30 days) by operator: moving.`
    fn muted(&self, mute: &MuteView) -> String {
        let moment = |at: &OffsetDateTime| format!("{} ({})", words::exact(at), self.clock.relative(at));
        let when = match mute.from > self.clock.now {
            true => format!("Will be muted from {} until {}", moment(&mute.from), moment(&mute.until)),
            false => format!("Muted until {}", moment(&mute.until)),
        };
        format!("{when}, by {}: {}", words::plain(&mute.by), words::plain(&mute.reason))
    }

    /// Whether its certificates are exported from now on.
    fn exported(&self) -> bool {
        self.view.deployment.export.as_ref().is_some_and(|export| export.wanted)
    }

    /// The part about the expiry in `Created by olive 2 days ago, valid until 28 Dec 2026 (30 days)`.
    fn validity(&self, share: &Share) -> String {
        let (day, left) = (day(&share.expires_at), self.clock.relative(&share.expires_at));
        match share.is_open(self.clock.now) {
            true => format!("valid until {day} ({})", left.trim_start_matches("in ")),
            false => format!("expired {day}"),
        }
    }
}

pub(crate) async fn show<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    Path(reference): Path<String>,
) -> Response {
    let now = OffsetDateTime::now_utc();
    let read = futures::join!(
        known(&desk.operations, &visit, &reference, now),
        desk.operations.shares(&visit.caller, &reference),
    );
    let (known, shares) = match read {
        (Ok(known), Ok(shares)) => (known, shares),
        (Err(problem), _) | (_, Err(problem)) => return visit.refuse(problem),
    };
    let clock = Clock { now };
    let page = EndpointPage {
        frame: visit.frame(words::title(&known.view), Place::Elsewhere),
        clock,
        operator: visit.caller.is_operator(),
        exports_keys: desk.operations.exports_keys(),
        view: &known.view,
        live: live(&desk, &visit, &known, clock, false),
        shares: &shares,
    };
    shown(StatusCode::OK, &page)
}

#[derive(Deserialize)]
pub(crate) struct Seen {
    #[serde(default)]
    seen: String,
}

/// The part that updates live; no content (204) while nothing has changed since the browser's version.
pub(crate) async fn follow<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    Path(reference): Path<String>,
    Query(Seen { seen }): Query<Seen>,
) -> Response {
    let now = OffsetDateTime::now_utc();
    match known(&desk.operations, &visit, &reference, now).await {
        Ok(known) if known.mark() == seen => StatusCode::NO_CONTENT.into_response(),
        Ok(known) => shown(StatusCode::OK, &live(&desk, &visit, &known, Clock { now }, true)),
        // The endpoint is gone, most likely because it was removed: the browser goes to the overview.
        Err(problem) if problem.status == StatusCode::NOT_FOUND => {
            (StatusCode::OK, [("hx-redirect", visit.base.link("/dashboard"))]).into_response()
        }
        Err(problem) => visit.refuse(problem),
    }
}

pub(crate) async fn check<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    Path(reference): Path<String>,
) -> Response {
    let now = OffsetDateTime::now_utc();
    let view = match desk.operations.check(&visit.caller, &reference, now).await {
        Ok(view) => view,
        Err(problem) => return visit.refuse(problem),
    };
    if !visit.partial {
        return visit.see_endpoint(&view.id, "#records");
    }
    match history(&desk.operations, &visit, view).await {
        // The check took time: with the time from before it, its result would be in the future.
        Ok(known) => {
            shown(StatusCode::OK, &live(&desk, &visit, &known, Clock { now: OffsetDateTime::now_utc() }, true))
        }
        Err(problem) => visit.refuse(problem),
    }
}

pub(crate) async fn renew<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    Path(reference): Path<String>,
) -> Response {
    match desk.operations.renew(&visit.caller, &reference, OffsetDateTime::now_utc()).await {
        Ok(()) => visit.see_endpoint(&reference, ""),
        Err(problem) => visit.refuse(problem),
    }
}

async fn known<O: Operations>(operations: &O, visit: &Visit, reference: &str, now: OffsetDateTime) -> Done<Known> {
    let view = operations.show(&visit.caller, reference, now).await?;
    history(operations, visit, view).await
}

async fn history<O: Operations>(operations: &O, visit: &Visit, view: EndpointView) -> Done<Known> {
    let (attempts, events) = futures::join!(
        operations.attempts(&visit.caller, &view.id),
        operations.events(&visit.caller, &view.id, EVENTS),
    );
    Ok(Known { view, attempts: attempts?, events: events? })
}

fn live<'a, O>(desk: &'a Desk<O>, visit: &'a Visit, known: &'a Known, clock: Clock, announced: bool) -> Live<'a> {
    // The console shows the whole installation, so tenants get no links to it.
    let operator = visit.caller.is_operator();
    let console: Option<&Console> = desk.console.as_ref().filter(|_| operator);
    Live { base: visit.base.path(), clock, known, operator, console, announced }
}
