//! The status of an endpoint: that of the worst of its [`issues`].

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use vocabulary::guidance::{Guidance, WaitingOn};

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::status::EndpointStatus;
use crate::issues::{Issue, IssueKey, issues};

/// The certificate's own state, whatever DNS and the host say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateState {
    /// There is none yet: no attempt has been made, or the DNS records are not there yet.
    None,
    /// The first one is being issued.
    Issuing,
    Active,
    /// Good, and its renewal is due.
    Expiring,
    Expired,
    /// There is none, and the last attempt failed for another reason than missing records.
    Failed,
}

/// A status with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    pub status: EndpointStatus,
    pub guidance: Guidance,
    /// The key by which it is grouped with other endpoints' statuses; absent when nothing is wrong.
    pub key: Option<IssueKey>,
    /// When the host will be without a good certificate unless somebody acts; absent when nothing is wrong.
    pub breaks_at: Option<OffsetDateTime>,
}

impl StatusReport {
    /// Whether it comes first in every list: the operator can act at once, often for many endpoints.
    pub fn is_the_operators(&self) -> bool {
        self.guidance.waiting_on == WaitingOn::Operator
    }
}

/// The state of the current certificate. Each boundary belongs to the later state.
pub fn certificate_state(endpoint: &Endpoint, now: OffsetDateTime) -> CertificateState {
    match &endpoint.certificate {
        Some(held) if now >= held.not_after => CertificateState::Expired,
        Some(held) if now >= held.renew_at => CertificateState::Expiring,
        Some(_) => CertificateState::Active,
        // Set-up, until the order: attempts that only check the records are not issuance.
        None if endpoint.awaits_first_records() && !endpoint.is_ordering(now) => CertificateState::None,
        None if endpoint.is_leased(now) => CertificateState::Issuing,
        None if endpoint.failing.is_some() => CertificateState::Failed,
        None => CertificateState::None,
    }
}

/// The issue that decides the status; `None` if nothing is wrong.
pub fn worst(endpoint: &Endpoint, now: OffsetDateTime) -> Option<Issue> {
    issues(endpoint, now).into_iter().min_by_key(|issue| issue.status)
}

/// The status of `endpoint` at `now`: that of its worst issue, or ready without any.
pub fn status_of(endpoint: &Endpoint, now: OffsetDateTime) -> StatusReport {
    match worst(endpoint, now) {
        Some(issue) => StatusReport {
            status: issue.status,
            key: Some(issue.key()),
            guidance: issue.guidance,
            breaks_at: issue.breaks_at,
        },
        None => StatusReport {
            status: EndpointStatus::Ready,
            guidance: Guidance::without_action(
                WaitingOn::Nobody,
                "The certificate is valid and renewed automatically.",
            ),
            key: None,
            breaks_at: None,
        },
    }
}

#[cfg(test)]
mod tests;
