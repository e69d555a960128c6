//! An endpoint: its status, and the parts that it is made of.

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
    /// Somebody must do something before there is a good certificate, or before it can be renewed.
    ActionRequired,
    /// There is a good certificate, and something is wrong that will break it or its use.
    Degraded,
    /// It failed, and is retried automatically. No action needed.
    Retrying,
    /// A new endpoint, before its first certificate: the domain owner's DNS records are missing or not yet correct.
    WaitingForDns,
    /// A certificate is being issued.
    Issuing,
    /// It is being removed, its records have been missing for so long that they are checked less often, or they now prove another
    /// registration.
    Paused,
    /// There is a good certificate, and nothing prevents the next one.
    Ready,
}

/// An endpoint: its status, and the three parts that it is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EndpointView {
    pub id: String,
    #[serde(default)]
    #[schema(required = true)]
    pub tenant: String,
    /// The first name; an A-label form.
    pub domain: String,
    #[serde(default)]
    #[schema(required = true)]
    pub names: Vec<String>,
    /// As their owner writes them, in Unicode.
    #[serde(default)]
    #[schema(required = true)]
    pub display_names: Vec<String>,
    #[schema(value_type = Reachability)]
    pub reachability: Open<Reachability>,
    /// The challenge for names that are validated over DNS.
    #[serde(default)]
    #[schema(value_type = DnsMethod, required = true)]
    pub challenge: Open<DnsMethod>,
    /// The same as `challenge`, by its name in earlier releases; gone with the next one.
    #[serde(default)]
    #[schema(value_type = DnsMethod, required = true)]
    pub dns_method: Open<DnsMethod>,
    #[serde(flatten, with = "crate::renamed::status")]
    #[schema(value_type = crate::renamed::StatusFields)]
    pub status: Open<Status>,
    #[serde(flatten, with = "crate::renamed::waiting_on")]
    #[schema(value_type = crate::renamed::WaitingOnFields)]
    pub actor: Open<WaitingOn>,
    /// The check (`servers-silent`), the failure (`RateLimited`) or the stage that decides the status, by which `cause`
    /// filters; null where nothing is wrong.
    #[serde(default)]
    #[schema(required = true)]
    pub cause: Option<String>,
    /// What is at fault: the name of a record, a zone, the holder of a CAA record, a listener, a service. Endpoints with the same `cause`, `at_fault` and `waiting_on` are one line in overviews and digests.
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
    /// What health checks see of it; null before the first one.
    pub watch: Option<WatchView>,
    /// The label of its delegation, below the delegation zone. A registration that moves to another installation of the same
    /// zone keeps it, and with it its records. Empty in an answer of an earlier release.
    #[serde(default)]
    #[schema(required = true)]
    pub label: String,
    /// A certificate of it that is still to be revoked at its CA; null when there is none.
    #[serde(default)]
    #[schema(required = true)]
    pub revocation: Option<RevocationView>,
    /// For how long nobody is notified of it; null while everybody is.
    #[serde(default)]
    #[schema(required = true)]
    pub mute: Option<MuteView>,
    /// Why the last attempt failed; null when it did not.
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

    /// As its owner writes it.
    pub fn title(&self) -> &str {
        self.display_names.first().unwrap_or(&self.domain)
    }
}

/// A certificate that is to be revoked, once another has its place or the endpoint goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevocationView {
    pub serial: String,
    #[schema(value_type = RevocationReason)]
    pub reason: Open<RevocationReason>,
    #[serde(with = "time::serde::rfc3339")]
    pub requested_at: OffsetDateTime,
}

/// That nobody is notified of an endpoint for a time: known, and being worked on, or planned maintenance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MuteView {
    /// It may be yet to come.
    #[serde(with = "time::serde::rfc3339")]
    pub from: OffsetDateTime,
    #[serde(with = "time::serde::rfc3339")]
    pub until: OffsetDateTime,
    pub reason: String,
    /// `operator`, or the subject of the tenant's token. The events have more.
    pub by: String,
}

/// The required records beside what the last check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DnsView {
    /// When the records were last checked; null if never.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub checked_at: Option<OffsetDateTime>,
    /// The worst of all records; null if they were never checked.
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
    /// Hand it back as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// Whether there are more endpoints than were put into this order.
    #[serde(default)]
    #[schema(required = true)]
    pub truncated: bool,
}

/// All endpoints of the caller, counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Overview {
    pub total: usize,
    #[serde(flatten, with = "crate::renamed::statuses")]
    #[schema(value_type = crate::renamed::StatusesFields)]
    pub statuses: Vec<StatusCount>,
    /// Those that need attention most, at most 20.
    pub attention: Vec<EndpointView>,
    /// The same by cause: endpoints with the same words are one entry. Those that wait on the operator come first; at most
    /// 20.
    #[serde(default)]
    #[schema(required = true)]
    pub groups: Vec<AttentionGroup>,
    /// The next renewals, soonest first, at most 50.
    pub renewals: Vec<Renewal>,
    /// How many renewals fall on each of the next 90 days, all endpoints counted. Days without any are left out; what is
    /// overdue is today's.
    #[serde(default)]
    #[schema(required = true)]
    pub renewal_days: Vec<RenewalDay>,
    /// How many orders a day the CA takes from the account; null where no limit is known.
    #[serde(default)]
    #[schema(required = true)]
    pub orders_per_day: Option<u64>,
    /// Time to a certificate and success rate of each tenant, those with the most endpoints first, at most 20.
    #[serde(default)]
    #[schema(required = true)]
    pub tenants: Vec<TenantFigures>,
    /// When they were counted, where there are too many to count them for each request: what people did since is counted,
    /// too. Null where they were counted for this request.
    #[serde(with = "time::serde::rfc3339::option", default)]
    #[schema(required = true)]
    pub as_of: Option<OffsetDateTime>,
    /// Whether there are more endpoints than were counted.
    pub truncated: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusCount {
    #[serde(flatten, with = "crate::renamed::status")]
    #[schema(value_type = crate::renamed::StatusFields)]
    pub status: Open<Status>,
    pub count: usize,
}

/// Endpoints that wait for the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttentionGroup {
    pub count: usize,
    /// The name of a failure or a check, by which `cause` filters; absent where there is none.
    pub cause: Option<String>,
    /// What is at fault (a zone, a listener, a service), by which `at_fault` filters; absent where that is not known.
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
