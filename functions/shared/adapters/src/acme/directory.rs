//! Reads the CA’s directory without an account.

use std::time::Duration;

use domain::installation::Directory;
use serde::Deserialize;
use serde_json::{Map, Value};
use vocabulary::text::printable;
use vocabulary::version::USER_AGENT;

use super::AcmeConfig;
use crate::http_fault::innermost;
use crate::tls;

const TIMEOUT: Duration = Duration::from_secs(5);
const LARGEST_BODY: usize = 64 * 1024;

/// RFC 8555 §7.1.1, the fields that are checked here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[allow(dead_code, reason = "without it, it is no directory")]
    new_order: String,
    #[serde(default)]
    meta: Meta,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta {
    #[serde(default)]
    external_account_required: bool,
    #[serde(default)]
    profiles: Map<String, Value>,
}

/// What the CA of `config` says about itself, or why that is unknown.
pub async fn describe(config: &AcmeConfig) -> Result<Directory, String> {
    let tls = tls::client_config(config.trust_anchor.as_deref()).map_err(|error| error.to_string())?;
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(reqwest::redirect::Policy::none())
        // Pebble refuses a request without a user agent (RFC 8555 §6.1 requires one).
        .user_agent(USER_AGENT)
        .timeout(TIMEOUT)
        .build()
        .map_err(explain)?;
    let mut answer = client.get(&config.directory).send().await.map_err(explain)?;
    if !answer.status().is_success() {
        return Err(format!("it answers with status {}", answer.status().as_u16()));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(explain)? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_BODY {
            return Err("it answers with more than a directory has".into());
        }
    }
    let document: Document = serde_json::from_slice(&body).map_err(|_| "what it answers with is no directory")?;
    let Meta { external_account_required, profiles } = document.meta;
    let profiles = profiles.into_iter().map(|(name, _)| printable(&name, 64)).collect();
    Ok(Directory { profiles, external_account_required })
}

fn explain(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("it does not answer within {} seconds", TIMEOUT.as_secs());
    }
    let error = error.without_url();
    printable(&innermost(&error).unwrap_or_else(|| error.to_string()), 200)
}
