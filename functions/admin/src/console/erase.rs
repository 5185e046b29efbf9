//! Erasing somebody who is not here any more: what goes and what stays, then the name typed, then it is done for good.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use sando_core::admin::AdminError;
use sando_core::admin::erasure::{self, erasable};
use sando_core::admin::people;
use sando_core::ids::{PersonId, derive};
use sando_core::person::Person;
use sando_core::store::Loaded;

use crate::Api;

use super::deed::{Deed, Plan, Seen, Shown, mistakes, problem};
use super::form::Form;
use super::input::At;
use super::layout::done;
use super::refusal::Refusal;
use super::visitor::{Administers, Visitor};
use super::words::{self, Said};

const DEED: Deed = Deed {
    path: "erase",
    verb: "Erase",
    class: "danger",
};

fn hash(found: &Loaded<Person>) -> String {
    let version = found.version.to_string();
    derive(&["erasure", found.entity.id.as_str(), &version])
}

/// Shows what would go, or what is in the way.
pub(super) async fn show(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At(id): At<PersonId>,
) -> Result<Response, Refusal> {
    page(&api, &visitor, &id, &Form::default(), html! {}).await
}

async fn page(
    api: &Api,
    visitor: &Visitor,
    id: &PersonId,
    form: &Form,
    wrong: Markup,
) -> Result<Response, Refusal> {
    let person = people::person(&api.ports, id).await?.entity;
    let name = words::name(&person);
    let (verdict, body) = match erasable(&api.ports, id).await {
        Ok(found) => (
            words::erases(&name),
            confirm(api, visitor, &person, &hash(&found), form.get("reason")),
        ),
        Err(AdminError::Refused { detail, .. }) => {
            let why = html! {
                p.measure { (words::because(&detail)) }
                p.bar { a.button href={ "/console/people/" (id) } { (words::BACK) } }
            };
            (words::not_erasable(&name), why)
        }
        Err(error) => return Err(error.into()),
    };
    let shown = Shown {
        person: &person,
        verdict,
        means: words::ERASE_MEANS,
        wrong,
        body,
    };
    Ok(DEED.page(visitor, shown))
}

fn confirm(api: &Api, visitor: &Visitor, person: &Person, hash: &str, reason: &str) -> Markup {
    let plan = Plan {
        heading: words::ERASE_GOES,
        body: html! {
            ul { @for what in words::ERASED { li { (what) } } }
            p.muted { (words::ERASE_STAYS) }
        },
        hash,
        fields: html! {
            div.field {
                label for="name" { (words::TYPE_NAME) ": " (words::name(person)) }
                input #name type="text" name="name" required autocomplete="off";
            }
            p.hint { (words::ERASE_REASON) }
        },
        reason,
    };
    DEED.confirm(api, visitor, person, &plan)
}

/// Does it, if the person is still as shown.
pub(super) async fn submit(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At(id): At<PersonId>,
    form: Form,
) -> Result<Response, Refusal> {
    let found = people::person(&api.ports, &id).await?;
    let again = async |wrong: Markup, status: StatusCode| -> Result<Response, Refusal> {
        let page = page(&api, &visitor, &id, &form, wrong).await?;
        Ok((status, page).into_response())
    };
    if form.get("name") != words::name(&found.entity).trim() {
        let wrong = problem(words::ANOTHER_NAME);
        return again(wrong, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    if Seen::of(&form, &hash(&found)) != Seen::This {
        return again(problem(words::PLAN_CHANGED), StatusCode::CONFLICT).await;
    }
    match erasure::erase(&api.ports, &visitor.who(&api), &id, form.get("reason")).await {
        Ok(()) => Ok(done("/console/people", Said::Erased)),
        Err(AdminError::Invalid(all)) => {
            again(mistakes(&all), StatusCode::UNPROCESSABLE_ENTITY).await
        }
        Err(AdminError::Refused { .. }) => {
            again(problem(words::PLAN_CHANGED), StatusCode::CONFLICT).await
        }
        Err(error) => Err(error.into()),
    }
}
