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
        load_balancer_room_used: highest(report, "load-balancers"),
        acm_certificates_used: report.used.get("certificates").copied(),
        acm_imports_used: report.used.get("imports").copied(),
        orders_left: report.orders_left,
        acm_quota_used: highest(report, "certificates").max(highest(report, "imports")),
    }
}

/// Of this limit, wherever it is: `certificates`, `certificates us-east-1`.
fn highest(report: &HealthReport, limit: &str) -> Option<u32> {
    let own = report.used.iter().filter(|(of, _)| of.split(' ').next() == Some(limit));
    own.map(|(_, percent)| *percent).max()
}
