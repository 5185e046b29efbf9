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

use super::deed::{Deed, Plan, Seen, Shown, effects, problem};
use super::form::Form;
use super::input::At;
use super::layout::done;
use super::refusal::Refusal;
use super::visitor::{Operates, Visitor};
use super::words::{self, Said};

const DEED: Deed = Deed {
    path: "reinstate",
    verb: "Reinstate",
    class: "primary",
};

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
    Box::pin(page(&api, &visitor, &id, &Form::default(), None)).await
}

async fn page(
    api: &Api,
    visitor: &Visitor,
    id: &PersonId,
    form: &Form,
    wrong: Option<&str>,
) -> Result<Response, Refusal> {
    let person = people::person(&api.ports, id).await?.entity;
    let plan = planned(api, visitor, id).await?;
    let company = files::company(&api.ports).await?;
    let body = match &plan {
        None => {
            html! { p.bar { a.button href={ "/console/people/" (id) } { (words::BACK) } } }
        }
        Some(plan) => {
            let plan = Plan {
                heading: words::GIVEN_AGAIN,
                body: html! {
                    (effects(plan, &company))
                    @if plan.is_empty() { p.muted { (words::NOTHING_AGAIN) } }
                },
                hash: &hash(&person, plan),
                fields: html! {},
                reason: form.get("reason"),
            };
            DEED.confirm(api, visitor, &person, &plan)
        }
    };
    let shown = Shown {
        person: &person,
        verdict: words::reinstate(&words::name(&person), plan.as_ref().map(Vec::len)),
        means: "",
        wrong: wrong.map_or_else(|| html! {}, problem),
        body,
    };
    Ok(DEED.page(visitor, shown))
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
    if plan.is_none_or(|plan| Seen::of(&form, &hash(&person, &plan)) != Seen::This) {
        let page = Box::pin(page(&api, &visitor, &id, &form, Some(words::PLAN_CHANGED))).await?;
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    let who = visitor.who(&api);
    reinstate(&api.ports, &who, &id, form.get("reason"), false).await?;
    Ok(done(&format!("/console/people/{id}"), Said::Reinstated))
}
