//! Numbers that say how Sando does, each named here once.
//!
//! A number is an event of the log with the target [`TARGET`]; on AWS it becomes a metric of CloudWatch. What is zero most
//! of the time is recorded only when it is not: a metric costs for every hour in which it is heard of.

use serde::{Deserialize, Serialize};

/// The target of the events that carry numbers.
pub const TARGET: &str = "sando_core::metric";

/// What is counted or measured.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// For how long the oldest entry that is due has been so; every minute.
    OldestDue,
    /// How many entries had lost their message and were handed on; in minutes in which there were some.
    HandedOn,
    /// Removals are paused; every minute while they are.
    RemovalsPaused,
    /// How far the poll of Lever is behind; while that is more than two polls.
    LeverLag,
    /// How long ago Lever was last polled to the end; while that is more than two polls.
    SinceLeverPolled,
    /// How long ago the roster was read that was not read for longest, of accounts that are connected; while that is more
    /// than two days.
    SinceRosterRead,
    /// Connected accounts that wait for somebody: disabled, or with a sync that is held; while there are some.
    AccountsFailing,
    /// A checkpoint of the audit could not be taken or not be kept; in each minute in which that is so.
    CheckpointsFailing,
    /// Licences whose holder was seen within 30 days, in percent of those whose application tells; a few times a day.
    LicensesUsed,
    /// From the event to the access that was seen to be there, for each grant.
    TimeToProvision,
    /// From the person's first moment to the access that was seen to be there; negative: it was there before.
    ReadyAfterStart,
    /// From the event to the access that was seen to be gone, for each grant.
    TimeToOffboard,
    /// Runs that ended: 1 if something in it failed, otherwise 0. The average is the rate of failures.
    RunFailures,
    /// Syncs that ended: 1 if it failed, otherwise 0.
    SyncFailures,
    /// Authentic webhooks about events that nothing depends on, such as those of interviews; 1 for each.
    WebhooksIgnored,
    /// Webhooks that were refused, whatever for; 1 for each.
    WebhooksRefused,
}

impl Metric {
    /// Its name in CloudWatch.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OldestDue => "OldestDue",
            Self::HandedOn => "HandedOn",
            Self::RemovalsPaused => "RemovalsPaused",
            Self::LeverLag => "LeverLag",
            Self::SinceLeverPolled => "SinceLeverPolled",
            Self::SinceRosterRead => "SinceRosterRead",
            Self::AccountsFailing => "AccountsFailing",
            Self::CheckpointsFailing => "CheckpointsFailing",
            Self::LicensesUsed => "LicensesUsed",
            Self::TimeToProvision => "TimeToProvision",
            Self::ReadyAfterStart => "ReadyAfterStart",
            Self::TimeToOffboard => "TimeToOffboard",
            Self::RunFailures => "RunFailures",
            Self::SyncFailures => "SyncFailures",
            Self::WebhooksIgnored => "WebhooksIgnored",
            Self::WebhooksRefused => "WebhooksRefused",
        }
    }

    /// Is it kept by the day, for charts and the API? Others tell how Sando itself does.
    #[must_use]
    pub fn is_kept(self) -> bool {
        matches!(
            self,
            Self::TimeToProvision
                | Self::ReadyAfterStart
                | Self::TimeToOffboard
                | Self::RunFailures
                | Self::SyncFailures
        )
    }

    /// Its unit, in CloudWatch's words.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::OldestDue
            | Self::LeverLag
            | Self::SinceLeverPolled
            | Self::SinceRosterRead
            | Self::TimeToProvision
            | Self::ReadyAfterStart
            | Self::TimeToOffboard => "Seconds",
            Self::LicensesUsed => "Percent",
            Self::HandedOn
            | Self::RemovalsPaused
            | Self::AccountsFailing
            | Self::CheckpointsFailing
            | Self::RunFailures
            | Self::SyncFailures
            | Self::WebhooksIgnored
            | Self::WebhooksRefused => "Count",
        }
    }

    /// Tells the number.
    pub fn record(self, value: i64) {
        tracing::event!(
            target: TARGET,
            tracing::Level::INFO,
            metric.name = self.name(),
            metric.unit = self.unit(),
            metric.value = value,
        );
    }
}
