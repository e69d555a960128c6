use std::future::Future;

use time::{Duration, OffsetDateTime};
use vocabulary::acme::{RenewalAdvice, RenewalWindow};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::names::EndpointId;

use crate::ports::certificate_authority::CaError;
use crate::ports::store::{DueEntry, EndpointReader};
use vocabulary::failure::ServiceFault;

/// What a CA says about the renewal of one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenewalInfo {
    pub window: RenewalWindow,
    pub explanation: Option<String>,
    /// When the CA wants to be asked again.
    pub retry_after: Option<Duration>,
}

/// Asks a CA for its renewal advice (RFC 9773 §4.1). Needs no account, and counts against no limit.
pub trait RenewalInformation {
    /// The directory URL, which names the CA.
    fn directory(&self) -> &str;

    /// `None` if the CA gives no such advice, or does not know the certificate.
    fn renewal_info(&self, certificate_id: &str) -> impl Future<Output = Result<Option<RenewalInfo>, CaError>> + Send;
}

/// Whose advice is to be asked for. Reading costs by what is due, not by what is managed.
pub trait AdviceIndex: EndpointReader {
    /// Up to `limit` endpoints of one shard whose advice is due at `now`, longest due first.
    fn advice_due(
        &self,
        shard: u32,
        now: OffsetDateTime,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<DueEntry>, ServiceFault>> + Send;

    /// Keeps the advice for the certificate `held`, makes the endpoint due by it unless an attempt has failed, and says
    /// when to ask again.
    ///
    /// False, and nothing is changed, if an attempt holds the endpoint or the certificate is no longer as `held` was read:
    /// somebody may have asked for a renewal now, which no advice undoes.
    fn record_advice(
        &self,
        id: &EndpointId,
        held: &InstalledCertificate,
        advice: &RenewalAdvice,
        ask_again_at: OffsetDateTime,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;

    /// Says when to ask again, and leaves the rest as it is. Nothing if the endpoint is gone.
    fn postpone_advice(
        &self,
        id: &EndpointId,
        ask_again_at: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}
