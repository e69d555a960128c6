//! What a token entitles to.

use serde_json::{Map, Value};
use vocabulary::names::{Scope, TenantId};

/// Which claims say it, as the operator has configured them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimNames {
    /// Has the tenant, as one string.
    pub tenant: String,
    /// Has the roles, as a list or as one string.
    pub roles: String,
    /// The role that makes an operator.
    pub operator_role: String,
}

impl ClaimNames {
    /// An operator by role, else a tenant by claim, else nobody.
    ///
    /// Only whole strings are compared. API Gateway passes a list to a function as `[a b]`, where one role named `a b`
    /// cannot be distinguished from two: so this is for claims as they are in the token.
    pub fn scope(&self, claims: &Map<String, Value>) -> Option<Scope> {
        let is_role = |value: &Value| value.as_str() == Some(&self.operator_role);
        let is_operator = match claims.get(&self.roles) {
            Some(Value::Array(roles)) => roles.iter().any(is_role),
            Some(role) => is_role(role),
            None => false,
        };
        if is_operator {
            return Some(Scope::Everything);
        }
        let tenant = claims.get(&self.tenant)?.as_str()?.parse::<TenantId>().ok()?;
        // This name stands for endpoints that operators register for no tenant in particular. Providers also use such a
        // value for unset attributes: whoever has it belongs to no tenant.
        (tenant != TenantId::fallback()).then_some(Scope::Tenant(tenant))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn scope(claims: Value) -> Option<Scope> {
        let names = ClaimNames { tenant: "tenant".into(), roles: "roles".into(), operator_role: "operator".into() };
        names.scope(claims.as_object().expect("an object"))
    }

    fn tenant(name: &str) -> Option<Scope> {
        Some(Scope::Tenant(name.parse().expect("valid")))
    }

    #[test]
    fn the_role_makes_an_operator_and_otherwise_the_claim_names_the_tenant() {
        assert_eq!(scope(json!({"roles": ["reader", "operator"], "tenant": "acme"})), Some(Scope::Everything));
        assert_eq!(scope(json!({"roles": "operator"})), Some(Scope::Everything));
        assert_eq!(scope(json!({"tenant": "acme"})), tenant("acme"));
        assert_eq!(scope(json!({"roles": ["reader"], "tenant": "acme"})), tenant("acme"));
    }

    #[test]
    fn a_part_of_a_role_or_another_form_of_the_claim_entitles_to_nothing() {
        for claims in [
            json!({}),
            json!({"roles": ["operators", "an operator", "Operator", ["operator"], {"operator": true}]}),
            json!({"roles": "[operator]"}),
            json!({"roles": {"operator": true}}),
            json!({"tenant": ["acme"]}),
            json!({"tenant": ""}),
            json!({"tenant": "ac me"}),
            json!({"tenant": 7}),
            json!({"tenant": null}),
            json!({"tenant": true}),
            json!({"tenant": {"acme": "acme"}}),
            json!({"roles": null}),
            json!({"roles": true}),
            json!({"roles": 7}),
            json!({"roles": [null, true, 7]}),
            json!({"Tenant": "acme"}),
            json!({"tenant": "default"}),
        ] {
            assert_eq!(scope(claims.clone()), None, "{claims}");
        }
    }
}
