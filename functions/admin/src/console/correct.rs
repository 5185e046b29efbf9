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
use sando_core::person::{Attributes, Person};
use serde_json::{Map, Value};

use crate::Api;

use super::deed::{Deed, Plan, Seen, Shown, card, effects, mistakes};
use super::form::Form;
use super::input::At;
use super::layout::done;
use super::refusal::Refusal;
use super::visitor::{Operates, Visitor};
use super::words::{self, Said};

const DEED: Deed = Deed {
    path: "correct",
    verb: "Correct",
    class: "primary",
};

/// Shows what is known, to be corrected.
pub(super) async fn show(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<PersonId>,
) -> Result<Response, Refusal> {
    let person = people::person(&api.ports, &id).await?.entity;
    Ok(page(&visitor, &person, html! {}, None, None))
}

/// The fields, below what they would change.
fn page(
    visitor: &Visitor,
    person: &Person,
    wrong: Markup,
    given: Option<&Attributes>,
    planned: Option<(String, Markup)>,
) -> Response {
    let fields = html! {
        @for (name, value) in person.effective().iter() { (field(person, name, value, given)) }
    };
    let (verdict, plan) = planned.unzip();
    let shown = Shown {
        person,
        verdict: verdict.unwrap_or_else(|| words::correct(&words::name(person))),
        means: words::CORRECT_MEANS,
        wrong,
        body: DEED.ask(visitor, person, plan.as_ref(), &fields),
    };
    DEED.page(visitor, shown)
}

/// An attribute that is a text; others are corrected over the API.
fn field(person: &Person, name: &str, value: &Value, given: Option<&Attributes>) -> Markup {
    let Some(known) = value.as_str().filter(|text| !text.contains('\n')) else {
        return html! {};
    };
    let given = given.and_then(|given| given.iter().find(|(known, _)| *known == name));
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
    let now = api.ports.clock.now();
    let planned = async {
        let given = given(&person, &form)?;
        let plan = correct::plan(&api.ports, &id, &given, now).await?;
        Ok((given, plan))
    };
    let (given, plan) = match planned.await {
        Ok(planned) => planned,
        Err(AdminError::Invalid(all)) => {
            let page = page(&visitor, &person, mistakes(&all), None, None);
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        Err(error) => return Err(error.into()),
    };
    let seen = Seen::of(&form, &plan.hash);
    if seen == Seen::This {
        let who = visitor.who(&api);
        correct::correct(&api.ports, &who, &id, &given, form.get("reason")).await?;
        return Ok(done(
            &format!("/console/people/{id}/identity"),
            Said::Corrected,
        ));
    }
    let company = files::company(&api.ports).await?;
    let verdict = words::corrects(
        &words::name(&person),
        given.iter().count(),
        plan.more.len(),
        plan.less.len(),
    );
    let planned = planned_of(&api, &visitor, &person, &given, &plan, &company);
    let page = page(
        &visitor,
        &person,
        seen.wrong(),
        Some(&given),
        Some((verdict, planned)),
    );
    Ok(seen.answer(page))
}

/// What would change, and the form that does it; without that form if nothing would.
fn planned_of(
    api: &Api,
    visitor: &Visitor,
    person: &Person,
    given: &Attributes,
    plan: &Correction,
    company: &Company,
) -> Markup {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let body = html! {
        dl.facts {
            @for (name, _) in given.iter() {
                dt { code { (name) } }
                dd { (text(person.attribute(name))) " → " (text(plan.person.attribute(name))) }
            }
        }
        (effects(&plan.more, company))
        @if !plan.less.is_empty() { p.muted { (words::NOT_WANTED_ANY_MORE) } (effects(&plan.less, company)) }
        @if plan.more.is_empty() && plan.less.is_empty() { p.muted { (words::ACCESS_STAYS) } }
    };
    if given.iter().count() == 0 {
        return card(words::WOULD_CHANGE, &body);
    }
    let fields = html! {
        @for (name, value) in given.iter() { input type="hidden" name={ "a." (name) } value=(value.as_str().unwrap_or_default()); }
    };
    let plan = Plan {
        heading: words::WOULD_CHANGE,
        body,
        hash: &plan.hash,
        fields,
    };
    DEED.confirm(api, visitor, person, &plan)
}
