//! Undoing a leaving: what is given again first, then it is done.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::html;
use sando_core::access::PlannedEffect;
use sando_core::admin::people::{self, reinstate};
use sando_core::admin::{AdminError, files};
use sando_core::ids::{PersonId, derive};
use sando_core::person::Person;
use serde_json::json;

use crate::Api;

use super::form::Form;
use super::input::At;
use super::layout::{Nav, Page, done};
use super::lookup::once;
use super::parts::{hidden, reason};
use super::refusal::Refusal;
use super::terminate::effects;
use super::visitor::{Operates, Visitor};
use super::words::{self, Said};

/// What would be given again; none for somebody who is not leaving.
async fn planned(
    api: &Api,
    visitor: &Visitor,
    id: &PersonId,
) -> Result<Option<Vec<PlannedEffect>>, Refusal> {
    match reinstate(&api.ports, &visitor.who(api), id, "", true).await {
        Ok(shown) => Ok(Some(shown.plan)),
        Err(AdminError::Refused {
            code: "not_left", ..
        }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn hash(person: &Person, plan: &[PlannedEffect]) -> String {
    let parts = json!([person.id, person.access_epoch, person.leaves_at, plan]);
    derive(&["reinstatement", &parts.to_string()])
}

/// Shows what would be given again, and asks why.
pub(super) async fn show(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<PersonId>,
) -> Result<Response, Refusal> {
    page(&api, &visitor, &id, None).await
}

async fn page(
    api: &Api,
    visitor: &Visitor,
    id: &PersonId,
    wrong: Option<&str>,
) -> Result<Response, Refusal> {
    let person = people::person(&api.ports, id).await?.entity;
    let plan = planned(api, visitor, id).await?;
    let company = files::company(&api.ports).await?;
    let (name, place) = (words::name(&person), format!("/console/people/{id}"));
    let body = html! {
        @if let Some(wrong) = wrong { div.error-summary role="alert" { h2 { (words::PROBLEM) } p { (wrong) } } }
        @match &plan {
            None => { p.bar { a.button href=(place) { (words::BACK) } } }
            Some(plan) => {
                div.columns {
                    section.card aria-labelledby="plan" {
                        h2 #plan { (words::GIVEN_AGAIN) }
                        (effects(plan, &company))
                        @if plan.is_empty() { p.muted { (words::NOTHING_AGAIN) } }
                    }
                    form.stack method="post" action={ (place) "/reinstate" } {
                        (hidden(visitor, &once(api)))
                        input type="hidden" name="plan" value=(hash(&person, plan));
                        (reason(false))
                        p.bar {
                            button.primary type="submit" { "Reinstate " (name) }
                            a.button href=(place) { (words::CANCEL) }
                        }
                    }
                }
            }
        }
    };
    let page = Page {
        nav: Nav::People,
        title: format!("Reinstate {name}"),
        above: Some(html! { a href=(place) { (name) } }),
        verdict: words::reinstate(&name, plan.as_ref().map(Vec::len)),
        lead: None,
        body,
    };
    Ok(page.respond(Some(visitor)))
}

/// Does it, if the plan is still the one that was shown.
pub(super) async fn submit(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<PersonId>,
    form: Form,
) -> Result<Response, Refusal> {
    let person = people::person(&api.ports, &id).await?.entity;
    let plan = planned(&api, &visitor, &id).await?;
    if plan.is_none_or(|plan| hash(&person, &plan) != form.get("plan")) {
        let page = page(&api, &visitor, &id, Some(words::PLAN_CHANGED)).await?;
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    let who = visitor.who(&api);
    reinstate(&api.ports, &who, &id, form.get("reason"), false).await?;
    Ok(done(&format!("/console/people/{id}"), Said::Reinstated))
}
