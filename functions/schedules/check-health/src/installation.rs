//! The check of the installation itself, which keeps everything else going.

use domain::health::installation::follow;
use domain::installation::{InstallationCheck, InstallationStatus, Used};
use domain::ports::{Inspector, InstallationLog, Notifier, ServiceFault};
use time::OffsetDateTime;

use crate::Settings;

/// What one check of the installation has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstallationSight {
    /// The checks that failed, by name.
    pub failing: Vec<String>,
    /// How much of limits is used.
    pub used: Vec<Used>,
}

/// Checks the installation, notifies people of what is news, and keeps what they were notified of.
///
/// An inspection that does not finish is a failure of its own.
pub async fn check_installation(
    inspector: &impl Inspector,
    log: &impl InstallationLog,
    notifier: &impl Notifier,
    settings: &Settings,
    now: OffsetDateTime,
) -> Result<InstallationSight, ServiceFault> {
    let checks = inspector.inspect().await.unwrap_or_else(|fault| vec![uninspected(&fault)]);
    let before = log.installation().await?;
    let (alerts, after) = follow(&before, &checks, now, settings.dashboard.as_deref());
    for alert in &alerts {
        notifier.notify(alert).await?;
    }
    if after != before {
        // Another run may have stored its own; it has sent the same.
        log.save_installation(&before, &after).await?;
    }
    let failing = after.failing.into_iter().map(|failing| failing.check).collect();
    Ok(InstallationSight { failing, used: checks.into_iter().flat_map(|check| check.used).collect() })
}

fn uninspected(fault: &ServiceFault) -> InstallationCheck {
    InstallationCheck {
        name: "inspection".into(),
        status: InstallationStatus::Failed,
        detail: format!("The installation could not be checked: {fault}."),
        remedy: Some("See the log of inspect-installation, and run: managed-https doctor".into()),
        used: Vec::new(),
    }
}
