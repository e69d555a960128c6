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
    /// The key's; each has a version of the secret.
    pub generation: u64,
    pub serial: &'a str,
    pub not_after: OffsetDateTime,
}

/// A secret for each endpoint whose private key leaves the installation: one role reads it.
pub trait KeyExport {
    /// The one role that reads; `None`: this installation exports nothing.
    fn reader(&self) -> Option<RoleArn>;

    /// What the endpoint's secret is called, whether it is there or not. No ARN.
    fn name_of(&self, endpoint: &EndpointId) -> String;

    /// Makes the endpoint's secret, without a value, if there is none, and lets the reader read it and nobody else. Returns its
    /// ARN.
    ///
    /// # Errors
    ///
    /// Where there is no reader, [`FaultKind::Denied`](vocabulary::failure::FaultKind::Denied).
    fn prepare(&self, endpoint: &EndpointId, domain: &str)
    -> impl Future<Output = Result<String, ServiceFault>> + Send;

    /// Writes the material into the secret with this ARN, as its current version: one for each generation.
    fn write(
        &self,
        secret: &str,
        material: ExportMaterial<'_>,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// Deletes the endpoint's secret with all its versions, at once and for good. Fine if there is none.
    ///
    /// `secret` is its ARN, where one was recorded. Without it there may be one without a value, or none: which of that is so
    /// AWS does not tell who may not see what is not there.
    fn withdraw(
        &self,
        endpoint: &EndpointId,
        secret: Option<&str>,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}
