use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

/// Where the certificate goes besides ACM in the installation's own region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeploymentView {
    /// Those that are to have it, and those that have yet to lose it.
    #[serde(default)]
    #[schema(required = true)]
    pub listeners: Vec<ListenerView>,
    /// Regions that were asked for; those of the listeners are not among them.
    #[serde(default)]
    #[schema(required = true)]
    pub regions: Vec<String>,
    /// The role by which it is in another account; null: it is in the installation's own.
    pub role: Option<String>,
    /// The pool that its first listener is of; its host's record leads to that load balancer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<String>,
    /// The certificate in ACM whose place the first one takes, or has taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt: Option<String>,
    /// The certificate in additional regions.
    #[serde(default)]
    #[schema(required = true)]
    pub copies: Vec<CopyView>,
    /// The tags that the certificate in ACM is to have besides the installation's own.
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
    /// What the secret is called.
    pub name: String,
    /// ARN of the secret; null: it has not been written yet.
    pub secret: Option<String>,
    /// Whether it has the current certificate; false: the previous one, or none.
    pub current: bool,
    /// The one role that may read it; null: the installation exports nothing any more.
    pub reader: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListenerView {
    pub arn: String,
    /// False: it was taken off the endpoint, and still has the certificate, mostly as its default one.
    pub wanted: bool,
    /// Since when it has the certificate; null: it does not yet, or that has failed.
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
