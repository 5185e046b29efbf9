//! Logs on AWS: JSON lines to standard output, which Lambda carries to CloudWatch.

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging: ours from `info`, the libraries' from `warn`. More is never logged, whatever the environment says,
/// since libraries log requests with their headers at finer levels.
pub(super) fn start() {
    let ours = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("sando", LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_ansi(false);
    // A second start in one process keeps the first.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(ours))
        .try_init();
}
