//! How Sando does, day by day: time to provision and to offboard, failures, use of licences; as JSON or CSV.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::ToSpan;
use jiff::civil::Date;
use sando_core::admin::metrics;
use sando_core::metric::Metric;
use sando_core::tally::{Measured, Tally, Used, day_of};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::MayRead;
use crate::body::InQuery;
use crate::problem::Problem;
use crate::reports::{Format, csv, row};

/// How many days there are unless somebody asks, and at most.
const USUAL: u16 = 30;
const MOST: u16 = 366;

/// Which days, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricsQuery {
    #[serde(default)]
    format: Format,
    days: Option<u16>,
}

/// Times that were measured, in seconds. Median and 90th percentile are within an eighth of their size.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct TimesView {
    /// How many.
    count: u64,
    mean_secs: i64,
    median_secs: i64,
    p90_secs: i64,
}

impl TimesView {
    fn of(measured: &Measured) -> Option<Self> {
        Some(Self {
            count: measured.count,
            mean_secs: measured.mean()?,
            median_secs: measured.at(50)?,
            p90_secs: measured.at(90)?,
        })
    }
}

/// How many failed of how many.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct FailuresView {
    /// How many ended.
    count: u64,
    /// How many of them failed.
    failed: u64,
    /// The part that failed: 0 to 1.
    rate: f64,
}

impl FailuresView {
    fn of(measured: &Measured) -> Self {
        let failed = u64::try_from(measured.sum).unwrap_or(0);
        Self {
            count: measured.count,
            failed,
            rate: rate(failed, measured.count),
        }
    }
}

/// How many licences are used, of those whose application tells.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct UseView {
    licensed: u64,
    using: u64,
    /// The part that is used: 0 to 1.
    rate: f64,
}

impl From<Used> for UseView {
    fn from(used: Used) -> Self {
        Self {
            licensed: used.licensed,
            using: used.using,
            rate: rate(used.using, used.licensed),
        }
    }
}

/// A part of something, with four digits.
fn rate(part: u64, of: u64) -> f64 {
    let of_10_000 = u128::from(part)
        .saturating_mul(10_000)
        .checked_div(u128::from(of));
    let of_10_000 = u32::try_from(of_10_000.unwrap_or(0)).unwrap_or(u32::MAX);
    f64::from(of_10_000) / 10_000.0
}

/// The numbers of a day, or of all days; what was not measured is null.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct NumbersView {
    /// The day, UTC; null for all of them.
    #[schema(value_type = Option<String>)]
    day: Option<Date>,
    /// From the event to the access that was seen to be there.
    time_to_provision: Option<TimesView>,
    /// From the first day's moment to the access that was seen to be there; negative: it was there before.
    ready_after_start: Option<TimesView>,
    /// From the event to the access that was seen to be gone.
    time_to_offboard: Option<TimesView>,
    /// Runs that events started, and ended.
    run_failures: Option<FailuresView>,
    /// Syncs that ended.
    sync_failures: Option<FailuresView>,
    /// Of all days: the last one that is known.
    licenses: Option<UseView>,
}

impl NumbersView {
    fn of(tally: &Tally, day: Option<Date>) -> Self {
        let measured = |metric: Metric| tally.measured.get(&metric);
        let times = |metric: Metric| measured(metric).and_then(TimesView::of);
        let failures = |metric: Metric| measured(metric).map(FailuresView::of);
        Self {
            day,
            time_to_provision: times(Metric::TimeToProvision),
            ready_after_start: times(Metric::ReadyAfterStart),
            time_to_offboard: times(Metric::TimeToOffboard),
            run_failures: failures(Metric::RunFailures),
            sync_failures: failures(Metric::SyncFailures),
            licenses: tally.licenses.map(UseView::from),
        }
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let day = self.day.map(|day| day.to_string()).unwrap_or_default();
        let times = [
            ("time_to_provision", &self.time_to_provision),
            ("ready_after_start", &self.ready_after_start),
            ("time_to_offboard", &self.time_to_offboard),
        ];
        let times = times.into_iter().filter_map(|(name, times)| {
            let times = times.as_ref()?;
            let [count, mean, median, p90] = [
                times.count.to_string(),
                times.mean_secs.to_string(),
                times.median_secs.to_string(),
                times.p90_secs.to_string(),
            ];
            Some(row([&day, name, &count, &mean, &median, &p90, "", ""]))
        });
        let failures = [
            ("run_failures", &self.run_failures),
            ("sync_failures", &self.sync_failures),
        ];
        let rates = failures.into_iter().filter_map(|(name, failures)| {
            let failures = failures.as_ref()?;
            Some((name, failures.count, failures.failed, failures.rate))
        });
        let used = self.licenses.as_ref();
        let used = used.map(|used| ("licenses", used.licensed, used.using, used.rate));
        let rates = rates.chain(used).map(|(name, count, part, rate)| {
            let (count, part, rate) = (count.to_string(), part.to_string(), rate.to_string());
            row([&day, name, &count, "", "", "", &part, &rate])
        });
        times.chain(rates).collect()
    }
}

/// Numbers by day, and over all of these days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MetricsView {
    total: NumbersView,
    /// Oldest first.
    days: Vec<NumbersView>,
}

/// How Sando does: time to provision and to offboard, measured to what was seen; failures; use of licences.
#[utoipa::path(get, path = "/v1/metrics", tag = "reports", operation_id = "get_metrics",
    params(("format" = Option<String>, Query), ("days" = Option<u16>, Query)),
    responses((status = 200, content((MetricsView = "application/json"), (String = "text/csv")))))]
pub(crate) async fn read(
    _: MayRead,
    State(api): State<Api>,
    InQuery(query): InQuery<MetricsQuery>,
) -> Result<Response, Problem> {
    let days = query.days.unwrap_or(USUAL);
    if !(1..=MOST).contains(&days) {
        return Err(Problem::mistake("days", format!("1 to {MOST}")));
    }
    let to = day_of(api.ports.clock.now());
    let back = i64::from(days).saturating_sub(1).days();
    let from = to.saturating_sub(back);
    let tallies = metrics::days(&api.ports, from, to).await?;
    let days: Vec<NumbersView> = tallies
        .iter()
        .map(|tally| NumbersView::of(tally, Some(tally.day)))
        .collect();
    if query.format == Format::Csv {
        let head = [
            "day",
            "metric",
            "count",
            "mean_secs",
            "median_secs",
            "p90_secs",
            "part",
            "rate",
        ];
        let rows = days.iter().flat_map(NumbersView::rows);
        return Ok(csv("metrics", std::iter::once(row(head)).chain(rows)));
    }
    let total = NumbersView::of(&together(&tallies, to), None);
    Ok(Json(MetricsView { total, days }).into_response())
}

/// All days as one, with the licences of the last one that knows.
pub(crate) fn together(tallies: &[Tally], day: Date) -> Tally {
    let mut total = Tally::empty(day, 0);
    tallies.iter().rev().for_each(|tally| total.join(tally));
    total
}
