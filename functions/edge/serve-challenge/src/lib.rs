//! Answers the CA's HTTP-01 requests (RFC 8555 §8.3).

use domain::ports::{ServiceFault, TokenStore};
use vocabulary::names::DomainName;

const PREFIX: &str = "/.well-known/acme-challenge/";

/// The key authorization for a request, or `None` where there is nothing to answer.
///
/// Only an exact token for the host it was made for; never a listing, never a redirect.
pub async fn respond(tokens: &impl TokenStore, host: &str, path: &str) -> Result<Option<String>, ServiceFault> {
    let Some(token) = path.strip_prefix(PREFIX).filter(|token| is_token(token)) else { return Ok(None) };
    let host = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    let Ok(host) = host.parse::<DomainName>() else { return Ok(None) };
    tokens.read(&host, token).await
}

/// RFC 8555 §8.1: base64url characters only, so that nothing in it can mean a path.
fn is_token(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::MemoryTokens;

    async fn get(host: &str, path: &str) -> Option<String> {
        let tokens = MemoryTokens::default();
        let www = "www.example.com".parse().expect("a valid name");
        tokens.publish(&www, "tok-EN_1", "tok-EN_1.thumb").await.expect("in memory");
        respond(&tokens, host, path).await.expect("in memory")
    }

    #[tokio::test]
    async fn an_exact_token_is_served_at_its_host_whatever_the_port_or_case() {
        for host in ["www.example.com", "WWW.Example.com:80", "www.example.com."] {
            let body = get(host, "/.well-known/acme-challenge/tok-EN_1").await;
            assert_eq!(body.as_deref(), Some("tok-EN_1.thumb"), "{host}");
        }
    }

    #[tokio::test]
    async fn nothing_else_is_served() {
        for (host, path) in [
            ("other.example.com", "/.well-known/acme-challenge/tok-EN_1"),
            ("www.example.com", "/.well-known/acme-challenge/other"),
            ("www.example.com", "/.well-known/acme-challenge/"),
            ("www.example.com", "/.well-known/acme-challenge/../acme-challenge/tok-EN_1"),
            ("www.example.com", "/.well-known/acme-challenge/x/tok-EN_1"),
            ("www.example.com", "/.well-known/acme-challenge/tok-EN_1/"),
            ("www.example.com", "/.well-known/acme-challenge/tok%2DEN_1"),
            ("www.example.com", "/tok-EN_1"),
            ("../www.example.com", "/.well-known/acme-challenge/tok-EN_1"),
            ("", "/.well-known/acme-challenge/tok-EN_1"),
        ] {
            assert_eq!(get(host, path).await, None, "{host} {path}");
        }
    }
}
