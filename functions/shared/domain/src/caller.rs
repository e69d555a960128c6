//! Who asks, and what they may see.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A customer of the platform, as its token names it: 1 to 64 letters, digits, `-`, `_` and `.`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(String);

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tenant is named by 1 to 64 letters, digits, hyphens, underscores and dots")]
pub struct TenantIdError;

impl TenantId {
    /// The tenant of endpoints that an operator registers without naming one.
    pub fn fallback() -> Self {
        Self("default".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TenantId {
    type Err = TenantIdError;

    fn from_str(text: &str) -> Result<Self, TenantIdError> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        fits.then(|| Self(text.to_owned())).ok_or(TenantIdError)
    }
}

impl TryFrom<String> for TenantId {
    type Error = TenantIdError;

    fn try_from(text: String) -> Result<Self, TenantIdError> {
        text.parse()
    }
}

impl From<TenantId> for String {
    fn from(tenant: TenantId) -> Self {
        tenant.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whose endpoints a caller may see and change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// An operator: those of all tenants.
    Everything,
    Tenant(TenantId),
}

impl Scope {
    pub fn covers(&self, tenant: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Tenant(own) => own.as_str() == tenant,
        }
    }
}

/// Who did something, from where: the trail that an audit follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Origin {
    /// IAM ARN, the token's subject, `link SHARE-ID`, or `managed-https` for what happens by itself.
    pub who: String,
    /// Source address of the request; absent for what happens by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

impl Origin {
    /// What happens by itself.
    pub fn itself() -> Self {
        Self { who: "managed-https".to_owned(), address: None }
    }
}

/// Somebody whose identity was established, and what it entitles them to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub scope: Scope,
    pub origin: Origin,
}

impl Caller {
    pub fn is_operator(&self) -> bool {
        self.scope == Scope::Everything
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_is_a_short_plain_word() {
        for good in ["acme", "a", "customer-7_x.y", &"a".repeat(64)] {
            assert!(good.parse::<TenantId>().is_ok(), "{good}");
        }
        for bad in ["", "a b", "a#b", "ä", "a/b", &"a".repeat(65)] {
            assert_eq!(bad.parse::<TenantId>(), Err(TenantIdError), "{bad}");
        }
    }

    #[test]
    fn a_tenant_covers_its_own_and_nothing_else() {
        let own = Scope::Tenant("acme".parse().expect("valid"));
        assert!(own.covers("acme") && !own.covers("acme2") && !own.covers(""));
        assert!(Scope::Everything.covers("acme"));
    }
}
