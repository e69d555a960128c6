//! The HTTP client by which the AWS SDK requests credentials (single sign-on, STS): the same as for the API.
//!
//! The SDK's own would bring HTTP/2 and another way to read certificates and proxies into this program.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

use crate::api::tls;

const CONNECT_PATIENCE: Duration = Duration::from_secs(3);

/// Uses the proxies that the environment names, as requests to the API do.
pub(crate) fn sdk_client() -> SharedHttpClient {
    let http = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::config())
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT_PATIENCE)
        .build()
        .expect("the TLS configuration is one that reqwest knows");
    http_client_fn(move |settings, _| {
        SharedHttpConnector::new(Exchange { http: http.clone(), longest: settings.read_timeout() })
    })
}

#[derive(Debug)]
struct Exchange {
    http: reqwest::Client,
    longest: Option<Duration>,
}

impl HttpConnector for Exchange {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (http, request) = (self.http.clone(), outgoing(request, self.longest));
        HttpConnectorFuture::new(async move {
            let answer = http::Response::from(http.execute(request?).await.map_err(fault)?);
            HttpResponse::try_from(answer.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

fn outgoing(request: HttpRequest, longest: Option<Duration>) -> Result<reqwest::Request, ConnectorError> {
    let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
    // Requests for credentials are short forms.
    let request = request.map(|body| body.bytes().unwrap_or_default().to_vec());
    let mut request = reqwest::Request::try_from(request).map_err(fault)?;
    *request.timeout_mut() = longest;
    Ok(request)
}

fn fault(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else if error.is_builder() {
        ConnectorError::user(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}
