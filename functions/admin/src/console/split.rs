//! Taking apart what was merged: what belongs to somebody else, then what would be given again, then it is done.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use sando_core::admin::identity::{self, Splitting};
use sando_core::admin::{AdminError, files, people};
use sando_core::company::Company;
use sando_core::ids::PersonId;
use sando_core::person::Person;

use crate::Api;

use super::deed::{Deed, Plan, Seen, Shown, effects, mistakes, problem};
use super::form::Form;
use super::input::At;
use super::layout::done;
use super::lookup::Names;
use super::merge::known;
use super::parts::anchor;
use super::refusal::Refusal;
use super::visitor::{Operates, Visitor};
use super::words::{self, Said};

const DEED: Deed = Deed {
    path: "split",
    verb: "Split",
    class: "danger",
};

/// Asks what belongs to somebody else.
pub(super) async fn show(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<PersonId>,
) -> Result<Response, Refusal> {
    let person = people::person(&api.ports, &id).await?.entity;
    let fields = fields(&api, &person, &[]).await?;
    Ok(page(&visitor, &person, &fields, html! {}, None))
}

fn page(
    visitor: &Visitor,
    person: &Person,
    fields: &Markup,
    wrong: Markup,
    planned: Option<(String, Markup)>,
) -> Response {
    let (verdict, plan) = planned.unzip();
    let shown = Shown {
        person,
        verdict: verdict.unwrap_or_else(|| words::split(&words::name(person))),
        means: words::SPLIT_MEANS,
        wrong,
        body: DEED.ask(visitor, person, plan.as_ref(), fields),
    };
    DEED.page(visitor, shown)
}

/// Whoever was merged in, and everything that the person is known by.
async fn fields(api: &Api, person: &Person, chosen: &[String]) -> Result<Markup, Refusal> {
    let names = Names::of(api, person.absorbed.iter()).await?;
    let known = &person.identifiers;
    let mut all: Vec<(String, String)> = person
        .absorbed
        .iter()
        .map(|id| (id.to_string(), words::as_before(&names.get(id))))
        .collect();
    let same = |text: &str| (text.to_owned(), text.to_owned());
    all.extend(known.emails.iter().map(|email| same(email.as_str())));
    let lever = known.lever_contact.iter().chain(&known.opportunities);
    all.extend(lever.map(|one| same(one.as_str())));
    all.extend(known.key.iter().map(|key| same(key)));
    all.extend(known.users.iter().map(|linked| same(&linked.name())));
    Ok(html! {
        fieldset {
            legend { (words::SPLIT_WHAT) }
            @for (value, name) in &all {
                @let id = format!("part-{}", anchor(value));
                div.choice {
                    input id=(id) type="checkbox" name="part" value=(value) checked[chosen.contains(value)];
                    label for=(id) { (name) }
                }
            }
        }
    })
}

/// Shows what would be done; confirmed by its plan, it is.
pub(super) async fn submit(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<PersonId>,
    form: Form,
) -> Result<Response, Refusal> {
    let person = people::person(&api.ports, &id).await?.entity;
    let chosen: Vec<String> = form.all("part").map(str::to_owned).collect();
    let fields = fields(&api, &person, &chosen).await?;
    let who = visitor.who(&api);
    let no = |status: StatusCode, wrong: Markup| {
        (status, page(&visitor, &person, &fields, wrong, None)).into_response()
    };
    let plan = match identity::plan_split(&api.ports, &who, &id, &chosen).await {
        Ok(plan) => plan,
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
        let reason = form.get("reason");
        let split = identity::split(&api.ports, &who, &id, &chosen, reason).await?;
        let to = format!("/console/people/{}", split.person.entity.id);
        return Ok(done(&to, Said::SplitOff));
    }
    let company = files::company(&api.ports).await?;
    let verdict = words::splits(
        &words::name(&person),
        plan.to.as_ref().map(words::name).as_deref(),
        plan.effects.len(),
    );
    let planned = confirm(
        &api,
        &visitor,
        &plan,
        &chosen,
        (&company, form.get("reason")),
    );
    let page = page(
        &visitor,
        &person,
        &fields,
        seen.wrong(),
        Some((verdict, planned)),
    );
    Ok(seen.answer(page))
}

fn confirm(
    api: &Api,
    visitor: &Visitor,
    plan: &Splitting,
    chosen: &[String],
    (company, reason): (&Company, &str),
) -> Markup {
    let body = html! {
        dl.facts {
            dt { (words::GOES) }
            dd { (known(&plan.part)) }
        }
        @if plan.to.is_some() {
            h3 { (words::GIVEN_AGAIN) }
            (effects(&plan.effects, company))
            @if plan.effects.is_empty() { p.muted { (words::NOTHING_AGAIN) } }
        }
    };
    let fields = html! {
        @for part in chosen { input type="hidden" name="part" value=(part); }
    };
    let shown = Plan {
        heading: words::WOULD_CHANGE,
        body,
        hash: &plan.hash,
        fields,
        reason,
    };
    DEED.confirm(api, visitor, &plan.from, &shown)
}
