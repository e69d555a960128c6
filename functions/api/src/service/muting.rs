use domain::endpoint::{EventKind, LONGEST_MUTE, LONGEST_REASON, Mute};
use domain::ports::{ChangeError, Registry};
use time::OffsetDateTime;
use vocabulary::names::Caller;
use vocabulary::text::printable;
use vocabulary::times::exact;
use wire::{EndpointView, MuteWish};

use super::{Ports, Service, act, whole_second};
use crate::http::problem::Problem;

impl<P: Ports> Service<P> {
    /// Has nobody notified of an endpoint for a time. A second mute takes the place of the first.
    pub(crate) async fn mute(
        &self,
        caller: &Caller,
        reference: &str,
        wish: &MuteWish,
        now: OffsetDateTime,
    ) -> Result<EndpointView, Problem> {
        let endpoint = self.find(caller, reference).await?;
        let mute = mute_of(wish, caller, now)?;
        let when = match mute.from > now {
            true => format!("from {} until {}", exact(mute.from), exact(mute.until)),
            false => format!("until {}", exact(mute.until)),
        };
        let event = act(EventKind::Muted, &caller.origin, format!("Muted {when}: {}", mute.reason), now);
        written(self.store().mute(&endpoint.id, Some(&mute), &event).await, reference)?;
        self.view_anew(&endpoint.id, now).await
    }

    /// Has people notified again at once. One that is not muted stays as it is.
    pub(crate) async fn unmute(
        &self,
        caller: &Caller,
        reference: &str,
        now: OffsetDateTime,
    ) -> Result<EndpointView, Problem> {
        let endpoint = self.find(caller, reference).await?;
        if endpoint.mute_at(now).is_some() {
            let event = act(EventKind::Unmuted, &caller.origin, "Unmuted.", now);
            written(self.store().mute(&endpoint.id, None, &event).await, reference)?;
        }
        self.view_anew(&endpoint.id, now).await
    }
}

fn mute_of(wish: &MuteWish, caller: &Caller, now: OffsetDateTime) -> Result<Mute, Problem> {
    let from = wish.from.map_or(whole_second(now), whole_second);
    let until = whole_second(wish.until);
    let reason = printable(wish.reason.trim(), LONGEST_REASON + 1);
    if reason.is_empty() {
        return Err(Problem::invalid_field("reason", "Say why: everybody who sees the endpoint reads it."));
    }
    if reason.chars().count() > LONGEST_REASON {
        return Err(Problem::invalid_field("reason", format!("It has more than {LONGEST_REASON} characters.")));
    }
    if until <= now {
        return Err(Problem::invalid_field("until", "This time has passed. Give a later one."));
    }
    if until <= from {
        return Err(Problem::invalid_field("until", "It ends before it begins (`from`)."));
    }
    if until - from.max(now) > LONGEST_MUTE || from - now > LONGEST_MUTE {
        let days = LONGEST_MUTE.whole_days();
        let field = if from - now > LONGEST_MUTE { "from" } else { "until" };
        return Err(Problem::invalid_field(field, format!("A mute begins and ends within {days} days.")));
    }
    Ok(Mute { from, until, reason, by: caller.origin.clone() })
}

fn written(result: Result<(), ChangeError>, reference: &str) -> Result<(), Problem> {
    result.map_err(|error| match error {
        ChangeError::Fault(fault) => fault.into(),
        ChangeError::Busy | ChangeError::NameTaken(_) => Problem::unknown_endpoint(reference),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
    use time::macros::datetime;
    use vocabulary::names::{Origin, Scope};

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn mute(from: Option<Duration>, until: Duration, reason: &str) -> Result<Mute, Option<String>> {
        let origin = Origin { who: "ann".into(), address: None, operator: true };
        let caller = Caller { scope: Scope::Everything, origin };
        let wish = MuteWish { from: from.map(|from| NOW + from), until: NOW + until, reason: reason.into() };
        mute_of(&wish, &caller, NOW).map_err(|problem| problem.field.map(String::from))
    }

    #[test]
    fn a_mute_has_a_reason_and_ends_within_90_days() {
        let field = |name: &str| Err(Some(name.to_owned()));
        let day = Duration::DAY;
        assert!(mute(None, day * 90, "  moving ").is_ok_and(|mute| mute.reason == "moving" && mute.from == NOW));
        assert!(mute(Some(day * 90), day * 180, "planned").is_ok());
        for (from, until, reason, wrong) in [
            (None, day, "  ", "reason"),
            (None, day, &*"x".repeat(201), "reason"),
            (None, Duration::ZERO, "x", "until"),
            (Some(day * 2), day, "x", "until"),
            (Some(day), day, "x", "until"),
            (None, day * 90 + Duration::SECOND, "x", "until"),
            (Some(day * 91), day * 92, "x", "from"),
        ] {
            assert_eq!(mute(from, until, reason), field(wrong), "{from:?} {until} {reason}");
        }
        assert!(mute(None, day, &"x".repeat(200)).is_ok());
    }
}
