//! What every Lambda starts with: the only crate that reads the environment or installs tracing.

mod authorities;
mod environment;
mod inspection;
mod metrics;
mod queue;
mod sdk;
mod settings;
mod step;
mod wiring;

pub use adapters::cross_account::Purpose;
pub use adapters::lambda::SHARD;
pub use authorities::requests_sent;
pub use environment::{ConfigurationError, Environment};
pub use inspection::Inspection;
pub use metrics::{AdviceMetrics, HealthMetrics, Metrics, ScanMetrics};
pub use queue::run_queue;
pub use settings::serve;
pub use step::{Spent, StepError, run_step};
pub use wiring::Wiring;

use tracing_subscriber::filter::LevelFilter;
use vocabulary::version::VERSION;

/// Installs JSON logs, one object per line, and reads the environment and the parameters that did not fit there.
#[expect(clippy::disallowed_methods, reason = "Lambda sets it, and logging starts before the rest is read")]
pub async fn start() -> Result<Wiring, ConfigurationError> {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(log_level(&level))
        .init();
    // The first entry of each log stream: all others in it are of the same process.
    tracing::info!(version = VERSION, "the process starts");
    Wiring::new(Environment::of_process()).await
}

/// Of Lambda's levels, `TRACE` to `FATAL` (Lambda, "Setting the log level"), the last has no equal here.
fn log_level(text: &str) -> LevelFilter {
    match text {
        "FATAL" => LevelFilter::ERROR,
        level => level.parse().unwrap_or(LevelFilter::INFO),
    }
}

/// A number in 0.0..1.0 that spreads what would otherwise happen at the same time.
pub fn jitter() -> f64 {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    f64::from(u32::from_be_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_log_level_of_lambda_is_known_and_anything_else_is_info() {
        let levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "verbose"].map(log_level);
        let (trace, debug, info) = (LevelFilter::TRACE, LevelFilter::DEBUG, LevelFilter::INFO);
        assert_eq!(levels, [trace, debug, info, LevelFilter::WARN, LevelFilter::ERROR, LevelFilter::ERROR, info]);
    }
}
