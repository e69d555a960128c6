//! The one TLS configuration: rustls on `ring`.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};

#[derive(Debug, thiserror::Error)]
#[error("the trust anchor is not a certificate in DER")]
pub struct AnchorRejected(#[source] rustls::Error);

/// Trusts the public web roots and, for a private CA, `anchor` (DER).
pub fn client_config(anchor: Option<&[u8]>) -> Result<ClientConfig, AnchorRejected> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(der) = anchor {
        roots.add(CertificateDer::from(der.to_vec())).map_err(AnchorRejected)?;
    }
    Ok(ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has the default versions")
        .with_root_certificates(roots)
        .with_no_client_auth())
}
