//! Figures of the tenants: one without failures, one with failures of every kind, one that is new.

use vocabulary::names::Caller;
use wire::{FailedAttempts, TenantFigures, TimeGroup};

pub(crate) fn tenant_figures(caller: &Caller) -> Vec<TenantFigures> {
    let none = FailedAttempts::default();
    let trouble = FailedAttempts { domain_owner: 41, operator: 6, ca: 9, nobody: 2 };
    let all = [
        ("fabrikam", (1_240, 1_236), (24_310, none), [38, 4, 1, 0, 0, 0], Some(600)),
        ("contoso", (86, 71), (512, trouble), [3, 9, 12, 5, 4, 2], Some(21_600)),
        ("adatum", (2, 0), (0, none), [0; 6], None),
    ];
    let figures = all.into_iter().map(|(tenant, (endpoints, issued), (succeeded, failed), times, half)| {
        let within = [Some(600), Some(3_600), Some(21_600), Some(86_400), Some(604_800), None];
        let groups = within.into_iter().zip(times);
        TenantFigures {
            tenant: tenant.to_owned(),
            endpoints,
            issued,
            succeeded,
            failed,
            first_certificates: groups.map(|(within_seconds, count)| TimeGroup { within_seconds, count }).collect(),
            half_within_seconds: half,
        }
    });
    figures.filter(|of| caller.scope.covers(&of.tenant)).collect()
}
