//! What an order counts against, and the failure when a limit is spent.

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::acme::counted::Counted;
use crate::acme::token_bucket::{Limit, Purpose};
use crate::failure::failure::{Failure, FailureName};
use crate::guidance::WaitingOn;
use crate::names::certificate_name::CertificateName;
use crate::names::endpoint_id::EndpointId;
use crate::names::tenant::TenantId;

/// What a bucket is for. All but the last are of one CA, named by its directory URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BucketId {
    /// New orders of our account.
    Account { directory: String },
    /// A tenant's share of them.
    Tenant { directory: String, tenant: TenantId },
    /// Certificates for a registered domain and all names below it.
    Domain { directory: String, domain: String },
    /// Certificates for exactly these names, in order.
    Names { directory: String, names: Vec<CertificateName> },
    /// What a tenant requests from the installation itself.
    Asked { tenant: TenantId, what: Counted },
}

/// One wanted token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Take {
    pub bucket: BucketId,
    pub limit: Limit,
    pub purpose: Purpose,
    /// Whether the taker has waited in the queue for it.
    pub waited: bool,
    /// Whose queue it waits in, where tenants are served in turn.
    pub tenant: Option<TenantId>,
    /// The taker's place in a queue, if it comes before its time: it keeps that place, and gets no other.
    pub place: Option<OffsetDateTime>,
    /// Identifies the taker, so that a repeated take takes nothing.
    pub taker: Option<Taker>,
}

/// The order that takes tokens: `018f….3.2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Taker(String);

impl Taker {
    /// `generation` is that of the order's key: each order of an attempt has its own.
    pub fn new(endpoint: &EndpointId, attempt: u64, generation: u64) -> Self {
        Self(format!("{endpoint}.{attempt}.{generation}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Take {
    /// The token that it has taken: the bucket is full again at `back_at`.
    pub fn token(&self, back_at: OffsetDateTime) -> Token {
        Token { taker: self.taker.clone(), ..Token::taken(self.bucket.clone(), self.limit, back_at) }
    }

    /// What is recorded before it takes anything: nothing is missing for it.
    pub fn planned(&self, now: OffsetDateTime) -> Token {
        self.token(now)
    }
}

/// The result of a [`Take`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Granted {
    Now(Token),
    /// There is none. One is reserved for the taker at that time, to the second.
    Wait {
        until: OffsetDateTime,
    },
}

/// A taken token, so that exactly this one can be given back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    pub bucket: BucketId,
    /// How long it takes to come back.
    pub milliseconds: i64,
    /// When it comes back with time: when the bucket was full again after it was taken.
    #[serde(with = "time::serde::rfc3339")]
    pub back_at: OffsetDateTime,
    /// Set while its bucket remembers the taker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taker: Option<Taker>,
}

impl Token {
    pub fn taken(bucket: BucketId, limit: Limit, back_at: OffsetDateTime) -> Self {
        let milliseconds = i64::try_from(limit.interval().whole_milliseconds()).unwrap_or(i64::MAX);
        Self { bucket, milliseconds, back_at, taker: None }
    }

    /// What is still missing because of it at `now`: what has come back with time is not given back twice.
    pub fn lacking(&self, now: OffsetDateTime) -> Duration {
        (self.back_at - now).clamp(Duration::ZERO, Duration::milliseconds(self.milliseconds))
    }
}

/// The bucket without a token, and when there will be one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    pub take: Take,
    pub until: OffsetDateTime,
}

impl BucketId {
    /// Whether the CA counts certificates here, not orders: one that was not finalized was not counted.
    pub fn counts_certificates(&self) -> bool {
        matches!(self, Self::Domain { .. } | Self::Names { .. })
    }
}

/// Our failure if the CA itself has said that it takes no order of the account before `until`. `again`: when this endpoint
/// is due.
pub fn account_held(until: OffsetDateTime, again: OffsetDateTime) -> Failure {
    let whole = |at: OffsetDateTime| at.replace_nanosecond(0).expect("zero is a nanosecond");
    let when = |at| whole(at).format(&Rfc3339).expect("a year of four digits");
    let (until, turn) = (when(whole_second_after(until)), when(again));
    let summary = format!(
        "The CA takes no new order from this installation's account before {until}, as it has said. It was not contacted \
         again; the endpoint continues automatically at {turn}."
    );
    Failure::without_action(FailureName::BudgetSpent, WaitingOn::Ca, summary)
        .with_retry_after(Some(again))
        .at("account")
}

/// The due index compares whole seconds; at the second before there is no token yet.
fn whole_second_after(at: OffsetDateTime) -> OffsetDateTime {
    at.replace_nanosecond(0).expect("zero is a nanosecond") + Duration::SECOND
}

impl Spent {
    /// Our failure for it: whose limit, and how long it waits. No action needed.
    pub fn to_failure(&self) -> Failure {
        let Take { bucket, limit, purpose, .. } = &self.take;
        let within = format!("{} within {}", limit.capacity, in_words(limit.period));
        let mut what = match bucket {
            BucketId::Account { .. } => {
                format!("{within}: the CA's limit of new orders for this installation's account is reached")
            }
            BucketId::Tenant { tenant, .. } => {
                format!("Tenant {tenant} may make {within}, its share of new orders at the CA, and has made them")
            }
            BucketId::Domain { domain, .. } => {
                format!(
                    "{within}: the CA's limit of certificates for a registered domain is reached, which were already issued for \"{domain}\" or have open orders"
                )
            }
            BucketId::Names { .. } => {
                format!(
                    "{within}: the CA's limit of certificates for exactly the same names is reached, with orders that are open"
                )
            }
            BucketId::Asked { tenant, what } => format!("Tenant {tenant} may ask for {within}: {}", what.as_str()),
        };
        if *purpose == Purpose::Registration && limit.reserve > 0 {
            what.push_str(&format!("; the last {} are kept for renewals", limit.reserve));
        }
        let until = whole_second_after(self.until);
        let when = until.format(&Rfc3339).expect("a year of four digits");
        let failure = Failure::without_action(
            FailureName::BudgetSpent,
            WaitingOn::Ca,
            format!("{what}. The CA was not contacted; the endpoint continues automatically at {when}."),
        )
        .with_retry_after(Some(until));
        // Its time differs for each endpoint that waits.
        match bucket {
            BucketId::Account { .. } => failure.at("account"),
            BucketId::Tenant { tenant, .. } | BucketId::Asked { tenant, .. } => failure.at(format!("tenant {tenant}")),
            BucketId::Domain { domain, .. } => failure.at(domain.to_string()),
            BucketId::Names { .. } => failure,
        }
    }
}

/// `3 hours`
pub fn in_words(period: Duration) -> String {
    let (number, unit) = match period.whole_minutes() {
        minutes if minutes % 1440 == 0 => (minutes / 1440, "day"),
        minutes if minutes % 60 == 0 => (minutes / 60, "hour"),
        minutes => (minutes, "minute"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}
