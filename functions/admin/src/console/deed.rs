//! What is done to a person by hand: each shows its plan first, and does only what was seen.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use sando_core::access::PlannedEffect;
use sando_core::company::Company;
use sando_core::mistake::Mistake;
use sando_core::person::Person;

use crate::Api;

use super::form::Form;
use super::layout::{Nav, Page};
use super::lookup::once;
use super::parts::{hidden, reason_again};
use super::visitor::Visitor;
use super::words;

/// One thing that can be done.
pub(super) struct Deed {
    /// The last part of its address.
    pub(super) path: &'static str,
    /// What stands before the name on its button.
    pub(super) verb: &'static str,
    /// How that button looks.
    pub(super) class: &'static str,
}

/// What would be done, as it is shown.
pub(super) struct Plan<'a> {
    /// What it is called.
    pub(super) heading: &'static str,
    /// What would happen.
    pub(super) body: Markup,
    /// Of exactly this plan.
    pub(super) hash: &'a str,
    /// What the form that confirms it carries or asks besides.
    pub(super) fields: Markup,
    /// Why, as far as it was typed already.
    pub(super) reason: &'a str,
}

/// Its page.
pub(super) struct Shown<'a> {
    /// Whom it is about.
    pub(super) person: &'a Person,
    /// The sentence above it.
    pub(super) verdict: String,
    /// What it means.
    pub(super) means: &'static str,
    /// What is wrong with what was sent.
    pub(super) wrong: Markup,
    /// Everything else.
    pub(super) body: Markup,
}

impl Deed {
    /// The page.
    pub(super) fn page(&self, visitor: &Visitor, shown: Shown<'_>) -> Response {
        let name = words::name(shown.person);
        let page = Page {
            nav: Nav::People,
            title: format!("{} {name}", self.verb),
            above: Some(html! { a href=(place(shown.person)) { (name) } }),
            verdict: shown.verdict,
            lead: (!shown.means.is_empty()).then(|| html! { p.measure.muted { (shown.means) } }),
            body: html! { (shown.wrong) (shown.body) },
        };
        page.respond(Some(visitor))
    }

    /// The form that asks what is to be done, below its plan once that is known.
    pub(super) fn ask(
        &self,
        visitor: &Visitor,
        person: &Person,
        planned: Option<&Markup>,
        fields: &Markup,
    ) -> Markup {
        let place = place(person);
        html! {
            @if let Some(planned) = planned { (planned) }
            form.stack method="post" action={ (place) "/" (self.path) } {
                (hidden(visitor, ""))
                (fields)
                p.bar {
                    button.primary[planned.is_none()] type="submit" { (words::SEE_CHANGES) }
                    a.button href=(place) { (words::CANCEL) }
                }
            }
        }
    }

    /// The plan, and beside it the form that does exactly this.
    pub(super) fn confirm(
        &self,
        api: &Api,
        visitor: &Visitor,
        person: &Person,
        plan: &Plan<'_>,
    ) -> Markup {
        let place = place(person);
        html! {
            div.columns {
                (card(plan.heading, &plan.body))
                form.stack method="post" action={ (place) "/" (self.path) } {
                    (hidden(visitor, &once(api)))
                    input type="hidden" name="plan" value=(plan.hash);
                    (plan.fields)
                    (reason_again(false, plan.reason))
                    p.bar {
                        button class=(self.class) type="submit" { (self.verb) " " (words::name(person)) }
                        a.button href=(place) { (words::CANCEL) }
                    }
                }
            }
        }
    }
}

fn place(person: &Person) -> String {
    format!("/console/people/{}", person.id)
}

/// What would happen.
pub(super) fn card(heading: &str, body: &Markup) -> Markup {
    html! { section.card aria-labelledby="plan" { h2 #plan { (heading) } (body) } }
}

/// Effects of a plan, one a line.
pub(super) fn effects(all: &[PlannedEffect], company: &Company) -> Markup {
    html! {
        ul.plan {
            @for effect in all {
                @let (sign, verb) = words::goal(effect.goal);
                @let app = company.apps.get(&effect.app).map_or(effect.app.as_str(), |app| app.label());
                li {
                    span class={ "sign " (if sign == "−" { "bad" } else { "ok" }) } aria-hidden="true" { (sign) }
                    span { strong { (app) } " " span.muted { (verb) @if let Some(plan) = &effect.entitlement.plan { ", plan " (plan) } } }
                }
            }
        }
    }
}

/// What is wrong, in a sentence.
pub(super) fn problem(wrong: &str) -> Markup {
    html! { div.error-summary role="alert" { h2 { (words::PROBLEM) } p { (wrong) } } }
}

/// What is wrong, field by field.
pub(super) fn mistakes(all: &[Mistake]) -> Markup {
    html! {
        div.error-summary role="alert" {
            h2 { (words::PROBLEM) }
            ul { @for mistake in all { li { code { (mistake.path) } " " (mistake.message) } } }
        }
    }
}

/// Which plan whoever confirms has seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Seen {
    /// None yet.
    Nothing,
    /// The one that there is.
    This,
    /// Another one.
    Another,
}

impl Seen {
    /// Reads it from the form that was sent.
    pub(super) fn of(form: &Form, hash: &str) -> Self {
        match form.get("plan") {
            "" => Self::Nothing,
            seen if seen == hash => Self::This,
            _ => Self::Another,
        }
    }

    /// What is wrong with it.
    pub(super) fn wrong(self) -> Markup {
        match self {
            Self::Another => problem(words::PLAN_CHANGED),
            Self::Nothing | Self::This => html! {},
        }
    }

    /// The page that shows the plan.
    pub(super) fn answer(self, page: Response) -> Response {
        match self {
            Self::Another => (StatusCode::CONFLICT, page).into_response(),
            Self::Nothing | Self::This => page,
        }
    }
}
