//! Which limits of the CA an order counts against, and the failure when one is spent.

use time::{Duration, OffsetDateTime};
use vocabulary::acme::{BucketId, CaLimits, Granted, Limit, Purpose, Spent, Take, Token};
use vocabulary::failure::FailureName;

use crate::endpoint::endpoint::Endpoint;
use crate::ports::rate_limits::RateLimits;
use vocabulary::failure::ServiceFault;

/// The part of each limit reserved for renewals, a third: registrations may not use it.
const KEPT_FOR_RENEWALS: u32 = 3;

/// How long after a certificate the CA treats another one for exactly the same names as a renewal, which counts against the
/// limit of the exact set alone. Source: Boulder's `NewOrderLimitTransactions`, and letsencrypt.org/docs/rate-limits.
const SAME_SET: Duration = Duration::days(120);

/// The part of the new orders that one tenant may use, in percent, unless the installation says otherwise.
pub const TENANT_SHARE: u32 = 50;

/// How an installation paces what it orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    pub limits: CaLimits,
    /// In percent of the account's orders, 1 to 100.
    pub tenant_share: u32,
}

impl Pace {
    /// With the limits that the CA publishes, and the usual share.
    pub fn published(directory: &str) -> Self {
        Self { limits: CaLimits::published(directory), tenant_share: TENANT_SHARE }
    }

    /// The tokens that an order for `endpoint` takes at the CA with this `directory`, from the narrowest bucket first: a domain
    /// or a tenant that has used its share does not take from what others need.
    ///
    /// By the CA's rules: a renewal of the same names counts only against the limit of exactly these names.
    pub fn takes(&self, endpoint: &Endpoint, directory: &str, now: OffsetDateTime) -> Vec<Take> {
        let purpose = match endpoint.certificate {
            Some(_) => Purpose::Renewal,
            None => Purpose::Registration,
        };
        let waiting = endpoint.failing.as_ref().map(|failing| &failing.failure);
        let turn = waiting.filter(|failure| failure.name == FailureName::BudgetSpent).and_then(|f| f.retry_after);
        let waited = turn.is_some_and(|at| at <= now);
        // The failure names the second after.
        let place = turn.filter(|at| *at > now).map(|at| at - Duration::SECOND);
        let reserving = |limit: Limit| limit.keeping(limit.capacity / KEPT_FOR_RENEWALS);
        let take = |bucket, limit: Option<Limit>| {
            // Several tenants may have names under one registered domain: a bulk of one tenant must not make the others wait.
            let tenant = matches!(bucket, BucketId::Domain { .. }).then(|| endpoint.tenant.clone());
            Some(Take { bucket, limit: limit.map(reserving)?, purpose, waited, tenant, place, taker: None })
        };
        let is_renewal = is_of_the_same_set(endpoint, directory, now);
        let directory = directory.to_owned();
        let mut names: Vec<_> = endpoint.names.iter().cloned().collect();
        names.sort();
        let mut domains: Vec<_> = names.iter().map(|name| name.base.registered().to_owned()).collect();
        domains.sort();
        domains.dedup();
        let of_domain = |domain| BucketId::Domain { directory: directory.clone(), domain };
        let tenant = BucketId::Tenant { directory: directory.clone(), tenant: endpoint.tenant.clone() };
        let orders = self.limits.orders;
        let share = orders.map(|limit| Limit::new(limit.capacity * self.tenant_share / 100, limit.period));
        let mut takes = vec![take(BucketId::Names { directory: directory.clone(), names }, self.limits.names)];
        if is_renewal {
            return takes.into_iter().flatten().collect();
        }
        takes.extend(domains.into_iter().map(|domain| take(of_domain(domain), self.limits.domain)));
        takes.push(take(tenant, share));
        takes.push(take(BucketId::Account { directory: directory.clone() }, orders));
        takes.into_iter().flatten().collect()
    }
}

/// Whether the CA with this `directory` has issued for exactly these names so recently that it treats the next as a renewal.
pub fn is_of_the_same_set(endpoint: &Endpoint, directory: &str, now: OffsetDateTime) -> bool {
    let held = endpoint.certificate.as_ref().filter(|held| held.directory.as_deref() == Some(directory));
    held.is_some_and(|held| endpoint.names.same_set(&held.names) && now < held.imported_at + SAME_SET)
}

/// Takes all tokens or none.
///
/// One after the other; if a later one is not available, those taken are given back. A process that dies in between leaves its
/// taker's marks: a repetition continues from them, and [`left_over`] finds what must be given back.
pub async fn take_all(
    rate_limits: &impl RateLimits,
    takes: &[Take],
    now: OffsetDateTime,
) -> Result<Result<Vec<Token>, Spent>, ServiceFault> {
    let mut taken = Vec::new();
    for take in takes {
        let refused = match rate_limits.take(take, now).await {
            Ok(Granted::Now(token)) => {
                taken.push(token);
                continue;
            }
            Ok(Granted::Wait { until }) => Ok(Err(Spent { take: take.clone(), until })),
            Err(fault) => Err(fault),
        };
        give_all_back(rate_limits, &taken, now).await?;
        return refused;
    }
    Ok(Ok(taken))
}

/// What is left of the account's new orders at the CA with this `directory`, in whole percent; `None` without a limit.
pub async fn orders_left(
    rate_limits: &impl RateLimits,
    directory: &str,
    orders: Option<Limit>,
    now: OffsetDateTime,
) -> Result<Option<u32>, ServiceFault> {
    let Some(limit) = orders else { return Ok(None) };
    let left = rate_limits.left(&BucketId::Account { directory: directory.to_owned() }, limit, now).await?;
    Ok(Some(u32::try_from(u64::from(left) * 100 / u64::from(limit.capacity)).unwrap_or(100)))
}

/// What is given back of the tokens that were `planned` for an order that was never saved.
///
/// If one of them was not taken, no request was made to the CA: all that were taken. Otherwise it is unknown whether the CA
/// counted an order; but no certificate was issued.
pub async fn left_over(rate_limits: &impl RateLimits, planned: &[Token]) -> Result<Vec<Token>, ServiceFault> {
    let mut taken = Vec::new();
    for token in planned {
        match token.taker {
            Some(_) => taken.extend(rate_limits.taken(token).await?),
            // From an earlier release, which recorded tokens only after taking them.
            None => taken.push(token.clone()),
        }
    }
    if taken.len() == planned.len() {
        taken.retain(|token| token.bucket.counts_certificates());
    }
    Ok(taken)
}

/// Gives back what this step took.
pub async fn give_all_back<'a>(
    rate_limits: &impl RateLimits,
    tokens: impl IntoIterator<Item = &'a Token>,
    now: OffsetDateTime,
) -> Result<(), ServiceFault> {
    for token in tokens {
        rate_limits.give_back(token, now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::failing::Failing;
    use time::Duration;
    use time::macros::datetime;
    use vocabulary::acme::Reachability;
    use vocabulary::failure::Problem;
    use vocabulary::guidance::WaitingOn;
    use vocabulary::names::{DelegationLabel, EndpointId, EndpointNames};

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

    fn endpoint(domain: &str, also: &[&str]) -> Endpoint {
        let also: Vec<String> = also.iter().map(ToString::to_string).collect();
        Endpoint::register(
            EndpointId::from_random([1; 16]),
            "acme".parse().expect("valid"),
            EndpointNames::parse(domain, &also, 9).expect("valid"),
            Reachability::Internal,
            DelegationLabel::from_random([2; 16]),
            NOW,
        )
    }

    fn takes(endpoint: &Endpoint) -> Vec<Take> {
        Pace::published(LETS_ENCRYPT).takes(endpoint, LETS_ENCRYPT, NOW)
    }

    #[test]
    fn an_order_counts_against_its_names_each_registered_domain_its_tenant_and_the_account() {
        let buckets: Vec<_> =
            takes(&endpoint("a.example.co.uk", &["b.example.co.uk", "me.github.io", "*.x.example.com"]))
                .into_iter()
                .map(|take| take.bucket)
                .collect();
        let domains: Vec<_> = buckets
            .iter()
            .filter_map(|bucket| match bucket {
                BucketId::Domain { domain, .. } => Some(domain.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(domains, ["example.co.uk", "example.com", "me.github.io"]);
        assert!(matches!(buckets[0], BucketId::Names { .. }) && matches!(buckets[4], BucketId::Tenant { .. }));
        assert!(matches!(buckets[5], BucketId::Account { .. }));
        assert!(Pace::published("https://ca.example").takes(&endpoint("a.example.com", &[]), "d", NOW).is_empty());
    }

    #[test]
    fn the_order_of_names_does_not_change_the_set() {
        let set = |domain, also: &[&str]| takes(&endpoint(domain, also)).remove(0).bucket;
        assert_eq!(set("a.example.com", &["b.example.com"]), set("b.example.com", &["a.example.com"]));
        assert_ne!(set("a.example.com", &[]), set("*.a.example.com", &[]));
    }

    #[test]
    fn a_tenant_has_its_share_and_registrations_leave_a_third_to_renewals() {
        let all = takes(&endpoint("a.example.com", &[]));
        let (tenant, account) = (&all[2].limit, &all[3].limit);
        assert_eq!((tenant.capacity, tenant.reserve, account.capacity, account.reserve), (150, 50, 300, 100));
        let smallest = Pace { limits: "orders=1/1h".parse().expect("limits"), tenant_share: 1 };
        let all = smallest.takes(&endpoint("a.example.com", &[]), "d", NOW);
        assert!(all.iter().all(|take| (take.limit.capacity, take.limit.reserve) == (1, 0)), "everybody gets something");
    }

    #[test]
    fn an_endpoint_that_has_waited_until_its_time_is_recognised() {
        let mut endpoint = endpoint("a.example.com", &[]);
        let spent = Spent { take: takes(&endpoint).remove(3), until: NOW - Duration::MINUTE };
        endpoint.failing = Some(Failing::first(spent.to_failure(), NOW - Duration::HOUR));
        assert!(takes(&endpoint).iter().all(|take| take.waited));
        let early = Pace::published(LETS_ENCRYPT).takes(&endpoint, LETS_ENCRYPT, NOW - Duration::HOUR);
        assert!(early.iter().all(|take| !take.waited), "somebody started it before its turn");
        assert!(early.iter().all(|take| take.place == Some(NOW - Duration::MINUTE)), "and it keeps its place");
    }

    /// Boulder's rules, from its source: what an order counts against.
    #[test]
    fn what_an_order_counts_against_goes_by_the_cas_rules() {
        use crate::endpoint::samples;
        use vocabulary::certificate::InstalledCertificate;
        let all = ["names", "domain", "tenant", "account"];
        let word = |take: &Take| match take.bucket {
            BucketId::Names { .. } => "names",
            BucketId::Domain { .. } => "domain",
            BucketId::Tenant { .. } => "tenant",
            BucketId::Account { .. } => "account",
            BucketId::Asked { .. } => "no order",
        };
        let day = Duration::DAY;
        for (issued_at, names, issued, expected) in [
            (LETS_ENCRYPT, "shop.example.com", NOW - day * 60, &all[..1]),
            (LETS_ENCRYPT, "shop.example.com", NOW - day * 120 + Duration::SECOND, &all[..1]),
            (LETS_ENCRYPT, "shop.example.com", NOW - day * 120, &all[..]),
            (LETS_ENCRYPT, "www.example.com", NOW - day * 60, &all[..]),
            ("https://other.example/directory", "shop.example.com", NOW - day * 60, &all[..]),
        ] {
            let mut endpoint = endpoint("shop.example.com", &[]);
            let held = samples::certificate([names.parse().expect("valid")], issued, day * 90);
            let directory = Some(issued_at.to_owned());
            endpoint.certificate = Some(InstalledCertificate { directory, imported_at: issued, ..held });
            assert_eq!(takes(&endpoint).iter().map(word).collect::<Vec<_>>(), expected, "{issued_at} {names} {issued}");
        }
    }

    #[test]
    fn each_limit_keeps_a_third_for_renewals() {
        let reserves: Vec<_> = takes(&endpoint("a.example.com", &[])).iter().map(|take| take.limit.reserve).collect();
        assert_eq!(reserves, [1, 16, 50, 100], "names, domain, tenant, account");
    }

    #[test]
    fn the_failure_says_whose_limit_it_is_and_until_when() {
        let all = takes(&endpoint("a.example.com", &[]));
        let failure = |index: usize| Spent { take: all[index].clone(), until: NOW + Duration::HOUR }.to_failure();
        for (index, words) in [
            (0, "5 within 7 days"),
            (1, "50 within 7 days"),
            (2, "Tenant acme may make 150 within 3 hours"),
            (3, "300 within 3 hours"),
        ] {
            let failure = failure(index);
            assert!(
                failure.guidance.summary.contains(words) && failure.guidance.summary.contains("2026-11-24T13:00:01Z"),
                "{failure}"
            );
            assert_eq!((failure.name, failure.waiting_on()), (FailureName::BudgetSpent, WaitingOn::Ca));
            assert_eq!(failure.retry_after, Some(NOW + Duration::HOUR + Duration::SECOND));
        }
        assert!(failure(3).guidance.summary.contains("the last 100 are kept for renewals"));
        let told = Problem::new("", &failure(1).guidance.summary);
        assert_eq!(told.limited_domain(), Some("example.com"), "the catalogue finds the domain in it");
        assert!(
            [0, 2, 3]
                .iter()
                .all(|index| Problem::new("", &failure(*index).guidance.summary).limited_domain().is_none())
        );
    }
}
