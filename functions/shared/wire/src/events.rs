//! What people and programs are notified of: one typed, versioned event for each fact, on topics and on a bus.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{Open, RequiredRecord, WaitingOn};

/// Of the events' shape. A field that is added leaves it as it is; one that goes, or means another thing, does not.
pub const VERSION: u32 = 1;

/// What an event tells. Subscriptions filter by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub enum AlertKind {
    /// The endpoint has its first certificate.
    CertificateIssued,
    /// A newer certificate took the place of the one before.
    CertificateRenewed,
    /// There is no certificate, and not because of the domain owner.
    IssuanceFailed,
    /// As above, while an older certificate still serves.
    RenewalFailed,
    /// Somebody must act, or the next certificate cannot be issued.
    ActionRequired,
    /// An issue that was notified lasts, and the certificate expires soon; or no renewal has started although it is due.
    ExpiryApproaching,
    /// What was notified before is resolved.
    Recovered,
    /// ACM has the certificate, and the host serves a different one.
    ServedCertificateDiffers,
    /// The certificate is gone from ACM, or is another one there.
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
    /// Somebody must act, and there is time.
    Notice,
    /// Under a third of the certificate's life is left.
    Warning,
    /// Under a fifth.
    Error,
    /// Under a tenth, or it has expired.
    Page,
}

/// Why people are notified, in a word that stays the same: a failure's name, a check's name, `issued`, `removed` …
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct Cause(pub String);

/// The current certificate, as an event shows it.
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

/// How far a cause reaches that is not of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Affected {
    /// Endpoints that have had the cause since it began.
    pub endpoints: u64,
    /// Domain of the first of them.
    pub first: String,
}

/// One event. What is absent does not apply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    /// Of the shape of events: 1.
    pub version: u32,
    /// The same when a crash made it be sent twice, and otherwise unique.
    pub id: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    #[schema(value_type = AlertKind)]
    pub kind: Open<AlertKind>,
    #[schema(value_type = AlertSeverity)]
    pub severity: Open<AlertSeverity>,
    pub cause: Cause,
    /// Other causes that the same `Recovered` says are over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_resolved: Vec<Cause>,
    /// Name of the check that found it, where one did: `delegation-missing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    #[serde(flatten, with = "crate::renamed::waiting_on")]
    #[schema(value_type = crate::renamed::WaitingOnFields)]
    pub actor: Open<WaitingOn>,
    /// Absent where the event is about the installation.
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
    /// Since when it is so.
    #[serde(with = "time::serde::rfc3339::option", default, skip_serializing_if = "Option::is_none")]
    pub since: Option<OffsetDateTime>,
    /// When it breaks unless somebody acts: mostly when the current certificate expires.
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
    /// The page of the dashboard that shows more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// What a digest says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Digest {
    pub endpoints: u64,
    /// Endpoints with a good certificate and nothing that prevents the next one.
    pub ready: u64,
    /// Endpoints that need action.
    pub waiting: u64,
    /// New endpoints that wait for their first DNS records, and not for long yet.
    #[serde(default)]
    pub setting_up: u64,
    /// Endpoints that have got their first certificate in the last day, and had no message of their own about it.
    #[serde(default)]
    pub issued: u64,
    /// Endpoints of which nobody is to be notified now. They are in no other count but that of all.
    #[serde(default)]
    pub muted: u64,
    /// The most urgent of those that need action, the operator's first. Equal ones are one.
    pub needs: Vec<Need>,
    /// The certificates that expire next.
    pub next: Vec<Ending>,
}

/// Of events from before equal needs were counted.
fn one() -> u64 {
    1
}

/// What one endpoint needs, or many of them alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Need {
    /// The most urgent of them.
    pub domain: String,
    /// How many need the same.
    #[serde(default = "one")]
    pub endpoints: u64,
    #[serde(flatten, with = "crate::renamed::waiting_on")]
    #[schema(value_type = crate::renamed::WaitingOnFields)]
    pub actor: Open<WaitingOn>,
    pub what: String,
    #[serde(flatten, with = "crate::renamed::remedy")]
    #[schema(value_type = crate::renamed::ActionFields)]
    pub remedy: String,
    /// Since when its attempts fail, where they do.
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
