//! Waiting for what the scheduled scan does, all endpoints at once.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use time::OffsetDateTime;
use tokio::time::sleep;

use super::evidence::{Evidence, clock, key_end, parse_time};
use super::setup::{Setup, text};

const POLL: Duration = Duration::from_millis(700);

/// An endpoint of which a new certificate is expected.
pub(super) struct Awaited {
    domain: &'static str,
    /// The certificate to be replaced. `None` where there was none, after one failure.
    before: Option<Evidence>,
    shown: Option<Phase>,
}

/// How far an endpoint has come.
#[derive(Clone, Debug, PartialEq)]
enum Phase {
    Waiting {
        due: OffsetDateTime,
    },
    /// The next scan takes it up.
    Due,
    Running {
        attempt: u64,
    },
    Done,
    Failed {
        summary: String,
    },
}

impl Awaited {
    pub(super) fn renewal(domain: &'static str, before: Evidence) -> Self {
        Self { domain, before: Some(before), shown: None }
    }

    pub(super) fn healing(domain: &'static str) -> Self {
        Self { domain, before: None, shown: None }
    }

    fn is_done(&self) -> bool {
        matches!(self.shown, Some(Phase::Done))
    }

    fn phase(&self, endpoint: &Value, now: OffsetDateTime) -> Result<Phase> {
        let serial = text(&endpoint["certificate"]["serial"]);
        let old = self.before.as_ref().map_or("", |before| before.chain.serial.trim_start_matches('0'));
        let failures = endpoint["failure"]["attempts"].as_u64().unwrap_or_default();
        let known_failures = if self.before.is_none() { 1 } else { 0 };
        if endpoint["next_attempt_at"].is_null() {
            return Ok(Phase::Running { attempt: endpoint["attempt"].as_u64().unwrap_or_default() });
        }
        if failures > known_failures {
            let failure = &endpoint["failure"];
            return Ok(Phase::Failed { summary: format!("{}: {}", text(&failure["name"]), text(&failure["summary"])) });
        }
        if failures == 0 && !serial.is_empty() && !serial.trim_start_matches('0').eq_ignore_ascii_case(old) {
            return Ok(Phase::Done);
        }
        Ok(match parse_time(text(&endpoint["next_attempt_at"]))? {
            due if due > now => Phase::Waiting { due },
            _ => Phase::Due,
        })
    }

    /// What is new about it, in words.
    fn news(&self, phase: &Phase) -> String {
        match (phase, &self.before) {
            (Phase::Waiting { due }, Some(_)) => format!("has a good certificate until it is due at {}", clock(*due)),
            (Phase::Waiting { due }, None) => format!("is checked again at {}", clock(*due)),
            (Phase::Due, _) => "is due: the next scan finds it".into(),
            (Phase::Running { attempt }, _) => format!("attempt {attempt} is running"),
            (Phase::Done, Some(_)) => "is renewed".into(),
            (Phase::Done, None) => "has its certificate, without anybody's help".into(),
            (Phase::Failed { summary }, _) => format!("has failed: {summary}"),
        }
    }
}

/// Waits until each has its new certificate. Each is checked as soon as it is there: its own renewal comes soon.
pub(super) async fn await_schedule(setup: &Setup<'_>, mut awaited: Vec<Awaited>) -> Result<()> {
    let begun = Instant::now();
    let waiting = || setup.screen.spinner("waiting for the scheduled scan".into());
    let mut spinner = waiting();
    while !awaited.iter().all(Awaited::is_done) {
        sleep(POLL).await;
        let listed = setup.cli.json(&["list"]).await?;
        let now = OffsetDateTime::now_utc();
        for one in awaited.iter_mut().filter(|one| !one.is_done()) {
            let found = listed.as_array().into_iter().flatten().find(|endpoint| endpoint["domain"] == one.domain);
            let phase = one.phase(found.with_context(|| format!("{} is not in the list", one.domain))?, now)?;
            if one.shown.as_ref() == Some(&phase) {
                continue;
            }
            let after = format!("+{} s", begun.elapsed().as_secs());
            let line = format!("{:<14} {}", one.domain, one.news(&phase));
            spinner.above(|| setup.screen.fact(&after, &line))?;
            if let Phase::Failed { summary } = &phase {
                bail!("{}: {summary}", one.domain);
            }
            one.shown = Some(phase);
            if one.is_done() {
                drop(spinner);
                let found = setup.inspect(one.domain).await?;
                if let Some(before) = &one.before {
                    compare(setup, one.domain, before, &found)?;
                }
                spinner = waiting();
            }
        }
        spinner.say(still_awaited(&awaited, now));
    }
    Ok(())
}

/// One line on who is waited for.
fn still_awaited(awaited: &[Awaited], now: OffsetDateTime) -> String {
    let one = |one: &Awaited| match &one.shown {
        Some(Phase::Waiting { due }) => Some(format!("{} in {} s", one.domain, (*due - now).whole_seconds().max(0))),
        Some(Phase::Due) => Some(format!("{} due", one.domain)),
        Some(Phase::Running { .. }) => Some(format!("{} at work", one.domain)),
        _ => None,
    };
    awaited.iter().filter_map(one).collect::<Vec<_>>().join(", ")
}

fn compare(setup: &Setup<'_>, domain: &str, before: &Evidence, after: &Evidence) -> Result<()> {
    ensure!(after.arn == before.arn, "{domain}: the ARN changed from {} to {}", before.arn, after.arn);
    let (old, new) = (&before.chain, &after.chain);
    ensure!(new.serial != old.serial, "{domain}: the serial is the old one");
    ensure!(new.public_key != old.public_key, "{domain}: the key was used again");
    ensure!(new.not_after > old.not_after, "{domain}: it is not valid for longer");
    setup.screen.fact("Renewed", &format!("same ARN; new serial {} (was {})", new.serial, old.serial))?;
    let [old, new] = [old, new].map(|chain| key_end(&chain.public_key));
    setup.screen.fact("", &format!("new key, whose public part ends with {new} (was {old})"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;
    use crate::chain::VerifiedChain;

    const NOW: OffsetDateTime = datetime!(2026-01-01 12:00 UTC);

    fn renewal() -> Awaited {
        let chain = VerifiedChain {
            serial: "0a".into(),
            names: Vec::new(),
            not_before: NOW,
            not_after: NOW,
            public_key: Vec::new(),
            length: 2,
        };
        Awaited::renewal("a.test", Evidence { arn: "arn".into(), chain })
    }

    fn endpoint(serial: &str, next: Option<&str>, failures: u64) -> Value {
        let failure = (failures > 0).then(|| json!({"name": "N", "summary": "s", "attempts": failures}));
        json!({"attempt": 2, "next_attempt_at": next, "certificate": {"serial": serial}, "failure": failure})
    }

    #[test]
    fn a_renewal_is_done_when_a_new_serial_has_no_running_attempt() {
        let phase = |serial, next| renewal().phase(&endpoint(serial, next, 0), NOW).unwrap();
        let due = NOW + time::Duration::SECOND;
        assert_eq!(phase("A", Some("2026-01-01T12:00:01Z")), Phase::Waiting { due });
        assert_eq!(phase("a", Some("2026-01-01T12:00:00Z")), Phase::Due);
        assert_eq!(phase("b", None), Phase::Running { attempt: 2 });
        assert_eq!(phase("b", Some("2026-01-01T12:05:00Z")), Phase::Done);
    }

    #[test]
    fn an_expected_failure_is_not_reported_but_a_second_one_is() {
        let phase =
            |one: Awaited, failures| one.phase(&endpoint("", Some("2026-01-01T11:00:00Z"), failures), NOW).unwrap();
        assert_eq!(phase(Awaited::healing("a.test"), 1), Phase::Due);
        assert_eq!(phase(Awaited::healing("a.test"), 2), Phase::Failed { summary: "N: s".into() });
        assert_eq!(phase(renewal(), 1), Phase::Failed { summary: "N: s".into() });
    }

    #[test]
    fn the_live_line_fits_and_leaves_out_what_is_done() {
        let mut awaited = vec![renewal(), renewal(), Awaited::healing("b.test")];
        awaited[0].shown = Some(Phase::Waiting { due: NOW + time::Duration::seconds(31) });
        awaited[1].shown = Some(Phase::Done);
        awaited[2].shown = Some(Phase::Due);
        assert_eq!(still_awaited(&awaited, NOW), "a.test in 31 s, b.test due");
    }
}
