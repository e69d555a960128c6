//! What a run has seen, as metrics.

use std::time::{Duration, SystemTime};

use check_health::HealthReport;
use runtime::HealthMetrics;

pub(crate) fn measured(report: &HealthReport) -> HealthMetrics {
    let count = |of: usize| u32::try_from(of).unwrap_or(u32::MAX);
    HealthMetrics {
        at: SystemTime::now(),
        looked: report.checked,
        ailing: report.ailing,
        another_served: report.another_served,
        not_looked_at: count(report.failed.len()),
        least_life_left: report.least_life_left,
        health_overdue: Duration::from_secs(report.longest_overdue.unsigned_abs()),
        engine_checks_failed: count(report.engine.len()),
        acm_certificates_used: report.used.get("certificates").copied(),
        acm_imports_used: report.used.get("imports").copied(),
        orders_left: report.orders_left,
        acm_quota_used: ["certificates", "imports"].iter().filter_map(|of| report.used.get(*of)).max().copied(),
    }
}
