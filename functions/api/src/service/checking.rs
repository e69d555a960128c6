use diagnosis::report::{CheckReport, CheckSummary, RecordStatus};
use diagnosis::subject::Subject;
use domain::endpoint::{Endpoint, EventKind};
use domain::ports::{AuditTrail, CheckLog, EndpointReader, Prober};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{DnsMethod, Proving, Reachability};
use vocabulary::failure::FailureName;
use vocabulary::names::{Caller, DomainName, Origin};
use wire::{EndpointView, Preflight, PreflightView};

use super::naming::{field_of, room_for_records};
use super::{Ports, Service, act};
use crate::http::problem::Problem;
use crate::views::{FromWire, ToWire};

/// How soon after one check the next may begin.
pub(super) const BETWEEN_CHECKS: Duration = Duration::seconds(1);

impl<P: Ports> Service<P> {
    /// Checks, and stores the result.
    pub(crate) async fn check(
        &self,
        caller: &Caller,
        reference: &str,
        now: OffsetDateTime,
    ) -> Result<EndpointView, Problem> {
        let endpoint = self.find(caller, reference).await?;
        self.count_check(caller, endpoint.names.iter().count(), now).await?;
        self.check_in_turn(&endpoint, &caller.origin, now).await
    }

    /// One check at a time, however many requests come. Each gets the result of a check that began after it: whoever has
    /// just corrected a record wants that result, not one from before.
    #[expect(clippy::disallowed_methods, reason = "a person waits for the answer to this very request")]
    pub(super) async fn check_in_turn(
        &self,
        endpoint: &Endpoint,
        by: &Origin,
        now: OffsetDateTime,
    ) -> Result<EndpointView, Problem> {
        if self.store().begin_check(&endpoint.id, now, now + BETWEEN_CHECKS).await? {
            return self.check_now(endpoint, by, now).await;
        }
        tokio::time::sleep(BETWEEN_CHECKS.unsigned_abs()).await;
        let now = now + BETWEEN_CHECKS;
        match self.store().find(&endpoint.id).await? {
            Some(endpoint) if self.store().begin_check(&endpoint.id, now, now + BETWEEN_CHECKS).await? => {
                self.check_now(&endpoint, by, now).await
            }
            // Another waiting request was first, or the endpoint is gone.
            _ => self.view_anew(&endpoint.id, now).await,
        }
    }

    async fn check_now(&self, endpoint: &Endpoint, by: &Origin, now: OffsetDateTime) -> Result<EndpointView, Problem> {
        let subject = endpoint.subject(&self.installation.platform);
        let report = self.ports.prober().probe(&subject, now).await;
        if !self.store().record_check(endpoint, &report).await? {
            return self.view_anew(&endpoint.id, now).await;
        }
        let found = report.summary();
        if endpoint.check.as_ref().is_none_or(|before| outcome(before) != outcome(&found)) {
            self.store().record(&endpoint.id, &act(EventKind::Checked, by, summary(&report), now)).await?;
        }
        let mut endpoint = endpoint.clone();
        endpoint.check = Some(found);
        if is_mended(&endpoint, &report) && !endpoint.is_leased(now) {
            self.start_or_leave(&endpoint, now).await;
            return self.view_anew(&endpoint.id, now).await;
        }
        Ok(self.view_with(&endpoint, Some(&report), now))
    }

    /// Checks a domain that need not be registered. Stores nothing.
    pub(crate) async fn preflight(
        &self,
        caller: &Caller,
        asked: Preflight,
        now: OffsetDateTime,
    ) -> Result<PreflightView, Problem> {
        let names = self.names(&asked.domain, &asked.also)?;
        let proving = Proving {
            reachability: Reachability::from_wire(asked.reachability),
            dns_method: DnsMethod::from_wire(asked.challenge),
        };
        self.offers(proving.dns_method)?;
        let field = |name: &DomainName| field_of(name, Some(&asked.domain), &asked.also);
        self.unreserved(caller, names.iter(), field)?;
        self.issuable(names.iter(), field)?;
        room_for_records(names.iter(), proving.dns_method, field)?;
        // Of many names it checks a sample.
        self.count_check(caller, 1, now).await?;
        let subject = Subject::unregistered(names, proving, &self.installation.platform);
        let report = self.ports.prober().probe(&subject, now).await;
        Ok(PreflightView {
            domain: subject.names.primary().to_string(),
            reachability: asked.reachability.into(),
            challenge: asked.challenge.into(),
            dns_method: asked.challenge.into(),
            well: report.is_well(),
            report: report.to_wire(),
        })
    }
}

/// What makes two checks differ, for the history.
fn outcome(check: &CheckSummary) -> (RecordStatus, Option<&str>, bool) {
    (check.records, check.worst.as_ref().map(|worst| worst.check.as_str()), check.serves_another)
}

fn summary(report: &CheckReport) -> String {
    match report.summary().worst {
        Some(worst) => format!("Checked: {}", worst.guidance.summary),
        None => "Checked: all records are correct.".to_owned(),
    }
}

/// Whether the records that the last attempt missed are correct now. Only for failures from before the CA was contacted: a
/// retry then costs nothing at the CA.
fn is_mended(endpoint: &Endpoint, report: &CheckReport) -> bool {
    let waits = endpoint.failing.as_ref().is_some_and(|failing| failing.failure.name == FailureName::RecordsNotReady);
    // A record that validation does not need may be missing for ever.
    waits && !endpoint.removing && report.is_well() && report.unreached.is_none()
}
