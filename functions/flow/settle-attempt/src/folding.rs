//! Leaves messages about one tenant's many registrations to its digest.

use domain::alert::{Alert, Decision};
use domain::endpoint::{AlertKind, Endpoint, Severity};
use domain::ports::RateLimits;
use time::OffsetDateTime;
use vocabulary::acme::{BucketId, Counted, Limit};
use vocabulary::guidance::WaitingOn;

/// Leaves excess messages to programs and to the tenant's digest: people are notified that a new endpoint waits for its
/// domain owner, or has its first certificate (`news`), as often as `limit` allows. `None`: always.
pub(crate) async fn fold<J: RateLimits + Sync>(
    journal: &J,
    limit: Option<Limit>,
    ended: &Endpoint,
    news: bool,
    mut decision: Decision,
    now: OffsetDateTime,
) -> Decision {
    let Some(limit) = limit else { return decision };
    let (setup, alerts): (Vec<_>, Vec<_>) = decision.alerts.into_iter().partition(|alert| {
        ended.certificate.is_none()
            && alert.kind == AlertKind::ActionRequired
            && alert.guidance.waiting_on == WaitingOn::DomainOwner
    });
    decision.alerts = alerts;
    for alert in setup {
        match is_one_too_many(journal, limit, ended, now).await {
            true => decision.quiet.push(alert),
            false => decision.alerts.push(alert),
        }
    }
    let held = ended.certificate.as_ref().filter(|_| news);
    // A certificate that comes with something to do is always notified.
    let first = held.map(|held| Alert::certificate(ended, held, now));
    let first = first.filter(|alert| alert.kind == AlertKind::CertificateIssued && alert.severity == Severity::Info);
    let too_many = first.is_some() && !decision.quiet_certificate && is_one_too_many(journal, limit, ended, now).await;
    decision.quiet_certificate |= too_many;
    if too_many || !decision.quiet.is_empty() {
        decision.notifications.left_to_digest = Some(now);
    }
    decision
}

/// Whether the tenant has used up its messages about new endpoints.
async fn is_one_too_many<J: RateLimits + Sync>(
    journal: &J,
    limit: Limit,
    ended: &Endpoint,
    now: OffsetDateTime,
) -> bool {
    let bucket = BucketId::Asked { tenant: ended.tenant.clone(), what: Counted::Messages };
    // Without its count, people are notified: too much is better than nothing.
    matches!(journal.take_now(bucket, limit, now).await, Ok(Some(_)))
}
