//! Telling what was decided. People first, ledgers afterwards: a crash in between tells twice, with the same id.

use time::OffsetDateTime;

use super::ledger::recovered_together;
use super::{Decision, Severity};
use crate::endpoint::Endpoint;
use crate::ports::{Notifier, ServiceFault, SharedCauses};

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
        if news && causes.claim(&known, &endpoint.id, Some(trouble.severity), now).await? {
            let until = endpoint.certificate.as_ref().map(|held| held.not_after);
            notifier.notify(&known.alert(trouble, until, now).linked(dashboard)).await?;
            causes.mark_told(&known, trouble.severity).await?;
        }
    }
    for (cause, actor) in &decision.left {
        let Some(last) = causes.leave(cause, *actor, &endpoint.id).await? else { continue };
        if causes.claim(&last, &endpoint.id, None, now).await? {
            if last.told > Severity::Info {
                notifier.notify(&recovered_together(&last, now).linked(dashboard)).await?;
            }
            causes.close(&last).await?;
        }
    }
    Ok(())
}
