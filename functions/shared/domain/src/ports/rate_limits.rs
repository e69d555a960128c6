use std::future::Future;

use time::OffsetDateTime;
use vocabulary::acme::{BucketId, Limit, Take, Taken};

use vocabulary::failure::ServiceFault;

/// Token buckets that many processes take from: see [`Bucket`](vocabulary::acme::Bucket), whose arithmetic each keeps to.
pub trait RateLimits {
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
