use std::future::Future;

use diagnosis::report::CheckReport;
use diagnosis::subject::Subject;
use time::OffsetDateTime;
use vocabulary::dns::CaaLevel;
use vocabulary::names::CertificateName;

/// Queries the CAA records of a name.
pub trait CaaLookup {
    /// The answer at each name of the [`climb`](vocabulary::dns::caa::climb), aliases followed. Ends within a few seconds.
    fn caa(&self, name: &CertificateName) -> impl Future<Output = Vec<CaaLevel>> + Send;
}

/// Checks records and hosts. Sends no requests to a CA and changes nothing.
pub trait Prober {
    /// Never an error: what cannot be reached is a finding. Ends within a few seconds.
    fn probe(&self, subject: &Subject, now: OffsetDateTime) -> impl Future<Output = CheckReport> + Send;
}
