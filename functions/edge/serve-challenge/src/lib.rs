//! Answers the CA's HTTP-01 requests (RFC 8555 §8.3).

use diagnosis::http01::mark::{HOST_HEADER, check_body, is_check_token, is_token, seen};
use domain::ports::{ServiceFault, TokenStore};
use http::HeaderMap;
use http::header::HOST;
use vocabulary::names::DomainName;

const PREFIX: &str = "/.well-known/acme-challenge/";

/// What is answered.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// The key authorization; `None` where there is nothing to answer.
    pub body: Option<String>,
    /// What was asked for as it arrived, for the checks of hosts.
    pub seen: String,
}

/// The host that the CA requested: a web server or CDN that forwards under another name passes it in a header of its own.
/// Empty where none is given.
pub fn host_of(headers: &HeaderMap) -> &str {
    let said = headers.get(HOST_HEADER).or_else(|| headers.get(HOST));
    said.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The answer to a request.
///
/// Only an exact token for the host it was made for; never a listing, never a redirect. A check's own token is answered
/// without reading the store: it shows that this host's requests arrive here unchanged. `successor`: where another
/// installation publishes, which replaces this one while the hosts still lead here.
pub async fn respond<T: TokenStore>(
    tokens: &T,
    successor: Option<&T>,
    host: &str,
    path: &str,
) -> Result<Answer, ServiceFault> {
    let token = path.strip_prefix(PREFIX).filter(|token| is_token(token));
    let host = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    let host = host.parse::<DomainName>().ok();
    let body = match (&host, token) {
        (Some(host), Some(token)) if is_check_token(token) => Some(check_body(host, token)),
        (Some(host), Some(token)) => match (tokens.read(host, token).await?, successor) {
            (None, Some(successor)) => successor.read(host, token).await?,
            (own, _) => own,
        },
        _ => None,
    };
    Ok(Answer { body, seen: seen(host.as_ref(), token) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use diagnosis::http01::mark::check_token;
    use testkit::MemoryTokens;

    async fn get(host: &str, path: &str) -> Answer {
        let tokens = MemoryTokens::default();
        let www = "www.example.com".parse().expect("a valid name");
        tokens.publish(&www, "tok-EN_1", "tok-EN_1.thumb").await.expect("in memory");
        respond(&tokens, None, host, path).await.expect("in memory")
    }

    #[tokio::test]
    async fn a_successors_token_is_served_unless_the_installation_has_its_own() {
        let (own, successor) = (MemoryTokens::default(), MemoryTokens::default());
        let www = "www.example.com".parse().expect("a valid name");
        own.publish(&www, "both", "own").await.expect("in memory");
        for token in ["both", "moved"] {
            successor.publish(&www, token, "successor").await.expect("in memory");
        }
        for (host, token, body) in [
            ("www.example.com", "moved", Some("successor")),
            ("www.example.com", "both", Some("own")),
            ("www.example.com", "neither", None),
            ("other.example.com", "moved", None),
        ] {
            let path = format!("/.well-known/acme-challenge/{token}");
            let answer = respond(&own, Some(&successor), host, &path).await.expect("in memory");
            assert_eq!(answer.body.as_deref(), body, "{host} {token}");
        }
    }

    #[tokio::test]
    async fn an_exact_token_is_served_at_its_host_whatever_the_port_or_case() {
        for host in ["www.example.com", "WWW.Example.com:80", "www.example.com."] {
            let answer = get(host, "/.well-known/acme-challenge/tok-EN_1").await;
            assert_eq!(answer.body.as_deref(), Some("tok-EN_1.thumb"), "{host}");
            assert_eq!(answer.seen, "www.example.com/tok-EN_1", "{host}");
        }
    }

    #[test]
    fn the_host_is_the_one_that_was_passed_on_and_else_that_of_the_request() {
        let mut headers = HeaderMap::new();
        assert_eq!(host_of(&headers), "");
        headers.insert(HOST, "api.execute-api.example".parse().expect("a value"));
        assert_eq!(host_of(&headers), "api.execute-api.example");
        headers.insert(HOST_HEADER, "www.example.com".parse().expect("a value"));
        assert_eq!(host_of(&headers), "www.example.com");
    }

    #[tokio::test]
    async fn nothing_else_is_served() {
        for (host, path, seen) in [
            ("other.example.com", "/.well-known/acme-challenge/tok-EN_1", "other.example.com/tok-EN_1"),
            ("www.example.com", "/.well-known/acme-challenge/other", "www.example.com/other"),
            ("www.example.com", "/.well-known/acme-challenge/", "www.example.com/-"),
            ("www.example.com", "/.well-known/acme-challenge/../acme-challenge/tok-EN_1", "www.example.com/-"),
            ("www.example.com", "/.well-known/acme-challenge/x/tok-EN_1", "www.example.com/-"),
            ("www.example.com", "/.well-known/acme-challenge/tok-EN_1/", "www.example.com/-"),
            ("www.example.com", "/.well-known/acme-challenge/tok%2DEN_1", "www.example.com/-"),
            ("www.example.com", "/tok-EN_1", "www.example.com/-"),
            ("../www.example.com", "/.well-known/acme-challenge/tok-EN_1", "-/tok-EN_1"),
            ("a\r\nx: y", "/.well-known/acme-challenge/<script>", "-/-"),
            ("[2001:db8::1]:80", "/.well-known/acme-challenge/tok-EN_1", "-/tok-EN_1"),
            ("", "/.well-known/acme-challenge/tok-EN_1", "-/tok-EN_1"),
        ] {
            assert_eq!(get(host, path).await, Answer { body: None, seen: seen.into() }, "{host} {path}");
        }
    }

    #[tokio::test]
    async fn a_checks_token_is_answered_with_the_host_that_was_seen() {
        let token = check_token([9; 16]);
        let path = format!("/.well-known/acme-challenge/{token}");
        let (www, shop) = (get("www.example.com", &path).await, get("shop.example.com:8080", &path).await);
        assert_eq!(shop.body, Some(check_body(&"shop.example.com".parse().expect("a valid name"), &token)));
        assert_ne!(www.body, shop.body, "so an answer by way of another host is told apart");
        assert_eq!(get("[::1]:80", &path).await.body, None);
    }
}
