//! Two people who are one human: who stays, then what would be taken away, then it is done.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use sando_core::admin::identity::{self, Merging};
use sando_core::admin::{AdminError, files, people};
use sando_core::company::Company;
use sando_core::ids::PersonId;
use sando_core::person::{Identifiers, Person};
use serde::Deserialize;

use crate::Api;

use super::deed::{Deed, Plan, Seen, Shown, effects, mistakes, problem};
use super::form::Form;
use super::input::{Asks, At};
use super::layout::done;
use super::parts;
use super::refusal::Refusal;
use super::visitor::{Operates, Visitor};
use super::words::{self, Said};

const DEED: Deed = Deed {
    path: "merge",
    verb: "Merge",
    class: "danger",
};

/// Who is thought to be the same human.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MergeQuery {
    #[serde(default)]
    into: String,
}

/// Asks who stays.
pub(super) async fn show(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<PersonId>,
    Asks(query): Asks<MergeQuery>,
) -> Result<Response, Refusal> {
    let person = people::person(&api.ports, &id).await?.entity;
    Ok(page(&visitor, &person, &query.into, html! {}, None))
}

/// The field, below what would be done.
fn page(
    visitor: &Visitor,
    person: &Person,
    typed: &str,
    wrong: Markup,
    planned: Option<(String, Markup)>,
) -> Response {
    let fields = html! {
        div.field {
            label for="into" { (words::MERGE_INTO) }
            p.hint #into-hint { (words::MERGE_INTO_HINT) }
            input #into type="text" name="into" value=(typed) required maxlength="254" autocomplete="off" aria-describedby="into-hint";
        }
    };
    let (verdict, plan) = planned.unzip();
    let shown = Shown {
        person,
        verdict: verdict.unwrap_or_else(|| words::merge(&words::name(person))),
        means: words::MERGE_MEANS,
        wrong,
        body: DEED.ask(visitor, person, plan.as_ref(), &fields),
    };
    DEED.page(visitor, shown)
}

/// Shows what would be done; confirmed by its plan, it is.
pub(super) async fn submit(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<PersonId>,
    form: Form,
) -> Result<Response, Refusal> {
    let person = people::person(&api.ports, &id).await?.entity;
    let typed = form.get("into");
    let planned = async {
        let into = identity::find(&api.ports, typed, "into").await?.entity.id;
        identity::plan_merge(&api.ports, &id, &into).await
    };
    let no = |status: StatusCode, wrong: Markup| {
        (status, page(&visitor, &person, typed, wrong, None)).into_response()
    };
    let plan = match planned.await {
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
        let (who, into) = (visitor.who(&api), &plan.to.id);
        Box::pin(identity::merge(
            &api.ports,
            &who,
            &id,
            into,
            form.get("reason"),
        ))
        .await?;
        return Ok(done(&format!("/console/people/{into}"), Said::Merged));
    }
    let company = files::company(&api.ports).await?;
    let names = (words::name(&plan.from), words::name(&plan.to));
    let verdict = words::merges(&names.0, &names.1, plan.effects.len());
    let planned = confirm(&api, &visitor, &plan, &company, form.get("reason"));
    let page = page(
        &visitor,
        &person,
        typed,
        seen.wrong(),
        Some((verdict, planned)),
    );
    Ok(seen.answer(page))
}

fn confirm(
    api: &Api,
    visitor: &Visitor,
    plan: &Merging,
    company: &Company,
    reason: &str,
) -> Markup {
    let (from, to) = (&plan.from, &plan.to);
    let body = html! {
        dl.facts {
            dt { (words::STAYS) }
            dd { a href={ "/console/people/" (to.id) } { (words::name(to)) } " " (parts::id(to.id.as_str())) }
            dt { (words::KNOWN_BY_TOO) }
            dd { (known(&plan.gained)) }
        }
        h3 { (words::TAKEN_AWAY) }
        (effects(&plan.effects, company))
        @if plan.effects.is_empty() { p.muted { (words::NOTHING_TAKEN) } }
    };
    let shown = Plan {
        heading: words::WOULD_CHANGE,
        body,
        hash: &plan.hash,
        fields: html! { input type="hidden" name="into" value=(to.id); },
        reason,
    };
    DEED.confirm(api, visitor, from, &shown)
}

/// What somebody is known by, one a line.
pub(super) fn known(of: &Identifiers) -> Markup {
    html! {
        @for email in &of.emails { div { (email.as_str()) } }
        @for one in of.lever_contact.iter().chain(&of.opportunities) { div { code { (one) } } }
        @if let Some(key) = &of.key { div { code { (key) } } }
        @for linked in &of.users { div { code { (linked.name()) } } }
        @if of.count() == 0 { span.muted { (words::NOTHING_MORE) } }
    }
}
