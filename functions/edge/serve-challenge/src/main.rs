//! Answers the CA's HTTP-01 requests, behind a load balancer's rule, an HTTP API or a function URL.
//!
//! In: an ALB or HTTP API event, with the host in `x-managed-https-host` where it is not the request's own. Out: the key
//! authorization with 200, or 404; both with the platform's mark, and with the host and token as they arrived.
//! Fails when S3 does; the CA tries again.
//! Calls: S3 `GetObject`.

use diagnosis::http01::mark::{PLATFORM_HEADER, PLATFORM_MARK, SEEN_HEADER};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{Method, Response, StatusCode};
use lambda_http::{Body, Error, Request, service_fn};
use serve_challenge::{Answer, host_of, respond};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let wiring = runtime::start().await?;
    let (tokens, successor) = (wiring.tokens()?, wiring.successors_tokens()?);
    lambda_http::run(service_fn(async |request: Request| {
        let path = match *request.method() {
            Method::GET | Method::HEAD => request.uri().path(),
            _ => "",
        };
        let host = host_of(request.headers());
        let Answer { body, seen } = respond(&tokens, successor.as_ref(), host, path).await?;
        let status = if body.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
        let response = Response::builder()
            .status(status)
            .header(CONTENT_TYPE, "text/plain")
            .header(CACHE_CONTROL, "no-store")
            // These headers show a check who answered, and for which host and token.
            .header(PLATFORM_HEADER, PLATFORM_MARK)
            .header(SEEN_HEADER, seen)
            .body(body.map_or(Body::Text("not found\n".into()), Body::Text))?;
        Ok::<_, Error>(response)
    }))
    .await
}
