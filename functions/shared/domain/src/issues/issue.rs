//! One thing that is wrong with an endpoint, and how people are notified of it.

use time::{Duration, OffsetDateTime};
use vocabulary::guidance::{Guidance, WaitingOn};

use crate::endpoint::alert_kind::AlertKind;
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::notified::{Cause, Severity, Source};
use crate::endpoint::status::EndpointStatus;

/// How long a new endpoint may wait for its first DNS records before anybody is notified, where nothing else is
/// configured (`SetupPatience`).
pub const DEFAULT_SETUP_PATIENCE: Duration = Duration::hours(24);

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// A stable word. With [`owner`](Self::owner), it distinguishes the issue from others.
    pub cause: Cause,
    /// Name of the catalogue's entry, where a check found it.
    pub check: Option<String>,
    /// Whose part is undone. The guidance may say that nobody is waited on for now: our retry is automatic.
    pub owner: WaitingOn,
    /// The endpoint's status because of it, if nothing worse is wrong.
    pub status: EndpointStatus,
    pub guidance: Guidance,
    pub since: OffsetDateTime,
    /// When the host will be without a good certificate unless it is resolved.
    pub breaks_at: Option<OffsetDateTime>,
    /// How people are notified; `None` for what is only shown.
    pub notice: Option<Notice>,
}

/// Identifies endpoints with the same issue, whatever names and dates its text contains.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IssueKey {
    pub waiting_on: WaitingOn,
    /// The check that found it, else the failure or the [`cause`](Issue::cause): `servers-silent`.
    pub name: String,
    /// See [`Guidance::at_fault`].
    pub at_fault: Option<String>,
    /// Its text, if nothing is known to be at fault that others could share.
    said: Option<String>,
}

/// How people are notified of an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    pub kind: AlertKind,
    pub severity: Severity,
    pub source: Source,
    /// Whether the cause is the installation's, a service's or the CA's, so that many endpoints have it at once.
    pub shared: bool,
    pub due: Due,
}

/// From when people are notified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Now,
    /// One check found it; people are notified once a health check confirms it.
    WhenConfirmed,
    /// Set-up takes time: once it has lasted as long as the installation is patient.
    AfterPatience,
}

impl Issue {
    /// The key by which it is grouped.
    pub fn key(&self) -> IssueKey {
        let Guidance { waiting_on, summary, at_fault, .. } = &self.guidance;
        let name = self.check.clone().unwrap_or_else(|| self.cause.as_str().to_owned());
        let said = at_fault.is_none().then(|| summary.clone());
        IssueKey { waiting_on: *waiting_on, name, at_fault: at_fault.clone(), said }
    }

    /// The notification of it at `now`, if any. `patience`: with new endpoints that wait for their first records.
    pub fn due_notice(&self, now: OffsetDateTime, patience: Duration) -> Option<Notice> {
        self.notice.filter(|notice| match notice.due {
            Due::Now => true,
            Due::WhenConfirmed => false,
            Due::AfterPatience => now - self.since >= patience,
        })
    }

    /// Whether a new endpoint waits for its first records, and nobody needs to hurry yet.
    pub fn is_setup(&self, now: OffsetDateTime, patience: Duration) -> bool {
        self.status == EndpointStatus::WaitingForDns && self.due_notice(now, patience).is_none()
    }

    /// A stage that waits on nobody, without a notification.
    pub(super) fn in_progress(
        cause: &str,
        status: EndpointStatus,
        what: &str,
        breaks_at: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            cause: Cause::new(cause),
            check: None,
            owner: WaitingOn::Nobody,
            status,
            guidance: Guidance::without_action(WaitingOn::Nobody, what),
            since: now,
            breaks_at,
            notice: None,
        }
    }
}

impl IssueKey {
    /// As a summary stores it, together with who is waited on.
    pub(crate) fn text(&self) -> String {
        let what = self.at_fault.as_ref().or(self.said.as_ref()).map_or("", String::as_str);
        format!("{} {what}", self.name)
    }
}

impl Severity {
    /// How severe it is that `endpoint` gets no new certificate until `owner` acts.
    ///
    /// Without a certificate nothing breaks that worked, so time does not make it worse: a domain owner who has yet to create
    /// records gets a notice, repeated by the digest; a platform that cannot serve a new domain gets a warning.
    pub fn of(endpoint: &Endpoint, owner: WaitingOn, now: OffsetDateTime) -> Self {
        match (&endpoint.certificate, owner) {
            (Some(held), _) => Self::of_life(held.not_before, held.not_after, now),
            (None, WaitingOn::Operator) => Self::Warning,
            (None, WaitingOn::DomainOwner | WaitingOn::Ca | WaitingOn::Nobody) => Self::Notice,
        }
    }
}
