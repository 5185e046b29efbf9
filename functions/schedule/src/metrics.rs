//! How things stand, as CloudWatch reads it from a log line: the embedded metric format.
//!
//! Source: CloudWatch user guide, "Specification: embedded metric format", seen 2026-11.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// How things stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    /// For how long the oldest entry that is due has been so.
    pub oldest_due: SignedDuration,
    /// How many entries had lost their message and were handed on.
    pub handed_on: usize,
    /// Does the brake hold removals?
    pub removals_paused: bool,
}

impl Standing {
    /// The line that CloudWatch makes metrics of: namespace `Sando`, dimension `Stack`.
    #[must_use]
    pub fn line(&self, stack: &str, now: Timestamp) -> Value {
        json!({
            "_aws": {
                "Timestamp": now.as_millisecond(),
                "CloudWatchMetrics": [{
                    "Namespace": "Sando",
                    "Dimensions": [["Stack"]],
                    "Metrics": [
                        { "Name": "OldestDue", "Unit": "Seconds" },
                        { "Name": "HandedOn", "Unit": "Count" },
                        { "Name": "RemovalsPaused", "Unit": "Count" },
                    ],
                }],
            },
            "Stack": stack,
            "OldestDue": self.oldest_due.as_secs(),
            "HandedOn": self.handed_on,
            "RemovalsPaused": u8::from(self.removals_paused),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_that_is_named_has_a_value() {
        let standing = Standing {
            oldest_due: SignedDuration::from_secs(75),
            handed_on: 3,
            removals_paused: true,
        };

        let line = standing.line("sando", Timestamp::UNIX_EPOCH);

        let named = line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
            .as_array()
            .unwrap();
        let values = named
            .iter()
            .map(|metric| &line[metric["Name"].as_str().unwrap()]);
        assert_eq!(values.collect::<Vec<_>>(), [75, 3, 1]);
        assert_eq!(line["Stack"], "sando");
    }
}
