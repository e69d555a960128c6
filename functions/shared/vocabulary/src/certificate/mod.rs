//! Keys, chains, the certificate in ACM, and where it goes.

pub mod acm_quota;
pub mod arn;
pub mod chain;
pub mod deployment;
pub mod installed;
pub mod key;
pub mod load_balancer;
pub mod operators_only;
pub mod pool;
pub mod renewal;
pub mod revocation;
pub mod tags;
pub mod tenant_limits;
pub mod usages;

pub use self::acm_quota::{AcmForecast, AcmQuotas, AcmQuotasError, ImportedLife};
pub use self::arn::{
    AccountId, AccountIdError, CertificateArn, CertificateArnError, ListenerArn, ListenerArnError, Region, RegionError,
    RoleArn, RoleArnError,
};
pub use self::chain::{ChainRejected, VerifiedChain};
pub use self::deployment::{Deployment, DeploymentError, MOST_LISTENERS, MOST_REGIONS, Target};
pub use self::installed::{CertificateCopy, ExportedKey, InstalledCertificate, ListenerUse, RetiredCertificate};
pub use self::key::{CertificateKey, KeyRejected};
pub use self::load_balancer::{BalancerKind, DEFAULT_BALANCER_QUOTA, LoadBalancerArn, LoadBalancerArnError};
pub use self::operators_only::{FOR_OPERATORS, OperatorsOnly};
pub use self::pool::{ListenerPools, ListenerPoolsError, POOL_PREFIX, PoolMember, PoolName, PoolNameError};
pub use self::revocation::{Revocation, RevocationReason};
pub use self::tags::{CertificateTags, CertificateTagsError, MOST_TAGS, OWN_TAGS};
pub use self::tenant_limits::{TenantLimits, TenantLimitsError, TenantUsage};
pub use self::usages::CertificateUsages;
