//! Links for the domain owner, mutes, the export of the key, and the removal of an endpoint.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use domain::endpoint::{DEFAULT_LIFE, LONGEST_LIFE};
use http::StatusCode;
use serde::Deserialize;
use time::{Duration, OffsetDateTime};
use wire::{DnsMethod, EndpointView, MuteWish, NewShare};

use super::moment::Clock;
use super::operations::Operations;
use super::page::{Frame, Place, see_other, shown};
use super::parts::Copy;
use super::visit::Visit;
use super::{Desk, words};
use crate::http::problem::Problem;

/// A link that was just made. It is shown in the answer to the form, and nowhere again: not in a URL, not in a cookie.
#[derive(Debug, Template)]
#[template(path = "shared.html")]
pub(crate) struct SharedPage {
    pub(crate) frame: Frame,
    pub(crate) clock: Clock,
    pub(crate) view: EndpointView,
    pub(crate) made: NewShare,
}

#[derive(Debug, Template)]
#[template(path = "remove.html")]
pub(crate) struct RemovePage {
    pub(crate) frame: Frame,
    /// Whether each registration has to be proven by records of its own.
    pub(crate) proven: bool,
    pub(crate) view: EndpointView,
}

#[derive(Deserialize)]
pub(crate) struct Life {
    days: Option<u16>,
}

pub(crate) async fn share<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    Path(reference): Path<String>,
    form: Result<Form<Life>, axum::extract::rejection::FormRejection>,
) -> Response {
    let life = match form {
        Ok(Form(Life { days })) => days.map_or(DEFAULT_LIFE, |days| Duration::days(days.into())),
        Err(rejection) => return visit.refuse(Problem::invalid(rejection.body_text()).with_field("days")),
    };
    if !(Duration::DAY..=LONGEST_LIFE).contains(&life) {
        return visit.refuse(Problem::invalid("A link works for 1 to 365 days.").with_field("days"));
    }
    let (now, url) = (OffsetDateTime::now_utc(), visit.base.url(""));
    let view = match desk.operations.show(&visit.caller, &reference, now).await {
        Ok(view) => view,
        Err(problem) => return visit.refuse(problem),
    };
    match desk.operations.share(&visit.caller, &view.id, life, &url, now).await {
        Ok(made) => {
            let frame = visit.frame("A link for the domain owner", Place::Elsewhere);
            shown(StatusCode::CREATED, &SharedPage { frame, clock: Clock { now }, view, made })
        }
        Err(problem) => visit.refuse(problem),
    }
}

pub(crate) async fn revoke<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    Path((reference, share)): Path<(String, String)>,
) -> Response {
    match desk.operations.revoke_share(&visit.caller, &reference, &share, OffsetDateTime::now_utc()).await {
        Ok(()) => visit.see_endpoint(&reference, "#share"),
        Err(problem) => visit.refuse(problem),
    }
}

/// For how long, in hours, and why.
#[derive(Deserialize)]
pub(crate) struct Silence {
    hours: Option<u16>,
    #[serde(default)]
    reason: String,
}

pub(crate) async fn mute<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    Path(reference): Path<String>,
    form: Result<Form<Silence>, axum::extract::rejection::FormRejection>,
) -> Response {
    let Silence { hours, reason } = match form {
        Ok(Form(silence)) => silence,
        Err(rejection) => return visit.refuse(Problem::invalid(rejection.body_text()).with_field("hours")),
    };
    let now = OffsetDateTime::now_utc();
    let wish = MuteWish { from: None, until: now + Duration::hours(hours.unwrap_or(24).into()), reason };
    match desk.operations.mute(&visit.caller, &reference, wish, now).await {
        Ok(()) => visit.see_endpoint(&reference, "#mute"),
        Err(problem) => visit.refuse(problem),
    }
}

pub(crate) async fn unmute<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    Path(reference): Path<String>,
) -> Response {
    match desk.operations.unmute(&visit.caller, &reference, OffsetDateTime::now_utc()).await {
        Ok(()) => visit.see_endpoint(&reference, "#mute"),
        Err(problem) => visit.refuse(problem),
    }
}

/// `on` or `off`.
#[derive(Deserialize)]
pub(crate) struct Export {
    key: Switch,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Switch {
    On,
    Off,
}

pub(crate) async fn change_export<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    Path(reference): Path<String>,
    form: Result<Form<Export>, axum::extract::rejection::FormRejection>,
) -> Response {
    let wanted = match form {
        Ok(Form(Export { key })) => key == Switch::On,
        Err(rejection) => return visit.refuse(Problem::invalid(rejection.body_text()).with_field("key")),
    };
    match desk.operations.change_export(&visit.caller, &reference, wanted, OffsetDateTime::now_utc()).await {
        Ok(()) => visit.see_endpoint(&reference, "#export"),
        Err(problem) => visit.refuse(problem),
    }
}

pub(crate) async fn confirm_removal<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    Path(reference): Path<String>,
) -> Response {
    match desk.operations.show(&visit.caller, &reference, OffsetDateTime::now_utc()).await {
        Ok(view) => {
            let frame = visit.frame(format!("Remove {}?", words::title(&view)), Place::Elsewhere);
            shown(StatusCode::OK, &RemovePage { frame, proven: desk.operations.asks_for_proof(), view })
        }
        Err(problem) => visit.refuse(problem),
    }
}

pub(crate) async fn remove<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    Path(reference): Path<String>,
) -> Response {
    match desk.operations.remove(&visit.caller, &reference, OffsetDateTime::now_utc()).await {
        Ok(()) => see_other(&visit.base.link("/dashboard")),
        Err(problem) => visit.refuse(problem),
    }
}
