use std::future::Future;

use super::fault::ServiceFault;
use crate::certificate_key::CertificateKey;
use crate::endpoint::EndpointId;

/// What an import needs.
pub struct ImportMaterial<'a> {
    pub endpoint: &'a EndpointId,
    pub leaf_pem: &'a str,
    pub issuers_pem: &'a str,
    pub key: &'a CertificateKey,
}

/// A certificate as the destination describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldCertificate {
    pub arn: String,
    /// As [`crate::certificate::normalize_serial`] writes it.
    pub serial: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone, now or before.
    Gone,
    /// Something uses it; it was left.
    InUse,
}

/// AWS Certificate Manager.
pub trait CertificateStore {
    /// Imports under `arn`, or as a new certificate. Returns what the destination then shows: when this returns, it can
    /// be read by its ARN.
    ///
    /// With an ARN it may be repeated; without, each call makes another certificate: look with
    /// [`Self::find`] first when an earlier call may have succeeded.
    fn import(
        &self,
        arn: Option<&str>,
        material: ImportMaterial<'_>,
    ) -> impl Future<Output = Result<HeldCertificate, ServiceFault>> + Send;

    /// The certificate with this ARN as it is now.
    fn describe(&self, arn: &str) -> impl Future<Output = Result<Option<HeldCertificate>, ServiceFault>> + Send;

    /// A certificate for `domain` with this serial, if there is one.
    fn find(
        &self,
        domain: &str,
        serial: &str,
    ) -> impl Future<Output = Result<Option<HeldCertificate>, ServiceFault>> + Send;

    fn delete(&self, arn: &str) -> impl Future<Output = Result<Deletion, ServiceFault>> + Send;
}
