//! Pebble, the CA.

use std::fs;
use std::net::SocketAddr;
use std::process::Command;

use anyhow::{Context, Result};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, json};

use crate::chain::{self, VerifiedChain};
use crate::emulators::answers;
use crate::layout::{CloudFolder, Project};
use crate::options::CaOptions;
use crate::process::{self, Process};
use crate::tls::TestTls;

/// A CA that runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ca {
    /// URL of its ACME directory.
    pub directory: String,
    /// URL of its management interface, without a path.
    pub management: String,
    /// PEM of the root of the chains it issues: a new one at each start.
    pub issuing_root: String,
    /// Base64 of the DER of the root that signs its TLS certificate, as the stack takes it.
    pub tls_anchor: String,
    role: String,
}

/// Where the CA listens, and whom it asks: the resolver at this port of 127.0.0.1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CaPorts {
    pub acme: u16,
    pub management: u16,
    pub dns: u16,
    /// Where it fetches HTTP-01 challenges.
    pub http01: u16,
}

impl Ca {
    pub(crate) fn start(
        project: &Project,
        folder: &CloudFolder,
        role: &str,
        options: &CaOptions,
        ports: CaPorts,
    ) -> Result<Process> {
        let configuration = folder.file(&format!("{role}.json"));
        fs::write(&configuration, configuration_of(&TestTls::new(folder), options, ports).to_string())?;
        let mut command = Command::new(project.pebble());
        command
            .arg("-config")
            .arg(&configuration)
            .args(["-dnsserver", &SocketAddr::from(([127, 0, 0, 1], ports.dns)).to_string()])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env_remove("PEBBLE_VA_ALWAYS_VALID")
            .env("PEBBLE_WFE_NONCEREJECT", options.nonce_reject_percent.to_string())
            .env("PEBBLE_AUTHZREUSE", options.authz_reuse_percent.to_string());
        Process::start(folder, role, command)
    }

    pub(crate) async fn ready(folder: &CloudFolder, process: &Process, ports: CaPorts) -> Result<Self> {
        let tls = TestTls::new(folder);
        let http = tls.client()?;
        let management = format!("https://127.0.0.1:{}", ports.management);
        let directory = format!("https://127.0.0.1:{}/dir", ports.acme);
        let root = format!("{management}/roots/0");
        answers(&http, folder, process, &root).await?;
        answers(&http, folder, process, &directory).await?;
        Ok(Self {
            issuing_root: http.get(root).send().await?.error_for_status()?.text().await?,
            tls_anchor: BASE64_STANDARD.encode(tls.anchor_der()?),
            directory,
            management,
            role: process.role.clone(),
        })
    }

    /// Checks that a certificate leads to this CA's root, link by link, and returns what it says.
    ///
    /// `certificate` and `chain` are PEM, as ACM keeps them.
    pub fn verify(&self, certificate: &str, chain: &str) -> Result<VerifiedChain> {
        chain::verify(certificate, chain, &self.issuing_root)
    }

    /// Ends the CA: from then on it answers nothing at all.
    pub(crate) fn stop(&self, folder: &CloudFolder) -> Result<()> {
        let process = Process::noted(folder).into_iter().find(|process| process.role == self.role);
        process::stop(&[process.with_context(|| format!("{} has been stopped already", self.role))?])
    }
}

fn configuration_of(tls: &TestTls, options: &CaOptions, ports: CaPorts) -> serde_json::Value {
    let keys: Map<_, _> = options.external_account.iter().map(|(id, key)| (id.clone(), json!(key))).collect();
    json!({ "pebble": {
        "listenAddress": format!("127.0.0.1:{}", ports.acme),
        "managementListenAddress": format!("127.0.0.1:{}", ports.management),
        "certificate": tls.certificate(),
        "privateKey": tls.key(),
        "httpPort": ports.http01,
        // Nothing listens there: TLS-ALPN-01 is not among the product's challenges.
        "tlsPort": 1,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": options.external_account.is_some(),
        "externalAccountMACKeys": keys,
        "domainBlocklist": options.blocked_domains,
        // Without one it offers no dns-persist-01. The template's default for CaaIdentities.
        "caaIdentities": ["letsencrypt.org"],
        "retryAfter": { "authz": options.retry_after_seconds, "order": options.retry_after_seconds },
        "keyAlgorithm": "ecdsa",
        "profiles": {
            "default": {
                "description": "As public CAs issue",
                "validityPeriod": options.default_lifetime.as_secs(),
            },
            "minutes": {
                "description": "Due for renewal while one looks on",
                "validityPeriod": options.minutes_lifetime.as_secs(),
            },
        },
    }})
}
