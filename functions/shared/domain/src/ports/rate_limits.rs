use std::future::Future;

use time::OffsetDateTime;
use vocabulary::acme::{BucketId, Granted, Limit, Purpose, Take, Token};

use vocabulary::failure::ServiceFault;

/// Token buckets that many processes take from: see [`Bucket`](vocabulary::acme::Bucket), whose arithmetic each keeps to.
pub trait RateLimits {
    /// Takes one token or, where there is none, a place in the line. However many take at once, never more is taken
    /// than there is.
    ///
    /// With a taker it may be repeated: the token that the taker has is returned, until it is given back or the taker is
    /// forgotten. Without one, each call takes another.
    fn take(&self, take: &Take, now: OffsetDateTime) -> impl Future<Output = Result<Granted, ServiceFault>> + Send;

    /// Takes one token if there is one, and no place in a line. Otherwise, when there may be one.
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

    /// Tokens that are in the bucket at `now`; takes none.
    fn left(
        &self,
        bucket: &BucketId,
        limit: Limit,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<u32, ServiceFault>> + Send;

    /// The token of `planned`'s bucket that its taker has, if it has one.
    fn taken(&self, planned: &Token) -> impl Future<Output = Result<Option<Token>, ServiceFault>> + Send;

    /// Forgets whose the token is: it is spent for good, or kept with an order. Fine to repeat.
    fn forget_taker(&self, token: &Token) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Gives back, at `now`, a token that came to nothing at the CA: once, however often, if it has a taker. Without one it is
    /// not to be repeated: an order's tokens are given back together with its end, by
    /// [`settle`](crate::ports::store::AttemptJournal::settle).
    fn give_back(&self, token: &Token, now: OffsetDateTime) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Keeps for everybody that the CA with this `directory` takes no order of our account before `until`. With a `limit` the
    /// account's bucket is empty until then. Repeating it changes nothing.
    fn hold(
        &self,
        directory: &str,
        limit: Option<Limit>,
        until: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Until when it takes none, if it has said so and that is after `now`.
    fn held(
        &self,
        directory: &str,
        now: OffsetDateTime,
    ) -> impl Future<Output = Result<Option<OffsetDateTime>, ServiceFault>> + Send;
}
