//! Our account at the CA: registered at first use, safe against crashes and against two concurrent Lambdas.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use domain::ports::CaError;
use http::{Method, Request};
use instant_acme::{Account, AccountCredentials};
use serde_json::json;
use time::{Duration, OffsetDateTime};

use super::entries::Entries;
use super::registration::{Registration, generate_key, register};
use super::transport::Transport;
use super::{AcmeConfig, to_ca_error};
use crate::secrets_manager::{AccountSecret, Accounts, StoredAccount, Written};

/// How long a stored directory is used: CAs change theirs rarely, and announce it.
const DIRECTORY_KEPT: Duration = Duration::DAY;

/// Restores the account. Registers it first if there is none yet and `may_register` is true.
pub(super) async fn open(
    transport: &Transport,
    secret: &AccountSecret,
    config: &AcmeConfig,
    may_register: bool,
) -> Result<Account, CaError> {
    let mut accounts = secret.load().await.map_err(account_error)?;
    // Each iteration either ends the loop or continues from what another process wrote in the meantime.
    for _ in 0..5 {
        let stored = accounts.accounts.get(&config.directory);
        if let Some(StoredAccount { id: Some(_), .. }) = stored {
            break;
        }
        if !may_register {
            let detail = "no account is registered yet; it is made by the first order".to_owned();
            return Err(CaError::Account { detail });
        }
        let next = match stored {
            None => with_new_key(&accounts, config),
            Some(stored) => registered(&accounts, stored, transport, secret, config).await?,
        };
        accounts = match secret.replace(&accounts, &next).await.map_err(account_error)? {
            // Reads again in any case: the next write needs the current version.
            Written::Now | Written::Taken => secret.load().await.map_err(account_error)?,
        };
    }
    let stored = accounts.accounts.get(&config.directory).filter(|stored| stored.id.is_some());
    let Some(stored) = stored else {
        return Err(CaError::Account { detail: "the account secret keeps changing under us".into() });
    };
    let account = restore(transport, config, stored).await?;
    if may_register && let Some(directory) = transport.fetched_directory() {
        keep_directory(secret, &accounts, config, directory).await;
    }
    Ok(account)
}

/// Stores a directory that was fetched because the stored one was too old, for later processes.
async fn keep_directory(secret: &AccountSecret, accounts: &Accounts, config: &AcmeConfig, directory: String) {
    let mut next = accounts.clone();
    let Some(stored) = next.accounts.get_mut(&config.directory) else { return };
    if stored.directory.as_ref() == Some(&directory) && is_fresh(stored) {
        return;
    }
    stored.directory = Some(directory);
    stored.directory_fetched_at = OffsetDateTime::now_utc().unix_timestamp();
    // If this fails, later processes fetch the directory themselves.
    if let Err(fault) = secret.replace(accounts, &next).await {
        tracing::warn!(%fault, "the directory could not be stored");
    }
}

fn is_fresh(stored: &StoredAccount) -> bool {
    let age = OffsetDateTime::now_utc().unix_timestamp() - stored.directory_fetched_at;
    age < DIRECTORY_KEPT.whole_seconds()
}

/// Restores the registered account from what is stored.
async fn restore(transport: &Transport, config: &AcmeConfig, stored: &StoredAccount) -> Result<Account, CaError> {
    let usable = |body: &&String| is_fresh(stored) && Entries::of(body.as_bytes()).is_some();
    if let Some(body) = stored.directory.as_ref().filter(usable) {
        transport.know_directory(&config.directory, body);
    }
    let credentials: AccountCredentials = serde_json::from_value(json!({
        "id": stored.id, "key_pkcs8": stored.key, "directory": config.directory,
    }))
    .map_err(|_| CaError::Account { detail: "the stored account cannot be read".into() })?;
    Account::builder_with_http(Box::new(transport.clone()))
        .from_credentials(credentials)
        .await
        .map_err(|error| to_ca_error(transport, error))
}

fn with_new_key(accounts: &Accounts, config: &AcmeConfig) -> Accounts {
    let mut next = accounts.clone();
    let key = BASE64_URL_SAFE_NO_PAD.encode(generate_key());
    let stored = StoredAccount { key, id: None, directory: None, directory_fetched_at: 0 };
    next.accounts.insert(config.directory.clone(), stored);
    next
}

async fn registered(
    accounts: &Accounts,
    stored: &StoredAccount,
    transport: &Transport,
    secret: &AccountSecret,
    config: &AcmeConfig,
) -> Result<Accounts, CaError> {
    let unreadable = || CaError::Account { detail: "the stored account key cannot be read".into() };
    let key = BASE64_URL_SAFE_NO_PAD.decode(&stored.key).map_err(|_| unreadable())?;
    let binding = secret.binding(&config.directory, config.first).await.map_err(account_error)?;
    let directory = fetch_directory(transport, config).await?;
    let registration = Registration { key: &key, contact: config.contact.as_deref(), binding: binding.as_ref() };
    let registered = register(transport, &directory, registration).await;
    let id = registered.map_err(|error| of_the_account(to_ca_error(transport, error)))?;
    let mut next = accounts.clone();
    let stored = StoredAccount {
        id: Some(id),
        directory: Some(directory),
        directory_fetched_at: OffsetDateTime::now_utc().unix_timestamp(),
        ..stored.clone()
    };
    next.accounts.insert(config.directory.clone(), stored);
    Ok(next)
}

/// Whatever the CA rejects about our account is ours to fix, whatever error type it uses.
fn of_the_account(error: CaError) -> CaError {
    match error {
        CaError::Refused { mut refusal } if !refusal.is_outage() && !refusal.is_limit() => {
            let known = ["userActionRequired", "externalAccountRequired", "accountDoesNotExist"];
            if !known.contains(&refusal.problem.kind.as_str()) {
                refusal.problem.detail = format!("{}: {}", refusal.problem.kind, refusal.problem.detail);
                refusal.problem.kind = "invalidContact".into();
            }
            CaError::Refused { refusal }
        }
        other => other,
    }
}

pub(super) async fn fetch_directory(transport: &Transport, config: &AcmeConfig) -> Result<String, CaError> {
    let request = Request::builder().method(Method::GET).uri(&config.directory).body(Bytes::new());
    let request = request.map_err(|error| CaError::Account { detail: format!("the directory URL: {error}") })?;
    let response = transport.send(request).await.map_err(|error| to_ca_error(transport, error))?;
    match transport.fetched_directory() {
        Some(directory) if response.status().is_success() => Ok(directory),
        _ => Err(to_ca_error(transport, transport.no_directory())),
    }
}

fn account_error(fault: domain::ports::ServiceFault) -> CaError {
    use domain::ports::FaultKind::{Throttled, Unavailable};
    match fault.kind {
        Throttled | Unavailable => CaError::Unavailable { detail: fault.to_string(), retry_after: None },
        _ => CaError::Account { detail: fault.to_string() },
    }
}
