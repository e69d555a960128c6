//! Boulder's limits by its rules (`ratelimits/transaction.go`, `ra.NewOrder`).

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::answer::Problem;
use crate::knobs::Limit;
use crate::state::State;

/// Another certificate for the same names within this time is a renewal, which counts against the exact set alone.
const RENEWAL: Duration = Duration::days(120);

/// The last two labels: tests use no deeper public suffix.
pub(crate) fn registered(name: &str) -> String {
    let labels: Vec<_> = name.split('.').collect();
    labels[labels.len().saturating_sub(2)..].join(".")
}

/// How long until there is room for one more, if there is none now: a token bucket, as all of Boulder's limits are
/// (`ratelimits/gcra.go`).
fn wait(times: &[OffsetDateTime], limit: Limit, now: OffsetDateTime) -> Option<Duration> {
    // With room for none there never is any.
    let count = i32::try_from(limit.count).ok().filter(|count| *count > 0);
    let Some(count) = count else { return Some(limit.period) };
    let interval = limit.period / count;
    let mut sorted = times.to_vec();
    sorted.sort();
    let full = sorted.iter().copied().reduce(|full, at| full.max(at - interval) + interval)?;
    let wait: Duration = full + interval * 2 - limit.period - now;
    wait.is_positive().then_some(wait)
}

fn exceeded(what: &str, section: &str, wait: Duration, now: OffsetDateTime) -> Problem {
    let at = (now + wait).replace_nanosecond(0).expect("a time").format(&Rfc3339).expect("a time");
    let at = at.replace('T', " ").replace('Z', " UTC");
    let detail = format!("{what}, retry after {at}: see https://letsencrypt.org/docs/rate-limits/#{section}");
    Problem::new(429, "rateLimited", detail).after(u64::try_from(wait.whole_seconds() + 1).unwrap_or(1))
}

impl State {
    pub(crate) fn is_renewal(&self, names: &[String]) -> bool {
        self.certificates.iter().any(|held| held.names == names && self.now - held.issued_at < RENEWAL)
    }

    /// Counts a new order, or says which limit it is over. `exempt`: it replaces a certificate inside its suggested window.
    pub(crate) fn count_order(&mut self, account: u64, names: &[String], exempt: bool) -> Result<(), Problem> {
        let (limits, now) = (self.knobs.limits, self.now);
        for name in names {
            let base = name.trim_start_matches("*.");
            if self.knobs.paused.contains(base) {
                let detail = format!(
                    "Your account is temporarily prevented from requesting certificates for {base} and possibly others. \
                     Please visit: https://portal.letsencrypt.org/sfe/v1/unpause?jwt=signed"
                );
                return Err(Problem::new(429, "rateLimited", detail));
            }
            let failures = self.counted.failures.get(&(account, base.to_owned())).cloned().unwrap_or_default();
            if let Some(wait) = wait(&failures, limits.failed_validations, now) {
                let count = limits.failed_validations.count;
                let what = format!("too many failed authorizations ({count}) for \"{base}\" in the last 1h0m0s");
                return Err(exceeded(&what, "authorization-failures-per-identifier-per-account", wait, now));
            }
        }
        if exempt {
            return Ok(());
        }
        let renewal = self.is_renewal(names);
        if !renewal {
            let own: Vec<_> = self.counted.orders.iter().filter(|(of, _)| *of == account).map(|(_, at)| *at).collect();
            if let Some(wait) = wait(&own, limits.orders_per_account, now) {
                let count = limits.orders_per_account.count;
                let what = format!("too many new orders ({count}) from this account in the last 3h0m0s");
                return Err(exceeded(&what, "new-orders-per-account", wait, now));
            }
            for name in names {
                let domain = registered(name);
                let issued = self.counted.domains.get(&domain).cloned().unwrap_or_default();
                if let Some(wait) = wait(&issued, limits.certificates_per_domain, now) {
                    let count = limits.certificates_per_domain.count;
                    let what =
                        format!("too many certificates ({count}) already issued for \"{domain}\" in the last 168h0m0s");
                    return Err(exceeded(&what, "new-certificates-per-registered-domain", wait, now));
                }
            }
        }
        let issued = self.counted.sets.get(names).cloned().unwrap_or_default();
        if let Some(wait) = wait(&issued, limits.certificates_per_set, now) {
            let count = limits.certificates_per_set.count;
            let what = format!(
                "too many certificates ({count}) already issued for this exact set of identifiers in the last 168h0m0s"
            );
            return Err(exceeded(&what, "new-certificates-per-exact-set-of-identifiers", wait, now));
        }
        if !renewal {
            self.counted.orders.push((account, now));
        }
        Ok(())
    }

    /// Counts a certificate: Boulder does when it is finalized, not when it is ordered.
    pub(crate) fn count_certificate(&mut self, names: &[String], renewal: bool, exempt: bool) {
        if exempt {
            return;
        }
        let now = self.now;
        self.counted.sets.entry(names.to_vec()).or_default().push(now);
        if !renewal {
            let mut domains: Vec<_> = names.iter().map(|name| registered(name)).collect();
            domains.dedup();
            for domain in domains {
                self.counted.domains.entry(domain).or_default().push(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn one_request_comes_back_in_each_part_of_the_period() {
        let now = datetime!(2026-11-24 12:00 UTC);
        let limit = Limit { count: 2, period: Duration::HOUR };
        let ago = |minutes| now - Duration::minutes(minutes);
        assert_eq!(wait(&[ago(70), ago(10)], limit, now), None);
        assert_eq!(wait(&[ago(40), ago(10)], limit, now), None);
        assert_eq!(wait(&[ago(40), ago(30), ago(10)], limit, now), Some(Duration::minutes(20)));
        assert_eq!(wait(&[ago(0); 2], limit, now), Some(Duration::minutes(30)));
        let none = Limit { count: 0, ..limit };
        assert_eq!(wait(&[], none, now), Some(Duration::HOUR));
    }
}
