//! The access review: everybody who can use anything, page by page, with what was decided about it; and deciding.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use sando_core::admin::reports::{self, AT_ONCE, Desk};
use sando_core::admin::review::{self, Row};
use sando_core::admin::unmatched::{self, Unmatched};
use sando_core::ids::Slug;
use sando_core::person::Lifecycle;
use sando_core::report::{Place, UNUSED_DAYS};
use sando_core::review::{Reviewed, Verdict};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;
use utoipa::ToSchema;

use crate::Api;
use crate::auth::{MayOperate, MayRead};
use crate::body::{Body, InQuery};
use crate::export::InParts;
use crate::jobs::PATIENCE;
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

fn idle(one: &Unmatched) -> Value {
    match one {
        Unmatched::License {
            account,
            definition,
            license,
        } => {
            json!({ "kind": "license", "account": account, "definition": definition, "license": license })
        }
        Unmatched::Policy(policy) => json!({ "kind": "policy", "policy": policy }),
        Unmatched::Rule { rule, since } => json!({ "kind": "rule", "rule": rule, "since": since }),
        Unmatched::Aliases(attribute) => json!({ "kind": "aliases", "attribute": attribute }),
    }
}

/// The access review: everybody who can use anything, page by page; with the first page, `never_matched`: what is configured
/// and matches nobody, null before rosters were counted. Each has a `kind`: `license` (a rule of a definition that makes nobody
/// the holder of its licence), `policy` (it gives nobody anything), `rule` (no event matched it `since` then), `aliases` (of an
/// attribute that nothing makes and nobody has).
///
/// A CSV ends with a row for each of these, whose only flag is `never_matched` and whose `name` says what it is. With `limit`,
/// and on AWS always, it comes in parts of at most 10,000 rows: a header `Link` with `rel="next"` names the next one, and the
/// last part has none.
#[utoipa::path(get, path = "/v1/reports/review", tag = "reports", operation_id = "report_review",
    params(("format" = Option<String>, Query), ("unused_days" = Option<u32>, Query),
        ("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, content((Object = "application/json"), (String = "text/csv")))))]
pub(crate) async fn report(
    _: MayRead,
    State(api): State<Api>,
    in_parts: Option<Extension<InParts>>,
    InQuery(query): InQuery<ReviewQuery>,
) -> Result<Response, Problem> {
    let days = query.unused_days.unwrap_or(UNUSED_DAYS);
    if query.format == Format::Csv {
        let is_whole = in_parts.is_none() && query.limit.is_none() && query.cursor.is_none();
        if is_whole {
            return file(&api, days).await;
        }
        return part(&api, &query, days).await;
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
        let unmatched = unmatched::all(&api.ports, &desk).await?;
        let unmatched = unmatched.map(|all| all.iter().map(idle).collect::<Vec<Value>>());
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
    let mut rows = vec![head()];
    let mut from = None;
    for _ in 0..MOST_PAGES {
        let page = review::read(&api.ports, &desk, from, AT_ONCE, |_| true).await?;
        rows.extend(page.rows.iter().map(cells));
        from = page.next;
        if from.is_none() {
            rows.extend(never_matched(api, &desk).await?);
            return Ok(csv("review", rows));
        }
    }
    Err(Problem::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "too_large",
        "the review is too large for one CSV: read it as JSON, page by page",
    ))
}

fn head() -> Vec<String> {
    let names = SEAT.iter().chain(&["decision", "decided_by", "decided_at"]);
    names.map(|name| (*name).to_owned()).collect()
}

/// A row for each thing that is configured and matches nobody.
async fn never_matched(api: &Api, desk: &Desk) -> Result<Vec<Vec<String>>, Problem> {
    let unmatched = unmatched::all(&api.ports, desk).await?;
    let row = |one: &Unmatched| {
        let cell = |column: String| match (column.as_str(), one) {
            ("flags", _) => "never_matched".to_owned(),
            ("account", Unmatched::License { account, .. }) => account.clone(),
            ("licenses", Unmatched::License { license, .. }) => license.clone(),
            ("name", Unmatched::Policy(policy)) => format!("policy {policy}"),
            ("name", Unmatched::Rule { rule, .. }) => format!("rule {rule}"),
            ("name", Unmatched::Aliases(attribute)) => format!("aliases of {attribute}"),
            _ => String::new(),
        };
        head().into_iter().map(cell).collect::<Vec<String>>()
    };
    Ok(unmatched.iter().flatten().map(row).collect())
}

/// How many rows a part of the CSV has at most.
const MOST_ROWS: usize = 10_000;
/// With so many bytes a part ends: an answer of a function on AWS may have 6 MB, half of it may count twice, and what is read
/// at once is still added.
const ENOUGH_BYTES: usize = 1024 * 1024;

/// Rows from a place on, as many as fit into one answer and are read in time; a header names the next part.
async fn part(api: &Api, query: &ReviewQuery, days: u32) -> Result<Response, Problem> {
    let limit = query.limit.unwrap_or(MOST_ROWS);
    if !(1..=MOST_ROWS).contains(&limit) {
        return Err(Problem::mistake("limit", format!("1 to {MOST_ROWS}")));
    }
    let now = api.ports.clock.now();
    let until = now.saturating_add(PATIENCE).unwrap_or(Timestamp::MAX);
    let desk = reports::desk_for_pages(&api.ports, now, days).await?;
    let mut from = query.cursor.as_deref().map(place).transpose()?;
    // Parts one after the other are one file.
    let mut rows = if from.is_none() {
        vec![head()]
    } else {
        Vec::new()
    };
    let (mut left, mut bytes) = (limit, 0_usize);
    loop {
        let page = review::read(&api.ports, &desk, from, left.min(AT_ONCE), |_| true).await?;
        left = left.saturating_sub(page.rows.len());
        for row in page.rows.iter().map(cells) {
            let long: usize = row.iter().map(String::len).sum();
            bytes = bytes.saturating_add(long);
            rows.push(row);
        }
        from = page.next;
        let is_full = left == 0 || bytes >= ENOUGH_BYTES || api.ports.clock.now() >= until;
        if from.is_none() || is_full {
            break;
        }
    }
    let Some(next) = from else {
        rows.extend(never_matched(api, &desk).await?);
        return Ok(csv("review", rows));
    };
    let mut response = csv("review", rows);
    let link = link(query, &next)?;
    response.headers_mut().insert(header::LINK, link);
    Ok(response)
}

/// Where the next part is, as a header.
fn link(query: &ReviewQuery, next: &Place) -> Result<HeaderValue, Problem> {
    let mut named = Serializer::new(String::new());
    named.append_pair("format", "csv");
    if let Some(days) = query.unused_days {
        named.append_pair("unused_days", &days.to_string());
    }
    if let Some(limit) = query.limit {
        named.append_pair("limit", &limit.to_string());
    }
    named.append_pair("cursor", &cursor(next));
    let link = format!("</v1/reports/review?{}>; rel=\"next\"", named.finish());
    // Never left out: the answer would look whole.
    HeaderValue::try_from(link)
        .map_err(|_| Problem::mistake("cursor", "it cannot be named in a link"))
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
