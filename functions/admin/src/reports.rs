//! Reports: licences, spend, and what people who left still hold; as JSON or CSV.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use sando_core::admin::reports;
use sando_core::ids::AppSlug;
use sando_core::report::{Licence, Licences, Line, Money, Residue, Seat, Spend, UNUSED_DAYS};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayAdmin, MayRead};
use crate::body::InQuery;
use crate::export::cell;
use crate::problem::Problem;

/// How a report is written down.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For programs.
    #[default]
    Json,
    /// For spreadsheets.
    Csv,
}

/// Which report, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportQuery {
    #[serde(default)]
    format: Format,
    /// Not seen for so many days is unused.
    unused_days: Option<u32>,
}

/// A CSV of these rows, none of whose cells is a formula.
pub(crate) fn csv(name: &str, rows: impl IntoIterator<Item = Vec<String>>) -> Response {
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> = row.iter().map(|text| cell(text)).collect();
        text += &cells.join(",");
        text += "\r\n";
    }
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, text).into_response()
}

pub(crate) fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// `[{amount_minor, currency}]`.
fn money(money: &Money) -> Value {
    let sums = money.0.iter();
    let one = |(currency, amount): (&String, &i64)| json!({ "amount_minor": amount, "currency": currency });
    Value::Array(sums.map(one).collect())
}

/// `1500 EUR; 200 USD`, in the smallest unit.
pub(crate) fn sums(money: &Money) -> String {
    let sums = money.0.iter();
    let sums: Vec<String> = sums
        .map(|(currency, amount)| format!("{amount} {currency}"))
        .collect();
    sums.join("; ")
}

/// `{seats, monthly}`.
pub(crate) fn line(line: &Line) -> Value {
    json!({ "seats": line.seats, "monthly": money(&line.monthly) })
}

/// A seat as it is shown.
pub(crate) fn seat(seat: &Seat) -> Value {
    let mut shown = json!(seat);
    if let Value::Object(fields) = &mut shown {
        fields.insert("monthly".to_owned(), money(&seat.monthly));
    }
    shown
}

pub(crate) const SEAT: &[&str] = &[
    "app",
    "account",
    "external_id",
    "email",
    "role",
    "licenses",
    "last_visit_at",
    "person",
    "name",
    "department",
    "state",
    "left_at",
    "flags",
    "monthly_minor",
];

pub(crate) fn seat_row(seat: &Seat) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let flags: Vec<&str> = seat.flags.iter().map(|flag| flag.as_str()).collect();
    vec![
        seat.app.to_string(),
        seat.account.clone(),
        seat.external_id.clone(),
        text(&seat.email),
        text(&seat.role),
        seat.licenses.join("; "),
        text(&seat.last_visit_at),
        seat.person
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        text(&seat.name),
        text(&seat.department),
        seat.state
            .map(|state| state.as_str().to_owned())
            .unwrap_or_default(),
        seat.left_at.map(|at| at.to_string()).unwrap_or_default(),
        flags.join("; "),
        sums(&seat.monthly),
    ]
}

/// Seats as rows, with their head.
pub(crate) fn seat_rows(seats: &[Seat]) -> Vec<Vec<String>> {
    let rows = seats.iter().map(seat_row);
    let head: Vec<String> = SEAT.iter().map(|name| (*name).to_owned()).collect();
    std::iter::once(head).chain(rows).collect()
}

fn residue_view(residue: &Residue) -> Value {
    let by_app = residue.by_app.iter();
    json!({
        "people": residue.people,
        "total": line(&residue.total),
        "by_app": by_app.map(|(app, sum)| (app.to_string(), line(sum))).collect::<serde_json::Map<_, _>>(),
        "seats": residue.seats.iter().map(seat).collect::<Vec<Value>>(),
        "truncated": residue.truncated,
    })
}

/// What people who left still hold, in seats and money.
#[utoipa::path(get, path = "/v1/reports/residue", tag = "reports", operation_id = "report_residue",
    params(("format" = Option<String>, Query)),
    responses((status = 200, content((Object = "application/json"), (String = "text/csv")))))]
pub(crate) async fn residue(
    _: MayRead,
    State(api): State<Api>,
    InQuery(query): InQuery<ReportQuery>,
) -> Result<Response, Problem> {
    let now = api.ports.clock.now();
    let residue = reports::residue(&api.ports, now).await?;
    Ok(match query.format {
        Format::Json => Json(residue_view(&residue)).into_response(),
        Format::Csv => csv("residue", seat_rows(&residue.seats)),
    })
}

/// What came of clearing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClearedView {
    /// For how many people it is being taken away now.
    started: usize,
    /// What there was.
    #[schema(value_type = Object)]
    residue: Value,
}

/// Takes away what people who left still hold, as when they left. The cap on removals holds.
#[utoipa::path(post, path = "/v1/reports/residue:clear", tag = "reports", operation_id = "clear_residue",
    responses((status = 200, body = ClearedView)))]
pub(crate) async fn clear(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
) -> Result<Json<ClearedView>, Problem> {
    let cleared = reports::clear(&api.ports, &caller.who(&api)).await?;
    Ok(Json(ClearedView {
        started: cleared.started,
        residue: residue_view(&cleared.residue),
    }))
}

fn each(licences: &Licences) -> impl Iterator<Item = (&AppSlug, &String, &Licence)> {
    let apps = licences.by_license.iter();
    apps.flat_map(|(app, of_app)| of_app.iter().map(move |(license, sum)| (app, license, sum)))
}

/// Licences as rows, with their head.
pub(crate) fn license_rows(licences: &Licences) -> Vec<Vec<String>> {
    let head = [
        "app",
        "license",
        "bought",
        "held",
        "used",
        "noticed",
        "monthly_minor",
        "reclaimable",
        "saving_minor",
    ];
    let rows = each(licences).map(|(app, license, sum)| {
        let noticed = sum.noticed.iter();
        let noticed: Vec<String> = noticed
            .map(|(flag, count)| format!("{flag}: {count}"))
            .collect();
        vec![
            app.to_string(),
            license.clone(),
            sum.bought
                .map(|bought| bought.to_string())
                .unwrap_or_default(),
            sum.held.to_string(),
            sum.used.to_string(),
            noticed.join("; "),
            sums(&sum.monthly),
            sum.reclaimable.to_string(),
            sums(&sum.saving),
        ]
    });
    std::iter::once(row(head)).chain(rows).collect()
}

/// How well licences are used: bought, held, used, and what could be had back.
#[utoipa::path(get, path = "/v1/reports/licenses", tag = "reports", operation_id = "report_licenses",
    params(("format" = Option<String>, Query), ("unused_days" = Option<u32>, Query)),
    responses((status = 200, content((Object = "application/json"), (String = "text/csv")))))]
pub(crate) async fn licenses(
    _: MayRead,
    State(api): State<Api>,
    InQuery(query): InQuery<ReportQuery>,
) -> Result<Response, Problem> {
    let now = api.ports.clock.now();
    let days = query.unused_days.unwrap_or(UNUSED_DAYS);
    let licences = reports::licenses(&api.ports, now, days).await?;
    let items: Vec<Value> = each(&licences)
        .map(|(app, license, sum)| {
            json!({
                "app": app, "license": license, "bought": sum.bought, "held": sum.held, "used": sum.used,
                "noticed": sum.noticed, "monthly": money(&sum.monthly),
                "reclaimable": sum.reclaimable, "saving": money(&sum.saving),
            })
        })
        .collect();
    Ok(match query.format {
        Format::Csv => csv("licenses", license_rows(&licences)),
        Format::Json => Json(json!({
            "items": items, "unused_days": days,
            "reclaimable": licences.reclaimable, "saving": money(&licences.saving),
        }))
        .into_response(),
    })
}

fn lines(spend: &Spend) -> Vec<(&'static str, String, &Line)> {
    let apps = spend.by_app.iter();
    let apps = apps.map(|(app, sum)| ("app", app.to_string(), sum));
    let departments = spend.by_department.iter();
    let departments = departments.map(|(name, sum)| ("department", name.clone(), sum));
    let people = spend.by_person.iter();
    let people = people.map(|(id, sum)| ("person", id.to_string(), sum));
    apps.chain(departments).chain(people).collect()
}

/// Spend as rows, with their head: all of it, or what is by one thing.
pub(crate) fn spend_rows(spend: &Spend, by: Option<&str>) -> Vec<Vec<String>> {
    let head = row(["by", "name", "seats", "monthly_minor"]);
    let all = lines(spend).into_iter();
    let some = all.filter(|(of, ..)| by.is_none_or(|by| by == *of));
    let rows =
        some.map(|(by, name, sum)| row([by, &name, &sum.seats.to_string(), &sums(&sum.monthly)]));
    std::iter::once(head).chain(rows).collect()
}

/// What is spent a month: by application, by department, by person.
#[utoipa::path(get, path = "/v1/reports/spend", tag = "reports", operation_id = "report_spend",
    params(("format" = Option<String>, Query)),
    responses((status = 200, content((Object = "application/json"), (String = "text/csv")))))]
pub(crate) async fn spend(
    _: MayRead,
    State(api): State<Api>,
    InQuery(query): InQuery<ReportQuery>,
) -> Result<Response, Problem> {
    let spend = reports::spend(&api.ports, api.ports.clock.now()).await?;
    let all = lines(&spend);
    let of = |kind: &str| {
        let some = all.iter().filter(|(of, ..)| *of == kind);
        let some = some.map(|(_, name, sum)| (name.clone(), line(sum)));
        Value::Object(some.collect())
    };
    Ok(match query.format {
        Format::Csv => csv("spend", spend_rows(&spend, None)),
        Format::Json => Json(json!({
            "total": line(&spend.total), "unknown": line(&spend.unknown),
            "by_app": of("app"), "by_department": of("department"), "by_person": of("person"),
        }))
        .into_response(),
    })
}
