//! Who makes a request, and what they may see.

use serde::{Deserialize, Serialize};

use crate::names::tenant::TenantId;

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

/// Who did something, and from where: for the audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// IAM ARN, the token's subject, a stack's resource, `link SHARE-ID`, or `managed-https` for what happens automatically.
    pub who: String,
    /// Source address of the request; absent for what happens automatically.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Whether that is an operator. Earlier releases did not store it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub operator: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// The name for operators that tenants see.
const OPERATOR: &str = "operator";

impl Origin {
    /// What happens automatically.
    pub fn itself() -> Self {
        Self { who: "managed-https".to_owned(), address: None, operator: false }
    }

    /// Who it was, as everybody may know: operators are only named as such.
    pub fn in_public(&self) -> &str {
        if self.operator { OPERATOR } else { &self.who }
    }

    /// As a caller with `scope` sees it: only operators see which operator it was, and from where.
    pub fn seen_by(self, scope: &Scope) -> Self {
        // IAM identities are always operators, including those that an earlier release stored.
        let is_operators = self.operator || self.who.starts_with("arn:");
        match scope {
            Scope::Tenant(_) if is_operators => Self { who: OPERATOR.to_owned(), address: None, operator: true },
            _ => self,
        }
    }
}

/// An authenticated caller, and what they may do.
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
    use crate::names::tenant::TenantIdError;

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
