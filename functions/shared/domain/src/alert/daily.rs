//! Makes the daily digest of a tenant's endpoints.

use time::OffsetDateTime;
use vocabulary::guidance::{Guidance, WaitingOn};
use vocabulary::names::TenantId;

use crate::alert::alert::Alert;
use crate::alert::digest::{Digest, Ending, Need};
use crate::endpoint::alert_kind::AlertKind;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::notified::{Cause, Severity};
use crate::endpoint::status::EndpointStatus;
use crate::status::status_of;

/// How many endpoints a digest names; the counts are of all.
const NAMED: usize = 20;

impl Digest {
    /// Takes `endpoint` in, as it is at `now`. Memory does not grow with the number of endpoints.
    pub fn add(&mut self, endpoint: &Endpoint, now: OffsetDateTime) {
        let (report, domain) = (status_of(endpoint, now), endpoint.names.primary().to_string());
        self.endpoints += 1;
        self.ready += u64::from(report.status == EndpointStatus::Ready);
        if let Some(held) = &endpoint.certificate {
            let ending = Ending { domain: domain.clone(), not_after: held.not_after, renew_at: held.renew_at };
            keep(&mut self.next, ending, |ending| (ending.not_after, ending.domain.clone()));
        }
        if report.guidance.waiting_on.is_somebody() {
            self.waiting += 1;
            let need = Need {
                domain,
                // The next step names the record; an event of many endpoints has no other place for it.
                guidance: Guidance { record: None, ..report.guidance },
                since: endpoint.failing.as_ref().map(|failing| failing.since),
                until: report.breaks_at,
            };
            // What breaks first comes first; what has nothing to break, after that.
            keep(&mut self.needs, need, |need| (need.until.is_none(), need.until, need.domain.clone()));
        }
    }

    /// As it is sent to those who follow `tenant`.
    pub fn alert(self, tenant: &TenantId, now: OffsetDateTime) -> Alert {
        let first = self.needs.first();
        let summary = format!(
            "{} of {} endpoints of {tenant} need somebody to act; {} are well.",
            self.waiting, self.endpoints, self.ready
        );
        let guidance = match first {
            Some(need) => {
                let begin = format!("Begin with {}: {}", need.domain, need.guidance.next_step());
                Guidance::new(need.guidance.waiting_on, summary, begin)
            }
            None => Guidance::without_action(WaitingOn::Nobody, summary),
        };
        Alert {
            id: format!("digest.{tenant}.{}", now.date()),
            tenant: Some(tenant.to_string()),
            severity: Severity::Notice,
            guidance,
            until: first.and_then(|need| need.until),
            digest: Some(self),
            ..Alert::of_installation(AlertKind::Digest, Cause::new("digest"), now)
        }
    }
}

/// Keeps the first [`NAMED`] by `order`.
fn keep<T, K: Ord>(list: &mut Vec<T>, item: T, order: impl Fn(&T) -> K) {
    let at = list.partition_point(|known| order(known) <= order(&item));
    list.insert(at, item);
    list.truncate(NAMED);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::notifications::properties::{certificate, failed, fresh};
    use time::Duration;
    use time::macros::datetime;
    use vocabulary::failure::FailureName;
    use vocabulary::guidance::WaitingOn;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn waiting(days_left: Option<i64>) -> Endpoint {
        let mut endpoint = fresh();
        endpoint.failing = Some(failed(FailureName::RecordsNotReady, WaitingOn::DomainOwner, NOW));
        endpoint.certificate = days_left.map(|left| certificate(&endpoint, 1, NOW - Duration::days(90 - left)));
        endpoint
    }

    #[test]
    fn where_all_is_well_or_on_its_way_nobody_is_written_to() {
        let mut digest = Digest::default();
        assert!(digest.is_empty());
        let mut well = fresh();
        well.certificate = Some(certificate(&well, 1, NOW));
        well.due_at = Some(NOW + Duration::days(60));
        let mut by_the_ca = fresh();
        by_the_ca.failing = Some(failed(FailureName::CaUnavailable, WaitingOn::Ca, NOW));
        for endpoint in [well, by_the_ca, fresh()] {
            digest.add(&endpoint, NOW);
        }
        assert!(digest.is_empty());
        assert_eq!((digest.endpoints, digest.ready), (3, 1));
    }

    #[test]
    fn what_breaks_first_comes_first_and_the_rest_is_counted() {
        let mut digest = Digest::default();
        for endpoint in [waiting(None), waiting(Some(20)), waiting(Some(5))] {
            digest.add(&endpoint, NOW);
        }
        (0..30).for_each(|_| digest.add(&waiting(None), NOW));
        let days = |at: Option<OffsetDateTime>| at.map(|at| (at - NOW).whole_days());
        let first: Vec<_> = digest.needs.iter().take(3).map(|need| days(need.until)).collect();
        assert_eq!(first, [Some(5), Some(20), None]);
        assert_eq!((digest.waiting, digest.needs.len()), (33, NAMED));
        let alert = digest.alert(&TenantId::fallback(), NOW);
        assert_eq!((alert.id.as_str(), alert.tenant.as_deref()), ("digest.default.2026-11-24", Some("default")));
        assert!(alert.text().contains("and 13 more"), "{}", alert.text());
    }
}
