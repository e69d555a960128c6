use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::Open;

/// The certificate's own state, regardless of DNS and host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateState {
    /// None yet: no attempt has been made, or the DNS records are not correct yet.
    None,
    /// The first one is being issued.
    Issuing,
    Active,
    /// Valid, and its renewal is due.
    Expiring,
    Expired,
    /// None yet: the last attempt failed, and not because of the domain owner's records.
    Failed,
}

/// The certificate in ACM. Without one, `names` is empty and all other fields but `state` are null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateView {
    #[schema(value_type = CertificateState)]
    pub state: Open<CertificateState>,
    pub arn: Option<String>,
    pub serial: Option<String>,
    pub issuer: Option<String>,
    /// Directory URL of the issuing CA; also null for a certificate from before this was recorded.
    pub directory: Option<String>,
    #[serde(default)]
    #[schema(required = true)]
    pub names: Vec<String>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub not_before: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub not_after: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub imported_at: Option<OffsetDateTime>,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub renews_at: Option<OffsetDateTime>,
}
