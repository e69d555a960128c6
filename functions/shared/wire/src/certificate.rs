use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::Open;

/// The certificate's own state, whatever DNS and the host say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateState {
    /// There is none yet: no attempt has been made, or the DNS records are not there yet.
    None,
    /// The first one is being issued.
    Issuing,
    Active,
    /// Good, and its renewal is due.
    Expiring,
    Expired,
    /// There is none, and the last attempt failed for another reason than missing records.
    Failed,
}

/// The certificate in ACM; all but the state is null while there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateView {
    #[schema(value_type = CertificateState)]
    pub state: Open<CertificateState>,
    pub arn: Option<String>,
    pub serial: Option<String>,
    pub issuer: Option<String>,
    /// Directory URL of the CA that issued it; null of one from before this was recorded, too.
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
