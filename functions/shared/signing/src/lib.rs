//! Signs requests as AWS requires (SigV4), where an SDK client would be too large.

use std::time::SystemTime;

use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningError, SigningSettings, sign as signature_of};
use aws_sigv4::sign::v4;

/// The scope of a signature, besides the request itself.
#[derive(Clone, Copy, Debug)]
pub struct SigningScope<'a> {
    /// Code of the region that the request goes to: `eu-central-1`.
    pub region: &'a str,
    /// The name that the service signs under: `execute-api`.
    pub service: &'a str,
}

#[derive(Debug, thiserror::Error)]
pub enum SigningFault {
    #[error("no credentials")]
    Credentials(#[source] CredentialsError),
    /// The request cannot be signed.
    #[error("the request cannot be signed")]
    Request(#[source] SigningError),
}

/// Adds the signature to a request whose path is sent exactly as in its URI.
///
/// Signs all headers that the request already has, and the whole body. Source: AWS Signature Version 4, as for all services but
/// S3: the path's encoding is encoded once more.
pub async fn sign(
    request: &mut http::Request<Vec<u8>>,
    credentials: &impl ProvideCredentials,
    scope: SigningScope<'_>,
    now: SystemTime,
) -> Result<(), SigningFault> {
    let identity = credentials.provide_credentials().await.map_err(SigningFault::Credentials)?.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .expect("all parameters are given")
        .into();
    let headers = request.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let uri = request.uri().to_string();
    let body = SignableBody::Bytes(request.body());
    let signable = SignableRequest::new(request.method().as_str(), uri, headers, body);
    let signed = signable.and_then(|signable| signature_of(signable, &parameters)).map_err(SigningFault::Request)?;
    let (instructions, _signature) = signed.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_credential_types::Credentials;

    use super::*;

    async fn signed(mut request: http::Request<Vec<u8>>) -> http::Request<Vec<u8>> {
        let key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let credentials = Credentials::new("AKIDEXAMPLE", key, None, None, "test");
        // 2015-08-30 12:36:00 UTC
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
        let scope = SigningScope { region: "us-east-1", service: "service" };
        sign(&mut request, &credentials, scope, now).await.expect("signed");
        request
    }

    fn header<'a>(request: &'a http::Request<Vec<u8>>, name: &str) -> &'a str {
        request.headers()[name].to_str().expect("ASCII")
    }

    /// `get-vanilla` of the test suite that AWS publishes for SigV4.
    #[tokio::test]
    async fn the_published_example_has_the_published_signature() {
        let request = http::Request::get("https://example.amazonaws.com/").body(Vec::new()).expect("a request");
        let request = signed(request).await;
        assert_eq!(header(&request, "x-amz-date"), "20150830T123600Z");
        assert_eq!(
            header(&request, "authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
    }

    #[tokio::test]
    async fn method_path_headers_and_body_are_all_signed() {
        let request = |method: &str, path: &str, content_type: &str, body: &str| {
            http::Request::builder()
                .method(method)
                .uri(format!("https://example.amazonaws.com{path}"))
                .header("content-type", content_type)
                .body(body.as_bytes().to_vec())
                .expect("a request")
        };
        let original = signed(request("POST", "/a?b=c", "text/plain", "body")).await;
        for other in [
            request("PUT", "/a?b=c", "text/plain", "body"),
            request("POST", "/b?b=c", "text/plain", "body"),
            request("POST", "/a?b=d", "text/plain", "body"),
            request("POST", "/a?b=c", "text/html", "body"),
            request("POST", "/a?b=c", "text/plain", "bodies"),
        ] {
            assert_ne!(header(&signed(other).await, "authorization"), header(&original, "authorization"));
        }
        assert!(header(&original, "authorization").contains("SignedHeaders=content-type;host;x-amz-date,"));
    }
}
