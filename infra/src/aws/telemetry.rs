//! Logs and metrics on AWS: JSON lines to standard output, which Lambda carries to CloudWatch.
//!
//! A metric is a line in the embedded metric format.
//! Source: CloudWatch user guide, "Specification: embedded metric format", seen 2026-11.

use std::fmt::Debug;
use std::io::Write;

use jiff::Timestamp;
use sando_core::metric;
use sando_core::ports::Clock;
use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::system::SystemClock;

/// Starts logging: ours from `info`, the libraries' from `warn`. More is never logged, whatever the environment says,
/// since libraries log requests with their headers at finer levels.
pub(super) fn start(stack: &str) {
    let ours = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("sando", LevelFilter::INFO)
        .with_target(metric::TARGET, LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_ansi(false);
    let metrics = Metrics {
        stack: stack.to_owned(),
        writer: std::io::stdout,
    };
    let numbers = Targets::new().with_target(metric::TARGET, LevelFilter::INFO);
    // A second start in one process keeps the first.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(ours))
        .with(metrics.with_filter(numbers))
        .try_init();
}

/// Writes a line for each number that is recorded.
struct Metrics<W> {
    stack: String,
    writer: W,
}

impl<S: Subscriber, W> Layer<S> for Metrics<W>
where
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut number = Number::default();
        event.record(&mut number);
        let line = number.line(&self.stack, SystemClock.now());
        // Nobody can be told that standard output is gone.
        let _ = writeln!(self.writer.make_writer(), "{line}");
    }
}

/// A number as it was recorded.
#[derive(Default)]
struct Number {
    name: String,
    unit: String,
    value: i64,
}

impl Number {
    /// The line that CloudWatch makes a metric of: namespace `Sando`, dimension `Stack`.
    fn line(&self, stack: &str, now: Timestamp) -> Value {
        let Self { name, unit, value } = self;
        json!({
            "_aws": {
                "Timestamp": now.as_millisecond(),
                "CloudWatchMetrics": [{
                    "Namespace": "Sando",
                    "Dimensions": [["Stack"]],
                    "Metrics": [{ "Name": name, "Unit": unit }],
                }],
            },
            "Stack": stack,
            name: value,
        })
    }
}

impl Visit for Number {
    fn record_i64(&mut self, field: &Field, value: i64) {
        if field.name() == "metric.value" {
            self.value = value;
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "metric.name" => value.clone_into(&mut self.name),
            "metric.unit" => value.clone_into(&mut self.unit),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use sando_core::metric::Metric;

    use super::*;

    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_number_becomes_a_line_that_cloudwatch_reads() {
        let written: Arc<Mutex<Vec<u8>>> = Arc::default();
        let kept = written.clone();
        let metrics = Metrics {
            stack: "sando".to_owned(),
            writer: move || Kept(kept.clone()),
        };
        let logging = tracing_subscriber::registry().with(metrics);

        tracing::subscriber::with_default(logging, || Metric::OldestDue.record(75));

        let line: Value = serde_json::from_slice(&written.lock().unwrap()).unwrap();
        let told = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(told["Namespace"], "Sando");
        assert_eq!(told["Dimensions"], json!([["Stack"]]));
        assert_eq!(
            told["Metrics"],
            json!([{ "Name": "OldestDue", "Unit": "Seconds" }])
        );
        assert_eq!(
            (&line["Stack"], &line["OldestDue"]),
            (&json!("sando"), &json!(75))
        );
        assert!(line["_aws"]["Timestamp"].as_i64().unwrap() > 1_700_000_000_000);
    }
}
