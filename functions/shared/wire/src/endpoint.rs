//! An endpoint: its status and its parts.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::{
    CertificateView, DeploymentView, DnsMethod, FailureView, Finding, Open, ProviderHint, Reachability, RecordStatus,
    RecordView, RevocationReason, Serving, TenantFigures, WaitingOn, WatchView,
};

/// The state of an endpoint in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Somebody must act before a certificate can be issued or renewed.
    ActionRequired,
    /// The certificate is valid, but something is wrong that will break it or its use.
    Degraded,
    /// The last attempt failed and is retried automatically. No action needed.
    Retrying,
    /// A new endpoint, before its first certificate: the domain owner's DNS records are missing or not yet correct.
    WaitingForDns,
    /// A certificate is being issued.
    Issuing,
    /// The endpoint is being removed; or its records have been missing for long and are checked less often; or they now
    /// prove another registration.
    Paused,
    /// The certificate is valid, and nothing prevents the next one.
    Ready,
}

/// An endpoint: status, DNS records, certificate, targets and host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndpointView {
    pub id: String,
    #[serde(default)]
    #[schema(required = true)]
    pub tenant: String,
    /// The first name, as A-labels.
    pub domain: String,
    #[serde(default)]
    #[schema(required = true)]
    pub names: Vec<String>,
    /// The names in Unicode, as the domain owner writes them.
    #[serde(default)]
    #[schema(required = true)]
    pub display_names: Vec<String>,
    #[schema(value_type = Reachability)]
    pub reachability: Open<Reachability>,
    /// The challenge for names that are validated over DNS.
    #[serde(default)]
    #[schema(value_type = DnsMethod, required = true)]
    pub challenge: Open<DnsMethod>,
    /// The same as `challenge`, under its name in earlier releases. The next release removes it.
    #[serde(default)]
    #[schema(value_type = DnsMethod, required = true)]
    pub dns_method: Open<DnsMethod>,
    #[serde(flatten, with = "crate::renamed::status")]
    #[schema(value_type = crate::renamed::StatusFields)]
    pub status: Open<Status>,
    #[serde(flatten, with = "crate::renamed::waiting_on")]
    #[schema(value_type = crate::renamed::WaitingOnFields)]
    pub actor: Open<WaitingOn>,
    /// What decides the status: a check (`servers-silent`), a failure (`RateLimited`) or a stage; the value for the
    /// filter `cause`. Null if nothing is wrong.
    #[serde(default)]
    #[schema(required = true)]
    pub cause: Option<String>,
    /// What is at fault: the name of a record, a zone, the holder of a CAA record, a listener, a service. Overviews and
    /// digests show endpoints with the same `cause`, `at_fault` and `waiting_on` as one line.
    #[serde(default)]
    #[schema(required = true)]
    pub at_fault: Option<String>,
    /// What is wrong or in progress, in one or two sentences.
    pub reason: String,
    #[serde(flatten, with = "crate::renamed::next_step")]
    #[schema(value_type = crate::renamed::NextStepFields)]
    pub next_step: String,
    /// When the host will be without a good certificate unless somebody acts.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub breaks_at: Option<OffsetDateTime>,
    pub dns: DnsView,
    pub certificate: CertificateView,
    #[serde(default)]
    #[schema(required = true)]
    pub deployment: DeploymentView,
    #[serde(default)]
    #[schema(required = true)]
    pub serving: Serving,
    /// Result of the last health check; null before the first one.
    pub watch: Option<WatchView>,
    /// Label of its delegation, below the delegation zone. A registration keeps it, and so its records, when it moves
    /// to another installation of the same zone. Empty in an answer of an earlier release.
    #[serde(default)]
    #[schema(required = true)]
    pub label: String,
    /// Its certificate waiting to be revoked at its CA; null if there is none.
    #[serde(default)]
    #[schema(required = true)]
    pub revocation: Option<RevocationView>,
    /// Its mute, current or future; null without one.
    #[serde(default)]
    #[schema(required = true)]
    pub mute: Option<MuteView>,
    /// Why the last attempt failed; null if it did not.
    pub failure: Option<FailureView>,
    /// Number of the last attempt.
    #[serde(default)]
    #[schema(required = true)]
    pub attempt: u64,
    /// When the next attempt starts automatically; null while one runs.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub next_attempt_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl EndpointView {
    /// Whether it is being removed: nothing more can be done with it. One without records is paused, too, but stays.
    pub fn leaves(&self) -> bool {
        self.status == Status::Paused && self.actor == WaitingOn::Nobody
    }

    /// As the domain owner writes it.
    pub fn title(&self) -> &str {
        self.display_names.first().unwrap_or(&self.domain)
    }
}

/// A certificate to revoke once a new one has replaced it, or when the endpoint is removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevocationView {
    pub serial: String,
    #[schema(value_type = RevocationReason)]
    pub reason: Open<RevocationReason>,
    #[serde(with = "time::serde::rfc3339")]
    pub requested_at: OffsetDateTime,
}

/// A mute: nobody is notified of the endpoint for a time, for a known problem or planned maintenance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MuteView {
    /// May be in the future.
    #[serde(with = "time::serde::rfc3339")]
    pub from: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub until: OffsetDateTime,
    pub reason: String,
    /// `operator`, or the subject of the tenant's token. The events have details.
    pub by: String,
}

/// The required records, with what the last check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DnsView {
    /// When the records were last checked; null if never.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub checked_at: Option<OffsetDateTime>,
    /// The worst status of all records; null if they were never checked.
    #[schema(value_type = Option<RecordStatus>)]
    pub status: Option<Open<RecordStatus>>,
    #[serde(default)]
    #[schema(required = true)]
    pub records: Vec<RecordView>,
    /// What is wrong, most severe first.
    #[serde(default)]
    #[schema(required = true)]
    pub findings: Vec<Finding>,
    pub provider: Option<ProviderHint>,
}

/// A page of endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndpointList {
    pub endpoints: Vec<EndpointView>,
    /// Send it as `cursor` for the next page; null on the last page.
    pub next_cursor: Option<String>,
    /// Whether this order leaves out endpoints because there are too many.
    #[serde(default)]
    #[schema(required = true)]
    pub truncated: bool,
}

/// Counts of all the caller's endpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Overview {
    pub total: usize,
    #[serde(flatten, with = "crate::renamed::statuses")]
    #[schema(value_type = crate::renamed::StatusesFields)]
    pub statuses: Vec<StatusCount>,
    /// The endpoints most in need of attention, at most 12.
    pub attention: Vec<EndpointView>,
    /// Endpoints that need attention: those with the same cause, fault and `waiting_on` are one entry. Entries waiting
    /// on the operator come first; at most 12.
    #[serde(default)]
    #[schema(required = true)]
    pub groups: Vec<AttentionGroup>,
    /// The next renewals, soonest first, at most 50.
    pub renewals: Vec<Renewal>,
    /// Renewals on each of the next 90 days. Days without any are left out; overdue renewals count as today's.
    #[serde(default)]
    #[schema(required = true)]
    pub renewal_days: Vec<RenewalDay>,
    /// Orders per day within the CA's rate limit; null without a known limit.
    #[serde(default)]
    #[schema(required = true)]
    pub orders_per_day: Option<u64>,
    /// Time to a first certificate and success rate of each tenant, most endpoints first, at most 20 tenants.
    #[serde(default)]
    #[schema(required = true)]
    pub tenants: Vec<TenantFigures>,
    /// When the endpoints were counted, if there are too many to count for each request; the counts include recent
    /// changes by people. Null if they were counted for this request.
    #[serde(with = "time::serde::rfc3339::option", default)]
    #[schema(required = true)]
    pub as_of: Option<OffsetDateTime>,
    /// Whether endpoints were left out of the counts because there are too many.
    pub truncated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusCount {
    #[serde(flatten, with = "crate::renamed::status")]
    #[schema(value_type = crate::renamed::StatusFields)]
    pub status: Open<Status>,
    pub count: usize,
}

/// Endpoints with the same cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttentionGroup {
    pub count: usize,
    /// Name of a failure or a check, the value for the filter `cause`; null if there is none.
    pub cause: Option<String>,
    /// What is at fault (a zone, a listener, a service), the value for the filter `at_fault`; null if not known.
    #[serde(default)]
    pub at_fault: Option<String>,
    /// The most urgent of them.
    pub first: EndpointView,
}

/// The renewals of one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RenewalDay {
    /// In UTC: `2026-12-28`.
    pub day: String,
    pub count: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Renewal {
    pub id: String,
    pub domain: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}
