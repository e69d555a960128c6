//! The part of an installation's configuration that decides about notifications.

use time::Duration;

use crate::issues::DEFAULT_SETUP_PATIENCE;

/// Who is notified when, and where the links lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotificationPolicy<'a> {
    /// Base URL of the dashboard, for links; `None` where there is none.
    pub dashboard: Option<&'a str>,
    /// How long a new endpoint may wait for its first DNS records before anybody is notified.
    pub setup_patience: Duration,
}

impl Default for NotificationPolicy<'_> {
    fn default() -> Self {
        Self { dashboard: None, setup_patience: DEFAULT_SETUP_PATIENCE }
    }
}
