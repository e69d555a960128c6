use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{Open, RequiredRecord, WaitingOn};

/// What can be wrong with an endpoint that has a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SymptomKind {
    /// Records, their zone or the challenge path are wrong: the next renewal would fail.
    DnsBroken,
    /// The certificate is missing in ACM.
    CertificateMissing,
    /// ACM has a different certificate under the same ARN.
    AnotherHeld,
    /// An additional region does not have the certificate.
    CopyMissing,
    /// A listener of the endpoint does not have the certificate.
    Detached,
    /// The host serves a different certificate than the one in ACM.
    AnotherServed,
    /// The host serves the certificate without its intermediate certificates.
    ChainIncomplete,
    /// No TLS connection to the host can be made.
    HostUnreachable,
    /// Nothing uses the certificate.
    Unused,
}

/// One problem, for as long as it lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Symptom {
    #[serde(default)]
    #[schema(value_type = SymptomKind, required = true)]
    pub kind: Open<SymptomKind>,
    /// The first check that found it.
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    #[serde(flatten, with = "crate::renamed::checks")]
    #[schema(value_type = crate::renamed::ChecksFields)]
    pub checks: u32,
    #[serde(
        flatten,
        serialize_with = "crate::renamed::waiting_on::serialize",
        deserialize_with = "crate::renamed::waiting_on::if_known"
    )]
    #[schema(value_type = crate::renamed::WaitingOnFields)]
    pub actor: Open<WaitingOn>,
    /// What is wrong, in a sentence or two.
    pub summary: String,
    #[serde(flatten, with = "crate::renamed::remedy")]
    #[schema(value_type = crate::renamed::ActionFields)]
    pub remedy: String,
    /// The record to create or to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RequiredRecord>,
}

/// Result of the health checks between renewals.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WatchView {
    #[serde(flatten, with = "crate::renamed::checked_at")]
    #[schema(value_type = crate::renamed::CheckedAtFields)]
    pub checked_at: OffsetDateTime,
    #[serde(flatten, with = "crate::renamed::next_check_at")]
    #[schema(value_type = crate::renamed::NextCheckAtFields)]
    pub next_check_at: Option<OffsetDateTime>,
    /// When records and host were last correct; null if no check has found them so.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub dns_good_at: Option<OffsetDateTime>,
    /// Problems found by two consecutive checks, most severe first.
    #[serde(default)]
    #[schema(required = true)]
    pub symptoms: Vec<Symptom>,
    /// ARNs of the resources that use the certificate.
    #[serde(default)]
    #[schema(required = true)]
    pub used_by: Vec<String>,
}
