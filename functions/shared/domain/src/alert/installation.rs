//! What is wrong with the installation itself, and what of it is news.

use time::OffsetDateTime;
use vocabulary::failure::Actor;

use crate::alert::alert::Alert;
use crate::alert::kind::AlertKind;
use crate::endpoint::notified::{Cause, Ledger, Severity, Source, Told};
use crate::status::Mover;

/// One thing that does not work as it must, whatever the endpoints do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineTrouble {
    /// Name of what was looked at: `schedule`, `dead-letters` …
    pub cause: Cause,
    pub severity: Severity,
    pub since: OffsetDateTime,
    pub what: String,
    pub remedy: String,
}

/// Decides what is news about the engine, and what to keep of it once it was told. The law is that of
/// [`decide`](crate::alert::ledger::decide): once for a cause and a severity, and its end once.
pub fn decide_engine(
    before: &Ledger,
    current: &[EngineTrouble],
    now: OffsetDateTime,
    dashboard: Option<&str>,
) -> (Vec<Alert>, Ledger) {
    let mut ledger = Ledger { sequence: before.sequence, told: vec![] };
    let mut alerts = Vec::new();
    for trouble in current {
        let known = before.told.iter().find(|told| told.cause == trouble.cause);
        let since = known.map_or(trouble.since, |told| told.since);
        if known.is_none_or(|told| trouble.severity > told.severity) {
            ledger.sequence += 1;
            alerts.push(Alert {
                id: format!("engine.{}.{}.{}", ledger.sequence, trouble.cause, trouble.severity.as_str()),
                severity: trouble.severity,
                actor: Mover::Operator,
                since: Some(since),
                what: trouble.what.clone(),
                remedy: trouble.remedy.clone(),
                ..Alert::of_installation(AlertKind::EngineUnhealthy, trouble.cause.clone(), now)
            });
        }
        ledger.told.push(Told {
            cause: trouble.cause.clone(),
            actor: Actor::Operator,
            certificate: None,
            severity: known.map_or(trouble.severity, |told| told.severity.max(trouble.severity)),
            since,
            source: Source::Look,
            shared: false,
        });
    }
    for told in before.told.iter().filter(|told| current.iter().all(|trouble| trouble.cause != told.cause)) {
        ledger.sequence += 1;
        alerts.push(Alert {
            id: format!("engine.{}.{}.recovered", ledger.sequence, told.cause),
            since: Some(told.since),
            what: format!("The installation is well again: {} is over.", told.cause),
            ..Alert::of_installation(AlertKind::Recovered, told.cause.clone(), now)
        });
    }
    (alerts.into_iter().map(|alert| alert.linked(dashboard)).collect(), ledger)
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::Duration;
    use time::macros::datetime;

    const NOW: OffsetDateTime = datetime!(2026-11-24 12:00 UTC);

    fn stopped(severity: Severity) -> EngineTrouble {
        EngineTrouble {
            cause: Cause::new("schedule"),
            severity,
            since: NOW,
            what: "The schedule is disabled.".into(),
            remedy: "Enable it.".into(),
        }
    }

    #[test]
    fn a_trouble_of_the_engine_is_told_once_when_it_grows_worse_and_when_it_ends() {
        let mut ledger = Ledger::default();
        let mut told = Vec::new();
        for current in [
            vec![stopped(Severity::Warning)],
            vec![stopped(Severity::Warning)],
            vec![stopped(Severity::Page)],
            vec![stopped(Severity::Warning)],
            vec![],
            vec![],
            vec![stopped(Severity::Warning)],
        ] {
            let (alerts, after) = decide_engine(&ledger, &current, NOW + Duration::HOUR, None);
            ledger = after;
            told.extend(alerts.into_iter().map(|alert| (alert.kind, alert.severity)));
        }
        let unhealthy = AlertKind::EngineUnhealthy;
        assert_eq!(
            told,
            [
                (unhealthy, Severity::Warning),
                (unhealthy, Severity::Page),
                (AlertKind::Recovered, Severity::Info),
                (unhealthy, Severity::Warning),
            ]
        );
    }
}
