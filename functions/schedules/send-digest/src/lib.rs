//! Sends each tenant once a day what its endpoints need.

use std::collections::BTreeMap;

use domain::acts::notify::tell_what_is_over;
use domain::alert::{Digest, NotificationPolicy};
use domain::ports::{DigestLog, Notifier, Registry, ServiceFault, SharedCauses};
use serde::Serialize;
use time::OffsetDateTime;
use vocabulary::certificate::TenantUsage;
use vocabulary::names::{Scope, TenantId};

/// Endpoints read at once: what the index gives in one answer of 1 MB.
const PAGE: u32 = 500;

/// What the function works with.
pub struct Ports<'a, R, L, C, N> {
    pub registry: &'a R,
    pub log: &'a L,
    pub causes: &'a C,
    pub notifier: &'a N,
    /// When people are notified of what, and where the links lead.
    pub policy: NotificationPolicy<'a>,
}

/// What one run did. Logged, and returned to the caller.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DigestReport {
    pub endpoints: u64,
    pub tenants: u64,
    /// Digests that went out now; tenants where nobody need act, and those that have today's already, get none.
    pub sent: u64,
}

/// Runs once. Repeated on the same day, it sends only what is missing: a tenant is notified first and that is recorded
/// afterwards, so a run that dies in between notifies it twice, under the same id.
///
/// It also counts again what each tenant has, and notifies people of the end of causes that many endpoints shared, where
/// the last of them could not.
///
/// # Errors
///
/// The first fault, after all tenants: one that cannot be notified does not hold up the others.
pub async fn send_digests<R, L, C, N>(
    ports: &Ports<'_, R, L, C, N>,
    now: OffsetDateTime,
) -> Result<DigestReport, ServiceFault>
where
    R: Registry,
    L: DigestLog,
    C: SharedCauses,
    N: Notifier,
{
    let mut digests: BTreeMap<TenantId, Digest> = BTreeMap::new();
    let mut usage: BTreeMap<TenantId, TenantUsage> = BTreeMap::new();
    let mut report = DigestReport::default();
    let mut after = None;
    loop {
        let page = ports.registry.list(&Scope::Everything, after.as_ref(), PAGE).await?;
        for endpoint in &page.endpoints {
            report.endpoints += 1;
            digests.entry(endpoint.tenant.clone()).or_default().add(endpoint, now, &ports.policy);
            let usage = usage.entry(endpoint.tenant.clone()).or_default();
            usage.endpoints += 1;
            usage.names += endpoint.names.authorization_names().len() as u64;
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    report.tenants = digests.len() as u64;
    for (tenant, usage) in usage {
        // Corrects a count that a run which died half way has left wrong.
        ports.log.record_usage(&tenant, usage).await?;
    }
    let mut result = tell_what_is_over(ports.notifier, ports.causes, ports.policy.dashboard, now).await;
    for (tenant, digest) in digests.into_iter().filter(|(_, digest)| !digest.is_empty()) {
        match send(ports, &tenant, digest, now).await {
            Ok(sent) => report.sent += u64::from(sent),
            Err(fault) => result = result.and(Err(fault)),
        }
    }
    result.map(|()| report)
}

async fn send<R, L: DigestLog, C, N: Notifier>(
    ports: &Ports<'_, R, L, C, N>,
    tenant: &TenantId,
    digest: Digest,
    now: OffsetDateTime,
) -> Result<bool, ServiceFault> {
    if ports.log.was_sent(tenant, now.date()).await? {
        return Ok(false);
    }
    ports.notifier.notify(&digest.alert(tenant, now).linked(ports.policy.dashboard)).await?;
    ports.log.record_sent(tenant, now.date()).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use super::*;
    use domain::alert::AlertKind;
    use domain::endpoint::{Cause, Endpoint, Failing};
    use domain::ports::FaultKind;
    use futures::FutureExt;
    use testkit::{Fuse, MemoryEndpoints, MemoryNotifier, MemorySharedCauses, contracts};
    use time::Duration;
    use time::macros::datetime;
    use vocabulary::failure::{Failure, FailureName};
    use vocabulary::guidance::WaitingOn;

    const NOW: OffsetDateTime = datetime!(2026-11-24 07:00 UTC);

    /// Set-up counts at once.
    const AT_ONCE: NotificationPolicy<'static> = NotificationPolicy { dashboard: None, setup_patience: Duration::ZERO };

    struct Fixture {
        endpoints: MemoryEndpoints,
        causes: MemorySharedCauses,
        notifier: MemoryNotifier,
    }

    impl Fixture {
        /// One endpoint for each of `failing`: whether it waits for its domain owner. Each of its own tenant.
        async fn new(failing: &[bool]) -> Self {
            let fixture = Self {
                endpoints: MemoryEndpoints::default(),
                causes: MemorySharedCauses::default(),
                notifier: MemoryNotifier::default(),
            };
            for (n, failing) in failing.iter().enumerate() {
                let failure =
                    Failure::new(FailureName::RecordsNotReady, WaitingOn::DomainOwner, "no record", "create it");
                let failing = failing.then(|| Failing::first(failure, NOW));
                // Not due: an attempt that nobody starts is something that the operator must see to.
                let endpoint = Endpoint { failing, due_at: None, ..contracts::endpoint(n as u64, NOW) };
                fixture
                    .endpoints
                    .register(&endpoint, &contracts::registered(&endpoint), None)
                    .await
                    .expect("registered");
            }
            fixture
        }

        async fn run(&self, now: OffsetDateTime) -> Result<DigestReport, ServiceFault> {
            let ports = Ports {
                registry: &self.endpoints,
                log: &self.endpoints,
                causes: &self.causes,
                notifier: &self.notifier,
                policy: AT_ONCE,
            };
            send_digests(&ports, now).await
        }

        fn notified(&self) -> Vec<String> {
            self.notifier.alerts().into_iter().map(|alert| alert.tenant.expect("of a tenant")).collect()
        }
    }

    #[tokio::test]
    async fn only_tenants_with_something_to_do_get_a_digest_and_one_a_day() {
        let fixture = Fixture::new(&[true, false, true]).await;
        let report = fixture.run(NOW).await.expect("sent");
        assert_eq!(report, DigestReport { endpoints: 3, tenants: 3, sent: 2 });
        assert_eq!(fixture.notified(), ["tenant-0", "tenant-2"]);
        assert_eq!(fixture.run(NOW + Duration::HOUR).await.expect("sent").sent, 0, "not twice on one day");
        assert_eq!(fixture.run(NOW + Duration::DAY).await.expect("sent").sent, 2, "and again on the next");
    }

    #[tokio::test]
    async fn all_pages_of_a_long_list_are_read() {
        let fixture = Fixture::new(&[false; 1001]).await;
        assert_eq!(fixture.run(NOW).await.expect("sent"), DigestReport { endpoints: 1001, tenants: 1001, sent: 0 });
    }

    #[tokio::test]
    async fn a_run_that_dies_half_way_continues_where_it_was() {
        let fuse = Fuse::default();
        let mut fixture = Fixture::new(&[true, true, true]).await;
        fixture.notifier = MemoryNotifier::new(fuse.clone());
        fuse.set(Some(2));
        assert!(
            AssertUnwindSafe(fixture.run(NOW)).catch_unwind().await.is_err(),
            "it dies when it has told the second"
        );
        fixture.run(NOW).await.expect("sent");
        assert_eq!(fixture.notified(), ["tenant-0", "tenant-1", "tenant-1", "tenant-2"]);
        let ids: Vec<_> = fixture.notifier.alerts().into_iter().map(|alert| alert.id).collect();
        assert_eq!(ids[1], ids[2], "the one that was told twice has one id");
    }

    #[tokio::test]
    async fn a_recovery_that_was_never_notified_is_notified() {
        let fixture = Fixture::new(&[false]).await;
        let (endpoint, cause) = (contracts::endpoint(0, NOW), Cause::new("CaUnavailable"));
        let known = fixture.causes.join(&cause, WaitingOn::Ca, &endpoint, NOW).await.expect("joined");
        fixture.causes.mark_notified(&known, domain::endpoint::Severity::Notice).await.expect("recorded");
        fixture.run(NOW).await.expect("sent");
        assert_eq!(fixture.notifier.kinds(), [], "it lasts");
        fixture.causes.leave(&cause, WaitingOn::Ca, &endpoint.id).await.expect("left");
        fixture.run(NOW).await.expect("sent");
        fixture.run(NOW).await.expect("sent");
        assert_eq!(fixture.notifier.kinds(), [AlertKind::Recovered]);
    }

    /// A topic that refuses messages for one tenant.
    struct Picky(MemoryNotifier);

    impl Notifier for Picky {
        async fn notify(&self, alert: &domain::alert::Alert) -> Result<(), ServiceFault> {
            if alert.tenant.as_deref() == Some("tenant-0") {
                let detail = "too long".into();
                return Err(ServiceFault { operation: "sns:Publish", kind: FaultKind::Refused, detail });
            }
            self.0.notify(alert).await
        }

        async fn notify_programs(&self, alert: &domain::alert::Alert) -> Result<(), ServiceFault> {
            self.0.notify_programs(alert).await
        }
    }

    #[tokio::test]
    async fn a_tenant_that_cannot_be_notified_keeps_no_other_from_its_digest() {
        let fixture = Fixture::new(&[true, true]).await;
        let notifier = Picky(fixture.notifier.clone());
        let (registry, log, causes) = (&fixture.endpoints, &fixture.endpoints, &fixture.causes);
        let ports = Ports { registry, log, causes, notifier: &notifier, policy: AT_ONCE };
        let fault = send_digests(&ports, NOW).await.expect_err("it is not hidden");
        assert_eq!(fault.operation, "sns:Publish");
        assert_eq!(fixture.notified(), ["tenant-1"]);
    }
}
