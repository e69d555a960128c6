//! What a tenant of the platform in memory may have, and has.

use wire::{TenantLimit, TenantLimits};

const HOUR: Option<u64> = Some(3_600);
const DAY: Option<u64> = Some(86_400);

pub(crate) fn of(tenant: String) -> TenantLimits {
    let all = [
        ("endpoints", 12, 1_250, None),
        ("names", 31, 20_000, None),
        ("registrations", 3, 300, HOUR),
        ("renewals", 0, 100, HOUR),
        ("checks", 14, 600, HOUR),
        ("messages", 2, 20, DAY),
    ];
    let limits =
        all.map(|(of, used, limit, within_seconds)| TenantLimit { of: of.into(), used, limit, within_seconds });
    TenantLimits { tenant, limits: limits.into() }
}
