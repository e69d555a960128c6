//! The certificates in the emulated ACM.

use anyhow::{Context, Result};

use crate::chain::VerifiedChain;
use crate::{Ca, LocalCloud};

impl LocalCloud {
    /// The certificate with this ARN, its chain verified up to the root of `ca`.
    pub async fn verified_certificate(&self, arn: &str, ca: &Ca) -> Result<VerifiedChain> {
        let held = self.aws().acm.get_certificate().certificate_arn(arn).send().await.context("GetCertificate")?;
        let chain = without_amazons_root(held.certificate_chain().unwrap_or_default());
        ca.verify(held.certificate().context("ACM answers without the certificate")?, chain)
    }
}

/// moto appends a root of Amazon's to every chain that was imported.
fn without_amazons_root(chain: &str) -> &str {
    chain.rfind("-----BEGIN CERTIFICATE-----").map_or(chain, |last| &chain[..last])
}
