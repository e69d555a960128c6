//! What a tenant's endpoints need, once a day: nobody has to read it who needs do nothing.

use time::OffsetDateTime;
use vocabulary::names::TenantId;
use vocabulary::text::utc;

use crate::alert::alert::Alert;
use crate::alert::kind::AlertKind;
use crate::alert::text::who;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::notified::{Cause, Severity};
use crate::status::{Mover, Verdict, judge};

/// How many endpoints a digest names; the counts are of all.
const NAMED: usize = 20;

/// What a digest says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    pub endpoints: u64,
    /// Endpoints with a good certificate and nothing in the way of the next one.
    pub ready: u64,
    /// Endpoints that somebody must do something about.
    pub waiting: u64,
    /// The most urgent of those.
    pub needs: Vec<Need>,
    /// The certificates that end next.
    pub next: Vec<Ending>,
}

/// An endpoint that waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    pub domain: String,
    pub actor: Mover,
    pub what: String,
    pub remedy: String,
    /// Since when its attempts fail, where they do.
    pub since: Option<OffsetDateTime>,
    /// When the certificate in place ends.
    pub until: Option<OffsetDateTime>,
}

/// A certificate, and when it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub domain: String,
    pub not_after: OffsetDateTime,
    pub renew_at: OffsetDateTime,
}

impl Digest {
    /// Takes `endpoint` in, as it is at `now`. Memory does not grow with the number of endpoints.
    pub fn add(&mut self, endpoint: &Endpoint, now: OffsetDateTime) {
        let (judgement, domain) = (judge(endpoint, now), endpoint.names.primary().to_string());
        self.endpoints += 1;
        self.ready += u64::from(judgement.verdict == Verdict::Ready);
        if let Some(held) = &endpoint.certificate {
            let ending = Ending { domain: domain.clone(), not_after: held.not_after, renew_at: held.renew_at };
            keep(&mut self.next, ending, |ending| (ending.not_after, ending.domain.clone()));
        }
        if matches!(judgement.mover, Mover::Customer | Mover::Operator) {
            self.waiting += 1;
            let need = Need {
                domain,
                actor: judgement.mover,
                what: judgement.reason,
                remedy: judgement.next_step,
                since: endpoint.failing.as_ref().map(|failing| failing.since),
                until: judgement.breaks_at,
            };
            // What breaks first comes first; what has nothing to break, after that.
            keep(&mut self.needs, need, |need| (need.until.is_none(), need.until, need.domain.clone()));
        }
    }

    /// Whether there is nothing that anybody needs to know today.
    pub fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// As it is sent to those who follow `tenant`.
    pub fn alert(self, tenant: &TenantId, now: OffsetDateTime) -> Alert {
        let first = self.needs.first();
        Alert {
            id: format!("digest.{tenant}.{}", now.date()),
            tenant: Some(tenant.to_string()),
            severity: Severity::Notice,
            actor: first.map_or(Mover::Nobody, |need| need.actor),
            until: first.and_then(|need| need.until),
            what: format!(
                "{} of {} endpoints of {tenant} need somebody to act; {} are well.",
                self.waiting, self.endpoints, self.ready
            ),
            remedy: first
                .map_or_else(|| "Nothing.".into(), |need| format!("Begin with {}: {}", need.domain, need.remedy)),
            digest: Some(self),
            ..Alert::of_installation(AlertKind::Digest, Cause::new("digest"), now)
        }
    }

    /// The rest of it, for people.
    pub(super) fn lines(&self) -> Vec<(&'static str, String)> {
        let needs = self.needs.iter().map(|need| {
            let until = need.until.map_or_else(String::new, |at| format!(" Breaks at {}.", utc(at)));
            ("Waiting", format!("{}: {} For {}: {}{until}", need.domain, need.what, who(need.actor), need.remedy))
        });
        let more = self.waiting - self.needs.len() as u64;
        let more = (more > 0).then(|| ("Waiting", format!("and {more} more")));
        let next = self.next.iter().map(|ending| {
            (
                "Ends next",
                format!("{} at {}, renewed from {}", ending.domain, utc(ending.not_after), utc(ending.renew_at)),
            )
        });
        needs.chain(more).chain(next).collect()
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
    use crate::alert::ledger::properties::{certificate, failed, fresh};
    use time::Duration;
    use time::macros::datetime;
    use vocabulary::failure::{Actor, FailureName};

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn waiting(days_left: Option<i64>) -> Endpoint {
        let mut endpoint = fresh();
        endpoint.failing = Some(failed(FailureName::RecordsNotReady, Actor::Customer, NOW));
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
        by_the_ca.failing = Some(failed(FailureName::CaUnavailable, Actor::Ca, NOW));
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
