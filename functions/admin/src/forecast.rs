//! The seat forecast: how many seats of every plan are missing or free, week by week; as JSON or CSV.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use sando_core::admin::reports;
use sando_core::report::{Forecast, Line, MOST_WEEKS, Movers, Outlook, WEEKS, Week};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Api;
use crate::auth::MayRead;
use crate::body::InQuery;
use crate::problem::Problem;
use crate::reports::{Format, csv, line, row, sums};

/// How far ahead, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForecastQuery {
    #[serde(default)]
    format: Format,
    /// How many weeks, 12 unless said.
    weeks: Option<usize>,
}

fn week(week: &Week) -> Value {
    json!({
        "from": week.from, "joining": week.joining, "leaving": week.leaving, "need": line(&week.need),
        "missing": week.missing.as_ref().map(line), "free": week.free.as_ref().map(line),
    })
}

fn each(forecast: &Forecast) -> impl Iterator<Item = (&str, &str, &Outlook)> {
    let apps = forecast.by_license.iter();
    apps.flat_map(|(app, plans)| {
        plans
            .iter()
            .map(move |(plan, outlook)| (app.as_str(), plan.as_str(), outlook))
    })
}

fn item((app, license, outlook): (&str, &str, &Outlook)) -> Value {
    json!({
        "app": app, "license": license, "bought": outlook.bought, "held": outlook.held, "undated": outlook.undated,
        "weeks": outlook.weeks.iter().map(week).collect::<Vec<Value>>(),
    })
}

/// How many seats these are.
pub(crate) fn count(movers: &[Movers]) -> u64 {
    let seats = movers.iter().map(|one| one.seats);
    seats.fold(0, u64::saturating_add)
}

/// `Engineering, Designer: 2; Sales: 1`.
pub(crate) fn who(movers: &[Movers]) -> String {
    let one = |one: &Movers| {
        let parts = [&one.department, &one.role];
        let named: Vec<&str> = parts
            .into_iter()
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        let name = if named.is_empty() {
            "no department".to_owned()
        } else {
            named.join(", ")
        };
        format!("{name}: {}", one.seats)
    };
    movers.iter().map(one).collect::<Vec<String>>().join("; ")
}

/// The forecast as rows, with their head: one for each plan and week.
pub(crate) fn forecast_rows(forecast: &Forecast) -> Vec<Vec<String>> {
    let head = row([
        "app",
        "license",
        "week_from",
        "bought",
        "joining",
        "joining_who",
        "leaving",
        "leaving_who",
        "need",
        "need_monthly_minor",
        "missing",
        "missing_monthly_minor",
        "free",
        "free_monthly_minor",
    ]);
    let rows = each(forecast).flat_map(|(app, license, outlook)| {
        let bought = outlook.bought.map(|bought| bought.to_string());
        let bought = bought.unwrap_or_default();
        let of_week = move |week: &Week| cells(app, license, &bought, week);
        outlook.weeks.iter().map(of_week)
    });
    std::iter::once(head).chain(rows).collect()
}

fn cells(app: &str, license: &str, bought: &str, week: &Week) -> Vec<String> {
    let both = |line: Option<&Line>| match line {
        Some(line) => (line.seats.to_string(), sums(&line.monthly)),
        None => (String::new(), String::new()),
    };
    let (need, need_cost) = both(Some(&week.need));
    let (missing, missing_cost) = both(week.missing.as_ref());
    let (free, free_cost) = both(week.free.as_ref());
    vec![
        app.to_owned(),
        license.to_owned(),
        week.from.to_string(),
        bought.to_owned(),
        count(&week.joining).to_string(),
        who(&week.joining),
        count(&week.leaving).to_string(),
        who(&week.leaving),
        need,
        need_cost,
        missing,
        missing_cost,
        free,
        free_cost,
    ]
}

/// How many seats of every plan are missing or free, week by week: what rosters show, what is due to those who arrive,
/// and what those who leave give back. A week needs as many as are needed at its busiest moment.
#[utoipa::path(get, path = "/v1/reports/forecast", tag = "reports", operation_id = "report_forecast",
    params(("format" = Option<String>, Query), ("weeks" = Option<usize>, Query)),
    responses((status = 200, content((Object = "application/json"), (String = "text/csv")))))]
pub(crate) async fn report(
    _: MayRead,
    State(api): State<Api>,
    InQuery(query): InQuery<ForecastQuery>,
) -> Result<Response, Problem> {
    let weeks = query.weeks.unwrap_or(WEEKS);
    if !(1..=MOST_WEEKS).contains(&weeks) {
        return Err(Problem::mistake("weeks", format!("1 to {MOST_WEEKS}")));
    }
    let forecast = reports::forecast(&api.ports, api.ports.clock.now(), weeks).await?;
    Ok(match query.format {
        Format::Csv => csv("forecast", forecast_rows(&forecast)),
        Format::Json => Json(json!({
            "items": each(&forecast).map(item).collect::<Vec<Value>>(), "unknown": forecast.unknown,
        }))
        .into_response(),
    })
}
