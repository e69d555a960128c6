//! Sends notifications. People first, records afterwards: a crash in between notifies twice, with the same id.

use time::OffsetDateTime;
use vocabulary::guidance::WaitingOn;

use crate::alert::alert::Alert;
use crate::alert::notifications::{Decision, recovered_together};
use crate::endpoint::endpoint::Endpoint;
use crate::endpoint::notified::{Cause, Severity};
use crate::ports::notifier::Notifier;
use crate::ports::shared_causes::SharedCauses;
use vocabulary::failure::ServiceFault;

/// Notifies of `decision` about `endpoint`, and first of its certificate if that has not been announced. When it returns,
/// `decision.notifications` may be written.
///
/// Safe to repeat. Costs nothing without news or shared causes.
pub async fn tell(
    notifier: &impl Notifier,
    causes: &impl SharedCauses,
    endpoint: &Endpoint,
    decision: &Decision,
    dashboard: Option<&str>,
    now: OffsetDateTime,
) -> Result<(), ServiceFault> {
    let news =
        endpoint.certificate.as_ref().filter(|_| endpoint.unsent.as_ref().is_some_and(|unsent| unsent.certificate));
    if let Some(held) = news {
        let alert = Alert::certificate(endpoint, held, now).linked(dashboard);
        match decision.quiet_certificate {
            false => notifier.notify(&alert).await?,
            true => notifier.notify_programs(&alert).await?,
        }
    }
    for alert in &decision.alerts {
        notifier.notify(alert).await?;
    }
    for alert in &decision.quiet {
        notifier.notify_programs(alert).await?;
    }
    for (issue, notice) in &decision.shared {
        let known = causes.join(&issue.cause, issue.owner, endpoint, now).await?;
        let news = notice.severity > known.told;
        if news && causes.claim(&known, endpoint.id.as_str(), Some(notice.severity), now).await? {
            let until = endpoint.certificate.as_ref().map(|held| held.not_after);
            notifier.notify(&known.alert(issue, *notice, until, now).linked(dashboard)).await?;
            causes.mark_notified(&known, notice.severity).await?;
        }
    }
    for (cause, owner) in &decision.left {
        causes.leave(cause, *owner, &endpoint.id).await?;
        tell_if_over(notifier, causes, (cause, *owner), endpoint.id.as_str(), dashboard, now).await?;
    }
    Ok(())
}

/// Notifies of the end of shared causes that no endpoint has any more: those whose last endpoint died before it could.
pub async fn tell_what_is_over(
    notifier: &impl Notifier,
    causes: &impl SharedCauses,
    dashboard: Option<&str>,
    now: OffsetDateTime,
) -> Result<(), ServiceFault> {
    for known in causes.lasting().await? {
        tell_if_over(notifier, causes, (&known.cause, known.owner), "installation", dashboard, now).await?;
    }
    Ok(())
}

async fn tell_if_over(
    notifier: &impl Notifier,
    causes: &impl SharedCauses,
    (cause, owner): (&Cause, WaitingOn),
    teller: &str,
    dashboard: Option<&str>,
    now: OffsetDateTime,
) -> Result<(), ServiceFault> {
    let Some(last) = causes.abandoned(cause, owner).await? else { return Ok(()) };
    if causes.claim(&last, teller, None, now).await? {
        if last.told > Severity::Info {
            notifier.notify(&recovered_together(&last, now).linked(dashboard)).await?;
        }
        causes.close(&last).await?;
    }
    Ok(())
}
