//! The numbers of the overview: how it went in the last 90 days as lines, what is spent for what, and what leavers hold.
//! All of it is read as it was kept; nothing is walked over.

use std::cmp::Reverse;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use maud::{Markup, html};
use sando_core::account::Account;
use sando_core::admin::metrics;
use sando_core::company::Company;
use sando_core::metric::Metric;
use sando_core::report::{Counted, Line, Money};
use sando_core::tally::{Measured, Tally, day_of};

use crate::Api;
use crate::metrics::together;

use super::chart::{bar, line, percent};
use super::format::{day, lasting, many, number, total, when};
use super::refusal::Refusal;
use super::words;

/// How many departments and applications are shown.
const MOST: usize = 5;

/// The numbers, as far as there are some.
pub(super) async fn section(
    api: &Api,
    company: &Company,
    accounts: &[Account],
    now: Timestamp,
) -> Result<Markup, Refusal> {
    let today = day_of(now);
    let days = metrics::days(&api.ports, today.saturating_sub(90.days()), today).await?;
    let is_any_read = accounts.iter().any(|account| account.applied > 0);
    let counted = if is_any_read {
        metrics::counted(&api.ports).await?
    } else {
        None
    };
    Ok(html! {
        (lately(&days, today))
        @if let Some(counted) = &counted { (spent(counted, company, now)) }
    })
}

/// One number with its line.
struct Number {
    id: &'static str,
    name: &'static str,
    value: String,
    more: String,
    /// By week.
    points: Vec<Option<i64>>,
    shown: fn(i64) -> String,
}

fn of_percent(value: i64) -> String {
    format!("{value} %")
}

fn of_per_mille(value: i64) -> String {
    format!("{}.{} %", value / 10, value % 10)
}

fn times(
    id: &'static str,
    name: &'static str,
    metric: Metric,
    weeks: &[Tally],
    whole: &Tally,
) -> Option<Number> {
    let all = whole.measured.get(&metric)?;
    let median = |week: &Tally| {
        week.measured
            .get(&metric)
            .and_then(|measured| measured.at(50))
    };
    Some(Number {
        id,
        name,
        value: lasting(all.at(50)?),
        more: words::spread(&lasting(all.at(90)?), all.count),
        points: weeks.iter().map(median).collect(),
        shown: lasting,
    })
}

/// How many licences are used, in percent.
fn used(tally: &Tally) -> Option<i64> {
    let used = tally.licenses?;
    i64::try_from(percent(used.using, used.licensed)).ok()
}

/// How many runs and syncs failed, in per mille, and how many there were.
fn failed(tally: &Tally) -> Option<(i64, u64)> {
    let mut all = Measured::default();
    let both = [Metric::RunFailures, Metric::SyncFailures];
    for measured in both.iter().filter_map(|one| tally.measured.get(one)) {
        all.join(measured);
    }
    let count = i64::try_from(all.count).ok()?;
    let part = all.sum.saturating_mul(1000).checked_div(count)?;
    Some((part, all.count))
}

fn numbers(weeks: &[Tally], whole: &Tally) -> Vec<Number> {
    let provision = Metric::TimeToProvision;
    let verified = times(
        "verified",
        "From event to verified",
        provision,
        weeks,
        whole,
    );
    let offboard = Metric::TimeToOffboard;
    let gone = times("offboarded", "Offboarded", offboard, weeks, whole);
    let in_use = used(whole).map(|value| Number {
        id: "used",
        name: "Licences in use",
        value: of_percent(value),
        more: words::SEEN_LATELY.to_owned(),
        points: weeks.iter().map(used).collect(),
        shown: of_percent,
    });
    let failures = failed(whole).map(|(value, count)| Number {
        id: "failed",
        name: "Failed",
        value: of_per_mille(value),
        more: format!("of {}", many(count, "run or sync", "runs and syncs")),
        points: weeks.iter().map(|week| Some(failed(week)?.0)).collect(),
        shown: of_per_mille,
    });
    [verified, gone, in_use, failures]
        .into_iter()
        .flatten()
        .collect()
}

fn lately(days: &[Tally], today: Date) -> Markup {
    let weeks: Vec<Tally> = days
        .chunks(7)
        .map(|week| together(week, week.first().map_or(today, |first| first.day)))
        .collect();
    let numbers = numbers(&weeks, &together(days, today));
    html! {
        @if !numbers.is_empty() {
            section aria-labelledby="lately" {
                h2 #lately { (words::LATELY) }
                dl.figures {
                    @for one in &numbers {
                        div {
                            dt { (one.name) }
                            dd { (one.value) " " small { (one.more) } }
                            dd.chart { (line(one.id, one.name, &words::by_week(&one.value, &one.more), &one.points)) }
                        }
                    }
                }
                details { summary { (words::DATA) } (data(&weeks, &numbers)) }
            }
        }
    }
}

/// The same numbers as a table.
fn data(weeks: &[Tally], numbers: &[Number]) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "Week from" } @for one in numbers { th.num scope="col" { (one.name) } } } }
            tbody {
                @for (place, week) in weeks.iter().enumerate() {
                    tr {
                        td { (day(week.day)) }
                        @for one in numbers {
                            td.num data-label=(one.name) {
                                @if let Some(value) = one.points.get(place).copied().flatten() { ((one.shown)(value)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What is spent, and what people who left still hold.
fn spent(counted: &Counted, company: &Company, now: Timestamp) -> Markup {
    let (figures, at) = (&counted.figures, counted.at);
    let departments = figures.by_department.iter().map(|(name, line)| {
        let name = if name.is_empty() {
            words::NO_DEPARTMENT.to_owned()
        } else {
            name.clone()
        };
        (name, line)
    });
    let apps = figures.by_app.iter().map(|(app, line)| {
        let label = company
            .apps
            .get(app)
            .map_or(app.as_str(), |app| app.label());
        (label.to_owned(), line)
    });
    let all = &figures.total.monthly;
    html! {
        @if figures.total.seats > 0 {
            section aria-labelledby="spent" {
                h2 #spent { (words::CHARGEBACK) }
                p { a href="/console/spend" { (total(all)) } " " span.small.muted { "counted " (when(at, now)) } }
                div.columns {
                    (top("Department", departments.collect(), all))
                    (top("Application", apps.collect(), all))
                }
            }
        }
        @if figures.residue.seats > 0 {
            section aria-labelledby="residue" {
                h2 #residue { (words::RECLAIM) }
                p { (words::residue(figures.leavers(), &figures.residue)) }
                p.bar { a.button href="/console/spend/residue" { (words::SEE_PLAN) } }
            }
        }
    }
}

fn top(what: &str, mut lines: Vec<(String, &Line)>, all: &Money) -> Markup {
    lines.sort_by_key(|(_, line)| Reverse(line.weight(all)));
    let most = lines.first().map_or(0, |(_, line)| line.weight(all));
    html! {
        table {
            thead { tr { th scope="col" { (what) } th scope="col" { span.visually-hidden { "Share" } } th.num scope="col" { "Seats" } th.num scope="col" { "A month" } } }
            tbody {
                @for (name, line) in lines.iter().take(MOST) {
                    tr {
                        td { (name) }
                        td.share { (bar(percent(line.weight(all), most))) }
                        td.num data-label="Seats" { (number(line.seats)) }
                        td.num data-label="A month" { (total(&line.monthly)) }
                    }
                }
            }
        }
    }
}
