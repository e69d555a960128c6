//! Calls of AWS services in their JSON protocols, signed and sent here, for services of which only one call is needed.

use std::time::SystemTime;

use aws_types::SdkConfig;
use domain::ports::{FaultKind, ServiceFault};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use signing::{SigningFault, SigningScope, sign};
use vocabulary::text::printable;

use crate::aws::classify_answer;
use crate::tls;

const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// One operation of a service: AWS JSON 1.0 or 1.1 (smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html).
#[derive(Clone, Copy, Debug)]
pub(crate) struct JsonCall {
    /// As IAM writes it: `cloudwatch:DescribeAlarms`.
    pub(crate) operation: &'static str,
    /// As its host name and its signatures write it: `monitoring`.
    pub(crate) service: &'static str,
    /// `GraniteServiceVersion20100801.DescribeAlarms`
    pub(crate) target: &'static str,
    /// `1.0` or `1.1`
    pub(crate) version: &'static str,
}

/// Sends one operation, in one account and region.
#[derive(Clone, Debug)]
pub(crate) struct JsonClient {
    sdk: SdkConfig,
    http: reqwest::Client,
    call: JsonCall,
    /// The domain suffix of AWS's services in this partition.
    url_suffix: String,
}

impl JsonClient {
    pub(crate) fn new(sdk: SdkConfig, call: JsonCall, url_suffix: String) -> Self {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(None).expect("without an anchor nothing can be malformed"))
            .redirect(reqwest::redirect::Policy::none())
            .timeout(TIMEOUT)
            .build()
            .expect("the TLS configuration is of the version reqwest is built with");
        Self { sdk, http, call, url_suffix }
    }

    pub(crate) async fn send<T: DeserializeOwned>(&self, body: &Value) -> Result<T, ServiceFault> {
        let request = self.signed(body).await?;
        let response = self.http.execute(request).await.map_err(|error| self.unavailable(&error.without_url()))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|error| self.unavailable(&error.without_url()))?;
        match status.is_success() {
            true => serde_json::from_slice(&body).map_err(|error| self.unavailable(&error)),
            false => Err(refused(self.call.operation, status.as_u16(), &body)),
        }
    }

    async fn signed(&self, body: &Value) -> Result<reqwest::Request, ServiceFault> {
        let JsonCall { service, target, version, .. } = self.call;
        let region = self.sdk.region().map(ToString::to_string).unwrap_or_default();
        let endpoint = self
            .sdk
            .endpoint_url()
            .map_or_else(|| format!("https://{service}.{region}.{}", self.url_suffix), str::to_owned);
        let mut request = http::Request::post(format!("{}/", endpoint.trim_end_matches('/')))
            .header("content-type", format!("application/x-amz-json-{version}"))
            .header("x-amz-target", target)
            .body(body.to_string().into_bytes())
            .map_err(|error| self.unavailable(&error))?;
        let credentials = self.sdk.credentials_provider().ok_or_else(|| self.unavailable(&"no credentials"))?;
        let scope = SigningScope { region: &region, service };
        sign(&mut request, &credentials, scope, SystemTime::now()).await.map_err(|fault| match fault {
            SigningFault::Credentials(error) => self.unavailable(&error),
            SigningFault::Request(error) => self.unavailable(&error),
        })?;
        request.try_into().map_err(|error: reqwest::Error| self.unavailable(&error))
    }

    fn unavailable(&self, error: &impl ToString) -> ServiceFault {
        let detail = printable(&error.to_string(), 300);
        ServiceFault { operation: self.call.operation, kind: FaultKind::Unavailable, detail }
    }
}

/// `{"__type": "com.amazon.coral.service#AccessDenied", "Message": …}`
fn refused(operation: &'static str, status: u16, body: &[u8]) -> ServiceFault {
    #[derive(Default, Deserialize)]
    struct Refusal {
        #[serde(default, rename = "__type")]
        kind: String,
        #[serde(default, alias = "Message")]
        message: String,
    }
    let refusal: Refusal = serde_json::from_slice(body).unwrap_or_default();
    let code = refusal.kind.rsplit('#').next().unwrap_or_default();
    let detail = printable(&format!("{code}: {}", refusal.message), 500);
    ServiceFault { operation, kind: classify_answer(code, Some(status)), detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_classified_by_its_code() {
        let body = br#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"not you"}"#;
        let fault = refused("cloudwatch:DescribeAlarms", 400, body);
        assert_eq!((fault.kind, fault.detail.as_str()), (FaultKind::Denied, "AccessDeniedException: not you"));
        for (status, body, kind) in [
            (502, &b"<html>"[..], FaultKind::Unavailable),
            (500, br#"{"__type":"SomethingNew"}"#, FaultKind::Unavailable),
            (400, br#"{"__type":"SomethingNew"}"#, FaultKind::Refused),
            (400, br#"{"__type":"ThrottlingException"}"#, FaultKind::Throttled),
        ] {
            assert_eq!(refused("cloudwatch:DescribeAlarms", status, body).kind, kind, "{status}");
        }
    }
}
