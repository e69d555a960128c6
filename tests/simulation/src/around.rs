//! What is around an installation: how many endpoints, which CA, what AWS allows, what goes wrong.

use time::Duration;

/// Certificates that the CA revokes, all at one time.
#[derive(Clone, Copy, Debug)]
pub struct Revocation {
    /// Since the start of the year.
    pub at: Duration,
    /// 0.0 to 1.0 of all endpoints.
    pub part: f64,
}

/// The CA answers nobody.
#[derive(Clone, Copy, Debug)]
pub struct Outage {
    /// Since the start of the year.
    pub at: Duration,
    pub length: Duration,
}

/// One year's circumstances.
#[derive(Clone, Debug)]
pub struct Around {
    pub endpoints: u32,
    pub tenants: u32,
    /// Of a certificate.
    pub lifetime: Duration,
    pub length: Duration,
    /// Lambda's concurrent executions in the account. AWS's default is 1,000, of a new account 10.
    pub concurrency: u32,
    /// Accounts that certificates are imported into, each at one a second.
    pub import_accounts: u32,
    pub revocation: Option<Revocation>,
    pub outage: Option<Outage>,
}

impl Around {
    /// A year in which the CA revokes a tenth of all certificates, and is unavailable for a day, half a year later.
    pub fn year(endpoints: u32, lifetime: Duration) -> Self {
        Self {
            endpoints,
            tenants: (endpoints / 1000).max(1),
            lifetime,
            length: Duration::days(365),
            concurrency: 1000,
            import_accounts: 1,
            revocation: Some(Revocation { at: Duration::days(100), part: 0.1 }),
            outage: Some(Outage { at: Duration::days(282), length: Duration::DAY }),
        }
    }
}

/// How long an attempt takes on AWS without waiting for its turn at ACM: the shorter for HTTP-01; the longer for DNS-01,
/// where Route 53 needs up to a minute to reach all its servers.
pub(crate) const ATTEMPT: (Duration, Duration) = (Duration::seconds(15), Duration::seconds(75));

/// What an attempt does after its import.
pub(crate) const AFTER_IMPORT: Duration = Duration::seconds(3);

/// By when an attempt has given up a CA that does not answer.
pub(crate) const GIVEN_UP: Duration = Duration::seconds(90);

/// How often Let's Encrypt lets us ask for a suggested window (its Retry-After), so by when each endpoint has heard of one
/// that has moved.
pub(crate) const WINDOWS_POLLED: Duration = Duration::hours(6);

/// ACM's rate of imports.
pub(crate) const BETWEEN_IMPORTS: Duration = Duration::SECOND;
