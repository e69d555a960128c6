//! What a scan did, as metrics.

use std::time::SystemTime;

use runtime::ScanMetrics;
use scan_expiring::ScanReport;

pub(crate) fn measured(report: &ScanReport) -> ScanMetrics {
    ScanMetrics {
        at: SystemTime::now(),
        due: report.due,
        postponed: report.postponed,
        waiting: report.waiting,
        attempts_started: report.started,
        attempts_not_started: u32::try_from(report.failed.len()).unwrap_or(u32::MAX),
    }
}
