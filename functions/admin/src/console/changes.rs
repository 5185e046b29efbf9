//! What a changed file would do to everybody's access, and saving it if that still holds.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use jiff::SignedDuration;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::{AdminError, files as stored, jobs};
use sando_core::config::{ConfigItem, ConfigKind};
use sando_core::definition::Source;
use sando_core::grant::Entitlement;
use sando_core::ids::Slug;
use sando_core::impact::{FileChange, Impact, Turn};
use sando_core::job::{Applying, Job, JobState, Planning, Work};
use sando_core::mistake::Mistake;
use sando_core::store::Version;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Api;
use crate::files::named;
use crate::jobs::PATIENCE;
use crate::problem::Problem;

use super::builder::{meant, print_yaml};
use super::files::{Edited, Kind, above, editor, kind, warnings as shown};
use super::form::Form;
use super::format::{size, sums};
use super::input::{Asks, At};
use super::job::{waits, waits_over};
use super::layout::{Nav, Page, done};
use super::lookup::{Names, once};
use super::parts::hidden;
use super::refusal::Refusal;
use super::visitor::{Administers, Operates, Visitor};
use super::words::{self, Said};
use super::{rehearsal, seen};

/// How many differences are shown one by one.
const SHOWN: usize = 100;
/// The longest file.
const LONGEST: usize = 200_000;

/// Where, and what is wrong there.
pub(super) type Mistakes = Vec<(String, String)>;

/// The name of a file that is not there yet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewQuery {
    id: Slug,
}

/// What a new file begins with.
pub(super) fn sketch(kind: ConfigKind, id: &Slug) -> Value {
    match kind {
        ConfigKind::Policy => {
            json!({ "policy": id, "when": [{ "path": "department", "op": "is", "value": "Engineering" }], "grants": [{ "app": "" }] })
        }
        ConfigKind::Rule => {
            json!({ "rule": id, "event": "candidate.hired", "workflow": "onboard" })
        }
        ConfigKind::App => json!({ "app": id, "name": "", "owner": "", "plans": [] }),
        _ => json!({ kind.as_str(): id }),
    }
}

/// A file that is about to be written for the first time.
pub(super) async fn new(
    Administers(visitor): Administers,
    At(path): At<String>,
    Asks(query): Asks<NewQuery>,
) -> Result<Response, Refusal> {
    let kind = kind(&path)?;
    let id = query.id;
    let text = print_yaml(&sketch(kind.kind, &id));
    let edited = Edited {
        kind,
        id: &id,
        text: &text,
        seen: Some(Version::ABSENT),
    };
    let page = Page {
        nav: Nav::Policies,
        title: format!("New {}", kind.one),
        above: Some(above(kind)),
        verdict: format!("A new {}: {id}. Nothing is saved yet.", kind.one),
        lead: None,
        body: editor(&visitor, &edited, &[]),
    };
    Ok(page.respond(Some(&visitor)))
}

/// A file that can be put, and what in it has no effect yet.
pub(super) struct Checked {
    /// As it would be put.
    pub(super) change: FileChange,
    warnings: Vec<Mistake>,
}

/// The fields of a file as it was typed.
pub(super) fn fields(text: &str) -> Result<Map<String, Value>, Mistakes> {
    let wrong = |why: &str| vec![("file".to_owned(), why.to_owned())];
    if text.len() > LONGEST {
        return Err(wrong("at most 200 kB"));
    }
    match Source::parse(text) {
        Ok(source) => match source.value() {
            Value::Object(fields) => Ok(fields.clone()),
            _ => Err(wrong("a file is an object with fields")),
        },
        Err(wrong) => {
            let place = format!("line {}", wrong.place.line);
            Err(vec![(place, wrong.mistake.message)])
        }
    }
}

/// Reads a file as it was typed; all mistakes in words.
pub(super) async fn checked(
    api: &Api,
    kind: Kind,
    id: &Slug,
    text: &str,
) -> Result<Result<Checked, Mistakes>, Refusal> {
    let fields = match fields(text) {
        Ok(fields) => fields,
        Err(mistakes) => return Ok(Err(mistakes)),
    };
    let change = FileChange {
        kind: kind.kind,
        id: id.clone(),
        file: Some(named(kind.kind, id, fields)),
    };
    let now = api.ports.clock.now();
    match stored::checked(&api.ports, std::slice::from_ref(&change), now).await {
        Ok(company) => {
            let item = ConfigItem {
                kind: change.kind,
                id: id.clone(),
                file: Value::Null,
                changed_at: now,
            };
            let warnings = company.dangling(&item);
            Ok(Ok(Checked { change, warnings }))
        }
        Err(AdminError::Invalid(mistakes)) => Ok(Err(mistakes
            .into_iter()
            .map(|mistake| {
                let path = mistake.path.trim_start_matches("changes[0].file");
                (path.trim_start_matches('.').to_owned(), mistake.message)
            })
            .collect())),
        Err(error) => Err(error.into()),
    }
}

/// The file again, with what is wrong in it.
pub(super) fn mistaken(
    visitor: &Visitor,
    edited: &Edited<'_>,
    mistakes: &[(String, String)],
) -> Response {
    let body = editor(visitor, edited, mistakes);
    let verdict = words::of_mistakes(mistakes.len());
    let page = page(edited.kind, edited.id, verdict, body).respond(Some(visitor));
    (StatusCode::UNPROCESSABLE_ENTITY, page).into_response()
}

/// Says what is wrong with a file while somebody types; nothing is planned, nothing is saved.
pub(super) async fn check(
    _: Operates,
    State(api): State<Api>,
    At((path, id)): At<(String, Slug)>,
    form: Form,
) -> Result<Response, Refusal> {
    let kind = kind(&path)?;
    let checked = match meant(&api, kind, &form).await? {
        Ok(text) => checked(&api, kind, &id, &text).await?,
        Err(mistakes) => Err(mistakes),
    };
    let told = match checked {
        Ok(checked) => html! { p.ok { "✓ " (words::FILE_FITS) } (shown(&checked.warnings)) },
        Err(mistakes) => html! {
            p.bad { "✕ " (words::mistakes_so_far(mistakes.len())) }
            ul { @for (path, message) in &mistakes { li { code { (path) } " " (message) } } }
        },
    };
    let fragment = html! { div #checked role="status" { (told) } };
    Ok(Html(fragment.into_string()).into_response())
}

/// Shows what would change; nothing is saved.
pub(super) async fn plan(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At((path, id)): At<(String, Slug)>,
    form: Form,
) -> Result<Response, Refusal> {
    let edited = Edited::of(kind(&path)?, &id, &form);
    Box::pin(planned(&api, &visitor, &edited)).await
}

/// The plan of a file as somebody has it.
pub(super) async fn planned(
    api: &Api,
    visitor: &Visitor,
    edited: &Edited<'_>,
) -> Result<Response, Refusal> {
    if let Some(page) = seen::overtaken(api, visitor, edited).await? {
        return Ok(page);
    }
    let (kind, id) = (edited.kind, edited.id);
    let Checked { change, warnings } = match checked(api, kind, id, edited.text).await? {
        Ok(checked) => checked,
        Err(mistakes) => return Ok(mistaken(visitor, edited, &mistakes)),
    };
    let work = Work::Plan(Box::new(Planning::of(vec![change], None)));
    let job = jobs::run(&api.ports, &visitor.who(api), work, PATIENCE).await?;
    let planning = match (&job.state, &job.work) {
        (JobState::Done, Work::Plan(planning)) => planning,
        (JobState::Running, _) => return Ok(waits_over(&job, edited.seen)),
        _ => return Err(unfinished(&job).into()),
    };
    let (verdict, plan) = drawn(api, visitor, Some(edited), planning).await?;
    let body = html! { (shown(&warnings)) (plan) };
    Ok(page(kind, id, verdict, body).respond(Some(visitor)))
}

/// What a plan says; where it is about one file, with the button that saves it.
pub(super) async fn drawn(
    api: &Api,
    visitor: &Visitor,
    of: Option<&Edited<'_>>,
    planning: &Planning,
) -> Result<(String, Markup), Refusal> {
    let impact = &planning.impact;
    let people = impact.listed.iter().take(SHOWN).map(|one| &one.person);
    let names = Names::of(api, people).await?;
    let body = html! {
        (totals(impact))
        (differences(impact, &names))
        @if let Some(edited) = of {
            (save(api, visitor, edited, &planning.hash()))
            @if visitor.may(Scope::Operate) { (rehearsal::ask(visitor, edited)) }
            details { summary { "Change the file" } (editor(visitor, edited, &[])) }
        }
    };
    let verdict = words::changes(impact.people, impact.affected, impact.losing);
    Ok((verdict, body))
}

/// It could not be worked out.
pub(super) fn unfinished(job: &Job) -> Problem {
    let reason = job.failure.clone();
    let reason = reason.unwrap_or_else(|| words::NOT_WORKED_OUT.to_owned());
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unfinished", reason)
}

/// The page of a changed file.
pub(super) fn page(kind: Kind, id: &Slug, verdict: String, body: Markup) -> Page {
    Page {
        nav: Nav::Policies,
        title: format!("What would change: {id}"),
        above: Some(
            html! { (above(kind)) " › " a href={ "/console/" (kind.path) "/" (id) } { (id) } },
        ),
        verdict,
        lead: None,
        body,
    }
}

fn totals(impact: &Impact) -> Markup {
    html! {
        @if impact.is_over_cap() { div.said.is-warn { p { (words::OVER_CAP) } } }
        @if impact.affected > 0 {
            dl.figures {
                div { dt { "Gain" } dd { "+" (impact.all.gains) } }
                div { dt { "Change" } dd { "~" (impact.all.changes) } }
                div { dt { "Lose" } dd { "−" (impact.all.losses) } }
                @if !impact.monthly.0.is_empty() { div { dt { "A month" } dd { (sums(&impact.monthly)) } } }
            }
            @if let Some(said) = words::by_rosters(impact) { p.measure { (said) } }
        }
    }
}

fn what(entitlement: Option<&Entitlement>) -> String {
    let Some(entitlement) = entitlement else {
        return String::new();
    };
    let parts = entitlement
        .plan
        .iter()
        .chain(&entitlement.role)
        .chain(&entitlement.groups);
    parts.cloned().collect::<Vec<_>>().join(", ")
}

fn differences(impact: &Impact, names: &Names) -> Markup {
    let in_rosters = impact.listed.iter().any(|one| one.shown.is_some());
    html! {
        @if !impact.listed.is_empty() {
            table {
                thead { tr { th scope="col" { "Person" } th scope="col" { "Application" } th scope="col" { "Now" } th scope="col" { "Then" } @if in_rosters { th scope="col" { (words::ROSTER) } } th.num scope="col" { "A month" } } }
                tbody {
                    @for one in impact.listed.iter().take(SHOWN) {
                        @let (sign, tone) = match one.turn { Turn::Gains => ("+", "ok"), Turn::Changes => ("~", "warn"), Turn::Loses => ("−", "bad") };
                        tr {
                            td { a href={ "/console/people/" (one.person) } { (names.get(&one.person)) } }
                            td data-label="Application" { span class={ "sign " (tone) } aria-hidden="true" { (sign) } " " (one.app) span.visually-hidden { @match one.turn { Turn::Gains => " gained", Turn::Changes => " changed", Turn::Loses => " lost" } } }
                            td data-label="Now" { (what(one.before.as_ref())) }
                            td data-label="Then" { (what(one.after.as_ref())) }
                            @if in_rosters { td data-label=(words::ROSTER) { @if let Some(shown) = &one.shown { (words::shown(one.turn, shown)) } } }
                            td.num data-label="A month" { (sums(&one.monthly)) }
                        }
                    }
                }
            }
            @if size(impact.listed.len()) > size(SHOWN) { p.muted { "The first " (SHOWN) " are shown; the numbers count all." } }
        }
    }
}

fn save(api: &Api, visitor: &Visitor, edited: &Edited<'_>, hash: &str) -> Markup {
    let (kind, id) = (edited.kind, edited.id);
    html! {
        @if visitor.may(Scope::Admin) {
            form.stack.card method="post" action={ "/console/" (kind.path) "/" (id) } {
                (hidden(visitor, &once(api)))
                input type="hidden" name="plan" value=(hash);
                (edited.along())
                p { "Saving it starts what is listed above; nothing else." }
                p.bar {
                    button.primary type="submit" { (words::SAVE) " " (id) }
                    a.button href={ "/console/" (kind.path) "/" (id) } { (words::CANCEL) }
                }
            }
        } @else { p.small.muted { (words::FILE_READ_ONLY) } }
    }
}

/// Saves the file, if the plan that was seen still holds, and starts what follows from it.
pub(super) async fn submit(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At((path, id)): At<(String, Slug)>,
    form: Form,
) -> Result<Response, Refusal> {
    let kind = kind(&path)?;
    let edited = Edited::of(kind, &id, &form);
    if let Some(page) = seen::overtaken(&api, &visitor, &edited).await? {
        return Ok(page);
    }
    let change = match checked(&api, kind, &id, edited.text).await? {
        Ok(checked) => checked.change,
        Err(mistakes) => return Ok(mistaken(&visitor, &edited, &mistakes)),
    };
    // What is new has no page of its own before it is saved.
    let is_new = stored::find(&api.ports, kind.kind, &id).await?.is_none();
    let to = match is_new {
        true => format!("/console/{}", kind.path),
        false => format!("/console/{}/{id}", kind.path),
    };
    let then = (to.as_str(), Said::Saved, Said::Saving);
    Box::pin(apply(&api, &visitor, change, form.get("plan"), then)).await
}

/// Does what was planned, if that still holds, and starts what follows from it; then it goes to another page, which says
/// that it is done or goes on.
pub(super) async fn apply(
    api: &Api,
    visitor: &Visitor,
    change: FileChange,
    wanted: &str,
    (to, is_done, goes_on): (&str, Said, Said),
) -> Result<Response, Refusal> {
    let who = visitor.who(api);
    let again = Work::Plan(Box::new(Planning::of(vec![change.clone()], None)));
    let again = jobs::run(&api.ports, &who, again, PATIENCE).await?;
    let holds = match (&again.state, &again.work) {
        (JobState::Done, Work::Plan(planning)) => planning.hash() == wanted,
        // It is planned while it is applied as well, and the page of that tells how it ended.
        (JobState::Running, _) => true,
        _ => return Err(unfinished(&again).into()),
    };
    if !holds {
        let why = "what it would do is not what was seen any more";
        return Err(Problem::new(StatusCode::CONFLICT, "plan_changed", why).into());
    }
    // It is planned once more while it is applied: what moves in between is not done either.
    let applying = Applying::of(vec![change], wanted.to_owned());
    let work = Work::Apply(Box::new(applying));
    let job = jobs::run(&api.ports, &visitor.who(api), work, SignedDuration::ZERO).await?;
    match job.state {
        JobState::Done => Ok(done(to, is_done)),
        JobState::Running if again.state == JobState::Running => Ok(waits(&job)),
        JobState::Running => Ok(done(to, goes_on)),
        JobState::Failed => {
            let why = job.failure.unwrap_or_default();
            Err(Problem::new(StatusCode::CONFLICT, "plan_changed", why).into())
        }
    }
}
