//! What the provisioner of an application is set up with: credentials go in and never come out.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use sando_core::account::name_of;
use sando_core::admin::api_key::Scope;
use sando_core::admin::settings::{app_owner, set_credentials};
use sando_core::admin::{AdminError, files, provisioner};
use sando_core::app::Application;
use sando_core::ids::Slug;
use sando_core::ports::SecretValues;

use crate::Api;

use super::connect::{Asked, Filled, asked_of_app, input, summary};
use super::form::Form;
use super::format::when;
use super::input::At;
use super::layout::{Nav, Page, done};
use super::lookup::once;
use super::parts::{button, hidden};
use super::refusal::Refusal;
use super::visitor::{Administers, Operates, Sees, Visitor};
use super::words::{self, Said};

/// An application, what was set for it, and what is asked.
struct Of {
    app: Application,
    set: SecretValues,
    asked: Vec<Asked>,
}

impl Of {
    async fn find(api: &Api, id: &Slug) -> Result<Self, Refusal> {
        let mut company = files::company(&api.ports).await?;
        let app = company.apps.remove(id).ok_or_else(Refusal::nothing)?;
        let set = api.secrets.read(&app_owner(id), true).await;
        let set = set.map_err(AdminError::from)?.unwrap_or_default();
        let asked = asked_of_app(&app, &set);
        Ok(Self { app, set, asked })
    }

    fn is_set(&self) -> bool {
        self.set.set_at.is_some()
    }
}

/// Shows what is set, and asks for it.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At(id): At<Slug>,
) -> Result<Response, Refusal> {
    let of = Of::find(&api, &id).await?;
    let filled = Filled {
        variables: of.set.variables.clone(),
        ..Filled::default()
    };
    Ok(page(&api, &visitor, &of, &filled))
}

fn page(api: &Api, visitor: &Visitor, of: &Of, filled: &Filled) -> Response {
    let (id, label) = (&of.app.app, of.app.label());
    let verdict = words::provisioner(label, !of.asked.is_empty(), of.is_set());
    let lead = of.set.set_at.map(|at| {
        html! { p.facts { span { (words::SET) " " (when(at, api.ports.clock.now())) } } }
    });
    let body = html! {
        (summary(filled))
        @if of.is_set() { (known(&of.set)) }
        @if !of.app.is_manual() && visitor.may(Scope::Operate) {
            div.bar { (button(visitor, &format!("/console/apps/{id}/provisioner/test"), "", words::PROVISIONER_TEST)) }
        }
        @if of.asked.is_empty() {
            p.measure.muted { (nothing(&of.app)) }
        } @else if visitor.may(Scope::Admin) {
            (form(visitor, of, filled, &once(api)))
        } @else {
            p.small.muted { (words::CREDENTIALS_NEED) }
        }
    };
    let page = Page {
        nav: Nav::Policies,
        title: format!("Credentials of {label}"),
        above: Some(
            html! { a href="/console/apps" { "Applications" } " › " a href={ "/console/apps/" (id) } { (label) } },
        ),
        verdict,
        lead,
        body,
    };
    page.respond(Some(visitor))
}

/// Why nothing is asked.
fn nothing(app: &Application) -> Markup {
    let account = app.borrows().map(|read| (read, name_of(&read.account)));
    match account {
        Some((read, Ok(name))) => html! {
            (words::BORROWS) " " a href={ "/console/accounts/" (read.definition) "/" (name) } { (read.definition) " / " (read.account) } "."
        },
        _ if app.is_manual() => html! { (words::NOTHING_BY_HAND) },
        _ => html! { (words::NOTHING_ASKED) },
    }
}

/// Variables with their values, and credentials by name.
fn known(set: &SecretValues) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in &set.variables { dt { (name) } dd { (value) } }
            @for name in set.credentials.keys() { dt { (name) } dd { (words::IS_SET) } }
        }
    }
}

fn form(visitor: &Visitor, of: &Of, filled: &Filled, once: &str) -> Markup {
    html! {
        form.stack method="post" action={ "/console/apps/" (of.app.app) "/provisioner" } {
            (hidden(visitor, once))
            @if of.is_set() { div.said.is-warn { p { (words::REPLACES_ALL) } } }
            @for one in &of.asked { (input(one, filled)) }
            p.bar {
                button.primary type="submit" { (if of.is_set() { words::REPLACE_CREDENTIALS } else { words::SET_CREDENTIALS }) }
                a.button href={ "/console/apps/" (of.app.app) } { (words::CANCEL) }
            }
        }
    }
}

/// Sets all of it, in place of what was set before.
pub(super) async fn submit(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At(id): At<Slug>,
    form: Form,
) -> Result<Response, Refusal> {
    let of = Of::find(&api, &id).await?;
    let is_asked = |part: &str, name: &str| {
        let field = format!("{part}.{name}");
        of.asked.iter().any(|asked| asked.field() == field)
    };
    let (mut variables, mut credentials) = (form.under("variables."), form.under("credentials."));
    variables.retain(|name, _| is_asked("variables", name));
    credentials.retain(|name, _| is_asked("credentials", name));
    let mistakes = of.app.missing(&variables, &credentials);
    if of.asked.is_empty() || !mistakes.is_empty() {
        let filled = Filled {
            variables,
            mistakes,
            ..Filled::default()
        };
        let page = page(&api, &visitor, &of, &filled);
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    }
    let values = SecretValues {
        variables,
        credentials,
        set_at: None,
    };
    let (secrets, who) = (api.secrets.as_ref(), visitor.who(&api));
    set_credentials(&api.ports, secrets, &who, &id, values).await?;
    Ok(done(
        &format!("/console/apps/{id}/provisioner"),
        Said::CredentialsSet,
    ))
}

/// Looks for nobody there, with its credentials.
pub(super) async fn test(
    Operates(visitor): Operates,
    State(api): State<Api>,
    At(id): At<Slug>,
) -> Result<Response, Refusal> {
    let of = Of::find(&api, &id).await?;
    let tested = provisioner::test(&api.ports, &id).await?;
    let (label, place) = (of.app.label(), format!("/console/apps/{id}/provisioner"));
    let body = html! {
        @match &tested {
            Ok(()) => { div.said { p { (words::PROVISIONER_WORKS) } } }
            Err((_, why)) => { div.said.is-bad { p { (why) } } }
        }
        p.bar { a.button.primary href=(place) { (words::BACK) } }
    };
    let page = Page {
        nav: Nav::Policies,
        title: format!("Credentials of {label}"),
        above: Some(html! { a href={ "/console/apps/" (id) } { (label) } }),
        verdict: words::provisioner_tested(label, tested.is_ok()),
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}
