//! Links to the domain owner's page.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::Origin;

/// A link to the domain owner's page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Share {
    /// SHA-256 of the token, in hex. It names the link and does not open it.
    pub id: String,
    pub created_by: Origin,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub expires_at: OffsetDateTime,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ShareList {
    pub shares: Vec<Share>,
}

/// A new link. Its URL is shown only once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NewShare {
    #[serde(flatten)]
    pub share: Share,
    /// URL of the domain owner's page.
    pub url: String,
    /// A message for the domain owner, with the records and the link.
    #[serde(default)]
    #[schema(required = true)]
    pub mail: Option<Mail>,
}

/// A message for the caller to send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mail {
    pub subject: String,
    /// Plain text, in lines.
    pub body: String,
}
