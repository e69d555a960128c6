//! What the API shows. Shapes are stable: programs read them, and the OpenAPI document is made of them.

use domain::attempt::Attempt;
use domain::caller::{Caller, Scope};
use domain::certificate::InstalledCertificate;
use domain::check::{CheckReport, Finding, Found, ProviderHint, RecordStatus, Serving};
use domain::endpoint::Failing;
use domain::event::Event;
use domain::failure::{Actor, FailureName};
use domain::installation::InstallationCheck;
use domain::records::{RequiredRecord, required_records};
use domain::share::Share;
use domain::verdict::{CertificateState, Mover, Verdict, certificate_state, judge};
use domain::{CertificateName, Endpoint, Reachability};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::service::Installation;

/// An endpoint: its verdict, and the three parts that it is made of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct EndpointView {
    pub(crate) id: String,
    pub(crate) tenant: String,
    /// The first name; an A-label form.
    pub(crate) domain: String,
    pub(crate) names: Vec<String>,
    /// As their owner writes them, in Unicode.
    pub(crate) display_names: Vec<String>,
    pub(crate) reachability: Reachability,
    pub(crate) verdict: Verdict,
    /// Who must take the next step.
    pub(crate) actor: Mover,
    /// What is the case, in one or two sentences.
    pub(crate) reason: String,
    pub(crate) next_step: String,
    /// When the host will be without a good certificate unless something is done.
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) breaks_at: Option<OffsetDateTime>,
    pub(crate) dns: DnsView,
    pub(crate) certificate: CertificateView,
    pub(crate) serving: Serving,
    /// Why the last attempt failed; null when it did not.
    pub(crate) failure: Option<FailureView>,
    /// Number of the last attempt.
    pub(crate) attempt: u64,
    /// When the next attempt starts by itself; null while one runs.
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) next_attempt_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) created_at: OffsetDateTime,
}

/// The required records beside what the last look found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct DnsView {
    /// When the records were last looked at; null if never.
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) checked_at: Option<OffsetDateTime>,
    /// The worst of all records; null if they were never looked at.
    pub(crate) status: Option<RecordStatus>,
    pub(crate) records: Vec<RecordView>,
    /// What is wrong, most severe first.
    pub(crate) findings: Vec<Finding>,
    pub(crate) provider: Option<ProviderHint>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct RecordView {
    #[serde(flatten)]
    pub(crate) record: RequiredRecord,
    /// Null if it was never looked at.
    pub(crate) status: Option<RecordStatus>,
    pub(crate) found: Vec<Found>,
}

/// The certificate in ACM; all but the state is null while there is none.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CertificateView {
    pub(crate) state: CertificateState,
    pub(crate) arn: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) names: Vec<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) not_before: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) not_after: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) imported_at: Option<OffsetDateTime>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub(crate) renews_at: Option<OffsetDateTime>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FailureView {
    pub(crate) name: FailureName,
    pub(crate) actor: Actor,
    pub(crate) summary: String,
    pub(crate) remedy: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) since: OffsetDateTime,
    pub(crate) attempts: u32,
}

/// A page of endpoints.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct EndpointList {
    pub(crate) endpoints: Vec<EndpointView>,
    /// Hand it back as `cursor` to get the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
    /// Whether there are more endpoints than were put into this order.
    pub(crate) truncated: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct RecordList {
    pub(crate) records: Vec<RecordView>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct EventList {
    /// Newest first.
    pub(crate) events: Vec<Event>,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ShareList {
    pub(crate) shares: Vec<Share>,
}

/// A link that was just made. Its URL is shown this once.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct NewShare {
    #[serde(flatten)]
    pub(crate) share: Share,
    /// The customer's page.
    pub(crate) url: String,
}

/// All endpoints of the caller, counted.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Overview {
    pub(crate) total: usize,
    /// How many endpoints have each verdict, those that need attention first.
    pub(crate) verdicts: Vec<VerdictCount>,
    /// Those that need attention most, at most 20.
    pub(crate) attention: Vec<EndpointView>,
    /// The next renewals, soonest first, at most 50.
    pub(crate) renewals: Vec<Renewal>,
    /// Whether there are more endpoints than were counted.
    pub(crate) truncated: bool,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct VerdictCount {
    pub(crate) verdict: Verdict,
    pub(crate) count: usize,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Renewal {
    pub(crate) id: String,
    pub(crate) domain: String,
    #[serde(with = "time::serde::rfc3339")]
    pub(crate) at: OffsetDateTime,
}

/// A look at a domain that need not be registered.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct PreflightView {
    pub(crate) domain: String,
    pub(crate) reachability: Reachability,
    /// Whether nothing stands in the way of a certificate.
    pub(crate) well: bool,
    #[serde(flatten)]
    pub(crate) report: CheckReport,
}

/// Who the caller is, as the API sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct CallerView {
    pub(crate) who: String,
    pub(crate) operator: bool,
    /// Null for an operator.
    pub(crate) tenant: Option<String>,
}

/// Whether the API is there at all.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct HealthView {
    #[schema(value_type = String, example = "ok")]
    pub(crate) status: &'static str,
}

#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct AttemptList {
    /// Newest first.
    pub(crate) attempts: Vec<Attempt>,
}

/// An attempt that was started.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct StartedView {
    pub(crate) endpoint: String,
    pub(crate) attempt: u64,
}

/// The installation itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct InstallationView {
    pub(crate) checks: Vec<InstallationCheck>,
}

impl CallerView {
    pub(crate) fn of(caller: &Caller) -> Self {
        let tenant = match &caller.scope {
            Scope::Everything => None,
            Scope::Tenant(tenant) => Some(tenant.to_string()),
        };
        Self { who: caller.origin.who.clone(), operator: caller.is_operator(), tenant }
    }
}

impl EndpointView {
    /// `report` is the last look, where it was read; without it the records stand without what was found.
    pub(crate) fn of(
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
            verdict: judgement.verdict,
            actor: judgement.mover,
            reason: judgement.reason,
            next_step: judgement.next_step,
            breaks_at: judgement.breaks_at,
            dns: DnsView::of(endpoint, report, installation),
            certificate: CertificateView::of(certificate_state(endpoint, now), endpoint.certificate.as_ref()),
            serving: report.map_or(Serving::NotChecked, |report| report.serving.clone()),
            failure: endpoint.failing.as_ref().map(FailureView::of),
            attempt: endpoint.attempt,
            next_attempt_at: endpoint.due_at.filter(|_| !endpoint.is_leased(now)),
            created_at: endpoint.created_at,
        }
    }
}

impl DnsView {
    fn of(endpoint: &Endpoint, report: Option<&CheckReport>, installation: &Installation) -> Self {
        let required = required_records(endpoint, &installation.delegation_zone, &installation.endpoint_target);
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
        }
    }
}
