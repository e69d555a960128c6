use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{Open, RequiredRecord, WaitingOn};

/// What can be wrong with an endpoint that has a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SymptomKind {
    /// Records, their zone or the challenge path are not as they must be: the next renewal would fail.
    DnsBroken,
    /// The certificate is gone from ACM.
    CertificateMissing,
    /// ACM has another certificate under the same ARN.
    AnotherHeld,
    /// A further region does not have it.
    CopyMissing,
    /// A listener that is to have it does not.
    Detached,
    /// The host presents another certificate than the one in ACM.
    AnotherServed,
    /// The host presents the certificate without those that lead to the root.
    ChainIncomplete,
    /// No TLS connection to the host can be made.
    HostUnreachable,
    /// Nothing uses the certificate any more.
    Unused,
}

/// One thing that is wrong, for as long as it lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Symptom {
    #[serde(default)]
    #[schema(value_type = SymptomKind, required = true)]
    pub kind: Open<SymptomKind>,
    /// The first look that saw it.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    /// Looks in a row that saw it.
    #[serde(default)]
    #[schema(required = true)]
    pub looks: u32,
    #[serde(default)]
    #[schema(value_type = WaitingOn, required = true)]
    pub actor: Open<WaitingOn>,
    /// What is the case, in a sentence or two.
    pub summary: String,
    /// What `actor` does about it, with the record or the command.
    pub remedy: String,
    /// The record to create or to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RequiredRecord>,
}

/// What is seen of an endpoint in the background, between its renewals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WatchView {
    #[serde(with = "time::serde::rfc3339")]
    pub looked_at: OffsetDateTime,
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub look_again_at: Option<OffsetDateTime>,
    /// When records and host were last as they must be; null if no look has found them so.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub dns_good_at: Option<OffsetDateTime>,
    /// What two looks in a row have found wrong, the gravest first.
    #[serde(default)]
    #[schema(required = true)]
    pub symptoms: Vec<Symptom>,
    /// ARNs of what uses the certificate.
    #[serde(default)]
    #[schema(required = true)]
    pub used_by: Vec<String>,
}
