//! Who calls, and what the gateway says about the caller.

use lambda_http::request::RequestContext;
use serde_json::{Value, json};

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Signed, as IAM has seen it.
    Operator,
    /// With a token that has this tenant.
    Tenant(&'static str),
    /// With a token that has the operator's role.
    OperatorByRole,
    Nobody,
}

impl Who {
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Operator | Self::Nobody => "/v1",
            Self::Tenant(_) | Self::OperatorByRole => "/bearer/v1",
        }
    }

    /// What the token says.
    fn claims(self) -> Value {
        match self {
            Self::Tenant(tenant) => json!({"sub": format!("{tenant}-ann"), "tenant": tenant}),
            Self::OperatorByRole => json!({"sub": "otto", "roles": ["reader", "operator"], "tenant": "acme"}),
            Self::Operator | Self::Nobody => Value::Null,
        }
    }

    /// The header, for those who come with a token. Its signature is the gateway's to check.
    pub(crate) fn authorization(self) -> Option<String> {
        let claims = self.claims();
        let payload = base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, claims.to_string());
        claims.is_object().then(|| format!("Bearer e30.{payload}.c2ln"))
    }

    /// As API Gateway hands it over.
    pub(crate) fn context(self) -> RequestContext {
        // Flattened, as the gateway does it.
        let jwt = |claims: Value| json!({"jwt": {"claims": {"sub": claims["sub"], "roles": "[…]"}, "scopes": null}});
        let authorizer = match self {
            Self::Operator => json!({"iam": {
                "accessKey": "AKIDEXAMPLE", "accountId": "123456789012", "callerId": "AIDAEXAMPLE",
                "cognitoIdentity": null, "principalOrgId": null,
                "userArn": "arn:aws:iam::123456789012:user/olga", "userId": "AIDAEXAMPLE"}}),
            Self::Tenant(_) | Self::OperatorByRole => jwt(self.claims()),
            Self::Nobody => Value::Null,
        };
        let context = json!({
            "accountId": "123456789012", "apiId": "api", "domainName": "api.example", "domainPrefix": "api",
            "http": {"method": "GET", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "t"},
            "requestId": "r", "routeKey": "ANY /v1/{proxy+}", "stage": "$default",
            "time": "24/Nov/2026:12:00:00 +0000", "timeEpoch": 1_795_521_600_000_u64, "authorizer": authorizer,
        });
        serde_json::from_value(context).expect("a request context")
    }
}
