//! The trail as a file: JSON Lines or CSV, page by page as it is read.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::header;
use sando_core::admin::AdminError;
use sando_core::admin::trail::{Place, page};
use sando_core::audit::{AuditValue, Record, StreamId};
use sando_core::ids::PersonId;
use serde::Deserialize;

use crate::Api;
use crate::audit::stream as one_stream;
use crate::auth::MayRead;
use crate::body::InQuery;
use crate::problem::Problem;

/// How many records are read at once.
const AT_ONCE: usize = 500;

/// The columns of the CSV.
const COLUMNS: &str = "stream,seq,at,actor,cause_kind,cause_id,action,target,before,after,result,correlation_id,prev_hash,hash\r\n";

/// How records are written down.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Jsonl,
    Csv,
}

/// What is exported, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportQuery {
    #[serde(default)]
    format: Format,
    stream: Option<StreamId>,
    person: Option<PersonId>,
}

/// Exports the trail.
#[utoipa::path(get, path = "/v1/audit:export", tag = "audit", operation_id = "export_audit",
    params(("format" = Option<String>, Query), ("stream" = Option<String>, Query), ("person" = Option<String>, Query)),
    responses((status = 200, content((String = "application/jsonl"), (String = "text/csv")))))]
pub(crate) async fn export(
    _: MayRead,
    State(api): State<Api>,
    InQuery(query): InQuery<ExportQuery>,
) -> Result<Response, Problem> {
    let (format, stream) = (query.format, one_stream(query.stream, query.person));
    let (kind, name, head) = match format {
        Format::Jsonl => ("application/jsonl", "audit.jsonl", ""),
        Format::Csv => ("text/csv; charset=utf-8", "audit.csv", COLUMNS),
    };
    // The first page before the answer begins: a store that is down is a problem, not a torn file.
    let first = read(&api, stream.as_ref(), None, format).await?;
    let begin = (Some(first), api, stream, head.to_owned());
    let body = stream::unfold(begin, move |(page, api, stream, head)| async move {
        let (text, next) = page?;
        let (more, failed) = match &next {
            None => (None, None),
            Some(place) => match read(&api, stream.as_ref(), Some(place), format).await {
                Ok(page) => (Some(page), None),
                Err(error) => (None, Some(error)),
            },
        };
        // Torn: whoever reads it sees that the connection broke, not a shorter trail.
        let item = match failed {
            Some(error) => Err(error),
            None => Ok(head + &text),
        };
        Some((item, (more, api, stream, String::new())))
    });
    let disposition = format!("attachment; filename=\"{name}\"");
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, Body::from_stream(body)).into_response())
}

type Part = (String, Option<Place>);

async fn read(
    api: &Api,
    stream: Option<&StreamId>,
    from: Option<&Place>,
    format: Format,
) -> Result<Part, AdminError> {
    let page = page(&api.ports, stream, from, AT_ONCE).await?;
    let text = page.records.iter().map(|record| line(record, format));
    Ok((text.collect(), page.next))
}

fn line(record: &Record, format: Format) -> String {
    match format {
        Format::Jsonl => serde_json::to_string(record).unwrap_or_default() + "\n",
        Format::Csv => row(record),
    }
}

fn row(record: &Record) -> String {
    let value = |value: &Option<AuditValue>| {
        value
            .as_ref()
            .and_then(|value| serde_json::to_string(value).ok())
            .unwrap_or_default()
    };
    let cells = [
        record.stream.to_string(),
        record.seq.to_string(),
        record.at.to_string(),
        record.actor.clone(),
        record.cause.kind.clone(),
        record.cause.id.clone(),
        record.action.clone(),
        record.target.clone(),
        value(&record.before),
        value(&record.after),
        record.result.clone(),
        record.correlation_id.clone(),
        record.prev_hash.clone(),
        record.hash.clone(),
    ];
    cells.map(|text| cell(&text)).join(",") + "\r\n"
}

/// One cell: quoted where needed, and never a formula to whoever opens it as a spreadsheet.
pub(crate) fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula() {
        let check = |text: &str, expect: &str| assert_eq!(cell(text), expect, "{text}");

        check("plain", "plain");
        check("=1+1", "'=1+1");
        check("+4", "'+4");
        check("-4", "'-4");
        check("@sum", "'@sum");
        check("\tx", "'\tx");
        check("\rx", "\"'\rx\"");
        check("a,\"b\"", "\"a,\"\"b\"\"\"");
    }
}
