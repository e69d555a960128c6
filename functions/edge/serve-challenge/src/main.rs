//! Answers the CA's HTTP-01 requests, behind a load balancer's rule or a function URL.
//!
//! In: an ALB or HTTP API event. Out: the key authorization with 200, or 404; both with the platform's mark.
//! Fails when S3 does; the CA tries again.
//! Calls: S3 `GetObject`.

use diagnosis::facts::{PLATFORM_HEADER, PLATFORM_MARK};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST};
use http::{Method, Response, StatusCode};
use lambda_http::{Body, Error, Request, service_fn};
use serve_challenge::respond;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let wiring = runtime::start().await;
    let tokens = wiring.tokens()?;
    lambda_http::run(service_fn(async |request: Request| {
        let host = request.headers().get(HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let body = match *request.method() {
            Method::GET | Method::HEAD => respond(&tokens, host, request.uri().path()).await?,
            _ => None,
        };
        let status = if body.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
        let response = Response::builder()
            .status(status)
            .header(CONTENT_TYPE, "text/plain")
            .header(CACHE_CONTROL, "no-store")
            // By this a preflight knows that a host reaches the platform, though it has no token to ask for.
            .header(PLATFORM_HEADER, PLATFORM_MARK)
            .body(body.map_or(Body::Text("not found\n".into()), Body::Text))?;
        Ok::<_, Error>(response)
    }))
    .await
}
