//! The state of the CA in memory, and its limits.

use std::collections::{BTreeMap, BTreeSet};

use domain::ports::CaError;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{Authorization, Bucket, CaLimits, Limit, OrderStatus, Purpose, RenewalWindow, Taken};
use vocabulary::certificate::RevocationReason;
use vocabulary::failure::Problem;
use vocabulary::names::{CertificateName, EndpointNames};

#[derive(Default)]
pub(super) struct State {
    pub(super) now: Option<OffsetDateTime>,
    pub(super) counter: u64,
    pub(super) requests: u32,
    pub(super) orders: BTreeMap<String, CaOrder>,
    /// The valid authorization of each name, as CAs reuse them.
    pub(super) validated: BTreeMap<CertificateName, String>,
    pub(super) reuse: bool,
    pub(super) unavailable: bool,
    pub(super) revoked: Vec<(Vec<u8>, RevocationReason)>,
    pub(super) refuses_revocations: Option<CaError>,
    /// Until when it says it is busy.
    pub(super) busy: Option<OffsetDateTime>,
    pub(super) refuses_orders: Option<CaError>,
    pub(super) refuses_replacements: Option<CaError>,
    /// It will not validate names that contain this, whatever is published.
    pub(super) distrusted: Option<String>,
    /// When it last issued for each exact set of names.
    pub(super) issued: BTreeMap<String, OffsetDateTime>,
    pub(super) limits: CaLimits,
    pub(super) buckets: BTreeMap<String, Bucket>,
    pub(super) deactivated: Vec<String>,
    /// Orders and certificates over a limit.
    pub(super) over_limits: u32,
    /// Certificates that orders were to replace, in order.
    pub(super) replaced: Vec<String>,
    pub(super) window: Option<RenewalWindow>,
}

pub(super) struct CaOrder {
    pub(super) names: Vec<CertificateName>,
    pub(super) status: OrderStatus,
    pub(super) expires: OffsetDateTime,
    pub(super) authorizations: Vec<Authorization>,
    pub(super) chain: Option<String>,
    /// Whether it counts against no limit.
    pub(super) exempt: bool,
}

impl State {
    pub(super) fn now(&self) -> OffsetDateTime {
        self.now.expect("the test sets the time")
    }

    pub(super) fn expect_there(&self) -> Result<(), CaError> {
        match (self.unavailable, self.busy) {
            (true, _) => Err(CaError::Unavailable { detail: "no answer".into(), retry_after: None }),
            (_, Some(until)) => Err(CaError::Unavailable { detail: "busy".into(), retry_after: Some(until) }),
            _ => Ok(()),
        }
    }

    /// One token of the bucket, with a CA's arithmetic: no purposes and no queues.
    fn token(&mut self, bucket: String, limit: Option<Limit>, spend: bool) -> bool {
        let (Some(limit), now) = (limit, self.now()) else { return true };
        let bucket = self.buckets.entry(bucket).or_default();
        let (next, taken) = bucket.take(limit, Purpose::Renewal, true, now);
        if taken == Taken::Now && spend {
            *bucket = next;
        }
        taken == Taken::Now
    }

    /// Counts an order, and checks whether its certificates could be counted; false if it exceeds a limit. As Boulder does: an
    /// order for names that it has issued for within 120 days counts against the limit of the exact set alone.
    pub(super) fn takes_order(&mut self, names: &EndpointNames) -> bool {
        let limits = self.limits;
        let names: Vec<_> = names.iter().cloned().collect();
        let renewal = self.is_renewal(&names);
        let buckets = certificate_buckets(&names, limits, renewal);
        let good = buckets.into_iter().all(|(bucket, limit)| self.token(bucket, limit, false))
            && (renewal || self.token("account".into(), limits.orders, true));
        self.over_limits += u32::from(!good);
        good
    }

    pub(super) fn count_certificate(&mut self, names: &[CertificateName], exempt: bool) {
        let renewal = self.is_renewal(names);
        for (bucket, limit) in certificate_buckets(names, self.limits, renewal) {
            let good = exempt || self.token(bucket, limit, true);
            self.over_limits += u32::from(!good);
        }
        let now = self.now();
        self.issued.insert(exact_set(names), now);
    }

    fn is_renewal(&self, names: &[CertificateName]) -> bool {
        let issued = self.issued.get(&exact_set(names));
        issued.is_some_and(|at| self.now() < *at + Duration::days(120))
    }

    pub(super) fn order(&mut self, url: &str) -> Result<&mut CaOrder, CaError> {
        self.expect_there()?;
        let now = self.now();
        self.orders.get_mut(url).filter(|order| now < order.expires).ok_or_else(lost)
    }
}

/// The buckets of a certificate for `names`.
fn certificate_buckets(names: &[CertificateName], limits: CaLimits, renewal: bool) -> Vec<(String, Option<Limit>)> {
    let domains: BTreeSet<_> = names.iter().filter(|_| !renewal).map(|name| name.base.registered()).collect();
    let domains = domains.into_iter().map(|domain| (format!("domain {domain}"), limits.domain));
    domains.chain([(exact_set(names), limits.names)]).collect()
}

fn exact_set(names: &[CertificateName]) -> String {
    let set: BTreeSet<_> = names.iter().map(ToString::to_string).collect();
    format!("names {}", set.into_iter().collect::<Vec<_>>().join(","))
}

fn lost() -> CaError {
    CaError::OrderLost { problem: Problem::new("malformed", "no such order") }
}
