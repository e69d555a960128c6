//! The ACME accounts of an installation, in one secret.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::ProvideErrorMetadata;
use domain::installation::{Account, Observed};
use domain::ports::{FaultKind, ServiceFault};
use serde::{Deserialize, Serialize};

use crate::aws::fault;

/// The label of a version that is not current yet.
const CANDIDATE: &str = "managed-https-candidate";

/// The client token, and so the version id, of a secret's first content (32 to 64 characters).
const FIRST_VERSION: &str = "managed-https-first-version-0001";

/// Our accounts, by directory URL: a change of CA adds a second one and keeps the first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Accounts {
    #[serde(default)]
    pub accounts: BTreeMap<String, StoredAccount>,
    /// The version of the secret that this was read from.
    #[serde(skip)]
    version: Option<String>,
}

/// One account. The key is stored before the CA sees it, so that no crash can orphan an account.
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

/// The operator's secret: the binding of the first CA alone, or those of several by their directories.
#[derive(Deserialize)]
#[serde(untagged)]
enum Bindings {
    First(ExternalAccount),
    ByDirectory(BTreeMap<String, ExternalAccount>),
}

impl Bindings {
    fn of(self, directory: &str, first: bool) -> Option<ExternalAccount> {
        match self {
            Self::First(binding) => Some(binding).filter(|_| first),
            Self::ByDirectory(mut bindings) => bindings.remove(directory),
        }
    }
}

/// Whether a write was the first one based on that version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    Now,
    /// Another process wrote first: read again.
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
        let Some((text, version)) = self.read(&self.account_secret).await? else { return Ok(Accounts::default()) };
        let mut accounts: Accounts = match text.trim() {
            "" => Accounts::default(),
            text => serde_json::from_str(text).map_err(|_| malformed("account"))?,
        };
        accounts.version = version;
        Ok(accounts)
    }

    /// The account stored for the CA at `directory`. Only its URL is returned.
    pub async fn describe(&self, directory: &str) -> Observed<Account> {
        // An emulator's secret without a value has an empty one.
        let stored = self.read(&self.account_secret).await?.filter(|(text, _)| !text.is_empty());
        let Some((text, _)) = stored else { return Ok(Account::NeverStored) };
        let Ok(Accounts { accounts, .. }) = serde_json::from_str(&text) else { return Ok(Account::Unreadable) };
        Ok(match accounts.get(directory) {
            Some(StoredAccount { id: Some(url), .. }) => Account::Registered { url: url.clone() },
            Some(_) => Account::Unregistered,
            None if accounts.is_empty() => Account::Emptied,
            None => Account::OnlyElsewhere { directories: accounts.into_keys().collect() },
        })
    }

    /// Writes `next`, which was made from `base`; of several writers with the same base, one wins.
    ///
    /// Secrets Manager has no conditional write, but it moves a label only away from the named version: the new content is
    /// added beside the current one, then made current in place of the version that was read. For the very first content there
    /// is no version to name; a fixed client token does the same.
    pub async fn replace(&self, base: &Accounts, next: &Accounts) -> Result<Written, ServiceFault> {
        let put = self
            .client
            .put_secret_value()
            .secret_id(&self.account_secret)
            .secret_string(serde_json::to_string(next).expect("plain data"))
            // The first version of a secret becomes current automatically.
            .set_version_stages(base.version.is_some().then(|| vec![CANDIDATE.to_owned()]))
            .set_client_request_token(base.version.is_none().then(|| FIRST_VERSION.to_owned()))
            .send()
            .await;
        let put = match put {
            Ok(put) => put,
            Err(error) if error.code() == Some("ResourceExistsException") => return Ok(Written::Taken),
            Err(error) => return Err(fault("secretsmanager:PutSecretValue", error)),
        };
        let Some(current) = &base.version else { return Ok(Written::Now) };
        let moved = self
            .client
            .update_secret_version_stage()
            .secret_id(&self.account_secret)
            .version_stage("AWSCURRENT")
            .set_move_to_version_id(put.version_id)
            .remove_from_version_id(current)
            .send()
            .await;
        match moved {
            Ok(_) => Ok(Written::Now),
            Err(error) if error.code() == Some("InvalidParameterException") => Ok(Written::Taken),
            Err(error) => Err(fault("secretsmanager:UpdateSecretVersionStage", error)),
        }
    }

    /// The binding of our account at the CA with this `directory`; `first`: whether it is the installation's first CA.
    pub async fn binding(&self, directory: &str, first: bool) -> Result<Option<ExternalAccount>, ServiceFault> {
        let Some(id) = &self.binding_secret else { return Ok(None) };
        let (text, _) = self.read(id).await?.ok_or_else(|| malformed("external account binding"))?;
        let bindings: Bindings = serde_json::from_str(&text).map_err(|_| malformed("external account binding"))?;
        Ok(bindings.of(directory, first))
    }

    /// The current content and its version.
    async fn read(&self, id: &str) -> Result<Option<(String, Option<String>)>, ServiceFault> {
        match self.client.get_secret_value().secret_id(id).send().await {
            Ok(output) => Ok(Some((output.secret_string.unwrap_or_default(), output.version_id))),
            // The secret exists but was never written.
            Err(error) if error.code() == Some("ResourceNotFoundException") => Ok(None),
            Err(error) => Err(fault("secretsmanager:GetSecretValue", error)),
        }
    }
}

/// The text of a secret that another component writes.
pub async fn read_text(client: &Client, secret: &str) -> Result<String, ServiceFault> {
    let output = client.get_secret_value().secret_id(secret).send().await;
    let output = output.map_err(|error| fault("secretsmanager:GetSecretValue", error))?;
    Ok(output.secret_string.unwrap_or_default())
}

/// Never quotes the secret.
fn malformed(what: &str) -> ServiceFault {
    ServiceFault {
        operation: "secretsmanager:GetSecretValue",
        kind: FaultKind::Refused,
        detail: format!("the {what} secret is not JSON of the expected form"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binding_goes_to_the_ca_that_it_is_for() {
        let one = r#"{"kid": "a", "hmac_key": "b"}"#;
        let of = |text: &str, directory: &str, first| {
            let bindings: Bindings = serde_json::from_str(text).expect("either form");
            bindings.of(directory, first).map(|binding| binding.kid)
        };
        assert_eq!(of(one, "https://ca.example/dir", true).as_deref(), Some("a"));
        assert_eq!(of(one, "https://ca.example/dir", false), None);
        let several = format!(r#"{{"https://second.example/dir": {one}}}"#);
        assert_eq!(of(&several, "https://ca.example/dir", true), None);
        assert_eq!(of(&several, "https://second.example/dir", false).as_deref(), Some("a"));
    }
}
