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

use super::deed::{Deed, Plan, Seen, Shown, card, effects, mistakes, problem};
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
    let company = files::company(&api.ports).await?;
    let asked = asked(&person, &company);
    Ok(page(&visitor, &person, html! {}, (&asked, None), None))
}

/// What can be given: the attributes that are texts, as they count, and those that are missing, without a value.
/// Others are corrected over the API.
fn asked(person: &Person, company: &Company) -> Vec<(String, String)> {
    let known = person.effective();
    let texts = known.iter().filter_map(|(name, value)| {
        let text = value.as_str().filter(|text| !text.contains('\n'))?;
        Some((name.clone(), text.to_owned()))
    });
    let missing = company.mapping.missing(person).into_iter();
    let missing = missing.filter(|name| person.attribute(name).is_none());
    texts
        .chain(missing.map(|name| (name, String::new())))
        .collect()
}

/// What can be given, and the form in which it was.
type Fields<'a> = (&'a [(String, String)], Option<&'a Form>);

/// The fields, below what they would change.
fn page(
    visitor: &Visitor,
    person: &Person,
    wrong: Markup,
    (asked, form): Fields<'_>,
    planned: Option<(String, Markup)>,
) -> Response {
    let fields = html! {
        @for (name, known) in asked { (field(person, name, known, form)) }
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

/// One attribute, as it was typed or as it is known.
fn field(person: &Person, name: &str, known: &str, form: Option<&Form>) -> Markup {
    let typed = form.and_then(|form| form.find(&format!("a.{name}")));
    let is_corrected = person.corrected.get(name).is_some();
    let id = format!("a-{name}");
    let hint = if is_corrected {
        Some(words::CORRECTED_HINT)
    } else if person.attribute(name).is_none() {
        Some(words::MISSING_HINT)
    } else if person.unmapped.contains(name) {
        Some(words::UNMAPPED)
    } else {
        None
    };
    html! {
        div.field {
            label for=(id) { (name) }
            @if let Some(hint) = hint { p.hint id={ (id) "-hint" } { (hint) } }
            input id=(id) type="text" name={ "a." (name) } value=(typed.unwrap_or(known)) maxlength="2000" autocomplete="off"
                aria-describedby=[hint.map(|_| format!("{id}-hint"))];
        }
    }
}

/// What was changed; what was emptied takes a correction back.
fn given(
    person: &Person,
    asked: &[(String, String)],
    form: &Form,
) -> Result<Attributes, AdminError> {
    let mut given = Map::new();
    for (name, known) in asked {
        let Some(typed) = form.find(&format!("a.{name}")) else {
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
    let company = files::company(&api.ports).await?;
    let asked = asked(&person, &company);
    let now = api.ports.clock.now();
    let planned = async {
        let given = given(&person, &asked, &form)?;
        let plan = correct::plan(&api.ports, &id, &given, now).await?;
        Ok((given, plan))
    };
    let no = |status: StatusCode, wrong: Markup| {
        let page = page(&visitor, &person, wrong, (&asked, Some(&form)), None);
        (status, page).into_response()
    };
    let (given, plan) = match planned.await {
        Ok(planned) => planned,
        Err(AdminError::Invalid(all)) => {
            return Ok(no(StatusCode::UNPROCESSABLE_ENTITY, mistakes(&all)));
        }
        Err(AdminError::Refused { detail, .. }) => {
            return Ok(no(StatusCode::CONFLICT, problem(&detail)));
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
    let verdict = words::corrects(
        &words::name(&person),
        given.iter().count(),
        plan.more.len(),
        plan.less.len(),
    );
    let reason = form.get("reason");
    let planned = planned_of(&api, &visitor, &person, (&given, reason), &plan, &company);
    let page = page(
        &visitor,
        &person,
        seen.wrong(),
        (&asked, Some(&form)),
        Some((verdict, planned)),
    );
    Ok(seen.answer(page))
}

/// What would change, and the form that does it; without that form if nothing would.
fn planned_of(
    api: &Api,
    visitor: &Visitor,
    person: &Person,
    (given, reason): (&Attributes, &str),
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
        reason,
    };
    DEED.confirm(api, visitor, person, &plan)
}
