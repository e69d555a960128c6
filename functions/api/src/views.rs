//! What the API shows. Shapes are stable: programs read them, and the OpenAPI document is made of them.

use diagnosis::report::{CheckReport, Finding, Found, RecordStatus, Serving};
use domain::endpoint::records::required_records;
use domain::endpoint::{Attempt, Endpoint, Event, Failing, Share};
use domain::installation::InstallationCheck;
use domain::status::{CertificateState, Mover, Verdict, certificate_state, judge};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use vocabulary::acme::{DnsMethod, Reachability};
use vocabulary::certificate::InstalledCertificate;
use vocabulary::dns::ProviderHint;
use vocabulary::failure::{Actor, FailureName};
use vocabulary::names::{Caller, CertificateName, Scope};
use vocabulary::record::RequiredRecord;

use crate::service::Installation;

mod deployment;
mod watch;

pub use deployment::{CopyView, DeploymentView, ListenerView};
pub use watch::WatchView;

/// An endpoint: its verdict, and the three parts that it is made of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EndpointView {
    pub id: String,
    pub tenant: String,
    /// The first name; an A-label form.
    pub domain: String,
    pub names: Vec<String>,
    /// As their owner writes them, in Unicode.
    pub display_names: Vec<String>,
    pub reachability: Reachability,
    /// How names are proven that have to be proven over DNS.
    pub dns_method: DnsMethod,
    pub verdict: Verdict,
    /// Who must take the next step.
    pub actor: Mover,
    /// What is the case, in one or two sentences.
    pub reason: String,
    pub next_step: String,
    /// When the host will be without a good certificate unless something is done.
    #[serde(with = "time::serde::rfc3339::option")]
    pub breaks_at: Option<OffsetDateTime>,
    pub dns: DnsView,
    pub certificate: CertificateView,
    pub deployment: DeploymentView,
    pub serving: Serving,
    /// What is seen of it in the background; null before the first look at its certificate.
    pub watch: Option<WatchView>,
    /// Why the last attempt failed; null when it did not.
    pub failure: Option<FailureView>,
    /// Number of the last attempt.
    pub attempt: u64,
    /// When the next attempt starts by itself; null while one runs.
    #[serde(with = "time::serde::rfc3339::option")]
    pub next_attempt_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

/// The required records beside what the last look found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DnsView {
    /// When the records were last looked at; null if never.
    #[serde(with = "time::serde::rfc3339::option")]
    pub checked_at: Option<OffsetDateTime>,
    /// The worst of all records; null if they were never looked at.
    pub status: Option<RecordStatus>,
    pub records: Vec<RecordView>,
    /// What is wrong, most severe first.
    pub findings: Vec<Finding>,
    pub provider: Option<ProviderHint>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RecordView {
    #[serde(flatten)]
    pub record: RequiredRecord,
    /// Null if it was never looked at.
    pub status: Option<RecordStatus>,
    pub found: Vec<Found>,
}

/// The certificate in ACM; all but the state is null while there is none.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CertificateView {
    pub state: CertificateState,
    pub arn: Option<String>,
    pub serial: Option<String>,
    pub issuer: Option<String>,
    /// Directory URL of the CA that issued it; null of one from before this was recorded, too.
    pub directory: Option<String>,
    pub names: Vec<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_before: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub not_after: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub imported_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub renews_at: Option<OffsetDateTime>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FailureView {
    pub name: FailureName,
    pub actor: Actor,
    pub summary: String,
    pub remedy: String,
    #[serde(with = "time::serde::rfc3339")]
    pub since: OffsetDateTime,
    pub attempts: u32,
    /// Since when the endpoint has been parked, as its customer seems to have left; null while it is not.
    #[serde(with = "time::serde::rfc3339::option")]
    pub parked_since: Option<OffsetDateTime>,
}

/// A page of endpoints.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EndpointList {
    pub endpoints: Vec<EndpointView>,
    /// Hand it back as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// Whether there are more endpoints than were put into this order.
    pub truncated: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecordList {
    pub records: Vec<RecordView>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventList {
    /// Newest first.
    pub events: Vec<Event>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ShareList {
    pub shares: Vec<Share>,
}

/// A link that was just made. Its URL is shown this once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NewShare {
    #[serde(flatten)]
    pub share: Share,
    /// The customer's page.
    pub url: String,
}

/// All endpoints of the caller, counted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Overview {
    pub total: usize,
    /// How many endpoints have each verdict, those that need attention first.
    pub verdicts: Vec<VerdictCount>,
    /// Those that need attention most, at most 20.
    pub attention: Vec<EndpointView>,
    /// The next renewals, soonest first, at most 50.
    pub renewals: Vec<Renewal>,
    /// Whether there are more endpoints than were counted.
    pub truncated: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VerdictCount {
    pub verdict: Verdict,
    pub count: usize,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Renewal {
    pub id: String,
    pub domain: String,
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

/// A look at a domain that need not be registered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PreflightView {
    pub domain: String,
    pub reachability: Reachability,
    pub dns_method: DnsMethod,
    /// Whether nothing stands in the way of a certificate.
    pub well: bool,
    #[serde(flatten)]
    pub report: CheckReport,
}

/// Who the caller is, as the API sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CallerView {
    pub who: String,
    pub operator: bool,
    /// Null for an operator.
    pub tenant: Option<String>,
}

/// Whether the API is there at all.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HealthView {
    #[schema(value_type = String, example = "ok")]
    pub status: &'static str,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AttemptList {
    /// Newest first.
    pub attempts: Vec<Attempt>,
}

/// An attempt that was started.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StartedView {
    pub endpoint: String,
    pub attempt: u64,
}

/// The installation itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InstallationView {
    pub checks: Vec<InstallationCheck>,
}

impl CallerView {
    pub fn of(caller: &Caller) -> Self {
        let tenant = match &caller.scope {
            Scope::Everything => None,
            Scope::Tenant(tenant) => Some(tenant.to_string()),
        };
        Self { who: caller.origin.who.clone(), operator: caller.is_operator(), tenant }
    }
}

impl EndpointView {
    /// `report` is the last look, where it was read; without it the records stand without what was found.
    pub fn of(
        endpoint: &Endpoint,
        report: Option<&CheckReport>,
        installation: &Installation,
        now: OffsetDateTime,
    ) -> Self {
        let judgement = judge(endpoint, now);
        let texts = |names: &mut dyn Iterator<Item = &CertificateName>| names.map(ToString::to_string).collect();
        Self {
            id: endpoint.id.to_string(),
            tenant: endpoint.tenant.to_string(),
            domain: endpoint.names.primary().to_string(),
            names: texts(&mut endpoint.names.iter()),
            display_names: endpoint.names.iter().map(CertificateName::to_unicode).collect(),
            reachability: endpoint.reachability,
            dns_method: endpoint.dns_method,
            verdict: judgement.verdict,
            actor: judgement.mover,
            reason: judgement.reason,
            next_step: judgement.next_step,
            breaks_at: judgement.breaks_at,
            dns: DnsView::of(endpoint, report, installation),
            certificate: CertificateView::of(certificate_state(endpoint, now), endpoint.certificate.as_ref()),
            deployment: DeploymentView::of(endpoint),
            serving: report.map_or(Serving::NotChecked, |report| report.serving.clone()),
            watch: WatchView::of(endpoint),
            failure: endpoint.failing.as_ref().map(FailureView::of),
            attempt: endpoint.attempt,
            next_attempt_at: endpoint.due_at.filter(|_| !endpoint.is_leased(now)),
            created_at: endpoint.created_at,
        }
    }
}

impl EndpointView {
    /// Whether it is being removed: nothing more can be done with it. A parked endpoint is paused, too, but stays.
    pub(crate) fn leaves(&self) -> bool {
        (self.verdict, self.actor) == (Verdict::Paused, Mover::Nobody)
    }
}

impl DnsView {
    fn of(endpoint: &Endpoint, report: Option<&CheckReport>, installation: &Installation) -> Self {
        let Installation { delegation_zone, endpoint_target, issuer, .. } = installation;
        let required = required_records(endpoint, delegation_zone, endpoint_target, issuer.as_ref());
        let looked_at = |record: &RequiredRecord| {
            let found = report?.records.iter().find(|check| check.record.name == record.name)?;
            // One that was asked for under other names or targets says nothing about this one.
            (found.record.value == record.value).then_some(found)
        };
        let records = required
            .into_iter()
            .map(|record| match looked_at(&record) {
                Some(check) => RecordView { status: Some(check.status), found: check.found.clone(), record },
                None => RecordView { status: None, found: Vec::new(), record },
            })
            .collect();
        Self {
            checked_at: endpoint.check.as_ref().map(|check| check.checked_at),
            status: endpoint.check.as_ref().map(|check| check.records),
            records,
            findings: report.map(|report| report.findings.clone()).unwrap_or_default(),
            provider: report.and_then(|report| report.provider.clone()),
        }
    }
}

impl CertificateView {
    fn of(state: CertificateState, held: Option<&InstalledCertificate>) -> Self {
        Self {
            state,
            arn: held.map(|held| held.arn.clone()),
            serial: held.map(|held| held.serial.clone()),
            issuer: held.map(|held| held.issuer.clone()),
            directory: held.and_then(|held| held.directory.clone()),
            names: held.map(|held| held.names.iter().map(ToString::to_string).collect()).unwrap_or_default(),
            not_before: held.map(|held| held.not_before),
            not_after: held.map(|held| held.not_after),
            imported_at: held.map(|held| held.imported_at),
            renews_at: held.map(|held| held.renew_at),
        }
    }
}

impl FailureView {
    fn of(failing: &Failing) -> Self {
        Self {
            name: failing.failure.name,
            actor: failing.failure.actor,
            summary: failing.failure.summary.clone(),
            remedy: failing.failure.remedy.clone(),
            since: failing.since,
            attempts: failing.attempts,
            parked_since: failing.parked_since(),
        }
    }
}
