//! The state of our account at the CA: a POST-as-GET of it (RFC 8555 §7.1.2, §6.3), answered as any request of the account is.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::installation::Standing;
use domain::ports::CaError;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde::Deserialize;
use serde_json::json;
use vocabulary::acme::{CaRequest, Refusal};
use vocabulary::failure::Problem;
use vocabulary::text::printable;

use super::registration::Signer;
use super::transport::Transport;
use super::{AcmeConfig, account, to_ca_error};
use crate::secrets_manager::{AccountSecret, StoredAccount};
use crate::tls;

#[derive(Deserialize)]
struct Directory {
    #[serde(rename = "newNonce")]
    new_nonce: String,
}

#[derive(Deserialize)]
struct Account {
    status: String,
}

/// Requests the account that is stored for the CA of `config`. Changes nothing at the CA.
pub async fn describe(config: &AcmeConfig, secret: &AccountSecret) -> Standing {
    let Ok(accounts) = secret.load().await else { return Standing::NotAsked };
    let stored = accounts.accounts.get(&config.directory);
    let Some(StoredAccount { id: Some(id), key, .. }) = stored else { return Standing::NotAsked };
    match ask(config, id, key).await {
        Ok(account) if account.status == "valid" => Standing::Valid,
        Ok(account) => {
            // In the words that the CA would use for an order.
            let detail = format!("Account is not valid, has status \"{}\"", printable(&account.status, 40));
            Standing::Refused(Box::new(
                Refusal::from(Problem::new("unauthorized", &detail)).to_failure(CaRequest::Account, None),
            ))
        }
        Err(CaError::Refused { refusal }) if refusal.is_outage() || refusal.is_limit() => {
            Standing::Unknown(printable(&refusal.problem.detail, 200))
        }
        Err(CaError::OrderLost { problem }) => {
            // 404: the account is unknown there.
            let problem = Problem::new("accountDoesNotExist", &problem.detail);
            Standing::Refused(Box::new(Refusal::from(problem).to_failure(CaRequest::Account, None)))
        }
        Err(error @ CaError::Refused { .. }) => Standing::Refused(Box::new(error.to_failure(CaRequest::Account, None))),
        Err(CaError::Account { .. }) => Standing::Unusable,
        Err(error) => Standing::Unknown(printable(&error.to_string(), 200)),
    }
}

async fn ask(config: &AcmeConfig, id: &str, key: &str) -> Result<Account, CaError> {
    let unreadable = |what: &str| CaError::Account { detail: format!("{what} cannot be read") };
    let tls = tls::client_config(config.trust_anchor.as_deref()).map_err(|error| unreadable(&error.to_string()))?;
    let transport = Transport::new(tls);
    let directory = account::fetch_directory(&transport, config).await?;
    let directory: Directory = serde_json::from_str(&directory).map_err(|_| unreadable("the directory"))?;
    let key = BASE64_URL_SAFE_NO_PAD.decode(key).map_err(|_| unreadable("the stored account key"))?;
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key, &SystemRandom::new());
    let key = key.map_err(|_| unreadable("the stored account key"))?;
    let signer = Signer { key: &key, by: json!({"kid": id}), new_nonce: &directory.new_nonce };
    let response = signer.post(&transport, id, b"").await.map_err(|error| to_ca_error(&transport, error))?;
    serde_json::from_slice(response.body()).map_err(|_| unreadable("the CA's answer"))
}
