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

/// What a check leaves behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight {
    pub health: Health,
    /// When to check again.
    pub next_check_at: OffsetDateTime,
    pub summary: CheckSummary,
    /// The report, if it tells more than the one that is kept.
    pub report: Option<CheckReport>,
    pub events: Vec<Event>,
}

impl Sight {
    /// What is left to write where it shows `seen` as it was known to be; `None` where it tells more.
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

/// Whose health is to be checked. Reading costs by what is due, not by what is managed.
pub trait HealthIndex: EndpointReader {
    /// Up to `limit` endpoints of one shard that are to be checked by `now`, longest due first.
    fn health_due(
        &self,
        shard: u32,
        now: OffsetDateTime,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<DueEntry>, ServiceFault>> + Send;

    /// Keeps what was seen of `checked`, all or nothing: one small write where nothing but the times has changed.
    ///
    /// False, and nothing is kept, if the endpoint is no longer as it was checked: it has other names or another
    /// certificate, a newer report is kept, or it is gone; and, where something has changed, if an attempt holds it.
    fn record_health(
        &self,
        checked: &Endpoint,
        sight: &Sight,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;

    /// Keeps what was told of `seen` by now, outside of an attempt. False, and nothing is kept, if an attempt has begun
    /// since, whose end tells and keeps, or if somebody else has told in the meantime.
    fn save_notified(
        &self,
        seen: &Endpoint,
        told: &Notifications,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;

    /// Says when to check again, and leaves the rest as it is. Nothing if the endpoint is gone.
    fn postpone_health(
        &self,
        id: &EndpointId,
        next_check_at: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}

/// Other runs of the health check, beside the one that begins them.
pub trait HealthRuns {
    /// Begins a run for one shard, and does not wait for it. Repeating it begins another one, which checks what is left.
    fn begin(&self, shard: u32) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}

/// What is kept of the installation itself.
pub trait InstallationLog {
    /// What was kept last; all is well where nothing was.
    fn engine(&self) -> impl Future<Output = Result<InstallationState, ServiceFault>> + Send;

    /// Keeps `engine` if what is kept is still `before`; else false, and nothing is changed.
    fn save_installation(
        &self,
        before: &InstallationState,
        engine: &InstallationState,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;
}

/// Checks certificates in ACM, and changes none.
pub trait CertificateInspector {
    /// The certificate with this ARN and what uses it; `None` if it is gone.
    fn inspect_certificate(
        &self,
        arn: &str,
    ) -> impl Future<Output = Result<Option<CertificateUse>, ServiceFault>> + Send;

    /// All that is imported here, whoever did it: what ACM's quotas count.
    fn imported(&self) -> impl Future<Output = Result<Vec<ImportedLife>, ServiceFault>> + Send;
}
