//! Where CloudFormation waits for the answer about a custom resource: a presigned S3 URL.

use std::time::Duration;

use url::{Origin, Url};
use vocabulary::failure::{FaultKind, ServiceFault};
use vocabulary::text::printable;
use vocabulary::version::USER_AGENT;

use crate::http_fault::innermost;
use crate::tls;

const OPERATION: &str = "the answer to CloudFormation";
const TIMEOUT: Duration = Duration::from_secs(5);
/// The wait before each retry.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// A URL that answers may be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseUrl(Url);

/// Nothing is sent to such a URL: whoever may invoke the function can forge an event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no https URL of S3, so nothing is sent there")]
pub struct ResponseUrlRefused(String);

/// Sends answers to CloudFormation.
#[derive(Clone, Debug)]
pub struct Responses {
    http: reqwest::Client,
    url_suffix: String,
    emulator: Option<Origin>,
}

impl Responses {
    /// `url_suffix`: the domain suffix of AWS's services in this partition. `emulator`: a local AWS emulator, which may receive
    /// answers too.
    pub fn new(url_suffix: String, emulator: Option<&Url>) -> Self {
        let http = reqwest::Client::builder()
            .tls_backend_preconfigured(tls::client_config(None).expect("without an anchor nothing can be malformed"))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .user_agent(USER_AGENT)
            .build()
            .expect("the configuration is complete");
        Self { http, url_suffix, emulator: emulator.map(Url::origin) }
    }

    /// # Errors
    ///
    /// The URL is not S3 over TLS.
    pub fn url(&self, text: &str) -> Result<ResponseUrl, ResponseUrlRefused> {
        let refused = || ResponseUrlRefused(printable(text.split('?').next().unwrap_or_default(), 200));
        let url: Url = text.parse().map_err(|_| refused())?;
        let plain = url.username().is_empty() && url.password().is_none();
        let of_s3 = url.scheme() == "https"
            && url.port().is_none()
            && url.domain().is_some_and(|host| is_s3(host, &self.url_suffix));
        let emulated = self.emulator.as_ref().is_some_and(|emulator| *emulator == url.origin());
        (plain && (of_s3 || emulated)).then_some(ResponseUrl(url)).ok_or_else(refused)
    }

    /// Puts the answer where CloudFormation reads it. Safe to repeat: CloudFormation takes the first answer.
    ///
    /// # Errors
    ///
    /// S3 refuses it, or is unreachable in three tries.
    #[expect(clippy::disallowed_methods, reason = "a stack waits for an hour if this answer is lost")]
    pub async fn put(&self, url: &ResponseUrl, body: &[u8]) -> Result<(), ServiceFault> {
        let mut pauses = PAUSES.into_iter();
        loop {
            let fault = match self.put_once(url, body).await {
                Ok(()) => return Ok(()),
                Err(fault) => fault,
            };
            let Some(pause) = pauses.next().filter(|_| fault.kind == FaultKind::Unavailable) else { return Err(fault) };
            tokio::time::sleep(pause).await;
        }
    }

    async fn put_once(&self, url: &ResponseUrl, body: &[u8]) -> Result<(), ServiceFault> {
        let fault = |kind, detail: String| ServiceFault { operation: OPERATION, kind, detail };
        // No content type: it would be part of the signature.
        let sent = self.http.put(url.0.clone()).body(body.to_vec()).send().await;
        // The query is a signature that lets anybody answer: keep it out of the error.
        let answer = sent.map_err(reqwest::Error::without_url).map_err(|error| {
            let why = innermost(&error).unwrap_or_else(|| error.to_string());
            fault(FaultKind::Unavailable, printable(&why, 200))
        })?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status if status.is_server_error() => Err(fault(FaultKind::Unavailable, status.to_string())),
            status => Err(fault(FaultKind::Refused, status.to_string())),
        }
    }
}

/// `BUCKET.s3.REGION.SUFFIX`, `BUCKET.s3.SUFFIX` or, as in the first regions, `BUCKET.s3-REGION.SUFFIX`.
fn is_s3(host: &str, suffix: &str) -> bool {
    let Some(labels) = host.strip_suffix(suffix).and_then(|rest| rest.strip_suffix('.')) else { return false };
    let labels: Vec<&str> = labels.split('.').collect();
    match labels.as_slice() {
        [.., "s3"] => true,
        [.., "s3", region] => is_region(region),
        [.., last] => last.strip_prefix("s3-").is_some_and(is_region),
        [] => false,
    }
}

/// `eu-central-1`, `us-gov-west-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [area, middle @ .., number] = parts.as_slice() else { return false };
    let word = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    area.len() >= 2
        && word(area)
        && !middle.is_empty()
        && middle.iter().all(word)
        && number.len() == 1
        && number.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn responses(emulator: Option<&str>) -> Responses {
        Responses::new("amazonaws.com".into(), emulator.map(|url| url.parse().expect("a URL")).as_ref())
    }

    #[test]
    fn answers_go_to_s3_and_nowhere_else() {
        let responses = responses(None);
        for good in [
            "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com/arn%3Aaws?X-Amz-Signature=1",
            "https://cloudformation-custom-resource-response-eucentral1.s3.eu-central-1.amazonaws.com/a",
            "https://cloudformation-custom-resource-response-euwest1.s3-eu-west-1.amazonaws.com/a",
            "https://b.s3.us-gov-west-1.amazonaws.com:443/a",
        ] {
            assert!(responses.url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://b.s3.amazonaws.com/a",
            "https://b.s3.amazonaws.com:8443/a",
            "https://b.s3.amazonaws.com@127.0.0.1/a",
            "https://user@b.s3.amazonaws.com/a",
            "https://b.s3.amazonaws.com.example.net/a",
            "https://s3-mine-123.eu-central-1.elb.amazonaws.com/a",
            "https://b.s3.elb.amazonaws.com/a",
            "https://sqs.eu-central-1.amazonaws.com/a",
            "https://xs3.amazonaws.com/a",
            "https://notamazonaws.com/a",
            "https://169.254.169.254/latest",
            "http://127.0.0.1:4566/_ministack/cfn-response/a",
            "file:///etc/passwd",
            "s3.amazonaws.com",
            "",
        ] {
            assert!(responses.url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_emulated_aws_takes_answers_where_there_is_one() {
        let responses = responses(Some("http://127.0.0.1:4566"));
        assert!(responses.url("http://127.0.0.1:4566/_ministack/cfn-response/a").is_ok());
        assert!(responses.url("http://127.0.0.1:4567/a").is_err(), "of another process");
        assert!(responses.url("http://user@127.0.0.1:4566/a").is_err());
    }

    #[test]
    fn what_is_refused_is_named_without_its_signature() {
        let refused = responses(None).url("https://example.net/a?X-Amz-Signature=secret").expect_err("refused");
        assert_eq!(refused.to_string(), "https://example.net/a is no https URL of S3, so nothing is sent there");
    }
}
