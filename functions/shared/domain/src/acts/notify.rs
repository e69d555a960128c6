//! Telling what was decided. People first, ledgers afterwards: a crash in between tells twice, with the same id.

use time::OffsetDateTime;
use vocabulary::failure::Actor;

use crate::alert::ledger::{Decision, recovered_together};
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::notified::{Cause, Severity};
use crate::ports::fault::ServiceFault;
use crate::ports::notifier::Notifier;
use crate::ports::shared_causes::SharedCauses;

/// Tells `decision` about `endpoint`. When it returns, `decision.ledger` may be written.
///
/// Safe to repeat. Costs nothing where nothing is news and no shared cause is met.
pub async fn tell(
    notifier: &impl Notifier,
    causes: &impl SharedCauses,
    endpoint: &Endpoint,
    decision: &Decision,
    dashboard: Option<&str>,
    now: OffsetDateTime,
) -> Result<(), ServiceFault> {
    for alert in &decision.alerts {
        notifier.notify(alert).await?;
    }
    for trouble in &decision.shared {
        let known = causes.join(&trouble.cause, trouble.actor, endpoint, now).await?;
        let news = trouble.severity > known.told;
        if news && causes.claim(&known, endpoint.id.as_str(), Some(trouble.severity), now).await? {
            let until = endpoint.certificate.as_ref().map(|held| held.not_after);
            notifier.notify(&known.alert(trouble, until, now).linked(dashboard)).await?;
            causes.mark_told(&known, trouble.severity).await?;
        }
    }
    for (cause, actor) in &decision.left {
        causes.leave(cause, *actor, &endpoint.id).await?;
        tell_if_over(notifier, causes, (cause, *actor), endpoint.id.as_str(), dashboard, now).await?;
    }
    Ok(())
}

/// Tells the end of shared causes that nobody meets any more: those whose last endpoint died before it could.
pub async fn tell_what_is_over(
    notifier: &impl Notifier,
    causes: &impl SharedCauses,
    dashboard: Option<&str>,
    now: OffsetDateTime,
) -> Result<(), ServiceFault> {
    for known in causes.lasting().await? {
        tell_if_over(notifier, causes, (&known.cause, known.actor), "installation", dashboard, now).await?;
    }
    Ok(())
}

async fn tell_if_over(
    notifier: &impl Notifier,
    causes: &impl SharedCauses,
    (cause, actor): (&Cause, Actor),
    teller: &str,
    dashboard: Option<&str>,
    now: OffsetDateTime,
) -> Result<(), ServiceFault> {
    let Some(last) = causes.abandoned(cause, actor).await? else { return Ok(()) };
    if causes.claim(&last, teller, None, now).await? {
        if last.told > Severity::Info {
            notifier.notify(&recovered_together(&last, now).linked(dashboard)).await?;
        }
        causes.close(&last).await?;
    }
    Ok(())
}
