//! The trail: records in their order, one record with before and after, and verifying all of it.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::jobs;
use sando_core::admin::trail::{self, Place};
use sando_core::audit::{AuditValue, Record, StreamId};
use sando_core::handle::cipher::Cipher;
use sando_core::job::{JobState, Work};
use serde::Deserialize;

use crate::Api;
use crate::jobs::PATIENCE;
use crate::problem::Problem;
use crate::timeline::place as parsed;

use super::format::{exact, when};
use super::input::{Asks, At};
use super::layout::{Nav, Page};
use super::parts::{button, empty, id as copied, older, segment};
use super::refusal::Refusal;
use super::story::{cause, values};
use super::visitor::{Operates, Sees, Visitor};
use super::words;

/// How many records a page has.
const MOST: usize = 50;

/// Which part of the trail.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    #[serde(default)]
    stream: String,
    cursor: Option<String>,
}

/// Lists records: a stream, or the last record of each.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    Asks(query): Asks<AuditQuery>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let stream = match query.stream.trim() {
        "" => None,
        text => Some(
            StreamId::try_from(text.to_owned())
                .map_err(|error| Problem::mistake("stream", error.to_string()))?,
        ),
    };
    let (records, next) = match &stream {
        Some(stream) => {
            let from = parsed(query.cursor.as_deref())?;
            let page = trail::page(&api.ports, Some(stream), from.as_ref(), MOST).await?;
            (page.records, page.next.as_ref().map(Place::print))
        }
        None => {
            let latest = trail::latest(&api.ports, query.cursor.clone(), MOST).await?;
            (latest.records, latest.next)
        }
    };
    let address = format!("/console/audit?stream={}", segment(query.stream.trim()));
    let body = html! {
        (filter(&visitor, &query.stream))
        @if stream.is_none() { p.small.muted { (words::LATEST_MEANS) } }
        @if records.is_empty() { (empty(words::NO_RECORDS)) } @else { (table(&records, now)) }
        (older(&address, next.as_deref()))
    };
    Ok(around(words::AUDIT.to_owned(), body).respond(Some(&visitor)))
}

fn around(verdict: String, body: Markup) -> Page {
    Page {
        nav: Nav::Audit,
        title: "Audit".to_owned(),
        above: None,
        verdict,
        lead: None,
        body,
    }
}

fn filter(visitor: &Visitor, stream: &str) -> Markup {
    html! {
        div.bar {
            form.filter method="get" action="/console/audit" role="search" {
                label { "Stream: config, events, person/…, account/…" input type="search" name="stream" value=(stream) maxlength="200"; }
                button type="submit" { (words::FILTER) }
            }
            a.button href="/console/reports/review" { (words::REVIEW) }
            @if visitor.may(Scope::Operate) { (button(visitor, "/console/audit/verify", "", words::VERIFY)) }
        }
    }
}

/// What a record is about: the first part of its target.
fn kind_of(target: &str) -> &str {
    target.split('/').next().unwrap_or(target)
}

/// The application that a record is about.
fn app_of(target: &str) -> Option<&str> {
    target.strip_prefix("app/")
}

fn table(records: &[Record], now: Timestamp) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "What" } th scope="col" { "On what" } th scope="col" { "Result" } th scope="col" { "Who" }
                th scope="col" { "When" } th scope="col" { "Stream" }
            } }
            tbody {
                @for record in records {
                    tr {
                        td { a href={ "/console/audit/" (record.stream) "/" (record.seq) } { (words::happened(kind_of(&record.target), app_of(&record.target), &record.action)) } }
                        td data-label="On what" { (record.target) }
                        td data-label="Result" { @if record.result != "ok" { (record.result) } }
                        td data-label="Who" { (record.actor) }
                        td data-label="When" { (when(record.at, now)) }
                        td data-label="Stream" { a.small href={ "/console/audit?stream=" (segment(&record.stream.to_string())) } { (record.stream) } " " span.small.muted { "#" (record.seq) } }
                    }
                }
            }
        }
    }
}

/// Shows one record.
pub(super) async fn record(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At(place): At<String>,
) -> Result<Response, Refusal> {
    let (stream, seq) = place.rsplit_once('/').ok_or_else(Refusal::nothing)?;
    let stream = StreamId::try_from(stream.to_owned()).map_err(|_| Refusal::nothing())?;
    let seq: u64 = seq.parse().map_err(|_| Refusal::nothing())?;
    let found = api.ports.store.records(&stream, seq, 1).await?;
    let record = found.into_iter().find(|record| record.seq == seq);
    let record = record.ok_or_else(Refusal::nothing)?;
    let cipher = match &stream {
        StreamId::Person(id) => Cipher::find(&api.ports, id).await?,
        _ => None,
    };
    let holds = record.computed_hash() == record.hash;
    let body = html! {
        dl.facts {
            dt { "When" } dd { (exact(record.at)) }
            dt { "Who" } dd { (record.actor) }
            dt { "On what" } dd { (record.target) }
            dt { "Because of" } dd { (cause(&record.cause)) }
            dt { "Result" } dd { (record.result) }
            dt { "Belongs to" } dd { code { (record.correlation_id) } }
            @if let Some(before) = &record.before { dt { "Before" } dd { (opened(before, cipher.as_ref())) } }
            @if let Some(after) = &record.after { dt { "After" } dd { (opened(after, cipher.as_ref())) } }
            dt { "Hash" } dd { (copied(&record.hash)) @if holds { " " span.ok { "✓ it fits the record" } } @else { " " span.bad { "✕ it does not fit the record" } } }
            dt { "Hash before" } dd { code { (record.prev_hash) } }
        }
    };
    let page = Page {
        nav: Nav::Audit,
        title: format!("{} #{}", record.stream, record.seq),
        above: Some(
            html! { a href="/console/audit" { "Audit" } " › " a href={ "/console/audit?stream=" (segment(&stream.to_string())) } { (stream) } },
        ),
        verdict: format!("{}: {}.", record.target, record.action),
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

fn opened(value: &AuditValue, cipher: Option<&Cipher>) -> Markup {
    match (value, cipher) {
        (AuditValue::Open(value), _) => values(value),
        (sealed, Some(cipher)) => values(&cipher.open(sealed)),
        (_, None) => html! { span.muted { (words::SEALED) } },
    }
}

/// Follows every chain from its first record to its head.
pub(super) async fn verify(
    Operates(visitor): Operates,
    State(api): State<Api>,
) -> Result<Response, Refusal> {
    let work = Work::VerifyAudit(Box::default());
    let job = jobs::run(&api.ports, &visitor.who(&api), work, PATIENCE).await?;
    let (verdict, is_intact) = match (&job.state, &job.work) {
        (JobState::Done, Work::VerifyAudit(verified)) => {
            (words::verified(verified), verified.first_broken.is_none())
        }
        _ => (words::STILL_PLANNING.to_owned(), true),
    };
    let body = html! {
        @if !is_intact { div.said.is-bad { p { "Compare it with a checkpoint that was kept elsewhere: sando audit verify --anchor." } } }
        p.bar { a.button href="/console/audit" { "See the records" } }
    };
    Ok(around(verdict, body).respond(Some(&visitor)))
}
