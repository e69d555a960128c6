use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who has to do something before it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitingOn {
    /// The owner of the domain, in its DNS.
    #[serde(rename = "customer")]
    DomainOwner,
    /// The team that runs this installation.
    Operator,
    /// The certificate authority; waiting is enough.
    Ca,
    /// It goes on automatically.
    Nobody,
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
