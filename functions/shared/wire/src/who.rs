use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who acts next, in the words of earlier releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Actor)]
#[serde(rename_all = "snake_case")]
pub enum WaitingOn {
    /// The domain owner, in the DNS of the domain.
    #[serde(rename = "customer", alias = "domain_owner")]
    DomainOwner,
    /// The team that runs this installation.
    Operator,
    /// The certificate authority.
    Ca,
    /// It continues automatically.
    Nobody,
}

/// Who did something, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Origin {
    /// IAM ARN, the token's subject, `link SHARE-ID`, or `managed-https` for what happens automatically. Tenants see
    /// `operator` for every operator.
    pub who: String,
    /// Source address of the request; absent for what happens automatically, and for operators' acts if a tenant reads
    /// them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}
