//! The access review: everybody who can use anything, page by page, with what was decided about it; and deciding.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use sando_core::admin::reports::{self, AT_ONCE};
use sando_core::admin::review::{self, Row, Unmatched};
use sando_core::ids::Slug;
use sando_core::person::Lifecycle;
use sando_core::report::{Place, UNUSED_DAYS};
use sando_core::review::{Reviewed, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayOperate, MayRead};
use crate::body::{Body, InQuery};
use crate::list;
use crate::problem::Problem;
use crate::reports::{Format, SEAT, csv, seat, seat_row};

/// Which part of the review, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewQuery {
    #[serde(default)]
    format: Format,
    unused_days: Option<u32>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// What was decided about a user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReviewedView {
    /// `confirmed` or `revoked`.
    decision: &'static str,
    by: String,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// The task of whoever takes it away.
    task: Option<String>,
}

impl From<&Reviewed> for ReviewedView {
    fn from(reviewed: &Reviewed) -> Self {
        Self {
            decision: reviewed.verdict.as_str(),
            by: reviewed.by.clone(),
            at: reviewed.at,
            task: reviewed.task.as_ref().map(ToString::to_string),
        }
    }
}

fn shown((one, reviewed): &Row) -> Value {
    let mut shown = seat(one);
    if let Value::Object(fields) = &mut shown {
        let reviewed = reviewed.as_ref().map(ReviewedView::from);
        fields.insert("reviewed".to_owned(), json!(reviewed));
    }
    shown
}

fn cells((one, reviewed): &Row) -> Vec<String> {
    let mut cells = seat_row(one);
    let reviewed = reviewed.as_ref();
    cells.extend([
        reviewed.map_or_else(String::new, |one| one.verdict.as_str().to_owned()),
        reviewed.map_or_else(String::new, |one| one.by.clone()),
        reviewed.map_or_else(String::new, |one| one.at.to_string()),
    ]);
    cells
}

fn rule(one: &Unmatched) -> Value {
    json!({ "account": one.account, "definition": one.definition, "license": one.license })
}

/// The access review: everybody who can use anything, page by page; with the first page, `never_matched`: rules of
/// definitions that made nobody the holder of their licence, null before rosters were counted.
#[utoipa::path(get, path = "/v1/reports/review", tag = "reports", operation_id = "report_review",
    params(("format" = Option<String>, Query), ("unused_days" = Option<u32>, Query),
        ("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, content((Object = "application/json"), (String = "text/csv")))))]
pub(crate) async fn report(
    _: MayRead,
    State(api): State<Api>,
    InQuery(query): InQuery<ReviewQuery>,
) -> Result<Response, Problem> {
    let days = query.unused_days.unwrap_or(UNUSED_DAYS);
    if query.format == Format::Csv {
        return file(&api, days).await;
    }
    let now = api.ports.clock.now();
    let desk = reports::desk_for_pages(&api.ports, now, days).await?;
    let size = list::size(query.limit)?;
    let from = query.cursor.as_deref().map(place).transpose()?;
    let page = review::read(&api.ports, &desk, from, size, |_| true).await?;
    let items: Vec<Value> = page.rows.iter().map(shown).collect();
    let next = page.next.as_ref().map(cursor);
    let mut answer = json!({ "items": items, "next_cursor": next });
    if let (None, Value::Object(fields)) = (&query.cursor, &mut answer) {
        let unmatched = review::unmatched(&api.ports, &desk).await?;
        let unmatched = unmatched.map(|all| all.iter().map(rule).collect::<Vec<Value>>());
        fields.insert("never_matched".to_owned(), json!(unmatched));
    }
    Ok(Json(answer).into_response())
}

/// How often users are read for a CSV: 200,000 rows are enough for a spreadsheet.
const MOST_PAGES: usize = 400;

/// The whole review as CSV.
pub(crate) async fn file(api: &Api, days: u32) -> Result<Response, Problem> {
    let now = api.ports.clock.now();
    let desk = reports::desk(&api.ports, now, &Lifecycle::ALL, days).await?;
    let head = SEAT.iter().chain(&["decision", "decided_by", "decided_at"]);
    let mut rows = vec![head.map(|name| (*name).to_owned()).collect()];
    let mut from = None;
    for _ in 0..MOST_PAGES {
        let page = review::read(&api.ports, &desk, from, AT_ONCE, |_| true).await?;
        rows.extend(page.rows.iter().map(cells));
        from = page.next;
        if from.is_none() {
            return Ok(csv("review", rows));
        }
    }
    Err(Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "too_large",
        "the review is too large for one CSV: read it as JSON, page by page",
    ))
}

/// A decision about a user of an account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecideBody {
    /// Definition and name of the account: `acme/prod`.
    account: String,
    /// The application's id of the user.
    external_id: String,
    /// `confirm` or `revoke`.
    #[schema(value_type = String)]
    decision: Decision,
    /// Why; it is kept in the audit.
    reason: String,
}

/// What is decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decision {
    /// It is right.
    Confirm,
    /// It is to be taken away.
    Revoke,
}

impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Confirm => Self::Confirmed,
            Decision::Revoke => Self::Revoked,
        }
    }
}

/// Confirms an access, or gives its owner the task to take it away.
#[utoipa::path(post, path = "/v1/reports/review:decide", tag = "reports", operation_id = "decide_review",
    request_body = DecideBody, responses((status = 200, body = ReviewedView)))]
pub(crate) async fn decide(
    MayOperate(caller): MayOperate,
    State(api): State<Api>,
    Body(body): Body<DecideBody>,
) -> Result<Json<ReviewedView>, Problem> {
    let (definition, name) = account(&body.account)?;
    let place = review::Place {
        definition: &definition,
        name: &name,
        external_id: &body.external_id,
    };
    let (who, decider) = (caller.who(&api), caller.decider());
    let verdict = body.decision.into();
    let decided = review::decide(&api.ports, &who, &decider, place, verdict, &body.reason).await?;
    Ok(Json(ReviewedView::from(&decided)))
}

/// Definition and name of an account.
pub(crate) fn account(text: &str) -> Result<(Slug, Slug), Problem> {
    let both = text.split_once('/').and_then(|(definition, name)| {
        Some((Slug::parse(definition).ok()?, Slug::parse(name).ok()?))
    });
    both.ok_or_else(|| Problem::mistake("account", "definition and name, as in acme/prod"))
}

/// Where a page ended, as text.
pub(crate) fn cursor(place: &Place) -> String {
    let rest = place.cursor.as_deref().unwrap_or_default();
    format!("{}/{}/{rest}", place.definition, place.name)
}

/// Reads what [`cursor`] wrote.
pub(crate) fn place(cursor: &str) -> Result<Place, Problem> {
    let wrong = || Problem::mistake("cursor", "this is no cursor of this list");
    let mut parts = cursor.splitn(3, '/');
    let mut slug = || {
        let part = parts.next().ok_or_else(wrong)?;
        Slug::parse(part).map_err(|_| wrong())
    };
    let (definition, name) = (slug()?, slug()?);
    let rest = parts.next().unwrap_or_default();
    Ok(Place {
        definition,
        name,
        cursor: (!rest.is_empty()).then(|| rest.to_owned()),
    })
}
