use std::future::Future;

use time::OffsetDateTime;

use super::fault::ServiceFault;
use crate::budget::{Limit, Purpose, Taken};
use crate::caller::TenantId;
use crate::name::CertificateName;

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

/// Token buckets that many processes take from: see [`Bucket`](crate::budget::Bucket), whose arithmetic each keeps to.
pub trait Budgets {
    /// Takes one token or, where there is none, a place in the line. However many take at once, never more is taken
    /// than there is.
    ///
    /// Not to be repeated: each call takes another.
    fn take(&self, take: &Take, now: OffsetDateTime) -> impl Future<Output = Result<Taken, ServiceFault>> + Send;

    /// Tokens that are in the bucket at `now`; takes none.
    fn left(
        &self,
        bucket: &BucketId,
        limit: Limit,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<u32, ServiceFault>> + Send;

    /// Gives back a token that this step took and that came to nothing at the CA. Not to be repeated.
    fn give_back(&self, take: &Take) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}

/// The bucket that had nothing, and when there will be something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    pub take: Take,
    pub until: OffsetDateTime,
}

/// Takes all tokens or none.
///
/// One after the other, and what was taken is given back where a later one is not to be had: a process that dies in
/// between has taken too much, never too little.
pub async fn take_all(
    budgets: &impl Budgets,
    takes: &[Take],
    now: OffsetDateTime,
) -> Result<Result<(), Spent>, ServiceFault> {
    for (count, take) in takes.iter().enumerate() {
        let refused = match budgets.take(take, now).await {
            Ok(Taken::Now) => continue,
            Ok(Taken::Wait { until }) => Ok(Err(Spent { take: take.clone(), until })),
            Err(fault) => Err(fault),
        };
        give_all_back(budgets, &takes[..count]).await?;
        return refused;
    }
    Ok(Ok(()))
}

/// What the account at the CA with this `directory` has left of its new orders, in whole percent; `None` if it has no limit.
pub async fn orders_left(
    budgets: &impl Budgets,
    directory: &str,
    orders: Option<Limit>,
    now: OffsetDateTime,
) -> Result<Option<u32>, ServiceFault> {
    let Some(limit) = orders else { return Ok(None) };
    let left = budgets.left(&BucketId::Account { directory: directory.to_owned() }, limit, now).await?;
    Ok(Some(u32::try_from(u64::from(left) * 100 / u64::from(limit.capacity)).unwrap_or(100)))
}

/// Gives back what this step took.
pub async fn give_all_back<'a>(
    budgets: &impl Budgets,
    takes: impl IntoIterator<Item = &'a Take>,
) -> Result<(), ServiceFault> {
    for take in takes {
        budgets.give_back(take).await?;
    }
    Ok(())
}
