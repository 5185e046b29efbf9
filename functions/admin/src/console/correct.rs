//! Correcting attributes by hand: the fields, then what would change, then it is done.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use sando_core::admin::correct::{self, Correction};
use sando_core::admin::people::{self, check_attributes};
use sando_core::admin::{AdminError, files};
use sando_core::company::Company;
use sando_core::ids::PersonId;
use sando_core::mistake::Mistake;
use sando_core::person::{Attributes, Person};
use serde_json::{Map, Value};

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

/// What stands in the fields.
#[derive(Default)]
struct Filled {
    given: Option<Attributes>,
    reason: String,
    mistakes: Vec<Mistake>,
}

/// Shows what is known, to be corrected.
pub(super) async fn show(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<PersonId>,
) -> Result<Response, Refusal> {
    let person = people::person(&api.ports, &id).await?.entity;
    Ok(page(&visitor, &person, &Filled::default(), None, &html! {}))
}

fn page(
    visitor: &Visitor,
    person: &Person,
    filled: &Filled,
    verdict: Option<String>,
    plan: &Markup,
) -> Response {
    let (name, place) = (
        words::name(person),
        format!("/console/people/{}", person.id),
    );
    let body = html! {
        @if !filled.mistakes.is_empty() {
            div.error-summary role="alert" {
                h2 { (words::PROBLEM) }
                ul { @for mistake in &filled.mistakes { li { code { (mistake.path) } " " (mistake.message) } } }
            }
        }
        (plan)
        form.stack method="post" action={ (place) "/correct" } {
            (hidden(visitor, ""))
            @for (name, value) in person.effective().iter() { (field(person, name, value, filled)) }
            (reason(false))
            p.bar {
                button.primary[filled.given.is_none()] type="submit" { (words::SEE_CHANGES) }
                a.button href=(place) { (words::CANCEL) }
            }
        }
    };
    let page = Page {
        nav: Nav::People,
        title: format!("Correct {name}"),
        above: Some(html! { a href=(place) { (name) } }),
        verdict: verdict.unwrap_or_else(|| words::correct(&name)),
        lead: Some(html! { p.measure.muted { (words::CORRECT_MEANS) } }),
        body,
    };
    page.respond(Some(visitor))
}

/// An attribute that is a text; others are corrected over the API.
fn field(person: &Person, name: &str, value: &Value, filled: &Filled) -> Markup {
    let Some(known) = value.as_str().filter(|text| !text.contains('\n')) else {
        return html! {};
    };
    let given = filled
        .given
        .as_ref()
        .and_then(|given| given.iter().find(|(known, _)| *known == name));
    let shown = given.map_or(known, |(_, value)| value.as_str().unwrap_or_default());
    let is_corrected = person.corrected.get(name).is_some();
    let id = format!("a-{name}");
    html! {
        div.field {
            label for=(id) { (name) }
            @if is_corrected { p.hint id={ (id) "-hint" } { (words::CORRECTED_HINT) } }
            @else if person.unmapped.contains(name) { p.hint id={ (id) "-hint" } { (words::UNMAPPED) } }
            input id=(id) type="text" name={ "a." (name) } value=(shown) maxlength="2000" autocomplete="off";
        }
    }
}

/// What was changed; what was emptied takes a correction back.
fn given(person: &Person, form: &Form) -> Result<Attributes, AdminError> {
    let mut given = Map::new();
    for (name, value) in person.effective().iter() {
        let (Some(known), Some(typed)) = (value.as_str(), form.find(&format!("a.{name}"))) else {
            continue;
        };
        let typed = typed.trim();
        if typed.is_empty() {
            if person.corrected.get(name).is_some() {
                given.insert(name.clone(), Value::Null);
            }
        } else if typed != known {
            given.insert(name.clone(), Value::from(typed));
        }
    }
    check_attributes(&given)
}

/// Shows what would change; confirmed by its plan, it is done.
pub(super) async fn submit(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<PersonId>,
    form: Form,
) -> Result<Response, Refusal> {
    let person = people::person(&api.ports, &id).await?.entity;
    let mut filled = Filled {
        reason: form.get("reason").to_owned(),
        ..Filled::default()
    };
    let now = api.ports.clock.now();
    let planned = async {
        let given = given(&person, &form)?;
        let plan = correct::plan(&api.ports, &id, &given, now).await?;
        Ok((given, plan))
    };
    let (given, plan) = match planned.await {
        Ok(planned) => planned,
        Err(AdminError::Invalid(mistakes)) => {
            filled.mistakes = mistakes;
            let page = page(&visitor, &person, &filled, None, &html! {});
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        Err(error) => return Err(error.into()),
    };
    if form.get("plan") == plan.hash {
        let who = visitor.who(&api);
        correct::correct(&api.ports, &who, &id, &given, form.get("reason")).await?;
        return Ok(done(
            &format!("/console/people/{id}/identity"),
            Said::Corrected,
        ));
    }
    let company = files::company(&api.ports).await?;
    let card = card(
        &api,
        &visitor,
        &person,
        &given,
        &plan,
        &company,
        &filled.reason,
    );
    let count = given.iter().count();
    filled.given = Some(given);
    let verdict = words::corrects(
        &words::name(&person),
        count,
        plan.more.len(),
        plan.less.len(),
    );
    let page = page(&visitor, &person, &filled, Some(verdict), &card);
    let status = if form.get("plan").is_empty() {
        StatusCode::OK
    } else {
        StatusCode::CONFLICT
    };
    Ok((status, page).into_response())
}

fn card(
    api: &Api,
    visitor: &Visitor,
    person: &Person,
    given: &Attributes,
    plan: &Correction,
    company: &Company,
    reason: &str,
) -> Markup {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    html! {
        section.card aria-labelledby="plan" {
            h2 #plan { (words::WOULD_CHANGE) }
            dl.facts {
                @for (name, _) in given.iter() {
                    dt { code { (name) } }
                    dd { (text(person.attribute(name))) " → " (text(plan.person.attribute(name))) }
                }
            }
            (effects(&plan.more, company))
            @if !plan.less.is_empty() { p.muted { (words::NOT_WANTED_ANY_MORE) } (effects(&plan.less, company)) }
            @if plan.more.is_empty() && plan.less.is_empty() { p.muted { (words::ACCESS_STAYS) } }
            @if given.iter().count() > 0 {
                form method="post" action={ "/console/people/" (person.id) "/correct" } {
                    (hidden(visitor, &once(api)))
                    input type="hidden" name="plan" value=(plan.hash);
                    input type="hidden" name="reason" value=(reason);
                    @for (name, value) in given.iter() { input type="hidden" name={ "a." (name) } value=(value.as_str().unwrap_or_default()); }
                    button.primary type="submit" { "Correct " (words::name(person)) }
                }
            }
        }
    }
}
