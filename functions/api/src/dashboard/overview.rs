//! The overview: how many are ready, what needs attention, what comes next, and where everything is.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use http::StatusCode;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::rate_limit::in_words;
use vocabulary::text::grouped;
use wire::{AttentionGroup, EndpointList, Open, Overview, Status, TenantLimit, TenantLimits, WaitingOn};

use super::filter::Filter;
use super::histogram::Histogram;
use super::moment::Clock;
use super::operations::Operations;
use super::page::{Frame, Place, shown};
use super::parts::Move;
use super::visit::Visit;
use super::{Desk, words};
use crate::views::ToWire;

/// Renewals listed at once; the others are folded away.
const LISTED_RENEWALS: usize = 6;

#[derive(Debug, Template)]
#[template(path = "overview.html")]
pub(crate) struct OverviewPage {
    pub(crate) frame: Frame,
    pub(crate) clock: Clock,
    pub(crate) operator: bool,
    pub(crate) filter: Filter,
    pub(crate) overview: Overview,
    pub(crate) list: EndpointList,
    /// Of the reader's tenant, or of the one that an operator has chosen.
    pub(crate) limits: Option<TenantLimits>,
}

/// The number of endpoints with one status.
struct Tile {
    status: Open<Status>,
    count: usize,
}

impl OverviewPage {
    fn tiles(&self) -> Vec<Tile> {
        let tile = |status: domain::endpoint::EndpointStatus| {
            let status = Open::Known(status.to_wire());
            let count = self.overview.statuses.iter().find(|one| one.status == status).map_or(0, |one| one.count);
            Tile { status, count }
        };
        domain::endpoint::EndpointStatus::ALL.map(tile).into()
    }

    /// `12 of 1,250`
    fn used(&self, limit: &TenantLimit) -> String {
        format!("{} of {}", grouped(limit.used), grouped(limit.limit))
    }

    /// `1 hour`, of a limit that is counted in time.
    fn within(&self, limit: &TenantLimit) -> Option<String> {
        let seconds = i64::try_from(limit.within_seconds?).ok()?;
        Some(in_words(Duration::seconds(seconds)))
    }

    fn ready(&self) -> words::Badge {
        words::status_word(&Status::Ready.into())
    }

    fn histogram(&self) -> Histogram {
        Histogram::of(&self.overview.renewal_days, self.overview.orders_per_day, self.clock)
    }

    /// The link to the list of a group's endpoints.
    fn group_link(&self, group: &AttentionGroup) -> String {
        // Tenants do not see which part of the platform is at fault, not even in a URL.
        let shown = self.operator || group.first.actor != WaitingOn::Operator;
        let at_fault = group.at_fault.clone().filter(|_| shown).unwrap_or_default();
        let cause = group.cause.clone().unwrap_or_default();
        let filter = Filter { cause, at_fault, ..Filter::default() };
        filter.with("actor", &group.first.actor.to_string())
    }
}

pub(crate) async fn show<O: Operations>(
    visit: Visit,
    State(desk): State<Arc<Desk<O>>>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Response {
    let now = OffsetDateTime::now_utc();
    let filter = filter.map(|Query(filter)| filter).unwrap_or_default();
    let query = filter.query();
    let (overview, list) =
        futures::join!(desk.operations.overview(&visit.caller, now), desk.operations.list(&visit.caller, &query, now));
    let (overview, list) = match (overview, list) {
        (Ok(overview), Ok(list)) => (overview, list),
        (Err(problem), _) | (_, Err(problem)) => return visit.refuse(problem),
    };
    let chosen = Some(filter.tenant.as_str()).filter(|tenant| visit.caller.is_operator() && !tenant.is_empty());
    let limits = match visit.caller.is_operator() && chosen.is_none() {
        true => None,
        false => match desk.operations.limits(&visit.caller, chosen, now).await {
            Ok(limits) => Some(limits).filter(|limits| !limits.limits.is_empty()),
            Err(problem) => return visit.refuse(problem),
        },
    };
    let page = OverviewPage {
        frame: visit.frame("Overview", Place::Overview),
        clock: Clock { now },
        operator: visit.caller.is_operator(),
        filter,
        overview,
        list,
        limits,
    };
    shown(StatusCode::OK, &page)
}
