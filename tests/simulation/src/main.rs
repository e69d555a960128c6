//! `make simulate`: simulates years and writes their results into docs/reference/scale.md.

use std::fmt::Write;
use std::time::Instant;

use anyhow::Result;
use simulation::{Around, Outcome, simulate};
use time::Duration;

const PAGE: &str = "docs/reference/scale.md";
/// What stands around the tables that are written here.
const BEGIN: &str = "<!-- make simulate -->\n";
const END: &str = "<!-- end -->";

/// Endpoints, lifetime, accounts that certificates are imported into.
const YEARS: [(u32, Duration, u32); 8] = [
    (1_000, Duration::days(45), 1),
    (1_000, Duration::hours(160), 1),
    (100_000, Duration::days(45), 1),
    (100_000, Duration::hours(160), 1),
    (1_000_000, Duration::days(45), 1),
    (1_000_000, Duration::days(45), 4),
    (1_000_000, Duration::hours(160), 1),
    (1_000_000, Duration::hours(160), 8),
];

fn main() -> Result<()> {
    let mut table = String::from(
        "| endpoints | lifetime | accounts | renewals | expired | least of a lifetime left | all revoked replaced within \
         | longest wait for an attempt | longest wait for ACM | most attempts at once |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (endpoints, lifetime, import_accounts) in YEARS {
        let begun = Instant::now();
        let around = Around { import_accounts, ..Around::year(endpoints, lifetime) };
        let outcome = simulate(&around);
        writeln!(table, "{}", row(&around, &outcome))?;
        eprintln!("{} ({:.0} s)", row(&around, &outcome), begun.elapsed().as_secs_f64());
    }
    documentation::fill_in(PAGE, BEGIN, END, &table)
}

fn row(around: &Around, outcome: &Outcome) -> String {
    let lifetime = match around.lifetime {
        lifetime if lifetime < Duration::days(10) => format!("{} h", lifetime.whole_hours()),
        lifetime => format!("{} d", lifetime.whole_days()),
    };
    format!(
        "| {} | {lifetime} | {} | {} | {} | {:.1} % | {} | {} | {} | {} |",
        thousands(u64::from(around.endpoints)),
        around.import_accounts,
        thousands(outcome.renewals),
        thousands(outcome.expired),
        outcome.least_left * 100.0,
        outcome.replaced_within.map_or("-".into(), in_words),
        in_words(outcome.longest_due),
        in_words(outcome.longest_line),
        outcome.most_at_once,
    )
}

fn in_words(length: Duration) -> String {
    match length.whole_seconds() {
        seconds if seconds < 120 => format!("{seconds} s"),
        seconds if seconds < 7200 => format!("{} min", seconds / 60),
        seconds => format!("{:.1} h", Duration::seconds(seconds).as_seconds_f64() / 3600.0),
    }
}

/// `1,000,000`
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
