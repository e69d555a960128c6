//! The wire format: the bodies of the API, and [`events`].
//!
//! The API and the notifiers convert the domain's types to these; the CLI reads them; the OpenAPI document and the schema of
//! events are derived from them. The shapes are stable, and the domain may change behind them.
//!
//! Requests are read strictly: the API refuses what it does not know. Everything else is read tolerantly, as a CLI may be older
//! or newer than its API: unknown fields are ignored, a word that is not on the list is [`Open::Other`], and a field that an
//! earlier release left out has a default, although the schema requires it.

mod attempt;
mod certificate;
mod check;
mod deployment;
mod endpoint;
pub mod events;
mod failure;
mod figures;
mod health;
mod installation;
mod limits;
mod open;
mod problem;
mod record;
mod renamed;
mod request;
mod share;
mod trail;
mod who;

pub use attempt::{Attempt, AttemptList, ChallengeKind, Outcome, StartedView, Step, StepUsage};
pub use certificate::{CertificateState, CertificateView};
pub use check::{CheckReport, Finding, Fix, PreflightView, ProviderHint, Serving, Severity};
pub use deployment::{CopyView, DeploymentView, ExportView, ListenerView};
pub use endpoint::{
    AttentionGroup, DnsView, EndpointList, EndpointView, MuteView, Overview, Renewal, RenewalDay, RevocationView,
    Status, StatusCount,
};
pub use failure::{AcmeProblem, Failure, FailureName, FailureView, Subproblem};
pub use figures::{FailedAttempts, TenantFigures, TimeGroup};
pub use health::{Symptom, SymptomKind, WatchView};
pub use installation::{
    CallerView, Difference, DifferenceKind, HealthView, InstallationCheck, InstallationStatus, InstallationView,
    LONGEST_CONTINUATION, ReconcileWish, Reconciliation, Used,
};
pub use limits::{TenantLimit, TenantLimits};
pub use open::Open;
pub use problem::{GatewayMessage, Problem};
pub use record::{ConnectLink, Found, RecordCheck, RecordList, RecordStatus, RecordView, RequiredRecord};
pub use renamed::WaitingOnWord;
pub use request::{
    DnsMethod, LinkWish, MuteWish, Preflight, Reachability, Registration, RevocationReason, RevocationWish, Wish,
};
pub use share::{Mail, NewShare, Share, ShareList};
pub use trail::{Event, EventKind, EventList};
pub use who::{Origin, WaitingOn};
