//! Who asks, and what they may see.

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

/// Who did something, from where: the trail that an audit follows.
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

/// What a tenant knows an operator by.
const OPERATOR: &str = "operator";

impl Origin {
    /// What happens automatically.
    pub fn itself() -> Self {
        Self { who: "managed-https".to_owned(), address: None, operator: false }
    }

    /// Who it was, as everybody may know: of operators no more than that they are.
    pub fn in_public(&self) -> &str {
        if self.operator { OPERATOR } else { &self.who }
    }

    /// As somebody with `scope` sees it: who of the operators it was, and from where, is theirs.
    pub fn seen_by(self, scope: &Scope) -> Self {
        // IAM identities are operators' alone, also where an earlier release has stored them.
        let is_operators = self.operator || self.who.starts_with("arn:");
        match scope {
            Scope::Tenant(_) if is_operators => Self { who: OPERATOR.to_owned(), address: None, operator: true },
            _ => self,
        }
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
