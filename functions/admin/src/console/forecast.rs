//! Seats in the weeks ahead, as a part of the spend page: a chart for every plan that moves, and its numbers.

use std::cmp::Reverse;

use maud::{Markup, html};
use sando_core::company::Company;
use sando_core::report::{Forecast, Outlook, WEEKS, Week};

use crate::forecast::{count, who};

use super::chart::steps;
use super::format::{day, number, total};
use super::parts::segment;
use super::words;

/// How many plans are drawn; the CSV has all.
const MOST: usize = 12;

/// A plan with what lies ahead of it.
struct Ahead<'a> {
    name: String,
    to: String,
    outlook: &'a Outlook,
}

/// The plans that lack a seat, or that somebody joins or leaves, the worst first.
fn worth_a_look<'a>(forecast: &'a Forecast, company: &Company) -> Vec<Ahead<'a>> {
    let apps = forecast.by_license.iter();
    let all = apps.flat_map(|(app, plans)| {
        let known = company.apps.get(app);
        let label = known.map_or(app.as_str(), |app| app.label()).to_owned();
        plans.iter().map(move |(plan, outlook)| Ahead {
            name: words::license_name(&label, plan),
            to: format!("/console/licences/{app}/{}", segment(plan)),
            outlook,
        })
    });
    let is_wanted = |one: &Ahead<'_>| one.outlook.moves() || one.outlook.most_missing() > 0;
    let mut all: Vec<Ahead<'a>> = all.filter(is_wanted).collect();
    all.sort_by_key(|one| Reverse(one.outlook.most_missing()));
    all
}

/// The charts, and the numbers under them.
pub(super) fn section(forecast: &Forecast, company: &Company) -> Markup {
    let all = worth_a_look(forecast, company);
    let shown = all.get(..MOST).unwrap_or(&all);
    html! {
        @if !forecast.by_license.is_empty() {
            section aria-labelledby="forecast" {
                h2 #forecast { (words::forecast_of(WEEKS)) }
                p.measure { (words::forecast(forecast)) }
                @if !shown.is_empty() {
                    div.charts { @for (place, one) in shown.iter().enumerate() { (chart(place, one)) } }
                    details { summary { (words::DATA) } (data(shown)) }
                }
                p.measure.small.muted { (words::FORECAST_MEANS) @if forecast.unknown > 0 { " " (words::undecided(forecast.unknown)) } }
                p.pager { a href="/console/spend/csv?of=forecast" { (words::CSV) span.visually-hidden { " of this table" } } }
            }
        }
    }
}

fn chart(place: usize, one: &Ahead<'_>) -> Markup {
    let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let need = one.outlook.weeks.iter();
    let need: Vec<i64> = need.map(|week| signed(week.need.seats)).collect();
    let bought = one.outlook.held.and(one.outlook.bought).map(signed);
    let says = words::ahead(one.outlook);
    html! {
        figure {
            figcaption { a href=(one.to) { (one.name) } " " span.small.muted { (says) } }
            (steps(&format!("seats-{place}"), &one.name, &says, &need, bought))
        }
    }
}

fn data(all: &[Ahead<'_>]) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Licence" } th scope="col" { "Week from" } th scope="col" { "Joining" } th scope="col" { "Leaving" }
                th.num scope="col" { "Needed" } th.num scope="col" { "Missing" } th.num scope="col" { "Free" } th.num scope="col" { "Missing, a month" }
            } }
            tbody {
                @for one in all { @for week in &one.outlook.weeks { (line(&one.name, week)) } }
            }
        }
    }
}

fn line(name: &str, week: &Week) -> Markup {
    let missing = week.missing.as_ref();
    html! {
        tr {
            td { (name) }
            td data-label="Week from" { (day(week.from)) }
            td data-label="Joining" { @if !week.joining.is_empty() { (number(count(&week.joining))) " (" (who(&week.joining)) ")" } }
            td data-label="Leaving" { @if !week.leaving.is_empty() { (number(count(&week.leaving))) " (" (who(&week.leaving)) ")" } }
            td.num data-label="Needed" { (number(week.need.seats)) }
            td.num data-label="Missing" { @if let Some(missing) = missing { (number(missing.seats)) } }
            td.num data-label="Free" { @if let Some(free) = &week.free { (number(free.seats)) } }
            td.num data-label="Missing, a month" { @if let Some(missing) = missing.filter(|line| line.seats > 0) { (total(&missing.monthly)) } }
        }
    }
}
