//! Signs requests as AWS wants them (SigV4), with the credentials that the AWS CLI would find.

use std::time::SystemTime;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::api::address::ApiAddress;
use crate::api::error::{ApiError, causes};

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
        let http =
            aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
        let sdk = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
        let region = address.region().or_else(|| sdk.region().map(|region| region.as_ref()));
        let region = region.ok_or(ApiError::NoRegion)?.to_owned();
        Ok(Self { sdk, region })
    }

    /// Adds the signature to a request whose path goes out as it stands in its URI.
    pub(crate) async fn sign(&self, request: &mut http::Request<Vec<u8>>) -> Result<(), ApiError> {
        let provider = self.sdk.credentials_provider().ok_or_else(|| ApiError::NoCredentials(String::new()))?;
        let credentials = provider.provide_credentials().await;
        let identity = credentials.map_err(|error| ApiError::NoCredentials(causes(&error)))?.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(SERVICE)
            .time(SystemTime::now())
            // The defaults are those of all services but S3: the path's encoding is encoded once more.
            .settings(SigningSettings::default())
            .build()
            .expect("all parameters are given")
            .into();
        let headers: Vec<_> =
            request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        let uri = request.uri().to_string();
        let signable = SignableRequest::new(
            request.method().as_str(),
            uri,
            headers.into_iter(),
            SignableBody::Bytes(request.body()),
        );
        let signed = signable.and_then(|signable| sign(signable, &params)).map_err(ApiError::NotSigned)?;
        let (instructions, _signature) = signed.into_parts();
        instructions.apply_to_request_http1x(request);
        Ok(())
    }
}
