//! Makes a new order, within what the CA allows.

use domain::acts::Pace;
use domain::acts::take_tokens::{give_all_back, is_of_the_same_set, left_over, take_all};
use domain::endpoint::Endpoint;
use domain::ports::{AttemptJournal, CaError, CaReply, CertificateAuthority, KeyVault, OpenedOrder, RateLimits};
use time::{Duration, OffsetDateTime};
use vocabulary::acme::rate_limit::account_held;
use vocabulary::acme::{Challenges, OpenOrder, Take, Taker, Token};
use vocabulary::certificate::CertificateKey;
use vocabulary::failure::{Failure, FailureName};
use vocabulary::guidance::WaitingOn;

/// After the CA has refused the account, the waiting endpoints ask within the time that it named, and at most within this.
const LONGEST_SPREAD: Duration = Duration::HOUR;

/// An order as the CA made it, and the tokens that were taken for it.
type Opened = (CaReply<OpenedOrder>, Vec<Token>);

/// What a new order needs.
pub(crate) struct Ordering<'a, J, C, B> {
    pub(crate) journal: &'a J,
    pub(crate) attempt: u64,
    pub(crate) ca: &'a C,
    pub(crate) rate_limits: &'a B,
    pub(crate) pace: &'a Pace,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) challenges: &'a Challenges,
    /// How often the flow has run this step, with this time.
    pub(crate) tries: u32,
    pub(crate) now: OffsetDateTime,
}

impl<J: AttemptJournal, C: CertificateAuthority, B: RateLimits> Ordering<'_, J, C, B> {
    /// A new order, with a new key that is stored before the CA is contacted, and the tokens that were taken for it: once
    /// the order is saved, their takers are forgotten.
    pub(crate) async fn order_anew(&self, keys: &impl KeyVault) -> Result<(OpenOrder, Vec<Token>), Failure> {
        let endpoint = self.endpoint;
        let generation = self.generation();
        keys.ensure(&endpoint.id, generation, CertificateKey::generate).await?;
        let (CaReply { value: opened, nonce }, taken) = match endpoint.replaceable_at(self.ca.directory()) {
            Some(certificate) => self.replace(certificate).await?,
            None => self.within_budget().await?,
        };
        let of_certificates = taken.iter().filter(|token| token.bucket.counts_certificates());
        let of_certificates = of_certificates.map(|token| Token { taker: None, ..token.clone() }).collect();
        let order = OpenOrder {
            url: opened.url,
            finalize_url: opened.finalize_url,
            directory: opened.directory,
            generation,
            names: endpoint.names.iter().cloned().collect(),
            status: opened.status,
            opened_at: self.now,
            expires: opened.expires,
            authorizations: opened.authorizations,
            stale: endpoint.order.as_ref().map(OpenOrder::to_stale).unwrap_or_default(),
            nonce,
            withdrawn: false,
            chain: None,
            importing: false,
            taken: of_certificates,
            owed: endpoint
                .order
                .as_ref()
                .map(|before| before.to_give_back(self.has_issued(before)))
                .unwrap_or_default(),
            former: endpoint.order.as_ref().map(OpenOrder::known_authorizations).unwrap_or_default(),
        };
        Ok((order, taken))
    }

    /// Of the order's key.
    fn generation(&self) -> u64 {
        self.endpoint.next_generation()
    }

    /// An order that says what it replaces: inside the CA's suggested window it counts against no limit.
    ///
    /// A CA that does not accept this, whatever its answer (replaced already, another account's, forgotten, an internal
    /// error that repeats), gets an order without it, like any other.
    async fn replace(&self, certificate: &str) -> Result<Opened, Failure> {
        let exempt = self.endpoint.is_in_advised_window(self.now);
        let taken = if exempt { Vec::new() } else { self.take().await? };
        match self.open(Some(certificate), &taken).await {
            Err(error) if self.asks_without(&error) => {
                tracing::warn!(%error, "the order is asked for without what it replaces");
                match exempt {
                    true => self.within_budget().await,
                    false => self.open(None, &taken).await.map(|reply| (reply, taken)).map_err(Failure::from),
                }
            }
            answer => Ok((answer?, taken)),
        }
    }

    /// Whether the CA may have refused `replaces`. A limit, or a time at which to retry, is not about it.
    fn asks_without(&self, error: &CaError) -> bool {
        match error {
            CaError::OrderLost { .. } | CaError::NotEchoed => true,
            CaError::Refused { refusal } if refusal.is_limit() => false,
            // Boulder names a minute with each internal error (wfe2 `sendError`): the next attempt repeats it, not the flow.
            CaError::Refused { refusal } if refusal.status.is_some_and(|status| status >= 500) => {
                self.tries > 1 || self.failed_before()
            }
            CaError::Unavailable { retry_after: Some(_), .. } => self.failed_before(),
            error if error.is_outage() => self.tries > 1,
            CaError::Refused { .. } => true,
            _ => false,
        }
    }

    /// Whether the attempt before this one ended by the CA's own failure.
    fn failed_before(&self) -> bool {
        let failure = self.endpoint.failing.as_ref().map(|failing| &failing.failure);
        failure
            .is_some_and(|failure| failure.name == FailureName::CaUnavailable && failure.waiting_on() == WaitingOn::Ca)
    }

    async fn within_budget(&self) -> Result<Opened, Failure> {
        let taken = self.take().await?;
        Ok((self.open(None, &taken).await?, taken))
    }

    async fn take(&self) -> Result<Vec<Token>, Failure> {
        let directory = self.ca.directory();
        // The CA counts a renewal of the same names against no limit of the account.
        if !is_of_the_same_set(self.endpoint, directory, self.now)
            && let Some(until) = self.rate_limits.held(directory, self.now).await?
            && self.pace.limits.orders.is_none()
        {
            return Err(account_held(until, self.after_hold(until)));
        }
        let taker = Taker::new(&self.endpoint.id, self.attempt, self.generation());
        let takes = self.pace.takes(self.endpoint, directory, self.now).into_iter();
        let takes: Vec<_> = takes.map(|take| Take { taker: Some(taker.clone()), ..take }).collect();
        let planned: Vec<_> = takes.iter().map(|take| take.planned(self.now)).collect();
        self.give_former_back(&planned).await?;
        if !planned.is_empty() {
            self.journal.hold_tokens(&self.endpoint.id, self.attempt, &planned).await?;
        }
        // A run that died may have taken some of them: they are not taken again.
        match take_all(self.rate_limits, &takes, self.now).await? {
            Ok(taken) => Ok(taken),
            Err(spent) => Err(spent.to_failure()),
        }
    }

    /// When the endpoint is due after the CA's own time for the account. The endpoint that was refused asks at that time; the
    /// others come one by one after it, so that a second refusal meets one of them, and the rest read of it here. An early
    /// retry changes nothing.
    fn after_hold(&self, until: OffsetDateTime) -> OffsetDateTime {
        let spread = self.endpoint.id.phase((until - self.now).min(LONGEST_SPREAD));
        let in_turn = until + Duration::SECOND + spread;
        let waits = self.endpoint.failing.as_ref().and_then(|failing| failing.failure.retry_after);
        waits.filter(|at| *at >= until).map_or(in_turn, |at| at.min(in_turn))
    }

    /// Gives back what was taken by a run that died for an order at another CA, or in another attempt.
    async fn give_former_back(&self, planned: &[Token]) -> Result<(), Failure> {
        let is_planned =
            |held: &Token| planned.iter().any(|now| (&now.bucket, &now.taker) == (&held.bucket, &held.taker));
        let held = self.endpoint.held_tokens.iter();
        let former: Vec<_> = held.filter(|held| !is_planned(held)).cloned().collect();
        let back = left_over(self.rate_limits, &former).await?;
        give_all_back(self.rate_limits, &back, self.now).await?;
        Ok(())
    }

    /// Whether the certificate of `order` is the current one.
    fn has_issued(&self, order: &OpenOrder) -> bool {
        self.endpoint.certificate.as_ref().is_some_and(|held| held.generation == order.generation)
    }

    /// Stores, for all endpoints, what the CA says of the account's limit.
    async fn learn(&self, error: &CaError) {
        let CaError::Refused { refusal } = error else { return };
        let until = refusal.retry_after.or_else(|| refusal.problem.retry_time()).filter(|until| *until > self.now);
        let Some(until) = until.filter(|_| refusal.problem.is_account_limit()) else { return };
        if let Err(fault) = self.rate_limits.hold(self.ca.directory(), self.pace.limits.orders, until).await {
            tracing::warn!(%fault, "the limit of the account was not kept");
        }
    }

    /// Requests the order, and gives back what the CA cannot have counted: a refused order is none, and without an order
    /// there is no certificate. An order whose answer was lost may have been counted.
    async fn open(&self, replaces: Option<&str>, taken: &[Token]) -> Result<CaReply<OpenedOrder>, CaError> {
        let answer = self.ca.open(&self.endpoint.names, self.challenges, replaces).await;
        if let Err(error) = &answer {
            // A second request without `replaces` uses the same tokens.
            let goes_on = replaces.is_some() && self.asks_without(error);
            if !goes_on {
                let_go(self.rate_limits, taken, error.is_outage(), self.now).await;
            }
            self.learn(error).await;
        }
        answer
    }
}

/// Gives back what was taken for an order that leads to no certificate; but not what counts orders, where the CA has or may
/// have `counted` it. That is let go first: a run that dies in between leaves only what goes back.
pub(crate) async fn let_go(rate_limits: &impl RateLimits, taken: &[Token], counted: bool, now: OffsetDateTime) {
    let (spent, back): (Vec<_>, Vec<_>) =
        taken.iter().partition(|token| counted && !token.bucket.counts_certificates());
    let gone = async {
        for token in spent {
            rate_limits.forget_taker(token).await?;
        }
        give_all_back(rate_limits, back, now).await
    };
    if let Err(fault) = gone.await {
        tracing::warn!(%fault, "tokens are held until the attempt is settled");
    }
}

#[cfg(test)]
mod tests;
