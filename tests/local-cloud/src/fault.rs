//! The faults of a [`crate::FaultProxy`].

use std::time::Duration;

use serde_json::json;

/// Paths of Pebble's resources.
pub mod pebble {
    pub const DIRECTORY: &str = "/dir";
    pub const NEW_NONCE: &str = "/nonce-plz";
    pub const NEW_ACCOUNT: &str = "/sign-me-up";
    pub const NEW_ORDER: &str = "/order-plz";
    pub const ORDER: &str = "/my-order/";
    pub const FINALIZE: &str = "/finalize-order/";
    pub const AUTHORIZATION: &str = "/authZ/";
    pub const CHALLENGE: &str = "/chalZ/";
    pub const CERTIFICATE: &str = "/certZ/";
    pub const RENEWAL_INFO: &str = "/draft-ietf-acme-ari-03/renewalInfo/";
}

/// Spoils the next requests that match it.
#[derive(Clone, Debug)]
pub struct Fault {
    path: String,
    action: Option<String>,
    method: Option<String>,
    remaining: u32,
    effect: Effect,
}

#[derive(Clone, Debug)]
pub enum Effect {
    /// Answers in the server's place.
    Respond { status: u16, headers: Vec<(String, String)>, body: String },
    /// Closes the connection without an answer.
    Drop,
    /// Passes the request on, and closes the connection instead of answering: it was done, unknown to
    /// the client.
    LoseResponse,
    /// Leaves the client waiting.
    Hang,
    /// Passes the request on later.
    Delay(Duration),
}

impl Fault {
    /// Matches the next request to a path that begins with `path`.
    pub fn at(path: &str, effect: Effect) -> Self {
        Self { path: path.to_owned(), action: None, method: None, remaining: 1, effect }
    }

    /// Matches the next request for an action of an AWS service with a JSON protocol (ACM, DynamoDB, …).
    pub fn on_action(action: &str, effect: Effect) -> Self {
        Self { action: Some(format!(".{action}")), ..Self::at("/", effect) }
    }

    /// An ACME problem document (RFC 8555 §6.7). `kind` is the part after `urn:ietf:params:acme:error:`.
    pub fn problem(path: &str, status: u16, kind: &str, detail: &str) -> Self {
        let body = json!({ "type": format!("urn:ietf:params:acme:error:{kind}"), "detail": detail, "status": status });
        Self::respond(path, status, "application/problem+json", body.to_string())
    }

    /// What a web server in front of a CA says when the CA is unavailable.
    pub fn unavailable_in_html(path: &str) -> Self {
        let body = "<html><head><title>503 Service Temporarily Unavailable</title></head></html>";
        Self::respond(path, 503, "text/html", body.into())
    }

    /// An error of an AWS service with a JSON protocol.
    pub fn aws_json_error(action: &str, status: u16, code: &str, message: &str) -> Self {
        let body = json!({ "__type": code, "message": message }).to_string();
        Self { action: Some(format!(".{action}")), ..Self::respond("/", status, "application/x-amz-json-1.1", body) }
    }

    /// An error of Route 53.
    pub fn route53_error(path: &str, status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<ErrorResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error><RequestId>0</RequestId></ErrorResponse>"
        );
        Self::respond(path, status, "text/xml", body)
    }

    fn respond(path: &str, status: u16, content_type: &str, body: String) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self::at(path, Effect::Respond { status, headers, body })
    }

    /// Adds a header to the response.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Effect::Respond { headers, .. } = &mut self.effect {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// Restricts it to a method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Spoils this many requests instead of one.
    pub fn times(mut self, times: u32) -> Self {
        self.remaining = times;
        self
    }

    /// Spoils every request that matches, until the proxy is cleared.
    pub fn always(self) -> Self {
        self.times(u32::MAX)
    }

    /// The effect, if this fault is for the request and not used up.
    pub(crate) fn take(&mut self, method: &str, path: &str, target: Option<&str>) -> Option<Effect> {
        let path_matches = path.starts_with(&self.path);
        let method_matches = self.method.as_ref().is_none_or(|wanted| wanted == method);
        let action_matches =
            self.action.as_ref().is_none_or(|action| target.is_some_and(|target| target.ends_with(action)));
        if self.remaining == 0 || !path_matches || !method_matches || !action_matches {
            return None;
        }
        self.remaining -= 1;
        Some(self.effect.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_spoils_as_many_matching_requests_as_it_says() {
        let mut fault = Fault::at(pebble::NEW_ORDER, Effect::Drop).method("POST").times(2);
        assert!(fault.take("HEAD", "/order-plz", None).is_none());
        assert!(fault.take("POST", "/dir", None).is_none());
        assert!(fault.take("POST", "/order-plz", None).is_some());
        assert!(fault.take("POST", "/order-plz", None).is_some());
        assert!(fault.take("POST", "/order-plz", None).is_none());
    }

    #[test]
    fn an_action_is_the_last_part_of_the_target() {
        let mut fault = Fault::on_action("ImportCertificate", Effect::Drop);
        assert!(fault.take("POST", "/", Some("CertificateManager.ListCertificates")).is_none());
        assert!(fault.take("POST", "/", Some("CertificateManager.ImportCertificate")).is_some());
    }
}
