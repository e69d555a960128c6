//! ACME (RFC 8555, RFC 9773): orders, challenges, error types, renewal information, limits.

pub mod authorizations;
pub mod challenge;
pub mod counted;
pub mod directory;
pub mod error_types;
pub mod limits;
pub mod order;
pub mod rate_limit;
pub mod refusal;
pub mod renewal_info;
pub mod token_bucket;

pub use self::authorizations::{KnownAuthorization, remembering};
pub use self::challenge::{ChallengeKind, Challenges, DnsMethod, Proving, Reachability};
pub use self::counted::Counted;
pub use self::error_types::{ACME_ERRORS, AcmeError};
pub use self::limits::{CaLimits, CaLimitsError};
pub use self::order::{Authorization, AuthorizationStatus, Challenge, HttpPublication, OpenOrder, OrderStatus};
pub use self::rate_limit::{BucketId, Granted, Spent, Take, Taker, Token};
pub use self::refusal::{CaRequest, Refusal};
pub use self::renewal_info::{
    ASK_AGAIN_AFTER_FAILURE, ASK_AGAIN_WHEN_AT_REST, ASK_AGAIN_WITHOUT_ADVICE, RenewalAdvice, RenewalWindow,
};
pub use self::token_bucket::{Bucket, Limit, Purpose, Taken};
