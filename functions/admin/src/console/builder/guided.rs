//! Forms of policies, rules, workflows and aliases, beside their files. The file goes from page to page with its form, as
//! it is so far: fields write into their own places of it, what no field shows stays as it is, and nothing is saved before
//! its plan was seen.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use sando_core::admin::files as stored;
use sando_core::company::Company;
use sando_core::config::ConfigKind;
use sando_core::ids::Slug;
use sando_core::mistake::Mistake;
use sando_core::store::Version;
use serde_json::{Map, Value};

use super::config::{Part, Spread};
use super::kind::Field;
use super::place::{dotted, get};
use super::show::{Form as Fields, Unread, id_of, is_at};
use super::verb::Verb;
use super::yaml;
use crate::Api;
use crate::console::changes::{self, Mistakes, checked, mistaken, planned, sketch};
use crate::console::files::{Edited, Kind, above, built_in, editor, kind};
use crate::console::form::Form;
use crate::console::input::At;
use crate::console::layout::{Nav, Page};
use crate::console::parts::{hidden, no_default};
use crate::console::refusal::Refusal;
use crate::console::visitor::{Operates, Visitor};
use crate::console::words;

/// The field that only these forms have.
const MARK: &str = "guided";
/// The verb that shows the file.
const AS_FILE: &str = "file";

/// Is there a form for files of a kind?
pub(in crate::console) fn has_form(kind: Kind) -> bool {
    matches!(
        kind.kind,
        ConfigKind::Policy | ConfigKind::Rule | ConfigKind::Workflow | ConfigKind::Attributes
    )
}

fn kind_of(path: &str) -> Result<Kind, Refusal> {
    let found = Some(kind(path)?).filter(|kind| has_form(*kind));
    found.ok_or_else(Refusal::nothing)
}

/// The file that a form began with.
fn begun(form: &Form) -> Result<Map<String, Value>, Mistakes> {
    if form.is_whole() {
        return changes::fields(form.get("file"));
    }
    Err(vec![("form".to_owned(), words::FORM_TOO_LONG.to_owned())])
}

/// The file that is meant by what was sent: as it was typed, or with what its form says.
pub(in crate::console) async fn meant(
    api: &Api,
    kind: Kind,
    form: &Form,
) -> Result<Result<String, Mistakes>, Refusal> {
    if form.find(MARK).is_none() {
        return Ok(Ok(form.get("file").to_owned()));
    }
    let fields = match begun(form) {
        Ok(fields) => fields,
        Err(mistakes) => return Ok(Err(mistakes)),
    };
    let company = stored::company(&api.ports).await?;
    let mut spread = Spread::of(kind.kind, Value::Object(fields));
    let unread = spread.take_in(form, &company);
    if unread.is_empty() {
        return Ok(Ok(yaml::print(&spread.gathered())));
    }
    Ok(Err(told(&unread)))
}

/// What cannot be read, with its place.
fn told(unread: &Unread) -> Mistakes {
    let all = unread.iter();
    all.map(|(at, (_, why))| (dotted(at), why.clone()))
        .collect()
}

/// Shows a file as a form.
pub(in crate::console) async fn open(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At((path, id)): At<(String, Slug)>,
) -> Result<Response, Refusal> {
    let kind = kind_of(&path)?;
    let item = stored::find(&api.ports, kind.kind, &id).await?;
    let seen = item.as_ref().map_or(Version::ABSENT, |item| item.version);
    let company = stored::company(&api.ports).await?;
    let is_built_in = match kind.kind {
        ConfigKind::Attributes => true,
        ConfigKind::Workflow => company.workflows.contains_key(&id),
        _ => false,
    };
    let file = match item {
        Some(item) => item.entity.file,
        None if is_built_in => built_in(&api, kind.kind, &id).await?,
        None => sketch(kind.kind, &id),
    };
    let spread = Spread::of(kind.kind, file);
    let text = yaml::print(&spread.gathered());
    let unread = Unread::new();
    let shown = Shown {
        visitor: &visitor,
        company: &company,
        edited: Edited {
            kind,
            id: &id,
            text: &text,
            seen: Some(seen),
        },
        spread: &spread,
        unread: &unread,
        mistakes: &[],
    };
    Ok(shown.page())
}

/// Takes in what was filled in, and shows the form again, the file, or what would change; nothing is saved.
pub(in crate::console) async fn submit(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At((path, id)): At<(String, Slug)>,
    form: Form,
) -> Result<Response, Refusal> {
    let kind = kind_of(&path)?;
    let typed = Edited::of(kind, &id, &form);
    let fields = match begun(&form) {
        Ok(fields) => fields,
        Err(mistakes) => return Ok(mistaken(&visitor, &typed, &mistakes)),
    };
    let company = stored::company(&api.ports).await?;
    let mut spread = Spread::of(kind.kind, Value::Object(fields));
    let unread = spread.take_in(&form, &company);
    let verb = form.get("do");
    if unread.is_empty() {
        spread = spread.follow(verb);
    }
    let text = yaml::print(&spread.gathered());
    let edited = Edited {
        text: &text,
        ..typed
    };
    let mut mistakes = told(&unread);
    if mistakes.is_empty() && verb == AS_FILE {
        let body = editor(&visitor, &edited, &[]);
        return Ok(page(&edited, body).respond(Some(&visitor)));
    }
    if mistakes.is_empty() && verb.is_empty() {
        match checked(&api, kind, &id, &text).await? {
            Ok(_) => return Box::pin(planned(&api, &visitor, &edited)).await,
            Err(found) => mistakes = found,
        }
    }
    let shown = Shown {
        visitor: &visitor,
        company: &company,
        edited,
        spread: &spread,
        unread: &unread,
        mistakes: &mistakes,
    };
    Ok(shown.page())
}

/// What somebody has, not saved yet.
fn page(edited: &Edited<'_>, body: Markup) -> Page {
    let (kind, id) = (edited.kind, edited.id);
    Page {
        nav: Nav::Policies,
        title: id.to_string(),
        above: Some(
            html! { (above(kind)) " › " a href={ "/console/" (kind.path) "/" (id) } { (id) } },
        ),
        verdict: words::file_so_far(kind.one, id.as_str()),
        lead: None,
        body,
    }
}

/// What a form shows.
struct Shown<'a> {
    visitor: &'a Visitor,
    company: &'a Company,
    edited: Edited<'a>,
    spread: &'a Spread,
    unread: &'a Unread,
    mistakes: &'a [(String, String)],
}

impl Shown<'_> {
    fn page(&self) -> Response {
        let mut page = page(&self.edited, self.form());
        if self.mistakes.is_empty() {
            return page.respond(Some(self.visitor));
        }
        page.verdict = words::of_mistakes(self.mistakes.len());
        let page = page.respond(Some(self.visitor));
        (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
    }

    /// What is wrong, with the ways to the fields.
    fn summary(&self, parts: &[Part]) -> Markup {
        html! {
            div.error-summary role="alert" {
                h2 { (words::PROBLEM) }
                ul {
                    @for (path, message) in self.mistakes {
                        @let place = place_of(parts, &self.spread.placed(path, message));
                        li {
                            @if let Some(place) = place { a href={ "#" (place) } { code { (path) } } } @else { code { (path) } }
                            " " (message)
                        }
                    }
                }
            }
        }
    }

    fn form(&self) -> Markup {
        let (kind, id) = (self.edited.kind, self.edited.id);
        let place = format!("/console/{}/{id}", kind.path);
        let placed = self.mistakes.iter();
        let placed = placed.map(|(path, message)| self.spread.placed(path, message));
        // What cannot be read is told by its field alone.
        let placed: Vec<Mistake> = match self.unread.is_empty() {
            true => placed.collect(),
            false => Vec::new(),
        };
        let fields = Fields {
            file: &self.spread.file,
            mistakes: &placed,
            unread: self.unread,
        };
        let adds = self.spread.adds();
        let parts = self.spread.parts(self.company);
        html! {
            @if !self.mistakes.is_empty() { (self.summary(&parts)) }
            form.stack.wide #file-form data-unsaved="1" method="post" action={ (place) "/form" } {
                (no_default())
                (hidden(self.visitor, ""))
                input type="hidden" name=(MARK) value="1";
                (self.edited.along())
                @if kind.kind == ConfigKind::Attributes { p.hint.measure { (words::ALIASES_HINT) } }
                @for (number, part) in parts.iter().enumerate() { (drawn(number, part, &fields, &place)) }
                @if !adds.is_empty() { p.bar { @for verb in &adds { (act(verb, "", &place)) } } }
                p.bar {
                    button.primary type="submit" data-enter="1" { (words::SEE_CHANGES) }
                    button type="submit" name="do" value=(AS_FILE) { (words::SHOW_FILE) }
                }
                datalist #paths { @for name in self.company.mapping.file().attributes.keys() { option value=(name) {} } }
            }
            div hx-post={ (place) "/check" } hx-trigger="input delay:350ms from:#file-form" hx-include="#file-form"
                hx-target="#checked" hx-select="#checked" hx-swap="outerMorph" hx-sync="this:replace" {}
            div #checked role="status" {}
        }
    }
}

/// Where in the page the field is that a mistake is about; its part if it is about none of them.
fn place_of(parts: &[Part], mistake: &Mistake) -> Option<String> {
    let mut fields = parts
        .iter()
        .flat_map(|part| part.fields.iter().chain(&part.more));
    let field = fields.find(|field| is_at(mistake, &field.dotted()));
    let is_in = |at: &str| is_at(mistake, &dotted(at));
    let part = || {
        let mut parts = parts.iter();
        let number = parts.position(|part| part.at.as_deref().is_some_and(is_in))?;
        Some(format!("part-{number}"))
    };
    field.map(id_of).or_else(part)
}

/// Fields that belong together.
fn drawn(number: usize, part: &Part, fields: &Fields<'_>, place: &str) -> Markup {
    let is_said = |at: &str| get(fields.file, at).is_some();
    let shows = |field: &Field| is_said(&field.at) || fields.is_wrong(field);
    let is_open = part.fields.is_empty() || part.more.iter().any(shows);
    let all: Vec<&Field> = part.fields.iter().chain(&part.more).collect();
    let wrong = part.at.as_deref().map(|at| fields.beside(at, &all));
    html! {
        div.stack id={ "part-" (number) } {
            h2 { (part.title) }
            @for why in wrong.iter().flatten() { div.field { p.error { "✕ " (why) } } }
            @for field in &part.fields { (fields.field(field)) }
            @if !part.more.is_empty() {
                details.more open[is_open] { summary { (part.rest) } div.stack { @for field in &part.more { (fields.field(field)) } } }
            }
            @if !part.verbs.is_empty() {
                p.bar { @for verb in &part.verbs { (act(verb, &part.title, place)) } }
            }
        }
    }
}

/// A button that changes the list; the page goes on where it was pressed.
fn act(verb: &Verb, of: &str, place: &str) -> Markup {
    html! {
        button.quiet[!of.is_empty()] type="submit" name="do" value=(verb.does) formaction={ (place) "/form#part-" (verb.then) } {
            (verb.name) @if !of.is_empty() { span.visually-hidden { " " (of) } }
        }
    }
}
