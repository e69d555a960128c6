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
    /// When the CA wants the next query.
    pub retry_after: Option<Duration>,
}

/// Queries a CA's renewal information (RFC 9773 §4.1). Needs no account, and counts against no limit.
pub trait RenewalInformation {
    /// The directory URL, which names the CA.
    fn directory(&self) -> &str;

    /// `None` if the CA has no renewal information, or does not know the certificate.
    fn renewal_info(&self, certificate_id: &str) -> impl Future<Output = Result<Option<RenewalInfo>, CaError>> + Send;
}

/// Which endpoints are due for such a query. The cost of reading depends on what is due, not on what is managed.
pub trait AdviceIndex: EndpointReader {
    /// Up to `limit` endpoints of one shard whose query is due at `now`, longest due first.
    fn advice_due(
        &self,
        shard: u32,
        now: OffsetDateTime,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<DueEntry>, ServiceFault>> + Send;

    /// Stores the suggested window for the certificate `held`, makes the endpoint due by it unless an attempt has failed, and
    /// sets the time of the next query.
    ///
    /// False, and changes nothing, if an attempt holds the endpoint or the certificate is no longer as `held` was read: a
    /// renewal may have been requested, which no suggested window undoes.
    fn record_advice(
        &self,
        id: &EndpointId,
        held: &InstalledCertificate,
        advice: &RenewalAdvice,
        ask_again_at: OffsetDateTime,
    ) -> impl Future<Output = Result<bool, ServiceFault>> + Send;

    /// Sets the time of the next query, and changes nothing else. Does nothing if the endpoint is deleted.
    fn postpone_advice(
        &self,
        id: &EndpointId,
        ask_again_at: OffsetDateTime,
    ) -> impl Future<Output = Result<(), ServiceFault>> + Send;
}
