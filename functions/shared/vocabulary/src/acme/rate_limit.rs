//! What an order counts against, and what is said when a limit is spent.

use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::acme::token_bucket::{Limit, Purpose};
use crate::failure::failure::{Failure, FailureName};
use crate::guidance::WaitingOn;
use crate::names::certificate_name::CertificateName;
use crate::names::tenant::TenantId;

/// What a bucket is for. All are of one CA, named by its directory URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BucketId {
    /// New orders of our account.
    Account { directory: String },
    /// A tenant's share of them.
    Tenant { directory: String, tenant: TenantId },
    /// Certificates for a registered domain and all names below it.
    Domain { directory: String, domain: String },
    /// Certificates for exactly these names, in order.
    Names { directory: String, names: Vec<CertificateName> },
}

/// One token that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Take {
    pub bucket: BucketId,
    pub limit: Limit,
    pub purpose: Purpose,
    /// Whether the taker stood in line for it.
    pub waited: bool,
}

/// The bucket that had nothing, and when there will be something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    pub take: Take,
    pub until: OffsetDateTime,
}

impl BucketId {
    /// Whether the CA counts certificates here, not orders: one that was not finalized has not been counted.
    pub fn counts_certificates(&self) -> bool {
        matches!(self, Self::Domain { .. } | Self::Names { .. })
    }
}

impl Spent {
    /// Our failure for it: whose limit, and until when it waits. Nobody need act.
    pub fn to_failure(&self) -> Failure {
        let Take { bucket, limit, purpose, .. } = &self.take;
        let within = format!("{} within {}", limit.capacity, in_words(limit.period));
        let mut what = match bucket {
            BucketId::Account { .. } => {
                format!("The CA takes {within} new orders from this installation's account, and they are spent for now")
            }
            BucketId::Tenant { tenant, .. } => format!(
                "Tenant {tenant} may make {within} of this installation's new orders at the CA, and has made them"
            ),
            BucketId::Domain { domain, .. } => {
                format!(
                    "{within}: so many certificates the CA issues for one registered domain, and they were already issued for \"{domain}\" or are on their way"
                )
            }
            BucketId::Names { .. } => {
                format!(
                    "{within}: so many certificates the CA issues for exactly the same names, and they were issued or are on their way"
                )
            }
        };
        if *purpose == Purpose::Registration && limit.reserve > 0 {
            what.push_str(&format!("; the last {} are kept for renewals", limit.reserve));
        }
        // The due index compares seconds; a moment earlier there is no token yet.
        let until = self.until.replace_nanosecond(0).expect("zero is a nanosecond") + Duration::SECOND;
        let when = until.format(&Rfc3339).expect("a year of four digits");
        Failure::without_action(
            FailureName::BudgetSpent,
            WaitingOn::Ca,
            format!(
                "{what}. The CA was not asked; the endpoint waits for its turn until {when}, and goes on automatically."
            ),
        )
        .with_retry_after(Some(until))
    }
}

/// `3 hours`
fn in_words(period: Duration) -> String {
    let (number, unit) = match period.whole_minutes() {
        minutes if minutes % 1440 == 0 => (minutes / 1440, "day"),
        minutes if minutes % 60 == 0 => (minutes / 60, "hour"),
        minutes => (minutes, "minute"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}
