//! Correcting drift: what rosters show against what was given here, what is then given and taken away, then it is done.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use sando_core::admin::drift::{self, Corrected};
use sando_core::admin::{AdminError, files, people};
use sando_core::ids::{AppSlug, PersonId, derive};
use sando_core::person::Person;
use serde::Deserialize;
use serde_json::json;

use crate::Api;
use crate::problem::Problem;

use super::deed::{Deed, Plan, Seen, Shown, effects, problem};
use super::form::Form;
use super::input::{Asks, At};
use super::layout::done;
use super::refusal::Refusal;
use super::visitor::{Operates, Visitor};
use super::words::{self, Said};

const DEED: Deed = Deed {
    path: "drift",
    verb: "Correct drift of",
    class: "primary",
};

/// In which application; in all of them if none is named.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DriftQuery {
    app: Option<AppSlug>,
}

/// What would be done; or why there is nothing to do.
async fn planned(
    api: &Api,
    visitor: &Visitor,
    id: &PersonId,
    app: Option<&AppSlug>,
) -> Result<Result<Corrected, &'static str>, Refusal> {
    let apps: BTreeSet<AppSlug> = app.cloned().into_iter().collect();
    match drift::correct(&api.ports, &visitor.who(api), id, &apps, "", true).await {
        Ok(corrected) => Ok(Ok(corrected)),
        Err(AdminError::Refused {
            code: "no_drift", ..
        }) => Ok(Err(words::NO_DRIFT)),
        Err(AdminError::Refused {
            code: "not_correctable",
            ..
        }) => Ok(Err(words::NOT_CORRECTABLE)),
        Err(error) => Err(error.into()),
    }
}

/// Of what is shown, whenever the rosters were read.
fn hash(person: &Person, corrected: &Corrected) -> String {
    let drift = corrected.drift.iter();
    let drift = drift.map(|one| json!([one.app, one.kind, one.external_id, one.plan]));
    let drift: Vec<_> = drift.collect();
    let parts = json!([person.id, person.access_epoch, drift, corrected.plan]);
    derive(&["drift", &parts.to_string()])
}

/// Shows what rosters contradict, and what correcting it would do.
pub(super) async fn show(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<PersonId>,
    Asks(query): Asks<DriftQuery>,
) -> Result<Response, Refusal> {
    Box::pin(page(
        &api,
        &visitor,
        &id,
        query.app.as_ref(),
        (&Form::default(), None),
    ))
    .await
}

async fn page(
    api: &Api,
    visitor: &Visitor,
    id: &PersonId,
    app: Option<&AppSlug>,
    (form, wrong): (&Form, Option<&str>),
) -> Result<Response, Refusal> {
    let person = people::person(&api.ports, id).await?.entity;
    let name = words::name(&person);
    let (verdict, body) = match planned(api, visitor, id, app).await? {
        Err(why) => {
            let back = html! { p.measure { (why) } p.bar { a.button href={ "/console/people/" (id) } { (words::BACK) } } };
            (words::nothing_drifted(&name), back)
        }
        Ok(corrected) => {
            let verdict = words::drifted(&name, corrected.drift.len());
            let body =
                confirm(api, visitor, &person, (app, form.get("reason")), &corrected).await?;
            (verdict, body)
        }
    };
    let shown = Shown {
        person: &person,
        verdict,
        means: words::DRIFT_MEANS,
        wrong: wrong.map_or_else(|| html! {}, problem),
        body,
    };
    Ok(DEED.page(visitor, shown))
}

async fn confirm(
    api: &Api,
    visitor: &Visitor,
    person: &Person,
    (app, reason): (Option<&AppSlug>, &str),
    corrected: &Corrected,
) -> Result<Markup, Refusal> {
    let company = files::company(&api.ports).await?;
    let label = |app: &AppSlug| {
        let known = company.apps.get(app);
        known.map_or_else(|| app.to_string(), |app| app.label().to_owned())
    };
    let plan = Plan {
        heading: words::WOULD_CHANGE,
        body: html! {
            dl.facts {
                @for one in &corrected.drift { dt { (label(&one.app)) } dd { (one.why) } }
            }
            (effects(&corrected.plan, &company))
            @if corrected.plan.is_empty() { p.muted { (words::DRIFT_AS_DUE) } }
        },
        hash: &hash(person, corrected),
        fields: html! { @if let Some(app) = app { input type="hidden" name="app" value=(app); } },
        reason,
    };
    Ok(DEED.confirm(api, visitor, person, &plan))
}

/// Does it, if the plan is still the one that was shown.
pub(super) async fn submit(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<PersonId>,
    form: Form,
) -> Result<Response, Refusal> {
    let app = match form.get("app") {
        "" => None,
        app => {
            Some(AppSlug::parse(app).map_err(|error| Problem::mistake("app", error.to_string()))?)
        }
    };
    let person = people::person(&api.ports, &id).await?.entity;
    let planned = planned(&api, &visitor, &id, app.as_ref()).await?;
    let is_seen = |plan: Corrected| Seen::of(&form, &hash(&person, &plan)) == Seen::This;
    if !planned.is_ok_and(is_seen) {
        let wrong = (&form, Some(words::PLAN_CHANGED));
        let page = Box::pin(page(&api, &visitor, &id, app.as_ref(), wrong)).await?;
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    let apps: BTreeSet<AppSlug> = app.into_iter().collect();
    let who = visitor.who(&api);
    drift::correct(&api.ports, &who, &id, &apps, form.get("reason"), false).await?;
    Ok(done(&format!("/console/people/{id}"), Said::DriftCorrected))
}
