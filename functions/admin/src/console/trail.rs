//! The trail as a file, with the filter of its page. Where an answer may not become large it comes in parts, and a page
//! says so: a part is never taken for the whole.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use maud::html;
use sando_core::admin::trail::Place;

use crate::Api;
use crate::export::{Export, Format, InParts, MOST, Part};
use crate::timeline::place;

use super::audit::{AuditQuery, around};
use super::input::Asks;
use super::layout::Page;
use super::refusal::Refusal;
use super::visitor::Sees;
use super::words;

/// The records as a table.
pub(super) async fn csv(
    sees: Sees,
    State(api): State<Api>,
    in_parts: Option<Extension<InParts>>,
    Asks(query): Asks<AuditQuery>,
) -> Result<Response, Refusal> {
    file(&sees, &api, in_parts.is_some(), &query, Format::Csv).await
}

/// The records as lines of JSON.
pub(super) async fn jsonl(
    sees: Sees,
    State(api): State<Api>,
    in_parts: Option<Extension<InParts>>,
    Asks(query): Asks<AuditQuery>,
) -> Result<Response, Refusal> {
    file(&sees, &api, in_parts.is_some(), &query, Format::Jsonl).await
}

async fn file(
    Sees(visitor): &Sees,
    api: &Api,
    is_in_parts: bool,
    query: &AuditQuery,
    format: Format,
) -> Result<Response, Refusal> {
    let stream = query.stream()?;
    let filter = query.filter(stream.as_ref())?;
    let from = place(query.cursor.as_deref())?;
    let export = Export {
        format,
        stream,
        filter,
    };
    if !is_in_parts {
        return Ok(export.whole(api.clone(), from).await?);
    }
    let part = export.part(api, from.clone(), MOST).await?;
    if part.next.is_none() || query.part {
        return Ok(export.part_as_file(from.as_ref(), &part));
    }
    Ok(parts(query, format, &part).respond(Some(visitor)))
}

/// Says that the file comes in parts: this one, and where the next one is.
fn parts(query: &AuditQuery, format: Format, part: &Part) -> Page {
    let path = format!("/console/audit/{}", format.as_str());
    let here = query.cursor.as_deref().map(|cursor| ("cursor", cursor));
    let here: Vec<(&str, &str)> = here.into_iter().chain([("part", "true")]).collect();
    let next = part.next.as_ref().map(Place::print);
    let body = html! {
        p.measure { (words::PARTS_MEAN) }
        p.bar {
            a.button.primary href=(query.address(&path, &here)) { (words::save_part(part.records)) }
            @if let Some(next) = &next {
                a.button href=(query.address(&path, &[("cursor", next)])) rel="next" { (words::NEXT_PART) }
            }
        }
    };
    around(words::in_parts(part.records), body)
}
