//! The test panel: the requests that were made, what was answered, and what the definition makes of it.

use std::collections::BTreeSet;

use maud::{Markup, html};
use sando_core::admin::preview::{self, Preview};
use sando_core::definition::{Batch, Definition, Explanation, Head, Suggestion, suggest};
use sando_core::handle::sync::sample::{Exchange, Sample};
use sando_core::mistake::Mistake;
use serde_json::{Value, json};

use super::place::{get, pointed};
use super::steps::Step;
use crate::Api;
use crate::console::account::failed;
use crate::console::format::{many, number, size};
use crate::console::parts::tag;
use crate::console::refusal::Refusal;
use crate::console::states::Shape;
use crate::console::words;

/// How many records are shown.
const ROWS: usize = 20;
/// How many paths are proposed.
const PATHS: usize = 120;
/// How deep paths are proposed.
const DEEPEST: usize = 4;

/// What an answer becomes.
pub(super) enum Seen {
    /// There is no answer yet.
    Nothing,
    /// It is no JSON.
    Unreadable,
    /// The definition cannot be read with yet.
    NotYet(Vec<Mistake>),
    /// Only the rows can be told: the fields are not mapped yet.
    Rows(Box<Preview>),
    /// Everything.
    Mapped(Box<Preview>),
}

/// Everything that the panel shows.
pub(super) struct Panel {
    /// The answer, as text.
    pub(super) sample: String,
    /// Proposals from it.
    proposed: Vec<Suggestion>,
    /// What came of a test, if one was just made.
    pub(super) tested: Option<Sample>,
    /// What the definition makes of the answer.
    pub(super) seen: Seen,
}

/// A definition whose rows can be found before its fields are mapped.
pub(super) fn without_fields(file: &Value) -> Value {
    let mut file = file.clone();
    if let Value::Object(fields) = &mut file {
        for key in ["status", "licenses", "custom_fields", "users_without_email"] {
            fields.shift_remove(key);
        }
        if let Some(Value::Object(users)) = fields.get_mut("users") {
            users.shift_remove("where");
        }
        fields.insert(
            "map".to_owned(),
            json!({ "external_id": "id", "email": "email" }),
        );
        fields.insert("users_without_email".to_owned(), json!("keep"));
    }
    file
}

/// The answer in a text, which may have its head, and the proposals from both.
pub(super) fn read(text: &str) -> Option<(Value, Vec<Suggestion>)> {
    let (headers, body) = match Head::of(text) {
        Some(head) => (head.headers, head.body),
        None => (Vec::new(), text),
    };
    let answer: Value = serde_json::from_str(body).ok()?;
    let proposed = suggest(&answer, &headers);
    Some((answer, proposed))
}

/// What a test leaves to look at: the answer of the list of users, or its records put together again, under the headers that
/// tell of further pages.
pub(super) fn answer_of(sample: &Sample, file: &Value) -> Option<String> {
    let lists = || {
        let exchanges = sample.exchanges.iter();
        exchanges.filter(|made| made.purpose == "users")
    };
    let whole = lists().find_map(|made| serde_json::from_str(&made.body).ok());
    let answer: Option<Value> = whole.or_else(|| {
        let records = sample.batch.explained.iter().take(ROWS);
        let records: Vec<Value> = records.map(|one| one.record.clone()).collect();
        let path = get(file, "/users/response_path").and_then(Value::as_str);
        let is_plain = |path: &str| {
            path.chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        };
        let path = path.filter(|path| is_plain(path)).unwrap_or_default();
        let keys = path.split('.').filter(|key| !key.is_empty()).rev();
        (!records.is_empty()).then(|| keys.fold(json!(records), |inner, key| json!({ key: inner })))
    });
    let body = serde_json::to_string_pretty(&answer?).ok()?;
    let headers = lists().flat_map(|made| &made.answered);
    Some(Head::over(headers, &body))
}

impl Panel {
    /// Looks at an answer with the definition as it is written.
    pub(super) async fn of(
        api: &Api,
        file: &Value,
        sample: &str,
        tested: Option<Sample>,
    ) -> Result<Self, Refusal> {
        let (seen, proposed) = match read(sample) {
            None if sample.trim().is_empty() => (Seen::Nothing, Vec::new()),
            None => (Seen::Unreadable, Vec::new()),
            Some((answer, proposed)) => (seen(api, file, &answer).await?, proposed),
        };
        Ok(Self {
            sample: sample.to_owned(),
            proposed,
            tested,
            seen,
        })
    }

    /// Proposals for a step that the definition does not follow yet.
    pub(super) fn suggestions(&self, step: Step, file: &Value) -> Vec<Suggestion> {
        let is_new = |one: &&Suggestion| get(file, &pointed(&one.key)) != Some(&one.value);
        self.proposed
            .iter()
            .filter(|one| Step::of_mistake(&one.key) == step || step == Step::Test)
            .filter(is_new)
            .cloned()
            .collect()
    }

    /// The paths of the first records, to choose from.
    fn paths(&self) -> BTreeSet<String> {
        let mut paths = BTreeSet::new();
        if let Seen::Mapped(preview) | Seen::Rows(preview) = &self.seen {
            for one in preview.batch.explained.iter().take(ROWS) {
                collect(&one.record, "", 0, &mut paths);
            }
        }
        paths
    }

    /// The panel beside a form.
    pub(super) fn shown(&self, step: Step, file: &Value) -> Markup {
        let suggestions = self.suggestions(step, file);
        html! {
            datalist #paths { @for path in self.paths() { option value=(path) {} } }
            @if let Some(tested) = &self.tested { (test(tested)) }
            @if !suggestions.is_empty() { (proposals(&suggestions)) }
            section #preview aria-labelledby="preview-name" aria-live="polite" {
                h2 #preview-name { (words::PREVIEW) }
                (self.preview())
            }
            details open[matches!(self.seen, Seen::Unreadable)] {
                summary { (words::ANSWER) }
                div.field {
                    label for="sample" { (words::ANSWER_LABEL) }
                    p.hint #sample-hint { (words::ANSWER_HINT) }
                    textarea.yaml #sample name="sample" rows="10" spellcheck="false" autocomplete="off" aria-describedby="sample-hint" maxlength="200000" { (self.sample) }
                }
            }
        }
    }

    fn preview(&self) -> Markup {
        match &self.seen {
            Seen::Nothing => html! { p.muted { (words::NO_ANSWER) } },
            Seen::Unreadable => html! { p.bad { (words::ANSWER_UNREADABLE) } },
            Seen::NotYet(mistakes) => html! {
                p.muted { (words::NOT_YET) }
                ul.plan { @for mistake in mistakes.iter().take(5) { li { span.sign { "·" } span { code { (mistake.path) } " " (mistake.message) } } } }
            },
            Seen::Rows(preview) => html! {
                p { (tag(Shape::Ready, "rows")) " " (words::rows_found(preview.certificate.received)) }
                (failure_of(preview))
                (records(&preview.batch))
            },
            Seen::Mapped(preview) => html! {
                (counts(preview))
                (failure_of(preview))
                @if self.tested.is_none() { @for warning in &preview.certificate.warnings { p.warn { (warning) } } }
                (mapped(&preview.batch))
                (found_in(&preview.batch))
            },
        }
    }
}

async fn seen(api: &Api, file: &Value, answer: &Value) -> Result<Seen, Refusal> {
    let none = std::collections::BTreeMap::new();
    let whole = match Definition::compile(file) {
        Ok(definition) => {
            let seen = preview::preview(&api.ports, definition, answer, &none).await?;
            return Ok(Seen::Mapped(Box::new(seen)));
        }
        Err(mistakes) => mistakes,
    };
    match Definition::compile(&without_fields(file)) {
        Ok(definition) => {
            let seen = preview::preview(&api.ports, definition, answer, &none).await?;
            Ok(Seen::Rows(Box::new(seen)))
        }
        Err(_) => Ok(Seen::NotYet(whole)),
    }
}

fn collect(value: &Value, at: &str, depth: usize, paths: &mut BTreeSet<String>) {
    let Value::Object(fields) = value else {
        return;
    };
    for (key, inner) in fields {
        let is_plain = key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if !is_plain || paths.len() >= PATHS {
            continue;
        }
        let path = if at.is_empty() {
            key.clone()
        } else {
            format!("{at}.{key}")
        };
        if inner.is_object() && depth < DEEPEST {
            collect(inner, &path, depth.saturating_add(1), paths);
        } else {
            paths.insert(path);
        }
    }
}

fn test(sample: &Sample) -> Markup {
    html! {
        section aria-labelledby="requests" {
            h2 #requests { (words::REQUESTS) " " (sample.exchanges.len()) }
            @match &sample.failure {
                Some(failure) => { (failed(failure)) }
                None => { div.said { p { (words::test_passed(sample.certificate.received)) } } }
            }
            @for warning in &sample.certificate.warnings { p.warn { (warning) } }
            ol.exchanges { @for made in &sample.exchanges { li { (exchange(made)) } } }
        }
    }
}

fn exchange(made: &Exchange) -> Markup {
    html! {
        details {
            summary {
                code { (made.method.as_str()) " " (made.url) }
                " "
                @match made.status {
                    Some(status) => { span class={ @if status < 400 { "ok" } @else { "bad" } } { (status) } }
                    None => { span.bad { "no answer" } }
                }
                span.muted { ", " (made.took_ms) " ms, " (number(size(made.bytes))) " bytes, " (made.purpose) }
            }
            @if let Some(fault) = &made.fault { p.bad { (fault) } }
            @if !made.headers.is_empty() { dl.facts { @for (name, value) in &made.headers { dt { code { (name) } } dd { (value) } } } }
            @if let Some(sent) = &made.sent { pre tabindex="0" { (readable(sent)) } }
            @if !made.answered.is_empty() { dl.facts { @for (name, value) in &made.answered { dt { code { (name) } } dd { (value) } } } }
            @if !made.body.is_empty() { pre tabindex="0" { (readable(&made.body)) } }
        }
    }
}

/// JSON with its lines apart.
fn readable(body: &str) -> String {
    let value: Option<Value> = serde_json::from_str(body).ok();
    let value = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
    value.unwrap_or_else(|| body.to_owned())
}

fn proposals(all: &[Suggestion]) -> Markup {
    html! {
        section #suggestions aria-labelledby="suggestions-name" {
            h2 #suggestions-name { (words::SUGGESTIONS) }
            ul.plan {
                @for one in all {
                    li {
                        span.sign aria-hidden="true" { "✦" }
                        span {
                            code { (one.key) } ": " code { (short(&one.value)) }
                            " " span.muted { (one.reason) " " }
                            button.quiet type="submit" name="do" value={ "use:" (one.key) } { (words::USE) span.visually-hidden { " " (one.key) } }
                        }
                    }
                }
            }
            p.bar { button type="submit" name="do" value="use-all" { (words::USE_ALL) } }
        }
    }
}

fn short(value: &Value) -> String {
    let text = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    let cut: String = text.chars().take(80).collect();
    if cut.len() < text.len() {
        format!("{cut}…")
    } else {
        cut
    }
}

fn failure_of(preview: &Preview) -> Markup {
    html! { @if let Some(failure) = &preview.certificate.failure { p.bad { (failure) } } }
}

/// Counts of a preview.
fn counts(preview: &Preview) -> Markup {
    let users = &preview.batch.users;
    let known = users.iter().filter(|mapped| mapped.knows("active"));
    let (active, deleted): (Vec<_>, Vec<_>) = known.partition(|mapped| mapped.user.active);
    let dropped = preview.batch.dropped.len();
    html! {
        p.facts.bar {
            span.ok { (active.len()) " active" }
            span.muted { (deleted.len()) " deleted" }
            @if dropped > 0 { span.bad { (dropped) " left out" } }
            span.muted { "of " (many(preview.certificate.received, "row", "rows")) }
        }
    }
}

/// Records as they were received.
fn records(batch: &Batch) -> Markup {
    html! {
        @for one in batch.explained.iter().take(3) {
            pre tabindex="0" { (serde_json::to_string_pretty(&one.record).unwrap_or_default()) }
        }
    }
}

fn mapped(batch: &Batch) -> Markup {
    html! {
        table.preview {
            thead { tr { th scope="col" { "Id" } th scope="col" { "User" } th scope="col" { "Status" } th scope="col" { "Licences" } } }
            tbody { @for one in batch.explained.iter().take(ROWS) { (row(one)) } }
        }
        @if batch.explained.len() > ROWS { p.small.muted { "The first " (ROWS) " are shown; the numbers count all." } }
    }
}

fn row(one: &Explanation) -> Markup {
    let why = one.sentences();
    let user = one.user.as_ref().map(|mapped| &mapped.user);
    let is_known = one
        .user
        .as_ref()
        .is_none_or(|mapped| mapped.knows("active"));
    html! {
        tr {
            td { code { (user.map_or("—", |user| user.external_id.as_str())) } }
            td data-label="User" {
                @if let Some(user) = user {
                    (user.full_name.as_deref().or(user.username.as_deref()).unwrap_or_default())
                    @if let Some(email) = &user.email { " " span.muted { (email) } }
                    @if let Some(role) = &user.role { " " span.small.muted { (role) } }
                    @for (name, value) in &user.custom_fields { div.small.muted { (name) ": " (short(value)) } }
                }
                @for why in &why { div.small.warn { (why) } }
                details { summary { (words::RAW) } pre tabindex="0" { (serde_json::to_string_pretty(&one.record).unwrap_or_default()) } }
            }
            td data-label="Status" {
                @match user {
                    Some(_) if !is_known => { span.muted { "not known" } }
                    Some(user) if user.active => { (tag(Shape::Done, user.status.as_deref().unwrap_or("active"))) }
                    Some(user) => { (tag(Shape::Cancelled, user.status.as_deref().unwrap_or("deleted"))) }
                    None => { (tag(Shape::Failed, "left out")) }
                }
            }
            td data-label="Licences" { @if let Some(user) = user { (user.licenses.join(", ")) } }
        }
    }
}

/// In how many rows each field was found.
fn found_in(batch: &Batch) -> Markup {
    let mut found: Vec<(&str, usize, usize)> = Vec::new();
    for field in batch.explained.iter().flat_map(|one| &one.fields) {
        let has = usize::from(field.raw.as_ref().is_some_and(|raw| !raw.is_null()));
        match found.iter_mut().find(|(name, ..)| *name == field.field) {
            Some((_, with, all)) => {
                (*with, *all) = (with.saturating_add(has), all.saturating_add(1))
            }
            None => found.push((&field.field, has, 1)),
        }
    }
    html! {
        @if !found.is_empty() {
            h3 { (words::FOUND_IN) }
            ul.found {
                @for (name, with, all) in &found {
                    li { code { (name) } " " span class={ @if with == all { "muted" } @else { "warn" } } { (with) " of " (all) } }
                }
            }
        }
    }
}
