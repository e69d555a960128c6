//! How a request is authorized: by a signature with AWS credentials, or by a bearer token.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use http::header::{AUTHORIZATION, HeaderValue};

use crate::api::address::ApiAddress;
use crate::api::error::ApiError;
use crate::api::signing::Signer;

/// A token as it was given, good or not: an error about it must not print it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Token(String);

impl Token {
    /// None for the empty text of a variable that is set to nothing.
    pub(crate) fn given(self) -> Option<Self> {
        (!self.0.is_empty()).then_some(self)
    }

    /// The value of the header, if it is one token (RFC 6750 §2.1) and not something else.
    fn header(&self) -> Option<HeaderValue> {
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
        if !self.0.bytes().all(fits) {
            return None;
        }
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.0)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl FromStr for Token {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

pub(crate) enum Credentials {
    Signature(Box<Signer>),
    Bearer(HeaderValue),
}

impl Credentials {
    /// The token where one is given, else what the AWS CLI would find.
    pub(crate) async fn of(token: Option<Token>, address: &ApiAddress) -> Result<Self, ApiError> {
        let Some(token) = token else { return Ok(Self::Signature(Box::new(Signer::new(address).await?))) };
        if !address.is_private() {
            return Err(ApiError::TokenInClear(address.as_str().to_owned()));
        }
        token.header().map(Self::Bearer).ok_or(ApiError::TokenMalformed)
    }

    /// The root of the routes that accept these credentials.
    pub(crate) fn root(&self) -> &'static str {
        match self {
            Self::Signature(_) => "v1",
            Self::Bearer(_) => "bearer/v1",
        }
    }

    /// Adds them to a request whose path is sent exactly as in its URI.
    pub(crate) async fn apply(&self, request: &mut http::Request<Vec<u8>>) -> Result<(), ApiError> {
        match self {
            Self::Signature(signer) => signer.sign(request).await,
            Self::Bearer(value) => {
                request.headers_mut().insert(AUTHORIZATION, value.clone());
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> Token {
        text.parse().expect("any text is taken")
    }

    #[test]
    fn a_token_is_one_word_and_shows_itself_nowhere() {
        let header = token(" abc.DEF-1_~+/==\n").header().expect("a token");
        assert_eq!(header.to_str().expect("text"), "Bearer abc.DEF-1_~+/==");
        assert!(header.is_sensitive() && !format!("{:?}{header:?}", token("abc")).contains("abc"));
        for bad in ["a b", "Bearer abc", "a\r\nb", "ü"] {
            assert_eq!(token(bad).header(), None, "{bad:?}");
        }
        assert_eq!(token(" ").given(), None);
    }

    #[tokio::test]
    async fn a_token_is_sent_in_clear_to_no_other_machine() {
        let of = async |address: &str| {
            Credentials::of(Some(token("abc")), &address.parse().expect("an address")).await.map(|c| c.root())
        };
        assert_eq!(of("https://api.example.com").await.expect("it is encrypted"), "bearer/v1");
        assert_eq!(of("http://127.0.0.1:4566/x").await.expect("it stays here"), "bearer/v1");
        assert!(matches!(of("http://api.example.com").await, Err(ApiError::TokenInClear(_))));
    }
}
