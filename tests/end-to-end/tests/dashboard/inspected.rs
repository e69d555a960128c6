//! What an inspection of the installation in memory finds.

use time::{Duration, OffsetDateTime};
use wire::{InstallationCheck, InstallationStatus, Open, Used};

/// An installation with something to see in each state.
pub(crate) fn installation() -> Vec<InstallationCheck> {
    let check = |name: &str, status, detail: &str, remedy: Option<&str>| InstallationCheck {
        name: name.into(),
        status: Open::Known(status),
        detail: detail.into(),
        remedy: remedy.map(str::to_owned),
        since: None,
        used: Vec::new(),
    };
    let used = |of: &str, percent| Used { of: of.into(), percent };
    vec![
        check("resources", InstallationStatus::Ok, "All 16 resources (tables, keys, …) exist and are active.", None),
        InstallationCheck {
            since: Some(OffsetDateTime::now_utc() - Duration::hours(5)),
            ..check(
                "subscriptions",
                InstallationStatus::Failed,
                "Nobody has confirmed a subscription of the topic of alerts.",
                Some("Run `aws sns list-subscriptions`, and confirm the one by e-mail."),
            )
        },
        InstallationCheck {
            used: vec![used("certificates", 91), used("imports", 12)],
            ..check(
                "acm-quota",
                InstallationStatus::Warning,
                "2,275 imported certificates (ACM allows 2,500)",
                Some("Ask for more."),
            )
        },
        InstallationCheck {
            used: vec![used("load-balancers pool eu", 68), used("load-balancers internal-1 (eu-west-1)", 24)],
            ..check(
                "load-balancers",
                InstallationStatus::Ok,
                "pool eu: 34 of 50 certificates on 2 load balancers, full on 2027-01-14 at the rate of the last 30 days \
                 (10 registrations). internal-1 (eu-west-1): 6 of 25 certificates. Counted since 2026-11-29 12:00:00 UTC.",
                None,
            )
        },
        InstallationCheck {
            used: vec![used("new-orders", 34)],
            ..check(
                "acme-account",
                InstallationStatus::Ok,
                "https://ca.example/acct/81, contact ops@platform.example.",
                None,
            )
        },
        check("alarms", InstallationStatus::Ok, "None of 21 is in ALARM (0 have no data yet).", None),
    ]
}
