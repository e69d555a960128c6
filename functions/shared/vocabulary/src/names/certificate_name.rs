//! A name in a certificate: a domain name, or its wildcard.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::names::domain_name::DomainName;
use crate::names::name_error::{NameError, shorten, trim};

/// One name of a certificate: a [`DomainName`], or all names one label below it (`*.example.com`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CertificateName {
    pub base: DomainName,
    pub wildcard: bool,
}

impl CertificateName {
    /// Whether a certificate for `self` already serves `other` (RFC 6125 §6.4.3).
    pub fn covers(&self, other: &CertificateName) -> bool {
        if self == other {
            return true;
        }
        self.wildcard
            && !other.wildcard
            && other.base.as_str().split_once('.').is_some_and(|(_, rest)| rest == self.base.as_str())
    }

    pub fn to_unicode(&self) -> String {
        match self.wildcard {
            true => format!("*.{}", self.base.to_unicode()),
            false => self.base.to_unicode(),
        }
    }
}

impl FromStr for CertificateName {
    type Err = NameError;

    /// Blanks around the name are ignored.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let text = trim(text);
        let (wildcard, base) = match text.strip_prefix("*.") {
            Some(base) => (true, base),
            None => (false, text),
        };
        let base = base.parse().map_err(|error| match error {
            NameError::SingleLabel(_) if wildcard => NameError::PublicSuffix(shorten(base)),
            NameError::List(_) => NameError::List(shorten(text)),
            other => other,
        })?;
        Ok(Self { base, wildcard })
    }
}

impl TryFrom<String> for CertificateName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<CertificateName> for String {
    fn from(name: CertificateName) -> Self {
        name.to_string()
    }
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.wildcard {
            f.write_str("*.")?;
        }
        self.base.fmt(f)
    }
}
