use std::future::Future;

use time::OffsetDateTime;
use vocabulary::acme::{BucketId, Granted, Limit, Purpose, Take, Token};

use vocabulary::failure::ServiceFault;

/// Token buckets that many processes take from: see [`Bucket`](vocabulary::acme::Bucket) for the arithmetic.
pub trait RateLimits {
    /// Takes one token or, if there is none, a place in the queue. However many processes take at once, never more is taken
    /// than there is.
    ///
    /// With a taker it may be repeated: it returns the token that the taker has, until that is given back or the taker is
    /// forgotten. Without one, each call takes another token.
    fn take(&self, take: &Take, now: OffsetDateTime) -> impl Future<Output = Result<Granted, ServiceFault>> + Send;

    /// Takes one token if there is one, but no place in a queue. Otherwise returns when there may be one.
    ///
    /// Not to be repeated: each call takes another.
    fn take_now(
        &self,
        bucket: BucketId,
        limit: Limit,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Option<OffsetDateTime>, ServiceFault>> + Send
    where
        Self: Sync,
    {
        let take = Take {
            bucket,
            limit,
            purpose: Purpose::Renewal,
            waited: true,
            tenant: None,
            place: Some(now + limit.interval()),
            taker: None,
        };
        async move {
            Ok(match self.take(&take, now).await? {
                Granted::Now(_) => None,
                Granted::Wait { until } => Some(until),
            })
        }
    }

    /// The number of tokens in the bucket at `now`; takes none.
    fn left(
        &self,
        bucket: &BucketId,
        limit: Limit,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<u32, ServiceFault>> + Send;

    /// The token of `planned`'s bucket that its taker has, if any.
    fn taken(&self, planned: &Token) -> impl Future<Output = Result<Option<Token>, ServiceFault>> + Send;

    /// Forgets the token's taker: the token is spent for good, or recorded with an order. May be repeated.
    fn forget_taker(&self, token: &Token) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Gives back, at `now`, a token that was not used at the CA: only once, even if repeated, if it has a taker. Without one
    /// it is not to be repeated: an order's tokens are given back together with its end, by
    /// [`settle`](crate::ports::store::AttemptJournal::settle).
    fn give_back(&self, token: &Token, now: OffsetDateTime) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Records for all processes that the CA with this `directory` takes no order of our account before `until`. With a `limit`
    /// the account's bucket is empty until then. Repeating it changes nothing.
    fn hold(
        &self,
        directory: &str,
        limit: Option<Limit>,
        until: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Until when it takes none, if it has said so and that time is after `now`.
    fn held(
        &self,
        directory: &str,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Option<OffsetDateTime>, ServiceFault>> + Send;
}
