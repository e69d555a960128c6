use domain::endpoint::{Endpoint, EventKind};
use domain::ports::{ChangeError, Registry};
use time::OffsetDateTime;
use vocabulary::certificate::{Revocation, RevocationReason};
use vocabulary::names::Caller;
use wire::EndpointView;

use super::changing::{attempt_running, being_removed};
use super::{Ports, Service, act, whole_second};
use crate::http::problem::Problem;
use crate::views::FromWire;

impl<P: Ports> Service<P> {
    /// Has the current certificate replaced, with a new key, and the old one revoked after that.
    pub(crate) async fn revoke(
        &self,
        caller: &Caller,
        reference: &str,
        reason: wire::RevocationReason,
        now: OffsetDateTime,
    ) -> Result<EndpointView, Problem> {
        let endpoint = self.find(caller, reference).await?;
        if endpoint.removing {
            return Err(being_removed("Its certificate is deleted with it."));
        }
        // It leads to a new certificate, as a renewal does.
        self.count_renewal(caller, now).await?;
        self.request_revocation(caller, &endpoint, reason, now).await?;
        let asked = self.find(caller, endpoint.id.as_str()).await?;
        self.start_or_leave(&asked, now).await;
        self.view_anew(&endpoint.id, now).await
    }

    /// Records that the current certificate is to be revoked.
    pub(crate) async fn request_revocation(
        &self,
        caller: &Caller,
        endpoint: &Endpoint,
        reason: wire::RevocationReason,
        now: OffsetDateTime,
    ) -> Result<(), Problem> {
        if endpoint.is_leased(now) {
            return Err(attempt_running(endpoint));
        }
        let reason = RevocationReason::from_wire(reason);
        let held = endpoint.certificate.as_ref().ok_or_else(|| nothing_to_revoke(endpoint))?;
        let leaf = match held.leaf.clone() {
            None => self.store().leaf(&endpoint.id, held.generation).await?,
            kept => kept,
        };
        let (Some(certificate), Some(directory)) = (leaf, held.directory.clone()) else {
            return Err(not_kept(endpoint));
        };
        let revocation =
            Revocation { serial: held.serial.clone(), certificate, directory, reason, requested_at: whole_second(now) };
        let summary = format!("Revocation of the certificate {} requested ({}).", held.serial, reason.as_str());
        let event = act(EventKind::RevocationRequested, &caller.origin, summary, now);
        let written = self.store().request_revocation(&endpoint.id, &revocation, &event, whole_second(now)).await;
        written.map_err(|error| match error {
            ChangeError::Fault(fault) => fault.into(),
            _ => attempt_running(endpoint),
        })
    }
}

fn nothing_to_revoke(endpoint: &Endpoint) -> Problem {
    Problem::conflict(
        "no-certificate",
        "There is no certificate to revoke",
        format!("{} has none yet.", endpoint.names.primary()),
        "Wait until one is issued, or remove the endpoint without revoking.",
    )
}

fn not_kept(endpoint: &Endpoint) -> Problem {
    Problem::conflict(
        "certificate-not-kept",
        "The certificate cannot be revoked from here",
        format!(
            "The certificate of {} was imported by an earlier release, which kept no copy to show the CA.",
            endpoint.names.primary()
        ),
        "Replace it (managed-https renew), and revoke the old one by hand: docs/how-to/revoke.md",
    )
}
