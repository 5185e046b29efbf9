//! What happened to a person, newest first, from their audit stream: one sentence each, with what lies behind it.

use maud::{Markup, html};
use sando_core::admin::trail::{Place, page};
use sando_core::audit::{Cause, Head, StreamId};
use sando_core::handle::cipher::Cipher;
use sando_core::ids::PersonId;
use sando_core::store::Key;
use serde_json::Value;

use crate::Api;
use crate::timeline::{ItemView, shown as opened};

use super::format::{clock, date_of};
use super::parts::{anchor, dot, empty, segment};
use super::refusal::Refusal;
use super::states::Shape;
use super::words;

/// A line with its place in the stream.
pub(super) struct Line {
    seq: u64,
    item: ItemView,
}

impl Line {
    /// What it is about.
    pub(super) fn kind(&self) -> &str {
        &self.item.kind
    }
}

/// Because of what: a link where it has a page.
pub(super) fn cause(cause: &Cause) -> Markup {
    let path = match cause.kind.as_str() {
        "event" => Some("/console/events/"),
        "run" => Some("/console/runs/"),
        "task" => Some("/console/tasks/"),
        "approval" => Some("/approvals/"),
        _ => None,
    };
    html! {
        (cause.kind) " "
        @match path {
            Some(path) => { a href={ (path) (segment(&cause.id)) } { code { (cause.id) } } }
            None => { code { (cause.id) } }
        }
    }
}

/// The last lines before a place, and where the ones before them end.
pub(super) async fn lines(
    api: &Api,
    id: &PersonId,
    before: Option<u64>,
    most: u64,
) -> Result<(Vec<Line>, Option<u64>), Refusal> {
    let stream = StreamId::Person(id.clone());
    let head = api
        .ports
        .store
        .find::<Head>(&Key::Head(stream.clone()))
        .await?;
    let end = head.map_or(0, |head| head.entity.seq);
    let last = before.map_or(end, |before| end.min(before.saturating_sub(1)));
    if last == 0 {
        return Ok((Vec::new(), None));
    }
    let first = last.saturating_sub(most.saturating_sub(1)).max(1);
    let from = Place {
        stream: stream.clone(),
        seq: first,
    };
    let count = usize::try_from(last.saturating_sub(first).saturating_add(1)).unwrap_or(1);
    let found = page(&api.ports, Some(&stream), Some(&from), count).await?;
    let cipher = Cipher::find(&api.ports, id).await?;
    let lines = found.records.iter().rev().map(|record| Line {
        seq: record.seq,
        item: opened(record, cipher.as_ref()),
    });
    Ok((lines.collect(), (first > 1).then_some(first)))
}

/// The lines as a path, by day.
pub(super) fn shown(lines: &[Line]) -> Markup {
    let days = lines.iter().map(|line| date_of(line.item.at));
    let before = std::iter::once(String::new()).chain(days.clone());
    html! {
        @if lines.is_empty() { (empty(words::NOTHING_HAPPENED)) }
        ol.path {
            @for ((line, day), before) in lines.iter().zip(days).zip(before) {
                @if day != before { li.day { (day) } }
                (one(line))
            }
        }
    }
}

fn result(item: &ItemView) -> &str {
    let result = item.detail.get("result").and_then(Value::as_str);
    result.unwrap_or("ok")
}

fn shape(item: &ItemView) -> (Shape, &'static str) {
    let result = result(item);
    if result.starts_with("unknown") {
        return (Shape::Unknown, "being checked");
    }
    if result.starts_with("refused") || item.title.contains("given up") {
        return (Shape::Failed, "failed");
    }
    if result.starts_with("not done") {
        return (Shape::Timed, "tries again");
    }
    match item.title.rsplit(": ").next() {
        Some("verified") => (Shape::Verified, "verified"),
        _ if item.title.contains("asked") => (Shape::Waiting, "asked"),
        _ => (Shape::Done, "done"),
    }
}

fn one(line: &Line) -> Markup {
    let item = &line.item;
    let (shape, word) = shape(item);
    let result = result(item);
    html! {
        li {
            (dot(shape, word))
            span.when { (clock(item.at)) }
            " "
            strong { (words::happened(&item.kind, item.app.as_deref(), &item.title)) }
            @if result != "ok" { span.muted { ", " (result) } }
            " "
            @if let Some(run) = &item.run {
                @match &item.step {
                    Some(step) => { a.small href={ "/console/runs/" (run) "#step-" (anchor(step)) } { "run" } }
                    None => { a.small href={ "/console/runs/" (run) } { "run" } }
                }
            }
            (behind(line))
        }
    }
}

fn behind(line: &Line) -> Markup {
    let item = &line.item;
    html! {
        details {
            summary { (words::MORE) }
            dl.facts {
                dt { "Who" } dd { (item.actor) }
                dt { "Because of" } dd { (cause(&item.cause)) }
                dt { "Record" } dd { (line.seq) }
                @for name in ["before", "after"] {
                    @if let Some(value) = item.detail.get(name) { dt { (name) } dd { (values(value)) } }
                }
            }
        }
    }
}

/// A value of a record: names with texts where it is that simple.
pub(super) fn values(value: &Value) -> Markup {
    let simple = |value: &Value| !value.is_object() && !value.is_array();
    match value {
        Value::Object(fields) if fields.values().all(simple) => html! {
            @for (name, value) in fields {
                @if !value.is_null() {
                    div { span.muted { (name) ": " } (value.as_str().map_or_else(|| value.to_string(), str::to_owned)) }
                }
            }
        },
        other => {
            html! { pre tabindex="0" { (serde_json::to_string_pretty(other).unwrap_or_default()) } }
        }
    }
}
