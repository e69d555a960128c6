//! Waiting with a deadline, and with a reason when it passes.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, sleep};

const POLL: Duration = Duration::from_millis(50);

/// Polls until there is something, at most for `limit`.
///
/// # Errors
///
/// The first error of `poll` ends the waiting. When the time is up, the error names `what`.
pub async fn wait_until<T>(what: &str, limit: Duration, mut poll: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = poll().await? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            bail!("waited {} s in vain for {what}", limit.as_secs());
        }
        sleep(POLL).await;
    }
}
