//! The private root under which the CA and its proxies serve HTTPS.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::layout::CloudFolder;

/// Of the DNS provider with Domain Connect.
pub(crate) const CONNECT_HOST: &str = "connect.provider.test";

/// One root and one server certificate for every HTTPS server of a cloud: the functions then trust any
/// CA they are switched to.
#[derive(Clone, Debug)]
pub(crate) struct TestTls {
    folder: CloudFolder,
}

impl TestTls {
    pub(crate) fn new(folder: &CloudFolder) -> Self {
        Self { folder: folder.clone() }
    }

    pub(crate) fn anchor(&self) -> PathBuf {
        self.folder.file("tls-anchor.pem")
    }

    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.file("tls-server.pem")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.folder.file("tls-server-key.pem")
    }

    pub(crate) fn generate(&self) -> Result<()> {
        let root_key = KeyPair::generate()?;
        let mut root = CertificateParams::new(Vec::new())?;
        root.distinguished_name.push(DnType::CommonName, "local cloud test root");
        root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let root_certificate = root.self_signed(&root_key)?;

        let server_key = KeyPair::generate()?;
        let mut server = CertificateParams::new(vec!["127.0.0.1".into(), "localhost".into(), CONNECT_HOST.into()])?;
        server.distinguished_name.push(DnType::CommonName, "local cloud");
        server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        server.use_authority_key_identifier_extension = true;
        let server_certificate = server.signed_by(&server_key, &Issuer::new(root, &root_key))?;

        fs::write(self.anchor(), root_certificate.pem())?;
        fs::write(self.certificate(), server_certificate.pem())?;
        fs::write(self.key(), server_key.serialize_pem())?;
        Ok(())
    }

    pub(crate) fn anchor_der(&self) -> Result<CertificateDer<'static>> {
        CertificateDer::from_pem_file(self.anchor()).context("the TLS root of the cloud")
    }

    pub(crate) fn client(&self) -> Result<reqwest::Client> {
        Ok(self.client_builder()?.build()?)
    }

    /// To which `host` is at `address`.
    pub(crate) fn client_at(&self, host: &str, address: SocketAddr) -> Result<reqwest::Client> {
        Ok(self.client_builder()?.resolve(host, address).build()?)
    }

    fn client_builder(&self) -> Result<reqwest::ClientBuilder> {
        let mut roots = RootCertStore::empty();
        roots.add(self.anchor_der()?)?;
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Pebble refuses a request without a User-Agent.
        Ok(reqwest::Client::builder().user_agent("local-cloud").tls_backend_preconfigured(config))
    }

    pub(crate) fn server(&self) -> Result<ServerConfig> {
        let chain = CertificateDer::pem_file_iter(self.certificate())?.collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_file(self.key())?;
        Ok(ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?)
    }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
