//! One method per operation of the API.

use std::fmt::Write;

use http::Method;
use serde_json::Value;
use wire::{
    AttemptList, CallerView, EndpointList, EndpointView, EventList, InstallationView, LinkWish, MuteWish, NewShare,
    Preflight, PreflightView, ReconcileWish, Reconciliation, RecordList, Registration, RevocationWish, ShareList,
    StartedView, TenantLimits, Wish,
};

use super::{Api, Asking};
use crate::api::Answer;
use crate::api::error::ApiError;
use crate::arguments::{EndpointName, Reason};

/// The most that the API gives in one page.
pub(crate) const PAGE: usize = 200;

/// Names one registration, so that sending it again registers nothing twice.
pub(crate) struct IdempotencyKey(String);

impl IdempotencyKey {
    pub(crate) fn random() -> Self {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the system has randomness");
        Self(bytes.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").expect("a String takes all");
            hex
        }))
    }
}

/// Which endpoints are listed: names and values of the query.
pub(crate) type Selection = [(&'static str, String)];

impl Api {
    /// May be sent again with the same key: the endpoint is then the one that was registered first.
    pub(crate) async fn register(
        &self,
        registration: &Registration,
        key: &IdempotencyKey,
    ) -> Result<Answer<EndpointView>, ApiError> {
        let asking = Asking::post(&["endpoints"]).body(registration);
        self.ask(Asking { idempotency_key: Some(&key.0), ..asking }).await
    }

    /// The endpoints that are selected, by domain unless the selection has another order: all of them.
    pub(crate) async fn endpoints(&self, selection: &Selection) -> Result<Answer<Vec<EndpointView>>, ApiError> {
        let (mut pages, mut seen, mut objects) = (self.endpoint_pages(selection, None), Vec::new(), Vec::new());
        while let Some(mut page) = pages.next().await? {
            seen.append(&mut page.seen);
            if let Value::Array(array) = &mut page.json {
                objects.append(array);
            }
        }
        Ok(Answer { json: Value::Array(objects), seen })
    }

    /// The same page by page: all of them, or the first `most`.
    pub(crate) fn endpoint_pages<'a>(&'a self, selection: &'a Selection, most: Option<usize>) -> EndpointPages<'a> {
        EndpointPages { api: self, selection, left: most, next: Next::First }
    }

    pub(crate) async fn endpoint(&self, name: &EndpointName) -> Result<Answer<EndpointView>, ApiError> {
        self.ask(Asking::get(&["endpoints", name.as_str()])).await
    }

    pub(crate) async fn change(&self, name: &EndpointName, wish: &Wish) -> Result<Answer<EndpointView>, ApiError> {
        self.ask(Asking::new(Method::PATCH, &["endpoints", name.as_str()]).body(wish)).await
    }

    /// With `revoke`, its certificate is revoked first.
    pub(crate) async fn remove(
        &self,
        name: &EndpointName,
        revoke: Option<Reason>,
    ) -> Result<Answer<EndpointView>, ApiError> {
        let query: Vec<_> = revoke.iter().map(|reason| ("revoke", reason.as_str())).collect();
        self.ask(Asking::new(Method::DELETE, &["endpoints", name.as_str()]).query(&query)).await
    }

    /// Has the current certificate replaced, and revoked after that.
    pub(crate) async fn revoke(&self, name: &EndpointName, reason: Reason) -> Result<Answer<EndpointView>, ApiError> {
        let wish = RevocationWish { reason: reason.to_wire() };
        self.ask(Asking::post(&["endpoints", name.as_str(), "revoke"]).body(&wish)).await
    }

    /// Has nobody notified of it for a time.
    pub(crate) async fn mute(&self, name: &EndpointName, wish: &MuteWish) -> Result<Answer<EndpointView>, ApiError> {
        self.ask(Asking::new(Method::PUT, &["endpoints", name.as_str(), "mute"]).body(wish)).await
    }

    pub(crate) async fn unmute(&self, name: &EndpointName) -> Result<Answer<EndpointView>, ApiError> {
        self.ask(Asking::new(Method::DELETE, &["endpoints", name.as_str(), "mute"])).await
    }

    pub(crate) async fn records(&self, name: &EndpointName) -> Result<Answer<RecordList>, ApiError> {
        self.ask(Asking::get(&["endpoints", name.as_str(), "records"])).await
    }

    /// Checks the endpoint's DNS and host now.
    pub(crate) async fn check(&self, name: &EndpointName) -> Result<Answer<EndpointView>, ApiError> {
        self.ask(Asking::post(&["endpoints", name.as_str(), "check"])).await
    }

    /// Checks a domain's DNS and host now; it need not be registered.
    pub(crate) async fn preflight(&self, asked: &Preflight) -> Result<Answer<PreflightView>, ApiError> {
        self.ask(Asking::post(&["checks"]).body(asked)).await
    }

    pub(crate) async fn renew(&self, name: &EndpointName) -> Result<Answer<StartedView>, ApiError> {
        self.ask(Asking::post(&["endpoints", name.as_str(), "renew"])).await
    }

    pub(crate) async fn attempts(&self, name: &EndpointName) -> Result<Answer<AttemptList>, ApiError> {
        self.ask(Asking::get(&["endpoints", name.as_str(), "attempts"])).await
    }

    /// The newest events or, with `after` the id of one, those later than it; newest first.
    pub(crate) async fn events(&self, name: &EndpointName, after: Option<&str>) -> Result<Answer<EventList>, ApiError> {
        let query: Vec<_> = after.iter().map(|id| ("after", *id)).collect();
        self.ask(Asking::get(&["endpoints", name.as_str(), "events"]).query(&query)).await
    }

    /// The same of all endpoints, those that were removed too; for operators.
    pub(crate) async fn all_events(&self, after: Option<&str>) -> Result<Answer<EventList>, ApiError> {
        let query: Vec<_> = after.iter().map(|id| ("after", *id)).collect();
        self.ask(Asking::get(&["events"]).query(&query)).await
    }

    /// Makes a link to the domain owner's page; without `days` the API chooses its lifetime.
    pub(crate) async fn share(&self, name: &EndpointName, days: Option<u16>) -> Result<Answer<NewShare>, ApiError> {
        let wish = LinkWish { expires_in_days: days };
        self.ask(Asking::post(&["endpoints", name.as_str(), "shares"]).body(&wish)).await
    }

    pub(crate) async fn shares(&self, name: &EndpointName) -> Result<Answer<ShareList>, ApiError> {
        self.ask(Asking::get(&["endpoints", name.as_str(), "shares"])).await
    }

    pub(crate) async fn revoke_share(&self, name: &EndpointName, id: &str) -> Result<(), ApiError> {
        let path = ["endpoints", name.as_str(), "shares", id];
        self.send(Asking::new(Method::DELETE, &path)).await.map(|_| ())
    }

    pub(crate) async fn installation(&self) -> Result<Answer<InstallationView>, ApiError> {
        self.ask(Asking::get(&["installation"])).await
    }

    /// A page of the comparison of ACM with the table.
    pub(crate) async fn reconcile(&self, wish: &ReconcileWish) -> Result<Answer<Reconciliation>, ApiError> {
        self.ask(Asking::post(&["installation", "reconcile"]).body(wish)).await
    }

    /// Without a `tenant`, those of the caller's.
    pub(crate) async fn limits(&self, tenant: Option<&str>) -> Result<Answer<TenantLimits>, ApiError> {
        let query: Vec<_> = tenant.iter().map(|tenant| ("tenant", *tenant)).collect();
        self.ask(Asking::get(&["limits"]).query(&query)).await
    }

    pub(crate) async fn caller(&self) -> Result<Answer<CallerView>, ApiError> {
        self.ask(Asking::get(&["caller"])).await
    }
}

/// Where a list continues.
enum Next {
    First,
    At(String),
    Nowhere,
}

/// Pages of a list of endpoints, each requested when it is needed.
pub(crate) struct EndpointPages<'a> {
    api: &'a Api,
    selection: &'a Selection,
    /// How many are still wanted; without a number, all.
    left: Option<usize>,
    next: Next,
}

impl EndpointPages<'_> {
    /// The next page; none after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<Answer<Vec<EndpointView>>>, ApiError> {
        let cursor = match std::mem::replace(&mut self.next, Next::Nowhere) {
            Next::First => None,
            Next::At(cursor) => Some(cursor),
            Next::Nowhere => return Ok(None),
        };
        let limit = self.left.map_or(PAGE, |left| left.min(PAGE)).to_string();
        let mut query: Vec<_> = self.selection.iter().map(|(name, value)| (*name, value.as_str())).collect();
        query.push(("limit", &limit));
        query.extend(cursor.iter().map(|cursor| ("cursor", cursor.as_str())));
        let mut page: Answer<EndpointList> = self.api.ask(Asking::get(&["endpoints"]).query(&query)).await?;
        let seen = page.seen.endpoints;
        self.left = self.left.map(|left| left.saturating_sub(seen.len()));
        if let Some(next) = page.seen.next_cursor.filter(|next| cursor.as_ref() != Some(next) && self.left != Some(0)) {
            self.next = Next::At(next);
        }
        Ok(Some(Answer { json: page.json["endpoints"].take(), seen }))
    }

    /// Whether what was given so far is all.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.next, Next::Nowhere)
    }
}
