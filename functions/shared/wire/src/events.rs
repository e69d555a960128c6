//! Notifications of people and programs: one typed, versioned event for each fact, on topics and on a bus.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{Open, RequiredRecord, WaitingOn};

/// Version of the events' format. A new field keeps it; a removed field, or one with a new meaning, raises it.
pub const VERSION: u32 = 1;

/// Kind of an event. Subscriptions filter by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum AlertKind {
    /// The endpoint has its first certificate.
    CertificateIssued,
    /// A newer certificate replaced the previous one.
    CertificateRenewed,
    /// There is no certificate, and not because of the domain owner.
    IssuanceFailed,
    /// The same for a renewal, while the current certificate is still in use.
    RenewalFailed,
    /// Somebody must act before the next certificate can be issued.
    ActionRequired,
    /// A notified issue lasts, and the certificate expires soon; or a due renewal has not started.
    ExpiryApproaching,
    /// A notified issue is resolved.
    Recovered,
    /// ACM has the certificate, and the host serves a different one.
    ServedCertificateDiffers,
    /// The certificate is missing in ACM, or ACM has a different one.
    CertificateMissing,
    /// A check of the installation itself fails.
    #[serde(alias = "EngineUnhealthy")]
    InstallationUnhealthy,
    EndpointRemoved,
    /// What a tenant's endpoints need, once a day.
    Digest,
}

/// How urgent it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertSeverity {
    /// Nothing is wrong.
    Info,
    /// Somebody must act; there is time.
    Notice,
    /// Under a third of the certificate's lifetime is left.
    Warning,
    /// Under a fifth.
    Error,
    /// Under a tenth, or it has expired.
    Page,
}

/// Cause of the notification, a stable word: a failure's name, a check's name, `issued`, `removed` …
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Cause(pub String);

/// The current certificate, in an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateFacts {
    /// ARN in ACM.
    pub arn: String,
    /// Upper-case hex without leading zeros.
    pub serial: String,
    pub issuer: String,
    /// Directory URL of the CA that issued it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    #[serde(with = "time::serde::rfc3339")]
    pub not_before: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub not_after: OffsetDateTime,
    /// When its renewal begins.
    #[serde(with = "time::serde::rfc3339")]
    pub renew_at: OffsetDateTime,
}

/// How many endpoints a shared cause affects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Affected {
    /// Endpoints that have had the cause since it began.
    pub endpoints: u64,
    /// Domain of the first of them.
    pub first: String,
}

/// One event. Absent fields do not apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    /// Version of the event format: 1.
    pub version: u32,
    /// Unique id. An event sent twice after a crash has the same id.
    pub id: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    #[schema(value_type = AlertKind)]
    pub kind: Open<AlertKind>,
    #[schema(value_type = AlertSeverity)]
    pub severity: Open<AlertSeverity>,
    pub cause: Cause,
    /// Other causes resolved by the same `Recovered` event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_resolved: Vec<Cause>,
    /// Name of the check, if a check found it: `delegation-missing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    #[serde(flatten, with = "crate::renamed::waiting_on")]
    #[schema(value_type = crate::renamed::WaitingOnFields)]
    pub actor: Open<WaitingOn>,
    /// Absent if the event is about the installation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The endpoint's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The endpoint's first name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// All names of the endpoint.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// When the issue began.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub since: Option<OffsetDateTime>,
    /// Deadline: usually the expiry of the current certificate.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<OffsetDateTime>,
    /// When the next attempt starts automatically.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<OffsetDateTime>,
    /// What happened and why.
    pub what: String,
    #[serde(flatten, with = "crate::renamed::remedy")]
    #[schema(value_type = crate::renamed::ActionFields)]
    pub remedy: String,
    /// The record to create or to change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<RequiredRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<CertificateFacts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected: Option<Affected>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// Dashboard page with details.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Contents of a digest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Digest {
    pub endpoints: u64,
    /// Endpoints with a valid certificate and nothing that prevents the next one.
    pub ready: u64,
    /// Endpoints that need action.
    pub waiting: u64,
    /// New endpoints that have been waiting for their first DNS records only for a short time.
    #[serde(default)]
    pub setting_up: u64,
    /// Endpoints that got their first certificate in the last day, without a message of their own.
    #[serde(default)]
    pub issued: u64,
    /// Muted endpoints. Of the other counts, only `endpoints` includes them.
    #[serde(default)]
    pub muted: u64,
    /// The most urgent needs, the operator's first. Equal needs are one entry.
    pub needs: Vec<Need>,
    /// The certificates that expire next.
    pub next: Vec<Ending>,
}

/// Of events from before equal needs were counted.
fn one() -> u64 {
    1
}

/// What one endpoint needs, or many endpoints with the same need.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Need {
    /// Domain of the most urgent endpoint.
    pub domain: String,
    /// Number of endpoints with this need.
    #[serde(default = "one")]
    pub endpoints: u64,
    #[serde(flatten, with = "crate::renamed::waiting_on")]
    #[schema(value_type = crate::renamed::WaitingOnFields)]
    pub actor: Open<WaitingOn>,
    pub what: String,
    #[serde(flatten, with = "crate::renamed::remedy")]
    #[schema(value_type = crate::renamed::ActionFields)]
    pub remedy: String,
    /// Since when its attempts have failed, if they do.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub since: Option<OffsetDateTime>,
    /// When the current certificate expires.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub until: Option<OffsetDateTime>,
}

/// A certificate, and when it expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ending {
    pub domain: String,
    #[serde(with = "time::serde::rfc3339")]
    pub not_after: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub renew_at: OffsetDateTime,
}
