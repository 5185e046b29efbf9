//! Deleting a file of configuration: what would change first, then it is done.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::{files as stored, jobs};
use sando_core::config::ConfigKind;
use sando_core::ids::Slug;
use sando_core::impact::FileChange;
use sando_core::job::{JobState, Planning, Work};

use crate::Api;
use crate::jobs::PATIENCE;

use super::changes::{self, unfinished};
use super::files::{KINDS, Kind, kind};
use super::form::Form;
use super::input::At;
use super::job::waits;
use super::lookup::once;
use super::parts::{button, hidden};
use super::refusal::Refusal;
use super::visitor::{Administers, Visitor};
use super::words::{self, Said};

/// Attributes are changed and never deleted: there is one such file, and what it says always counts.
fn can_be_deleted(kind: Kind) -> bool {
    kind.kind != ConfigKind::Attributes
}

fn place(kind: Kind, id: &Slug) -> String {
    format!("/console/{}/{id}", kind.path)
}

fn gone(kind: Kind, id: &Slug) -> FileChange {
    FileChange {
        kind: kind.kind,
        id: id.clone(),
        file: None,
    }
}

/// The one file that changes delete.
pub(super) fn one_of(changes: &[FileChange]) -> Option<(Kind, &Slug)> {
    let [FileChange { kind, id, file }] = changes else {
        return None;
    };
    let known = KINDS.iter().find(|known| known.kind == *kind);
    let known = known.filter(|_| file.is_none())?;
    Some((*known, id))
}

/// The way to it, on the page of a file.
pub(super) fn ask(visitor: &Visitor, kind: Kind, id: &Slug) -> Markup {
    html! {
        @if can_be_deleted(kind) && visitor.may(Scope::Admin) {
            section aria-labelledby="away" {
                h2 #away { (words::DELETE_FILE) }
                p.small.muted { (words::DELETE_FILE_MEANS) }
                (button(visitor, &format!("{}/delete", place(kind, id)), "", words::DELETE_PLAN))
            }
        }
    }
}

/// What would still name it, and whether something built in takes its place.
async fn left(api: &Api, kind: Kind, id: &Slug) -> Result<Markup, Refusal> {
    let (change, now) = (gone(kind, id), api.ports.clock.now());
    let before = stored::company(&api.ports).await?;
    let after = stored::checked(&api.ports, std::slice::from_ref(&change), now).await?;
    let mut named: Vec<(Kind, Slug, String)> = Vec::new();
    for other in KINDS {
        for item in stored::all(&api.ports, other.kind).await? {
            let known = before.dangling(&item.entity);
            let more = after.dangling(&item.entity).into_iter();
            let more = more.filter(|mistake| !known.contains(mistake));
            named.extend(more.map(|mistake| (*other, item.entity.id.clone(), mistake.message)));
        }
    }
    let is_built_in = kind.kind == ConfigKind::Workflow && after.workflows.contains_key(id);
    Ok(html! {
        @if is_built_in { p { (words::BUILT_IN_AGAIN) } }
        @if !named.is_empty() {
            div.said.is-warn {
                ul { @for (other, id, why) in &named { li { a href=(place(*other, id)) { (other.one) " " (id) } ": " (why) } } }
            }
        }
    })
}

/// What its plan says, with the button that does it.
pub(super) async fn drawn(
    api: &Api,
    visitor: &Visitor,
    (kind, id): (Kind, &Slug),
    planning: &Planning,
) -> Result<(String, Markup), Refusal> {
    let left = Box::pin(left(api, kind, id)).await?;
    let (verdict, plan) = changes::drawn(api, visitor, None, planning).await?;
    let place = place(kind, id);
    let body = html! {
        (left)
        (plan)
        @if visitor.may(Scope::Admin) {
            form.stack.card method="post" action={ (place) "/delete" } {
                (hidden(visitor, &once(api)))
                input type="hidden" name="plan" value=(planning.hash());
                p { (words::DELETING_STARTS) }
                p.bar {
                    button.danger type="submit" { (words::DELETE) " " (id) }
                    a.button href=(place) { (words::CANCEL) }
                }
            }
        } @else { p.small.muted { (words::FILE_READ_ONLY) } }
    };
    Ok((words::without(kind.one, id.as_str(), &verdict), body))
}

/// Shows what would change; confirmed by its plan, it is done.
pub(super) async fn submit(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At((path, id)): At<(String, Slug)>,
    form: Form,
) -> Result<Response, Refusal> {
    let kind = kind(&path)?;
    let is_there = stored::find(&api.ports, kind.kind, &id).await?.is_some();
    if !is_there || !can_be_deleted(kind) {
        return Err(Refusal::nothing());
    }
    let (change, wanted) = (gone(kind, &id), form.get("plan"));
    if !wanted.is_empty() {
        let to = format!("/console/{}", kind.path);
        let then = (to.as_str(), Said::Deleted, Said::Deleting);
        return Box::pin(changes::apply(&api, &visitor, change, wanted, then)).await;
    }
    let work = Work::Plan(Box::new(Planning::of(vec![change], None)));
    let job = jobs::run(&api.ports, &visitor.who(&api), work, PATIENCE).await?;
    match (&job.state, &job.work) {
        (JobState::Done, Work::Plan(planning)) => {
            let drawn = Box::pin(drawn(&api, &visitor, (kind, &id), planning));
            let (verdict, body) = drawn.await?;
            Ok(changes::page(kind, &id, verdict, body).respond(Some(&visitor)))
        }
        (JobState::Running, _) => Ok(waits(&job)),
        _ => Err(unfinished(&job).into()),
    }
}
