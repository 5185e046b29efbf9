//! The trail as a file: JSON Lines or CSV, page by page as it is read, or in parts that follow one another.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::stream;
use http::{HeaderValue, header};
use jiff::Timestamp;
use sando_core::admin::AdminError;
use sando_core::admin::trail::{Filter, Place, search};
use sando_core::audit::{AuditValue, Record, StreamId};
use sando_core::ids::PersonId;
use sando_core::store::as_json;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::Api;
use crate::audit::stream as one_stream;
use crate::auth::MayRead;
use crate::body::InQuery;
use crate::jobs::PATIENCE;
use crate::problem::Problem;
use crate::timeline::place;

/// How many records are read at once.
const AT_ONCE: usize = 500;
/// How many records a part has at most.
pub(crate) const MOST: usize = 10_000;
/// How many bytes a part has at most: an answer of a function on AWS may have 6 MB, and half of it may count twice.
const MOST_BYTES: usize = 2 * 1024 * 1024;

/// The columns of the CSV.
const COLUMNS: &str = "stream,seq,at,actor,cause_kind,cause_id,action,target,before,after,result,correlation_id,prev_hash,hash\r\n";

/// Laid over the router where an answer is held back until it is whole, and may not become large: what is long comes in
/// parts there, even if nobody asks for that.
#[derive(Clone, Copy, Debug)]
pub struct InParts;

/// How records are written down.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// One record a line, as JSON.
    #[default]
    Jsonl,
    /// A table.
    Csv,
}

impl Format {
    /// Its word in an address.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }
}

/// Which records are written down, and how.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    /// How.
    pub(crate) format: Format,
    /// Of one stream, or of all.
    pub(crate) stream: Option<StreamId>,
    /// Those that fit.
    pub(crate) filter: Filter,
}

/// Some records as text, and where the next ones begin.
pub(crate) struct Part {
    /// As they are written down.
    pub(crate) text: String,
    /// How many there are.
    pub(crate) records: usize,
    /// None at the end.
    pub(crate) next: Option<Place>,
}

impl Export {
    /// What stands before the records; parts one after the other are one file.
    fn head(&self, from: Option<&Place>) -> &'static str {
        match (self.format, from) {
            (Format::Csv, None) => COLUMNS,
            _ => "",
        }
    }

    /// These records as a file.
    fn file(&self, body: Body) -> Response {
        let kind = match self.format {
            Format::Jsonl => "application/jsonl",
            Format::Csv => "text/csv; charset=utf-8",
        };
        let name = self.format.as_str();
        let headers = [
            (header::CONTENT_TYPE, kind.to_owned()),
            (
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"audit.{name}\""),
            ),
        ];
        (headers, body).into_response()
    }

    /// A part that was read as a file.
    pub(crate) fn part_as_file(&self, from: Option<&Place>, part: &Part) -> Response {
        self.file(Body::from(self.head(from).to_owned() + &part.text))
    }

    async fn read(&self, api: &Api, from: Option<&Place>) -> Result<Part, AdminError> {
        let stream = self.stream.as_ref();
        let page = search(&api.ports, stream, &self.filter, from, AT_ONCE).await?;
        let lines = page.records.iter().map(|record| line(record, self.format));
        Ok(Part {
            text: lines.collect(),
            records: page.records.len(),
            next: page.next,
        })
    }

    /// Everything from a place on as a file, sent while it is read.
    pub(crate) async fn whole(self, api: Api, from: Option<Place>) -> Result<Response, AdminError> {
        // The first page before the answer begins: a store that is down is a problem, not a torn file.
        let first = self.read(&api, from.as_ref()).await?;
        let head = self.head(from.as_ref()).to_owned();
        let begin = (Some(first), api, self.clone(), head);
        let body = stream::unfold(begin, |(page, api, export, head)| async move {
            let page = page?;
            let (more, failed) = match &page.next {
                None => (None, None),
                Some(place) => match export.read(&api, Some(place)).await {
                    Ok(page) => (Some(page), None),
                    Err(error) => (None, Some(error)),
                },
            };
            // Torn: whoever reads it sees that the connection broke, not a shorter trail.
            let item = match failed {
                Some(error) => Err(error),
                None => Ok(head + &page.text),
            };
            Some((item, (more, api, export, String::new())))
        });
        Ok(self.file(Body::from_stream(body)))
    }

    /// Records from a place on, as many as fit into one answer and are read in time; and where the rest begins.
    pub(crate) async fn part(
        &self,
        api: &Api,
        from: Option<Place>,
        limit: usize,
    ) -> Result<Part, AdminError> {
        let until = api.ports.clock.now().saturating_add(PATIENCE);
        let until = until.unwrap_or(Timestamp::MAX);
        let stream = self.stream.as_ref();
        let mut part = Part {
            text: String::new(),
            records: 0,
            next: from,
        };
        loop {
            let size = limit.saturating_sub(part.records).min(AT_ONCE);
            let from = part.next.take();
            let page = search(&api.ports, stream, &self.filter, from.as_ref(), size).await?;
            for record in &page.records {
                let line = line(record, self.format);
                let is_full = part.text.len().saturating_add(line.len()) > MOST_BYTES;
                if is_full && part.records > 0 {
                    let (stream, seq) = (record.stream.clone(), record.seq);
                    part.next = Some(Place { stream, seq });
                    return Ok(part);
                }
                part.text.push_str(&line);
                part.records = part.records.saturating_add(1);
            }
            part.next = page.next;
            if part.next.is_none() || part.records >= limit || api.ports.clock.now() >= until {
                return Ok(part);
            }
        }
    }
}

/// What is exported, and how.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportQuery {
    #[serde(default)]
    format: Format,
    stream: Option<StreamId>,
    person: Option<PersonId>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// Exports the trail.
///
/// With `limit`, and on AWS always, it comes in parts of at most 10,000 records and 2 MiB: a header `Link` with
/// `rel="next"` names the next one, and the last part has none.
#[utoipa::path(get, path = "/v1/audit:export", tag = "audit", operation_id = "export_audit",
    params(("format" = Option<String>, Query), ("stream" = Option<String>, Query), ("person" = Option<String>, Query),
        ("limit" = Option<usize>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, content((String = "application/jsonl"), (String = "text/csv")))))]
pub(crate) async fn export(
    _: MayRead,
    State(api): State<Api>,
    in_parts: Option<Extension<InParts>>,
    InQuery(query): InQuery<ExportQuery>,
) -> Result<Response, Problem> {
    let from = place(query.cursor.as_deref())?;
    let limit = query.limit.or(in_parts.map(|_| MOST));
    if limit.is_some_and(|limit| !(1..=MOST).contains(&limit)) {
        return Err(Problem::mistake("limit", format!("1 to {MOST}")));
    }
    let export = Export {
        format: query.format,
        stream: one_stream(query.stream, query.person),
        filter: Filter::default(),
    };
    let Some(limit) = limit else {
        return Ok(export.whole(api, from).await?);
    };
    let part = export.part(&api, from.clone(), limit).await?;
    let mut response = export.part_as_file(from.as_ref(), &part);
    if let Some(next) = &part.next {
        let link = link(export.format, export.stream.as_ref(), query.limit, next)?;
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

/// Where the next part is, as a header.
fn link(
    format: Format,
    stream: Option<&StreamId>,
    limit: Option<usize>,
    next: &Place,
) -> Result<HeaderValue, Problem> {
    let mut query = Serializer::new(String::new());
    query.append_pair("format", format.as_str());
    if let Some(stream) = stream {
        query.append_pair("stream", &stream.to_string());
    }
    if let Some(limit) = limit {
        query.append_pair("limit", &limit.to_string());
    }
    query.append_pair("cursor", &next.print());
    let link = format!("</v1/audit:export?{}>; rel=\"next\"", query.finish());
    // Never left out: the answer would look whole.
    HeaderValue::try_from(link)
        .map_err(|_| Problem::mistake("stream", "it cannot be named in a link"))
}

fn line(record: &Record, format: Format) -> String {
    match format {
        Format::Jsonl => as_json(record) + "\n",
        Format::Csv => row(record),
    }
}

fn row(record: &Record) -> String {
    let value = |value: &Option<AuditValue>| value.as_ref().map(as_json).unwrap_or_default();
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
