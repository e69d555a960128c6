//! The CA's renewal information: two GETs without an account, the one for the directory once per process.

use bytes::Bytes;
use domain::ports::{CaError, RenewalInfo, RenewalInformation};
use http::header::RETRY_AFTER;
use http::{Request, Response};
use instant_acme::CertificateIdentifier;
use serde::Deserialize;
use time::{Duration, OffsetDateTime};
use tokio::sync::OnceCell;
use vocabulary::acme::RenewalWindow;
use vocabulary::text::printable;

use super::to_ca_error;
use super::transport::{Transport, parse_retry_after};
use crate::tls;

/// The renewal information of one CA.
pub struct AcmeRenewalInformation {
    directory: String,
    transport: Transport,
    /// The CA's URL for it; `None` if the CA has none.
    address: OnceCell<Option<String>>,
}

#[derive(Deserialize)]
struct Directory {
    #[serde(rename = "renewalInfo")]
    renewal_info: Option<String>,
}

impl AcmeRenewalInformation {
    /// `trust_anchor` as in [`AcmeConfig`](super::AcmeConfig).
    pub fn new(directory: String, trust_anchor: Option<&[u8]>) -> Result<Self, tls::AnchorRejected> {
        Ok(Self { directory, transport: Transport::new(tls::client_config(trust_anchor)?), address: OnceCell::new() })
    }

    async fn fetch(&self, url: &str) -> Result<Response<Bytes>, CaError> {
        self.transport.begin(None);
        let malformed = |error: http::Error| CaError::Unavailable { detail: error.to_string(), retry_after: None };
        let request = Request::get(url).body(Bytes::new()).map_err(malformed)?;
        let response = self.transport.send(request).await.map_err(|error| to_ca_error(&self.transport, error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let refused = instant_acme::Error::Str("the CA refused");
        Err(to_ca_error(&self.transport, refused))
    }

    async fn address(&self) -> Result<Option<&str>, CaError> {
        let ask = async || {
            let directory: Directory = parse(self.fetch(&self.directory).await?.body())?;
            Ok(directory.renewal_info)
        };
        Ok(self.address.get_or_try_init(ask).await?.as_deref())
    }
}

impl RenewalInformation for AcmeRenewalInformation {
    fn directory(&self) -> &str {
        &self.directory
    }

    async fn renewal_info(&self, certificate_id: &str) -> Result<Option<RenewalInfo>, CaError> {
        let Some(address) = self.address().await? else { return Ok(None) };
        let answer = match self.fetch(&format!("{}/{certificate_id}", address.trim_end_matches('/'))).await {
            Ok(answer) => answer,
            Err(CaError::OrderLost { .. }) => return Ok(None),
            Err(CaError::Refused { refusal }) if !refusal.is_outage() && !refusal.is_limit() => return Ok(None),
            Err(error) => return Err(error),
        };
        let info: instant_acme::RenewalInfo = parse(answer.body())?;
        let now = OffsetDateTime::now_utc();
        let retry_at = answer.headers().get(RETRY_AFTER).and_then(|value| parse_retry_after(value.to_str().ok()?, now));
        Ok(Some(RenewalInfo {
            window: RenewalWindow { start: info.suggested_window.start, end: info.suggested_window.end },
            explanation: info.explanation_url.map(|url| printable(&url, 300)),
            retry_after: retry_at.map(|at| (at - now).max(Duration::ZERO)),
        }))
    }
}

/// A certificate's identifier in instant-acme's type.
pub(super) fn identifier(certificate_id: &str) -> Option<CertificateIdentifier<'_>> {
    let (key, serial) = certificate_id.split_once('.')?;
    Some(CertificateIdentifier { authority_key_identifier: key.into(), serial: serial.into() })
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, CaError> {
    serde_json::from_slice(body).map_err(|error| CaError::Unavailable {
        detail: format!("its answer is not what RFC 9773 says: {error}"),
        retry_after: None,
    })
}
