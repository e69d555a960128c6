//! One answer to “is it all right, and if not, who is waited on?”: the worst of an endpoint's [`issues`].

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use vocabulary::guidance::{Guidance, WaitingOn};

use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::status::EndpointStatus;
use crate::issues::issues;

/// The certificate's own state, whatever DNS and the host say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateState {
    /// There is none, and no attempt has been made.
    None,
    /// The first one is on its way.
    Issuing,
    Active,
    /// Good, and its renewal is due.
    Expiring,
    Expired,
    /// There is none, and the last attempt failed.
    Failed,
}

/// A status with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    pub status: EndpointStatus,
    pub guidance: Guidance,
    /// When the host will be without a good certificate unless something is done; absent when nothing is wrong.
    pub breaks_at: Option<OffsetDateTime>,
}

/// The state of the certificate in place. Each boundary belongs to what comes after it.
pub fn certificate_state(endpoint: &Endpoint, now: OffsetDateTime) -> CertificateState {
    match &endpoint.certificate {
        Some(held) if now >= held.not_after => CertificateState::Expired,
        Some(held) if now >= held.renew_at => CertificateState::Expiring,
        Some(_) => CertificateState::Active,
        None if endpoint.is_leased(now) => CertificateState::Issuing,
        None if endpoint.failing.is_some() => CertificateState::Failed,
        None => CertificateState::None,
    }
}

/// The status of `endpoint` at `now`: that of its worst issue, and ready without any.
pub fn status_of(endpoint: &Endpoint, now: OffsetDateTime) -> StatusReport {
    match issues(endpoint, now).into_iter().min_by_key(|issue| issue.status) {
        Some(issue) => StatusReport { status: issue.status, guidance: issue.guidance, breaks_at: issue.breaks_at },
        None => StatusReport {
            status: EndpointStatus::Ready,
            guidance: Guidance::without_action(
                WaitingOn::Nobody,
                "The certificate is in place. It is renewed automatically.",
            ),
            breaks_at: None,
        },
    }
}

#[cfg(test)]
mod tests;
