use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// Where the certificate goes: listeners, regions, account, tags and export.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeploymentView {
    /// The listeners for the certificate, and removed listeners that still have it.
    #[serde(default)]
    #[schema(required = true)]
    pub listeners: Vec<ListenerView>,
    /// The requested regions, without those of the listeners.
    #[serde(default)]
    #[schema(required = true)]
    pub regions: Vec<String>,
    /// ARN of the role for the certificate's account; null: it is in the installation's own account.
    pub role: Option<String>,
    /// Pool of the first listener. The host's record leads to that load balancer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// ARN of the imported certificate that the first one replaces, or has replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt: Option<String>,
    /// The certificate in additional regions.
    #[serde(default)]
    #[schema(required = true)]
    pub copies: Vec<CopyView>,
    /// Tags of the certificate in ACM, besides the installation's own.
    #[serde(default)]
    #[schema(required = true)]
    pub tags: BTreeMap<String, String>,
    /// The export of the certificate with its private key; null: the key does not leave the installation.
    #[serde(default)]
    #[schema(required = true)]
    pub export: Option<ExportView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExportView {
    /// False: it was turned off, and the secret is about to be deleted.
    pub wanted: bool,
    /// Name of the secret.
    pub name: String,
    /// ARN of the secret; null until it is written.
    pub secret: Option<String>,
    /// Whether the secret has the current certificate; false: the previous one, or none.
    pub current: bool,
    /// ARN of the one role that may read it; null: the installation no longer exports keys.
    pub reader: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListenerView {
    pub arn: String,
    /// False: it was removed from the endpoint and still has the certificate, usually as its default certificate.
    pub wanted: bool,
    /// Since when it has the certificate; null: not yet, or attaching it failed.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub attached_at: Option<OffsetDateTime>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CopyView {
    pub region: String,
    pub arn: String,
    /// Whether it is the current certificate; false: still the previous one.
    pub current: bool,
}

impl DeploymentView {
    /// Whether there is anything to show.
    pub fn is_empty(&self) -> bool {
        self.listeners.is_empty()
            && self.regions.is_empty()
            && self.role.is_none()
            && self.adopt.is_none()
            && self.copies.is_empty()
            && self.tags.is_empty()
            && self.export.is_none()
    }
}
