//! Long work: how far it has come, asked again while it goes on, and what came of it.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::jobs;
use sando_core::ids::{JobId, Slug};
use sando_core::impact::FileChange;
use sando_core::job::{Job, JobState, Work};
use sando_core::store::Version;
use serde::Deserialize;

use crate::Api;
use crate::jobs::JobView;

use super::builder::print_yaml;
use super::files::{Edited, KINDS, Kind};
use super::input::{Asks, At};
use super::layout::{Nav, Page};
use super::parts::id as copied;
use super::refusal::Refusal;
use super::visitor::{SeesWork, Visitor};
use super::words;
use super::{audit, changes, delete, rehearsal};

/// To the page of work that goes on.
pub(super) fn waits(job: &Job) -> Response {
    waits_over(job, None)
}

/// To the page of work on a changed file, which keeps the version that the file was changed over.
pub(super) fn waits_over(job: &Job, seen: Option<Version>) -> Response {
    Redirect::to(&place(&job.id, seen)).into_response()
}

fn place(id: &JobId, seen: Option<Version>) -> String {
    let query = seen.map_or_else(String::new, |seen| format!("?seen={seen}"));
    format!("/console/jobs/{id}{query}")
}

/// What the address of work carries.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JobQuery {
    /// The version that a file was changed over.
    seen: Option<u64>,
}

/// Shows how the work stands, and what came of it.
pub(super) async fn show(
    SeesWork(visitor): SeesWork,
    State(api): State<Api>,
    At(id): At<JobId>,
    Asks(query): Asks<JobQuery>,
) -> Result<Response, Refusal> {
    let seen = query.seen.map(Version);
    let job = jobs::read(&api.ports, &id).await?;
    let is_theirs = job.actor == visitor.who(&api).actor;
    if !is_theirs && !visitor.may(Scope::Read) {
        return Err(Refusal::Needs(Scope::Read));
    }
    let runs = job.state == JobState::Running;
    let place = place(&id, seen);
    let (verdict, inner) = match job.state {
        JobState::Running => (going_on(&job), html! { p.muted { (words::WORK_GOES_ON) } }),
        JobState::Failed => (words::NOT_WORKED_OUT.to_owned(), failed(&job)),
        JobState::Done => done(&api, &visitor, &job, seen).await?,
    };
    let body = html! {
        div #live data-asks=[runs.then_some("1")] hx-get=[runs.then_some(&place)] hx-trigger=[runs.then_some("every 2s")]
            hx-select="#live" hx-select-oob="#verdict" hx-target="this" hx-swap="outerMorph" {
            (inner)
            p.facts { (copied(id.as_str())) }
        }
    };
    let page = Page {
        nav: Nav::None,
        title: words::WORK.to_owned(),
        above: None,
        verdict,
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

fn going_on(job: &Job) -> String {
    let progress = JobView::from(job).progress;
    words::working(&job.work, progress.done, progress.unit)
}

fn failed(job: &Job) -> Markup {
    html! {
        @if let Some(why) = &job.failure { div.said.is-bad { p { (why) } } }
    }
}

/// A file with its kind, its name and its text.
type One<'a> = (Kind, &'a Slug, String);

fn edited<'a>((kind, id, text): &'a One<'a>, seen: Option<Version>) -> Edited<'a> {
    Edited {
        kind: *kind,
        id,
        text,
        seen,
    }
}

/// The one file that is changed, as somebody would write it.
fn one_of(changes: &[FileChange]) -> Option<One<'_>> {
    let [change] = changes else {
        return None;
    };
    let kind = KINDS.iter().find(|kind| kind.kind == change.kind)?;
    Some((*kind, &change.id, print_yaml(change.file.as_ref()?)))
}

/// What came of it.
async fn done(
    api: &Api,
    visitor: &Visitor,
    job: &Job,
    seen: Option<Version>,
) -> Result<(String, Markup), Refusal> {
    let plain = || {
        let progress = JobView::from(job).progress;
        let said = words::worked(progress.done, progress.unit);
        (said, html! {})
    };
    Ok(match &job.work {
        Work::VerifyAudit(verified) => audit::verified(verified),
        Work::Plan(planning) => match delete::one_of(&planning.changes) {
            Some(one) => Box::pin(delete::drawn(api, visitor, one, planning)).await?,
            None => {
                let one = one_of(&planning.changes);
                let of = one.as_ref().map(|one| edited(one, seen));
                changes::drawn(api, visitor, of.as_ref(), planning).await?
            }
        },
        Work::Rehearse(rehearsing) => {
            let one = one_of(&rehearsing.changes);
            let of = one.as_ref().map(|one| edited(one, seen));
            rehearsal::drawn(api, visitor, of.as_ref(), rehearsing, job.started_at).await?
        }
        Work::Count(counting) => (
            words::counted(&counting.figures.total),
            html! { p.bar { a.button.primary href="/console/spend" { (words::TO_SPEND) } } },
        ),
        Work::Apply(applying) => (
            words::applied(applying.started),
            html! { p.bar { a.button.primary href="/console/policies" { (words::TO_FILES) } } },
        ),
        Work::ForgetRoster(_)
        | Work::Evidence(_)
        | Work::Replay(_)
        | Work::FeedPeople(_)
        | Work::Answered(_)
        | Work::Drift(_) => plain(),
    })
}
