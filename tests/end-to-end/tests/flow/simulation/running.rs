//! The schedule: scans, attempts that are due, changes in between, and everything delivered once more.

use std::panic::AssertUnwindSafe;

use domain::acts::notify::tell;
use domain::alert::notifications::decide;
use domain::endpoint::{Endpoint, LEASE};
use domain::flow::StepInput;
use domain::ports::{Change, ChangeError, DueEntry, DueIndex, HealthIndex, Registry};
use futures::FutureExt;
use serde_json::Value;
use time::Duration;
use vocabulary::acme::Proving;
use vocabulary::names::{EndpointId, EndpointNames};

use super::{Simulation, Wish, expect_crash};
use crate::machine::{End, Invocation};

impl Simulation {
    /// Scans and runs flows, moving on to the next due time, until `done` says so.
    pub(crate) async fn run_until(&self, id: &EndpointId, done: impl Fn(Option<&Endpoint>) -> bool) {
        for _ in 0..60 {
            self.try_wish(id).await;
            self.scan_and_run().await;
            let endpoint = self.endpoint(id).await;
            if done(endpoint.as_ref()) && self.wish.borrow().is_none() {
                return;
            }
            let due = endpoint.and_then(|endpoint| endpoint.due_at).expect("an endpoint is always due some time");
            self.set_time(due.max(self.now() + Duration::SECOND));
        }
        panic!("it never settles: {:#?}", self.endpoint(id).await);
    }

    /// Sends the notifications that an attempt which died had recorded and not sent, as a health check does.
    pub(crate) async fn send_unsent(&self, id: &EndpointId) {
        let Some(endpoint) = self.endpoint(id).await.filter(|endpoint| endpoint.unsent.is_some()) else { return };
        let decision = decide(&endpoint, self.now(), &domain::alert::NotificationPolicy::default());
        self.fuse.set(None);
        tell(&self.notifier, &self.causes, &endpoint, &decision, None, self.now()).await.expect("in memory");
        assert_eq!(self.endpoints.save_notified(&endpoint, &decision.notifications).await, Ok(true));
        self.arm();
    }

    /// What the owner wants changed once no attempt holds the endpoint.
    pub(crate) fn wish(&self, wish: Option<Wish>) {
        *self.wish.borrow_mut() = wish;
    }

    /// Makes the change if it can be made now. Its owner has created the records for it.
    async fn try_wish(&self, id: &EndpointId) {
        let Some(Wish { also, proving, deployment, echo }) = self.wish.borrow().clone() else { return };
        // Not before the first attempt: then it would be a registration like any other.
        let Some(seen) = self.endpoint(id).await.filter(|endpoint| endpoint.attempt > 0) else { return };
        let names = match also {
            Some(also) => EndpointNames::parse(&seen.names.primary().to_string(), &also, 100).expect("valid names"),
            None => seen.names.clone(),
        };
        let Proving { reachability, dns_method } = proving;
        self.create_records(&Endpoint { names: names.clone(), reachability, dns_method, ..seen.clone() });
        let deployment = deployment.unwrap_or_else(|| seen.deployment.clone());
        let change = Change { names, reachability, dns_method, deployment, due_at: self.now() };
        let event = testkit::contracts::registered(&seen);
        let changed = AssertUnwindSafe(self.endpoints.change(&seen, &change, &event)).catch_unwind().await;
        match changed {
            Ok(Ok(())) => {}
            Ok(Err(ChangeError::Busy)) => return,
            Ok(Err(error)) => panic!("{error}"),
            // It died right after the change, which nobody repeats.
            Err(payload) => {
                expect_crash(payload);
                self.crashed();
            }
        }
        self.wish(None);
        if echo {
            self.deliver_all_again().await;
        }
    }

    /// One scan, and the flows that it started, one after the other. Returns those, in order.
    pub(crate) async fn scan_and_run(&self) -> Vec<(EndpointId, u64)> {
        let scan = scan_expiring::scan(
            &self.endpoints,
            &self.flows,
            // Who waits for room waits for the next scan.
            scan_expiring::Waits { longest: std::time::Duration::ZERO, ..scan_expiring::Waits::default() },
            self.now(),
            || true,
        );
        match AssertUnwindSafe(scan).catch_unwind().await {
            Ok(report) => assert!(report.expect("in memory").failed.is_empty()),
            Err(payload) => {
                expect_crash(payload);
                self.crashed();
            }
        }
        let started = self.flows.take();
        for (endpoint, attempt) in started.clone() {
            self.run_attempt(endpoint, attempt).await;
        }
        started
    }

    async fn run_attempt(&self, endpoint: EndpointId, attempt: u64) {
        let input = serde_json::to_value(StepInput::start(endpoint, attempt)).expect("plain data");
        let end = self
            .machine
            .run(
                input,
                async |resource, input| self.deliver(resource, input).await,
                |seconds| self.set_time(self.now() + Duration::seconds(i64::try_from(seconds).expect("short"))),
            )
            .await;
        assert_ne!(end, End::Failed("SettleFailed".into()));
    }

    /// An attempt now, though it is not due, as the API starts one.
    pub(crate) async fn renew_now(&self, id: &EndpointId) {
        let due_at = self.endpoint(id).await.and_then(|endpoint| endpoint.due_at).expect("due some time");
        let entry = DueEntry { endpoint: id.clone(), due_at };
        let claimed = self.endpoints.claim(&entry, self.now(), self.now() + LEASE).await.expect("in memory");
        self.run_attempt(id.clone(), claimed.expect("free")).await;
    }

    /// Delivers everything again that was ever delivered, long after its time.
    pub(crate) async fn deliver_all_again(&self) {
        let all = self.delivered.borrow().clone();
        for (resource, input) in all {
            let _ = self.invoke(&resource, input).await;
        }
    }

    async fn deliver(&self, resource: &str, input: Value) -> Invocation {
        self.delivered.borrow_mut().push((resource.to_owned(), input.clone()));
        let duplicate = self.duplicates.borrow_mut().pop_front().flatten();
        let Some(sees_first) = duplicate else { return self.invoke(resource, input).await };
        let first = self.invoke(resource, input.clone()).await;
        if matches!(first, Invocation::Dead) {
            return first;
        }
        let second = self.invoke(resource, input).await;
        match (sees_first, &second) {
            (true, Invocation::Dead) | (false, _) => second,
            (true, _) => first,
        }
    }
}
