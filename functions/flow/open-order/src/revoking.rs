//! Revokes a certificate as requested, once another has replaced it or its endpoint is removed.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::endpoint::{Endpoint, Event, EventKind};
use domain::flow::StepInput;
use domain::ports::{AttemptJournal, CaError, CertificateAuthority};
use time::OffsetDateTime;
use vocabulary::acme::CaRequest;
use vocabulary::certificate::Revocation;
use vocabulary::failure::Failure;
use vocabulary::names::Origin;

/// Asks the CA, and records the outcome. A temporary error fails the step, which is retried; a refusal is final: it is
/// recorded as an event, and stops neither renewals nor a removal.
pub(crate) async fn revoke_what_is_replaced(
    journal: &impl AttemptJournal,
    cas: &[impl CertificateAuthority],
    endpoint: &Endpoint,
    input: &StepInput,
    now: OffsetDateTime,
) -> Result<(), Failure> {
    let Some(revocation) = &endpoint.revocation else { return Ok(()) };
    if endpoint.is_to_be_replaced() && !endpoint.removing {
        return Ok(());
    }
    let Revocation { serial, directory, reason, .. } = revocation;
    let (kind, summary) = match ask(cas, revocation).await {
        Ok(()) => {
            let summary = format!("The CA has revoked the certificate {serial} ({}).", reason.as_str());
            (EventKind::CertificateRevoked, summary)
        }
        Err(error) if passes(&error) => return Err(error.to_failure(CaRequest::Account, None)),
        Err(error) => {
            tracing::warn!(endpoint = %endpoint.id, serial, %error, "the certificate was not revoked");
            let summary = format!(
                "The certificate {serial} was NOT revoked: {error}. It is valid until it expires. Revoke it at {directory} \
                 by hand: docs/how-to/revoke.md"
            );
            (EventKind::RevocationRefused, summary)
        }
    };
    // The same in every run that repeats it.
    let event = Event::act(kind, Origin::itself(), summary, now, 0);
    Ok(journal.end_revocation(&endpoint.id, input.attempt, &event).await?)
}

async fn ask(cas: &[impl CertificateAuthority], revocation: &Revocation) -> Result<(), CaError> {
    let account = |detail: &str| CaError::Account { detail: detail.to_owned() };
    let ca = cas.iter().find(|ca| ca.directory() == revocation.directory);
    let ca = ca.ok_or_else(|| account("the CA that issued it is not among those of this installation"))?;
    let certificate = BASE64_URL_SAFE_NO_PAD.decode(&revocation.certificate);
    ca.revoke(&certificate.map_err(|_| account("the certificate that was kept cannot be read"))?, revocation.reason)
        .await
}

fn passes(error: &CaError) -> bool {
    match error {
        CaError::Refused { refusal } => refusal.is_outage() || refusal.is_limit(),
        error => error.is_outage(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::run;
    use domain::flow::Status;
    use domain::ports::{AuditTrail, Registry};
    use testkit::Fixture;
    use time::Duration;
    use vocabulary::acme::{Reachability, Refusal};
    use vocabulary::certificate::{InstalledCertificate, RevocationReason};
    use vocabulary::failure::Problem;

    /// With a certificate that is good for long, and one that is to be revoked: the same, or the one before it.
    async fn revoking(in_place: bool) -> Fixture {
        let fixture = Fixture::new(Reachability::Internal).await;
        fixture.give_certificate(fixture.now + Duration::days(30)).await;
        let endpoint = fixture.endpoint().await;
        let held: InstalledCertificate = endpoint.certificate.expect("held");
        let revocation = Revocation {
            serial: if in_place { held.serial } else { "BEFORE".into() },
            certificate: BASE64_URL_SAFE_NO_PAD.encode("the certificate"),
            directory: "memory://ca/directory".into(),
            reason: RevocationReason::KeyCompromise,
            requested_at: fixture.now,
        };
        fixture.endpoints.wait_for_revocation(&endpoint.id, revocation);
        fixture
    }

    async fn kinds(fixture: &Fixture) -> Vec<EventKind> {
        let events = fixture.endpoints.events(&fixture.input.endpoint, None, 10).await.expect("in memory");
        events.into_iter().map(|event| event.kind).collect()
    }

    #[tokio::test]
    async fn the_current_certificate_is_replaced_with_a_new_key_before_it_is_revoked() {
        let fixture = revoking(true).await;
        let next = fixture.endpoint().await.next_generation();
        assert_eq!(run(&fixture).await.expect("opened").status, Status::ChallengesPending);
        let endpoint = fixture.endpoint().await;
        assert_eq!((fixture.order().await.generation, fixture.ca.revoked().len()), (next, 0));
        assert_ne!(next, endpoint.certificate.expect("in place").generation, "a key of its own");
        assert!(endpoint.revocation.is_some());
    }

    #[tokio::test]
    async fn a_replaced_certificate_is_revoked_once_for_the_given_reason() {
        let fixture = revoking(false).await;
        assert_eq!(run(&fixture).await.expect("current").status, Status::Current);
        assert_eq!(fixture.ca.revoked(), [(b"the certificate".to_vec(), RevocationReason::KeyCompromise)]);
        assert_eq!(fixture.endpoint().await.revocation, None);
        assert!(kinds(&fixture).await.contains(&EventKind::CertificateRevoked));
        let requests = fixture.ca.requests();
        run(&fixture).await.expect("current");
        assert_eq!(fixture.ca.requests(), requests);
    }

    #[tokio::test]
    async fn a_removal_with_a_revocation_revokes_the_certificate_first() {
        let fixture = revoking(true).await;
        fixture.endpoints.begin_removal(&fixture.input.endpoint, fixture.now).await.expect("in memory");
        run(&fixture).await.expect_err("it goes");
        assert_eq!(fixture.ca.revoked().len(), 1);
    }

    #[tokio::test]
    async fn a_revocation_outlasts_an_outage_and_a_refusal_is_recorded_and_blocks_nothing() {
        let fixture = revoking(false).await;
        fixture.ca.set_unavailable(true);
        run(&fixture).await.expect_err("no answer");
        assert!(fixture.endpoint().await.revocation.is_some(), "it is tried again");
        fixture.ca.set_unavailable(false);
        let problem = Problem::new("unauthorized", "the account did not issue it");
        let refusal = Refusal { problem, status: Some(403), retry_after: None };
        fixture.ca.refuse_revocations_with(Some(CaError::Refused { refusal }));
        assert_eq!(run(&fixture).await.expect("current").status, Status::Current);
        assert!(fixture.endpoint().await.revocation.is_none() && fixture.ca.revoked().is_empty());
        assert!(kinds(&fixture).await.contains(&EventKind::RevocationRefused));
    }
}
