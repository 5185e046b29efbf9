//! Letting somebody go: the plan first, then the name typed, then it is done.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use maud::{Markup, html};
use sando_core::admin::leaving::{self, Leaving};
use sando_core::admin::people::{self, At as Moment};
use sando_core::company::Company;
use sando_core::ids::PersonId;

use crate::Api;

use super::deed::{Deed, Plan, Seen, Shown, effects, problem};
use super::form::Form;
use super::input::At;
use super::layout::done;
use super::refusal::Refusal;
use super::visitor::{Operates, Visitor};
use super::words::{self, Said};

const DEED: Deed = Deed {
    path: "terminate",
    verb: "Terminate",
    class: "danger",
};

/// Shows what would be taken away, and asks when and why.
pub(super) async fn show(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<PersonId>,
) -> Result<Response, Refusal> {
    let leaving = leaving::of(&api.ports, &id).await?;
    let company = sando_core::admin::files::company(&api.ports).await?;
    let nothing = Form::default();
    Ok(page(&api, &visitor, &leaving, &company, (&nothing, None)))
}

fn page(
    api: &Api,
    visitor: &Visitor,
    leaving: &Leaving,
    company: &Company,
    (form, wrong): (&Form, Option<&str>),
) -> Response {
    let person = &leaving.person;
    let plan = Plan {
        heading: words::TAKEN_AWAY,
        body: html! {
            (effects(&leaving.effects, company))
            @if leaving.effects.is_empty() { p.muted { "Nothing was given." } }
        },
        hash: &leaving.hash,
        fields: html! {
            (moment(form))
            div.field {
                label for="name" { (words::TYPE_NAME) ": " (words::name(person)) }
                input #name type="text" name="name" required autocomplete="off" aria-invalid=[(wrong == Some(words::ANOTHER_NAME)).then_some("true")];
            }
        },
        reason: form.get("reason"),
    };
    let shown = Shown {
        person,
        verdict: words::terminate(person, leaving.effects.len()),
        means: words::UNDO,
        wrong: wrong.map_or_else(|| html! {}, problem),
        body: DEED.confirm(api, visitor, person, &plan),
    };
    DEED.page(visitor, shown)
}

/// When, as far as it was said already. The name is typed anew each time: it confirms what is shown now.
fn moment(form: &Form) -> Markup {
    let when = form.get("when");
    html! {
        fieldset {
            legend { "When" }
            div.choice {
                input #now type="radio" name="when" value="now" required checked[when == "now"];
                label for="now" { (words::WHEN_NOW) }
            }
            div.choice {
                input #later type="radio" name="when" value="later" required checked[when == "later"];
                label for="later" { (words::WHEN_LATER) }
            }
            input type="datetime-local" name="at" value=(form.get("at")) aria-label=(words::WHEN_LATER);
        }
    }
}

/// When, or what is wrong with what was said. A moment that is over is a slip, and nobody leaves at once by one.
fn asked(form: &Form, now: Timestamp) -> Result<Moment, &'static str> {
    match form.get("when") {
        "now" => Ok(Moment::Now),
        "later" => {
            let day: Option<DateTime> = form.get("at").parse().ok();
            let at: Option<Timestamp> = day
                .and_then(|day| day.to_zoned(TimeZone::UTC).ok())
                .map(|zoned| zoned.timestamp());
            match at {
                None => Err(words::NO_MOMENT),
                Some(at) if at <= now => Err(words::MOMENT_IS_OVER),
                Some(at) => Ok(Moment::Time(at)),
            }
        }
        _ => Err(words::NO_WHEN),
    }
}

/// Does it, if the plan is still the one that was shown.
pub(super) async fn submit(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<PersonId>,
    form: Form,
) -> Result<Response, Refusal> {
    let leaving = leaving::of(&api.ports, &id).await?;
    let again = async |wrong: &str, status: StatusCode| -> Result<Response, Refusal> {
        let company = sando_core::admin::files::company(&api.ports).await?;
        let page = page(&api, &visitor, &leaving, &company, (&form, Some(wrong)));
        Ok((status, page).into_response())
    };
    if form.get("name") != words::name(&leaving.person).trim() {
        return again(words::ANOTHER_NAME, StatusCode::UNPROCESSABLE_ENTITY).await;
    }
    let who = visitor.who(&api);
    let at = match asked(&form, who.at) {
        Ok(at) => at,
        Err(wrong) => return again(wrong, StatusCode::UNPROCESSABLE_ENTITY).await,
    };
    if Seen::of(&form, &leaving.hash) != Seen::This {
        return again(words::PLAN_CHANGED, StatusCode::CONFLICT).await;
    }
    let said = match at {
        Moment::Time(_) => Said::TerminationSet,
        Moment::Now => Said::Terminated,
    };
    people::terminate(&api.ports, &who, &id, at, form.get("reason")).await?;
    Ok(done(&format!("/console/people/{id}"), said))
}
