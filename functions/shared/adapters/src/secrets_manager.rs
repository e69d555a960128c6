//! The ACME accounts of an installation, in one secret.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use domain::ports::{FaultKind, ServiceFault};
use serde::{Deserialize, Serialize};

use crate::aws::fault;

/// What is known of our accounts, by directory URL: a change of CA makes a second one and keeps the first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Accounts {
    #[serde(default)]
    pub accounts: BTreeMap<String, StoredAccount>,
}

/// One account. The key is written before the CA hears of it, so that no crash can orphan an account.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredAccount {
    /// PKCS#8, base64url without padding. Secret.
    pub key: String,
    /// The account URL, once registered.
    pub id: Option<String>,
    /// The CA's directory as last fetched, and when (seconds since 1970).
    pub directory: Option<String>,
    pub directory_fetched_at: i64,
}

impl std::fmt::Debug for StoredAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredAccount").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An external account binding (RFC 8555 §7.3.4), as the operator puts it into a secret of its own.
#[derive(Clone, Deserialize)]
pub struct ExternalAccount {
    pub kid: String,
    /// base64url without padding, as CAs hand it out.
    pub hmac_key: String,
}

/// Whether a write was the first for what it was based on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    Now,
    /// Somebody else wrote first: read again.
    Taken,
}

#[derive(Clone, Debug)]
pub struct AccountSecret {
    client: Client,
    account_secret: String,
    binding_secret: Option<String>,
}

impl AccountSecret {
    pub fn new(client: Client, account_secret: String, binding_secret: Option<String>) -> Self {
        Self { client, account_secret, binding_secret }
    }

    /// Empty before first use.
    pub async fn load(&self) -> Result<Accounts, ServiceFault> {
        match self.read(&self.account_secret).await? {
            Some(text) if !text.trim().is_empty() => serde_json::from_str(&text).map_err(|_| malformed("account")),
            _ => Ok(Accounts::default()),
        }
    }

    /// Writes `next`, which was made from `base`; of several writers with the same base one wins.
    ///
    /// Secrets Manager has no conditional write, but refuses a second content for the same client token:
    /// the token is made from what the write is based on.
    pub async fn replace(&self, base: &Accounts, next: &Accounts) -> Result<Written, ServiceFault> {
        let text = serde_json::to_string(next).expect("plain data");
        let token = {
            let base = serde_json::to_vec(base).expect("plain data");
            token_for(&base)
        };
        let result = self
            .client
            .put_secret_value()
            .secret_id(&self.account_secret)
            .client_request_token(token)
            .secret_string(text)
            .send()
            .await;
        match result {
            Ok(_) => Ok(Written::Now),
            Err(error) if error.code() == Some("ResourceExistsException") => Ok(Written::Taken),
            Err(error) => Err(fault("secretsmanager:PutSecretValue", error)),
        }
    }

    pub async fn binding(&self) -> Result<Option<ExternalAccount>, ServiceFault> {
        let Some(id) = &self.binding_secret else { return Ok(None) };
        let text = self.read(id).await?.ok_or_else(|| malformed("external account binding"))?;
        serde_json::from_str(&text).map(Some).map_err(|_| malformed("external account binding"))
    }

    async fn read(&self, id: &str) -> Result<Option<String>, ServiceFault> {
        match self.client.get_secret_value().secret_id(id).send().await {
            Ok(output) => Ok(output.secret_string),
            // The secret is there but was never written.
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(fault("secretsmanager:GetSecretValue", error)),
        }
    }
}

/// Never quotes the secret.
fn malformed(what: &str) -> ServiceFault {
    ServiceFault {
        operation: "secretsmanager:GetSecretValue",
        kind: FaultKind::Refused,
        detail: format!("the {what} secret is not JSON of the expected form"),
    }
}

/// 64 hexadecimal digits: what Secrets Manager takes as a token.
fn token_for(bytes: &[u8]) -> String {
    ring::digest::digest(&ring::digest::SHA256, bytes).as_ref().iter().map(|b| format!("{b:02x}")).collect()
}
