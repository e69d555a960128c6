use std::future::Future;

use diagnosis::report::{CheckReport, CheckSummary};
use time::OffsetDateTime;
use vocabulary::certificate::ImportedLife;
use vocabulary::names::EndpointId;

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::event::Event;
use crate::endpoint::health::Health;
use crate::endpoint::notified::Notifications;
use crate::endpoint::seen_again::SeenAgain;
use crate::health::installation::InstallationState;
use crate::health::seen::CertificateUse;
use crate::ports::store::{DueEntry, EndpointReader};
use vocabulary::failure::ServiceFault;

/// The result of a check to be stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight {
    pub health: Health,
    /// When to check again.
    pub next_check_at: OffsetDateTime,
    pub summary: CheckSummary,
    /// The report, if it has more than the stored one.
    pub report: Option<CheckReport>,
    pub events: Vec<Event>,
}

impl Sight {
    /// What remains to be written if the check found `seen` unchanged; `None` if it found news.
    pub fn as_before(&self, seen: &Endpoint) -> Option<SeenAgain> {
        if self.report.is_some() || !self.events.is_empty() {
            return None;
        }
        let at = self.health.checked_at;
        let again = SeenAgain { at, dns_good: self.health.dns_good_at == Some(at) };
        let mut then = seen.clone();
        then.seen_again(&again);
        let same = then.health.as_ref() == Some(&self.health) && then.check.as_ref() == Some(&self.summary);
        same.then_some(again)
    }
}

/// Which endpoints are due for a health check. The cost of reading depends on what is due, not on what is managed.
pub trait HealthIndex: EndpointReader {
    /// Up to `limit` endpoints of one shard that are to be checked by `now`, longest due first.
    fn health_due(
        &self,
        shard: u32,
        now: OffsetDateTime,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<DueEntry>, ServiceFault>> + Send;

    /// Stores what was seen of `checked`, all or nothing: one small write if only the times have changed.
    ///
    /// False, and stores nothing, if the endpoint is no longer as it was checked: it has other names or another certificate, a
    /// newer report is stored, or it is deleted; and, if something has changed, if an attempt holds it.
    fn record_health(
        &self,
        checked: &Endpoint,
        sight: &Sight,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;

    /// Stores the notifications about `seen` so far, outside of an attempt. False, and stores nothing, if an attempt has begun
    /// since, whose end notifies and stores, or if another process has notified in the meantime.
    fn save_notified(
        &self,
        seen: &Endpoint,
        told: &Notifications,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;

    /// Sets the time of the next check, and changes nothing else. Does nothing if the endpoint is deleted.
    fn postpone_health(
        &self,
        id: &EndpointId,
        next_check_at: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}

/// Other runs of the health check, besides the one that starts them.
pub trait HealthRuns {
    /// Starts a run for one shard without waiting for it. Repeating it starts another one, which checks what is left.
    fn begin(&self, shard: u32) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}

/// What is stored about the installation itself.
pub trait InstallationLog {
    /// What was last stored; everything healthy if nothing was.
    fn installation(&self) -> impl Future<Output = Result<InstallationState, ServiceFault>> + Send;

    /// Stores `installation` if the stored state is still `before`; otherwise returns false and changes nothing.
    fn save_installation(
        &self,
        before: &InstallationState,
        installation: &InstallationState,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;
}

/// Checks certificates in ACM, and changes none.
pub trait CertificateInspector {
    /// The certificate with this ARN and what uses it; `None` if it is deleted.
    fn inspect_certificate(
        &self,
        arn: &str,
    ) -> impl Future<Output = Result<Option<CertificateUse>, ServiceFault>> + Send;

    /// All imported certificates here, whoever imported them: what ACM's quotas count.
    fn imported(&self) -> impl Future<Output = Result<Vec<ImportedLife>, ServiceFault>> + Send;
}
