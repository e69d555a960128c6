use domain::overview::{Figures, TIMES};
use vocabulary::guidance::WaitingOn;
use vocabulary::names::TenantId;
use wire::{FailedAttempts, TenantFigures, TimeGroup};

pub fn tenant_figures((tenant, figures): &(TenantId, Figures)) -> TenantFigures {
    let failed = |waiting_on| figures.failed.get(&waiting_on).copied().unwrap_or_default();
    let longest = TIMES.iter().map(|time| Some(time.whole_seconds().unsigned_abs())).chain([None]);
    TenantFigures {
        tenant: tenant.to_string(),
        endpoints: figures.endpoints,
        issued: figures.issued,
        succeeded: figures.succeeded,
        failed: FailedAttempts {
            domain_owner: failed(WaitingOn::DomainOwner),
            operator: failed(WaitingOn::Operator),
            ca: failed(WaitingOn::Ca),
            nobody: failed(WaitingOn::Nobody),
        },
        first_certificates: longest
            .zip(figures.times)
            .map(|(within_seconds, count)| TimeGroup { within_seconds, count })
            .collect(),
        half_within_seconds: figures.half_within().map(|time| time.whole_seconds().unsigned_abs()),
    }
}
