//! People from a CSV file: the same as a `PUT /v1/people/{key}` a line.

use axum::Json;
use axum::extract::State;
use sando_core::admin::import::{self, How, Outcome};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Api;
use crate::auth::MayAdmin;
use crate::body::{InQuery, Text};
use crate::jobs::PATIENCE;
use crate::problem::Problem;

/// How many mistakes of a file are told.
const TOLD: usize = 200;

/// How to import.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportQuery {
    /// Only shows what would come of it.
    #[serde(default)]
    dry_run: bool,
    /// Lines before this one are left out.
    #[serde(default)]
    from_line: usize,
}

/// What came of a file, or would.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportedView {
    dry_run: bool,
    /// How many were not known.
    new: usize,
    /// How many were known.
    known: usize,
    /// How many were not put.
    refused: usize,
    lines: Vec<LineView>,
    /// Where to go on with `from_line`, as a call puts at most 200 lines; null if that was all.
    next_line: Option<usize>,
}

/// One person of the file.
#[derive(Debug, Serialize, ToSchema)]
struct LineView {
    line: usize,
    key: String,
    /// `new`, `known` or `refused`.
    outcome: &'static str,
    person: Option<String>,
    /// Why not.
    why: Option<String>,
}

impl From<(usize, String, Outcome)> for LineView {
    fn from((line, key, outcome): (usize, String, Outcome)) -> Self {
        let (outcome, person, why) = match outcome {
            Outcome::New(person) => ("new", person, None),
            Outcome::Leaves(None) => ("new", None, None),
            Outcome::Known(person) | Outcome::Moves(person) | Outcome::Leaves(Some(person)) => {
                ("known", Some(person), None)
            }
            Outcome::Refused(why) => ("refused", None, Some(why)),
        };
        Self {
            line,
            key,
            outcome,
            person: person.map(|id| id.to_string()),
            why,
        }
    }
}

/// Puts the people of a CSV file: `key`, `start_date`, `end_date`, every other column an attribute. All mistakes of the file
/// are told at once, and nobody is put then. New people are baselined: nothing is given or taken before it is applied.
#[utoipa::path(post, path = "/v1/people:import", tag = "people", operation_id = "import_people",
    params(("dry_run" = Option<bool>, Query), ("from_line" = Option<usize>, Query)),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, body = ImportedView)))]
pub(crate) async fn import(
    MayAdmin(caller): MayAdmin,
    State(api): State<Api>,
    InQuery(query): InQuery<ImportQuery>,
    Text(text): Text,
) -> Result<Json<ImportedView>, Problem> {
    let people = import::people(&text).map_err(|mut mistakes| {
        mistakes.truncate(TOLD);
        Problem::invalid(&mistakes)
    })?;
    let who = caller.who(&api);
    let how = How {
        dry_run: query.dry_run,
        from_line: query.from_line,
        to_line: None,
        until: who.at.saturating_add(PATIENCE).unwrap_or(who.at),
    };
    let imported = Box::pin(import::import(&api.ports, &who, &people, how)).await?;
    let lines: Vec<LineView> = imported.lines.into_iter().map(LineView::from).collect();
    let count = |outcome: &str| lines.iter().filter(|one| one.outcome == outcome).count();
    Ok(Json(ImportedView {
        dry_run: query.dry_run,
        new: count("new"),
        known: count("known"),
        refused: count("refused"),
        next_line: imported.next_line,
        lines,
    }))
}
