//! Half a day of health checks of up to a million endpoints, by the real `check-health` in a time of its own.
//!
//! Real: the runs, what is due, the runs for a shard, their time, how many checks are under way at once, and when an endpoint is
//! checked next. A model: a check takes a second, or eight where the name servers are silent. Nothing is written or sent.

mod health {
    pub(crate) mod clock;
    pub(crate) mod installation;
}

use health::clock::Clock;
use health::installation::{Checks, Installation};
use time::Duration;
use vocabulary::text::grouped;

/// The schedule, and the time that the function has: `HealthSchedule` and `Timeout` in template.yaml.
const BETWEEN_RUNS: Duration = Duration::minutes(5);

const PAGE: &str = "docs/reference/scale.md";
const BEGIN: &str = "<!-- health checks, simulated -->\n";
const END: &str = "<!-- end of simulated checks -->";

/// So many endpoints, of which some percent are silent from the first hour on, for a while.
fn simulate(endpoints: u32, silent: u32, hours: i64) -> Checks {
    let clock = Clock::default();
    let installation = Installation::new(&clock, endpoints, silent);
    clock.run(async {
        while clock.elapsed() < Duration::hours(hours) {
            let begun = clock.elapsed();
            installation.run().await;
            clock.sleep(BETWEEN_RUNS - (clock.elapsed() - begun)).await;
        }
    });
    installation.checks()
}

#[test]
fn no_endpoint_is_forgotten_while_the_name_servers_of_a_tenth_are_silent() {
    let Checks { checked, longest_without, late_at_the_end, .. } = simulate(20_000, 10, 8);
    assert!(checked > 20_000, "{checked}");
    assert!(longest_without < Duration::hours(6) + Duration::minutes(30), "{longest_without}");
    assert!(late_at_the_end < BETWEEN_RUNS * 2, "{late_at_the_end}");
}

/// `make simulate`
#[test]
#[ignore = "takes many minutes"]
fn a_million_endpoints_are_simulated() {
    let mut table = String::from(
        "| endpoints | silent from the first hour on | checks in 12 hours | most that were late at once | longest without a check | \
         late at the end |\n|---|---|---|---|---|---|\n",
    );
    for silent in [0, 10, 50] {
        let Checks { checked, most_late, longest_without, late_at_the_end } = simulate(1_000_000, silent, 12);
        let row = format!(
            "| 1,000,000 | {silent} % | {} | {} | {:.1} h | {:.0} min |\n",
            grouped(checked),
            grouped(most_late),
            longest_without.as_seconds_f64() / 3600.0,
            late_at_the_end.as_seconds_f64() / 60.0,
        );
        eprint!("{row}");
        table.push_str(&row);
    }
    documentation::fill_in(PAGE, BEGIN, END, &table).expect("the page has a place for the table");
}
