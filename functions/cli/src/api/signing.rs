//! Signs requests as AWS wants them (SigV4), with the credentials that the AWS CLI would find.

use std::time::SystemTime;

use aws_config::{BehaviorVersion, SdkConfig, profile};
use signing::{SigningFault, SigningScope, sign};

use crate::api::address::ApiAddress;
use crate::api::error::{ApiError, causes};
use crate::api::sdk_client::sdk_client;
use crate::terminal::output::harmless;

/// The name that API Gateway signs under, for the requests to an API.
const SERVICE: &str = "execute-api";

/// Knows who asks, and for which region.
pub(crate) struct Signer {
    sdk: SdkConfig,
    region: String,
}

impl Signer {
    /// Reads the configuration; credentials are asked for when a request is signed.
    pub(crate) async fn new(address: &ApiAddress) -> Result<Self, ApiError> {
        check_profile().await?;
        let sdk = aws_config::defaults(BehaviorVersion::latest()).http_client(sdk_client()).load().await;
        let region = address.region().or_else(|| sdk.region().map(|region| region.as_ref()));
        let region = region.ok_or(ApiError::NoRegion)?.to_owned();
        Ok(Self { sdk, region })
    }

    /// Adds the signature to a request whose path is sent exactly as in its URI.
    pub(crate) async fn sign(&self, request: &mut http::Request<Vec<u8>>) -> Result<(), ApiError> {
        let credentials = self.sdk.credentials_provider().ok_or_else(|| ApiError::NoCredentials(String::new()))?;
        let scope = SigningScope { region: &self.region, service: SERVICE };
        sign(request, &credentials, scope, SystemTime::now()).await.map_err(|fault| match fault {
            SigningFault::Credentials(error) => ApiError::NoCredentials(causes(&error)),
            SigningFault::Request(error) => ApiError::NotSigned(causes(&error)),
        })
    }
}

/// Refuses a profile that no file has: the resulting error (no region, no credentials) would not name it.
#[expect(clippy::disallowed_methods, reason = "the variable of the AWS CLI, and no configuration of ours")]
async fn check_profile() -> Result<(), ApiError> {
    let named = std::env::var("AWS_PROFILE").ok().filter(|name| !name.is_empty());
    let Some(profile) = named else { return Ok(()) };
    // The defaults are the real files and variables. Files that cannot be read are reported by whatever needs them.
    let read = profile::load(&Default::default(), &Default::default(), &Default::default(), None).await;
    let Ok(known) = read else { return Ok(()) };
    if known.get_profile(&profile).is_some() {
        return Ok(());
    }
    let mut known: Vec<_> = known.profiles().map(harmless).collect();
    known.sort_unstable();
    Err(ApiError::NoSuchProfile { profile: harmless(&profile), known })
}
