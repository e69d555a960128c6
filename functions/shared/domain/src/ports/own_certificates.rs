use std::future::Future;

use time::OffsetDateTime;
use vocabulary::names::EndpointId;

use vocabulary::failure::ServiceFault;

/// An imported certificate, as a list of ACM shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnCertificate {
    pub arn: String,
    /// Its first name, as ACM writes it: `*.example.com`.
    pub domain: String,
    pub not_after: OffsetDateTime,
}

/// Certificates imported into ACM in the installation's own account and region, whoever imported them.
pub trait OwnCertificates {
    /// A page of all, and the token for the next one; `None` on the last page.
    fn page(
        &self,
        after: Option<&str>,
    ) -> impl Future<Output = Result<(Vec<OwnCertificate>, Option<String>), ServiceFault>> + Send;

    /// The endpoint for which this installation imported it, from its tags.
    fn owner(&self, arn: &str) -> impl Future<Output = Result<Option<EndpointId>, ServiceFault>> + Send;

    /// The certificate, PEM, without its chain; `None` if it is deleted.
    fn read(&self, arn: &str) -> impl Future<Output = Result<Option<String>, ServiceFault>> + Send;
}
