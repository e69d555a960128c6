use std::future::Future;

use vocabulary::certificate::CertificateKey;
use vocabulary::names::EndpointId;

use vocabulary::failure::ServiceFault;

/// Keeps certificate keys encrypted until they are in ACM.
pub trait KeyVault {
    /// Stores a key that `make` returns unless the generation has one: one permanent key per endpoint and generation.
    fn ensure(
        &self,
        endpoint: &EndpointId,
        generation: u64,
        make: impl FnOnce() -> CertificateKey + Send,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;

    /// The key of the generation, or `None` if it was never stored or is deleted.
    fn load(
        &self,
        endpoint: &EndpointId,
        generation: u64,
    ) -> impl Future<Output = Result<Option<CertificateKey>, ServiceFault>> + Send;

    /// Deletes all keys up to and including `generation`.
    fn forget(&self, endpoint: &EndpointId, generation: u64) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}
