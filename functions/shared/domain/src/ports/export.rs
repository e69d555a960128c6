use std::future::Future;

use time::OffsetDateTime;
use vocabulary::certificate::{CertificateKey, RoleArn};
use vocabulary::failure::ServiceFault;
use vocabulary::names::EndpointId;

/// What is exported: a certificate with its chain, and the private key.
#[derive(Clone, Copy)]
pub struct ExportMaterial<'a> {
    pub endpoint: &'a EndpointId,
    /// The endpoint's first name.
    pub domain: &'a str,
    pub leaf_pem: &'a str,
    pub issuers_pem: &'a str,
    pub key: &'a CertificateKey,
    /// The key's generation; each has its own version of the secret.
    pub generation: u64,
    pub serial: &'a str,
    pub not_after: OffsetDateTime,
}

/// A secret for each endpoint whose private key leaves the installation, readable by one role.
pub trait KeyExport {
    /// The only role that may read; `None`: this installation exports nothing.
    fn reader(&self) -> Option<RoleArn>;

    /// The name of the endpoint's secret, whether it exists or not. Not an ARN.
    fn name_of(&self, endpoint: &EndpointId) -> String;

    /// Creates the endpoint's secret, without a value, if there is none, and lets only the reader read it. Returns its ARN.
    ///
    /// # Errors
    ///
    /// [`FaultKind::Denied`](vocabulary::failure::FaultKind::Denied) if there is no reader.
    fn prepare(&self, endpoint: &EndpointId, domain: &str)
    -> impl Future<Output = Result<String, ServiceFault>> + Send;

    /// Writes the material into the secret with this ARN, as its current version: one per generation.
    fn write(
        &self,
        secret: &str,
        material: ExportMaterial<'_>,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Deletes the endpoint's secret with all its versions, immediately and permanently. No error if there is none.
    ///
    /// `secret` is its ARN, if recorded. Without it there may be a secret without a value, or none: AWS does not distinguish
    /// the two for a caller without permission.
    fn withdraw(
        &self,
        endpoint: &EndpointId,
        secret: Option<&str>,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}
