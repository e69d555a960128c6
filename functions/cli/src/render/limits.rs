//! The limits of a tenant, and what it has used.

use comfy_table::{Cell, CellAlignment};
use time::Duration;
use vocabulary::acme::rate_limit::in_words;
use wire::{TenantLimit, TenantLimits};

use super::{keep_whole, table, text_of};
use crate::terminal::output::Style;

pub(crate) fn limits(style: Style, limits: &TenantLimits) -> String {
    if limits.limits.is_empty() {
        return format!("Tenant {} has no limits.\n", limits.tenant);
    }
    let mut table = table(style, &["LIMIT", "USED", "OF", "WITHIN"]);
    let number = |number: u64| Cell::new(number).set_alignment(CellAlignment::Right);
    for limit in &limits.limits {
        table.add_row([Cell::new(&limit.of), number(limit.used), number(limit.limit), Cell::new(within(limit))]);
    }
    keep_whole(&mut table, 4);
    format!("Tenant {}\n\n{}", limits.tenant, text_of(&table))
}

/// `1 hour`; what there is at one time has none.
fn within(limit: &TenantLimit) -> String {
    let seconds = limit.within_seconds.and_then(|seconds| i64::try_from(seconds).ok());
    seconds.map_or_else(|| "-".to_owned(), |seconds| in_words(Duration::seconds(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_a_line_with_what_is_used() {
        let limit = |of: &str, within_seconds| TenantLimit { of: of.into(), used: 7, limit: 300, within_seconds };
        let acme = TenantLimits {
            tenant: "acme".into(),
            limits: vec![
                limit("endpoints", None),
                limit("registrations", Some(3600)),
                limit("imports", Some(31_536_000)),
            ],
        };
        let page = limits(Style { colour: false, width: None }, &acme);
        let lines: Vec<Vec<&str>> = page.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0], ["Tenant", "acme"]);
        assert!(lines.contains(&vec!["endpoints", "7", "300", "-"]), "{page}");
        assert!(lines.contains(&vec!["registrations", "7", "300", "1", "hour"]), "{page}");
        assert!(lines.contains(&vec!["imports", "7", "300", "365", "days"]), "{page}");
        assert!(
            limits(Style { colour: false, width: None }, &TenantLimits { tenant: "acme".into(), limits: vec![] })
                .contains("no limits")
        );
    }
}
