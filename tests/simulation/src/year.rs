use std::cmp::Reverse;

use domain::acts::Pace;
use domain::endpoint::Failing;
use domain::endpoint::schedule::next_attempt;
use scan_expiring::{Waits, scan};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use vocabulary::acme::{Limit, Purpose, RenewalAdvice, RenewalWindow, Taken};
use vocabulary::certificate::renewal::renewal_opens;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

use crate::around::{AFTER_IMPORT, ATTEMPT, Around, BETWEEN_IMPORTS, GIVEN_UP, WINDOWS_POLLED};
use crate::chance::Chance;
use crate::installation::{Installation, Known, Running};

const START: OffsetDateTime = datetime!(2027-01-01 00:00 UTC);
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// The outcome of the year.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub renewals: u64,
    /// Attempts that came to nothing.
    pub failed: u64,
    /// Certificates that were not replaced by the time they expired.
    pub expired: u64,
    /// The least part of a lifetime that was left when a certificate was replaced; of those that were not revoked.
    pub least_left: f64,
    /// From the revocation to the last replacement.
    pub replaced_within: Option<Duration>,
    pub most_at_once: usize,
    /// Attempts started in the busiest minute.
    pub busiest_minute: usize,
    /// The longest that somebody was due before its attempt began.
    pub longest_due: Duration,
    /// The longest that a certificate waited for its turn at ACM.
    pub longest_line: Duration,
    /// Attempts that the limit of the exact set of names made wait.
    pub over_limit: u64,
}

/// Lives through the year.
pub fn simulate(around: &Around) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(Year::new(around).live())
}

struct Year<'a> {
    around: &'a Around,
    installation: Installation,
    chance: Chance,
    names_limit: Limit,
    /// When ACM takes the next import, of each account.
    next_import: Vec<OffsetDateTime>,
    /// Endpoints that were revoked and have not heard of it: when they will, last first.
    unheard: Vec<(OffsetDateTime, usize)>,
    outcome: Outcome,
}

/// The window that Let's Encrypt suggests: two percent of the lifetime, around two thirds of it or a half of a short one.
fn window(not_before: OffsetDateTime, not_after: OffsetDateTime) -> RenewalWindow {
    RenewalWindow { start: renewal_opens(not_before, not_after, 0.0), end: renewal_opens(not_before, not_after, 1.0) }
}

impl<'a> Year<'a> {
    /// The endpoints have been there for long: their certificates are of every age.
    fn new(around: &'a Around) -> Self {
        let mut chance = Chance::new(u64::from(around.endpoints));
        let in_use = around.lifetime * if around.lifetime < Duration::days(10) { 0.5 } else { 2.0 / 3.0 };
        let endpoints = (0..around.endpoints).map(|_| {
            let not_before = START - in_use * chance.part();
            let not_after = not_before + around.lifetime;
            let advice = RenewalAdvice::follow(None, window(not_before, not_after), None, chance.part());
            Known {
                not_before,
                not_after,
                due_at: advice.renew_at,
                advice: Some(advice),
                failing: None,
                names: Default::default(),
                attempts: 0,
                revoked: false,
            }
        });
        let installation = Installation::new(around, endpoints.collect());
        let names_limit = Pace::published(LETS_ENCRYPT).limits.names.expect("Let's Encrypt has one");
        Self {
            around,
            installation,
            chance,
            names_limit,
            next_import: vec![START; around.import_accounts.max(1) as usize],
            unheard: Vec::new(),
            outcome: Outcome { least_left: 1.0, ..Outcome::default() },
        }
    }

    async fn live(mut self) -> Outcome {
        let waits = Waits { count_again: std::time::Duration::ZERO, longest: std::time::Duration::ZERO };
        let mut minutes = 0;
        loop {
            let now = START + Duration::MINUTE * minutes;
            if now >= START + self.around.length {
                return self.close(now);
            }
            self.end_attempts(now);
            self.revoke(now);
            let longest = self.installation.state().longest_due(now);
            self.outcome.longest_due = self.outcome.longest_due.max(longest);
            let installation = &self.installation;
            scan(installation, installation, waits, now, || true).await.expect("nothing fails in memory");
            self.begin_attempts(now);
            minutes += 1;
        }
    }

    fn close(self, now: OffsetDateTime) -> Outcome {
        let state = self.installation.state();
        let late = state.endpoints.iter().filter(|known| known.not_after <= now).count();
        Outcome { expired: self.outcome.expired + late as u64, ..self.outcome.clone() }
    }

    /// What the scan has started at `now`.
    fn begin_attempts(&mut self, now: OffsetDateTime) {
        let started = std::mem::take(&mut self.installation.state().started);
        self.outcome.busiest_minute = self.outcome.busiest_minute.max(started.len());
        for endpoint in started {
            let until =
                if self.is_unavailable(now) { now + GIVEN_UP } else { self.imported(endpoint, now) + AFTER_IMPORT };
            self.installation.state().running.push(Reverse(Running { until, endpoint }));
        }
        self.outcome.most_at_once = self.outcome.most_at_once.max(self.installation.state().running.len());
    }

    /// When the certificate of an attempt that began at `now` has had its turn at ACM.
    fn imported(&mut self, endpoint: usize, now: OffsetDateTime) -> OffsetDateTime {
        // Half of all endpoints by either challenge.
        let length = if endpoint.is_multiple_of(2) { ATTEMPT.0 } else { ATTEMPT.1 };
        let issued = now + length * (0.9 + 0.2 * self.chance.part());
        let accounts = self.next_import.len();
        let next = &mut self.next_import[endpoint % accounts];
        let turn = issued.max(*next);
        *next = turn + BETWEEN_IMPORTS;
        self.outcome.longest_line = self.outcome.longest_line.max(turn - issued);
        turn
    }

    fn is_unavailable(&self, now: OffsetDateTime) -> bool {
        self.around.outage.is_some_and(|outage| START + outage.at <= now && now < START + outage.at + outage.length)
    }

    fn end_attempts(&mut self, now: OffsetDateTime) {
        loop {
            let running = self.installation.state().running.peek().map(|Reverse(running)| *running);
            let Some(Running { until, endpoint }) = running.filter(|running| running.until <= now) else { return };
            self.installation.state().running.pop();
            if self.is_unavailable(until) {
                let failure =
                    Failure::without_action(FailureName::CaUnavailable, WaitingOn::Ca, "The CA does not answer.");
                self.fail(endpoint, failure, until);
            } else {
                self.renew(endpoint, until);
            }
        }
    }

    fn fail(&mut self, endpoint: usize, failure: Failure, now: OffsetDateTime) {
        self.outcome.failed += 1;
        let jitter = self.chance.part();
        let mut state = self.installation.state();
        let before = state.endpoints[endpoint].failing.take();
        let failing = Failing::after(before.as_deref(), failure, None, Duration::WEEK, now);
        state.set_due(endpoint, next_attempt(&failing, now, jitter));
        state.endpoints[endpoint].failing = Some(Box::new(failing));
    }

    fn renew(&mut self, endpoint: usize, now: OffsetDateTime) {
        let jitter = self.chance.part();
        let mut state = self.installation.state();
        let known = &mut state.endpoints[endpoint];
        let waited = known.failing.as_ref().is_some_and(|failing| failing.failure.name == FailureName::BudgetSpent);
        let (names, taken) = known.names.take(self.names_limit, Purpose::Renewal, waited, now);
        known.names = names;
        if let Taken::Wait { until } = taken {
            drop(state);
            self.outcome.over_limit += 1;
            let failure =
                Failure::without_action(FailureName::BudgetSpent, WaitingOn::Ca, "So many of the same names.");
            return self.fail(endpoint, failure.with_retry_after(Some(until + Duration::SECOND)), now);
        }
        self.outcome.renewals += 1;
        let left = known.not_after - now;
        if left.is_negative() {
            self.outcome.expired += 1;
        }
        if known.revoked {
            let since = self.around.revocation.map_or(START, |revocation| START + revocation.at);
            self.outcome.replaced_within = self.outcome.replaced_within.max(Some(now - since));
        } else {
            self.outcome.least_left = self.outcome.least_left.min(left / self.around.lifetime);
        }
        // Let's Encrypt backdates by an hour.
        known.not_before = now - Duration::HOUR;
        known.not_after = known.not_before + self.around.lifetime;
        let advice = RenewalAdvice::follow(None, window(known.not_before, known.not_after), None, jitter);
        (known.revoked, known.failing) = (false, None);
        let due = advice.renew_at;
        known.advice = Some(advice);
        state.set_due(endpoint, due);
    }

    /// The CA revokes certificates; each endpoint learns of it when its suggested window is polled next.
    fn revoke(&mut self, now: OffsetDateTime) {
        let Some(revocation) = self.around.revocation else { return };
        let at = START + revocation.at;
        if at <= now && now < at + Duration::MINUTE {
            let all = self.installation.state().endpoints.len();
            for endpoint in 0..all {
                if self.chance.part() < revocation.part {
                    self.installation.state().endpoints[endpoint].revoked = true;
                    self.unheard.push((now + WINDOWS_POLLED * self.chance.part(), endpoint));
                }
            }
            self.unheard.sort_unstable_by(|a, b| b.cmp(a));
        }
        while self.unheard.last().is_some_and(|(at, _)| *at <= now) {
            let (_, endpoint) = self.unheard.pop().expect("there is a last one");
            let mut state = self.installation.state();
            let known = &mut state.endpoints[endpoint];
            // Replaced already, or an attempt is at work on it.
            if !known.revoked || known.due_at <= now {
                continue;
            }
            let past = RenewalWindow { start: at - Duration::HOUR, end: at - Duration::minutes(30) };
            let advice = RenewalAdvice::follow(known.advice.as_ref(), past, None, 0.5);
            known.advice = Some(advice);
            state.set_due(endpoint, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::around::Revocation;

    fn small(lifetime: Duration) -> Around {
        Around::year(1000, lifetime)
    }

    #[test]
    fn in_a_year_of_a_thousand_endpoints_none_expires() {
        for lifetime in [Duration::days(45), Duration::hours(160)] {
            let outcome = simulate(&small(lifetime));
            assert_eq!((outcome.expired, outcome.over_limit), (0, 0), "{lifetime}: {outcome:?}");
            let at_least = 1000.0 * (Duration::days(364) / lifetime);
            assert!(outcome.renewals as f64 > at_least, "{lifetime}: {outcome:?}");
            assert!(outcome.replaced_within.is_some_and(|within| within < Duration::hours(7)), "{outcome:?}");
            assert!(outcome.failed > 0, "the CA was unavailable: {outcome:?}");
        }
    }

    #[test]
    fn a_day_without_a_ca_costs_a_day_of_the_lifetime_left() {
        let lifetime = Duration::hours(160);
        let calm = Around { outage: None, revocation: None, ..small(lifetime) };
        let (with, without) = (simulate(&small(lifetime)), simulate(&calm));
        let costs = (without.least_left - with.least_left) * 160.0;
        assert!((20.0..30.0).contains(&costs), "{costs} h");
    }

    #[test]
    fn certificates_expire_when_acm_takes_too_few_imports() {
        let around = Around { length: Duration::days(20), ..small(Duration::hours(160)) };
        let mut year = Year::new(&around);
        // The line is longer than what is left of a certificate when its renewal opens.
        year.next_import[0] = START + Duration::days(8);
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        assert!(runtime.block_on(year.live()).expired > 0);
    }

    #[test]
    fn every_revoked_certificate_is_renewed() {
        let around = Around {
            revocation: Some(Revocation { at: Duration::days(5), part: 1.0 }),
            outage: None,
            length: Duration::days(6),
            ..small(Duration::days(90))
        };
        let outcome = simulate(&around);
        assert!(outcome.renewals >= 1000 && outcome.busiest_minute > 1, "{outcome:?}");
    }
}
