//! Connecting an account: its name, what it is read with; a name that is taken is replaced only when it is typed.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use maud::{Markup, html};
use sando_core::account::{Account, name_of};
use sando_core::admin::accounts::{self, Given};
use sando_core::admin::{AdminError, Expect, definitions};
use sando_core::app::Application;
use sando_core::definition::Definition;
use sando_core::ids::Slug;
use sando_core::mistake::Mistake;
use sando_core::ports::SecretValues;
use sando_core::store::{Key, Loaded};

use crate::Api;
use crate::problem::Problem;

use super::form::Form;
use super::input::At;
use super::layout::{Nav, Page, done};
use super::lookup::once;
use super::parts::hidden;
use super::refusal::Refusal;
use super::visitor::{Administers, Visitor};
use super::words::{self, Said};

/// The roster of the account that a page says is replaced.
const SHOWN: &str = "shown";

/// One thing that is asked.
#[derive(Clone)]
pub(super) struct Asked {
    field: String,
    label: String,
    hint: String,
    secret: bool,
    optional: bool,
    choices: Vec<String>,
    /// For a test: it is not kept, and other buttons of the form work without it.
    once: bool,
}

impl Asked {
    /// The name of the field.
    pub(super) fn field(&self) -> &str {
        &self.field
    }

    /// The same, asked for a test.
    pub(super) fn for_once(&self) -> Self {
        Self {
            once: true,
            ..self.clone()
        }
    }
}

/// What an account is connected with.
pub(super) fn asked(definition: &Definition) -> Vec<Asked> {
    let variables = definition.variables().iter().map(|(name, variable)| {
        let part = if variable.secret {
            "credentials"
        } else {
            "variables"
        };
        let example = variable
            .example
            .as_ref()
            .map(|example| format!("Such as {example}."));
        Asked {
            field: format!("{part}.{name}"),
            label: variable.label.clone().unwrap_or_else(|| name.to_owned()),
            hint: example.unwrap_or_default(),
            secret: variable.secret,
            optional: variable.default.is_some(),
            choices: variable.choices.clone(),
            once: false,
        }
    });
    let credentials = definition.auth().asked().into_iter().map(|asked| Asked {
        field: format!("credentials.{}", asked.name),
        label: asked.label,
        hint: String::new(),
        secret: true,
        optional: asked.optional,
        choices: Vec::new(),
        once: false,
    });
    variables.chain(credentials).collect()
}

/// What the provisioner of an application is set up with; variables that were set and are needed no more stay.
pub(super) fn asked_of_app(app: &Application, set: &SecretValues) -> Vec<Asked> {
    let (mut names, credentials) = app.asked();
    if !(names.is_empty() && credentials.is_empty()) {
        names.extend(set.variables.keys().cloned());
    }
    let one = |field: String, label: String, secret: bool, optional: bool| Asked {
        field,
        label,
        hint: String::new(),
        secret,
        optional,
        choices: Vec::new(),
        once: false,
    };
    let variables = names
        .into_iter()
        .map(|name| one(format!("variables.{name}"), name, false, false));
    let credentials = credentials.into_iter().map(|asked| {
        let field = format!("credentials.{}", asked.name);
        one(field, asked.label, true, asked.optional)
    });
    variables.chain(credentials).collect()
}

/// What is wrong with what was filled in.
pub(super) fn summary(filled: &Filled) -> Markup {
    html! {
        @if !filled.mistakes.is_empty() {
            div.error-summary role="alert" {
                h2 { (words::PROBLEM) }
                ul { @for mistake in &filled.mistakes { li { a href={ "#" (mistake.path) } { (mistake.path) } ": " (mistake.message) } } }
            }
        }
    }
}

/// The definition, ready to be asked.
pub(super) async fn compiled(api: &Api, id: &Slug) -> Result<Definition, Refusal> {
    let item = definitions::must_be(&api.ports, id).await?.entity;
    Ok(item.compile().map_err(AdminError::Invalid)?)
}

/// Asks what an account is connected with.
pub(super) async fn show(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At(id): At<Slug>,
) -> Result<Response, Refusal> {
    let definition = compiled(&api, &id).await?;
    Ok(page(&api, &visitor, &definition, &Filled::default()))
}

/// What was filled in before, and what is wrong with it. Secrets are never shown again.
#[derive(Default)]
pub(super) struct Filled {
    /// The account's name.
    pub(super) name: String,
    /// Values of variables.
    pub(super) variables: BTreeMap<String, String>,
    /// What is wrong.
    pub(super) mistakes: Vec<Mistake>,
    /// The account that has the name already.
    pub(super) taken: Option<Account>,
}

impl Filled {
    fn mistake(&self, field: &str) -> Option<&str> {
        let found = self.mistakes.iter().find(|mistake| mistake.path == field);
        found.map(|mistake| mistake.message.as_str())
    }
}

fn page(api: &Api, visitor: &Visitor, definition: &Definition, filled: &Filled) -> Response {
    let asked = asked(definition);
    let body = html! {
        (summary(filled))
        form.stack method="post" action={ "/console/connect/" (definition.slug()) } {
            (hidden(visitor, &once(api)))
            (field("account", words::ACCOUNT_NAME, words::ACCOUNT_NAME_HINT, "text", &filled.name, filled.mistake("account"), true))
            @for one in &asked { (input(one, filled)) }
            @if let Some(taken) = &filled.taken {
                input type="hidden" name=(SHOWN) value=(taken.roster);
                div.said.is-warn { p { (words::replaces(taken.shown_name(), taken.users)) } }
                (field("replace", &words::type_to_replace(taken.shown_name()), "", "text", "", None, false))
            }
            p.bar {
                button.primary type="submit" { (words::CONNECT) }
                a.button href="/console/integrations" { (words::CANCEL) }
            }
        }
    };
    let name = definition.name();
    let page = Page {
        nav: Nav::Integrations,
        title: format!("Connect {name}"),
        above: Some(html! { a href="/console/integrations" { "Integrations" } }),
        verdict: words::connect(name),
        lead: None,
        body,
    };
    page.respond(Some(visitor))
}

pub(super) fn input(asked: &Asked, filled: &Filled) -> Markup {
    let mistake = filled.mistake(&asked.field);
    let name = asked.field.strip_prefix("variables.").unwrap_or_default();
    let value = filled.variables.get(name).map_or("", String::as_str);
    let mut hint = asked.hint.clone();
    if asked.secret {
        let kept = if asked.once {
            words::ONCE_HINT
        } else {
            words::SECRET_HINT
        };
        hint = kept.to_owned();
    }
    if asked.optional {
        hint = format!("{hint} {}", words::OPTIONAL);
    }
    if !asked.choices.is_empty() {
        return html! {
            div.field {
                label for=(asked.field) { (asked.label) }
                select id=(asked.field) name=(asked.field) {
                    @for choice in &asked.choices { option value=(choice) selected[choice == value] { (choice) } }
                }
            }
        };
    }
    let kind = if asked.secret { "password" } else { "text" };
    field(
        &asked.field,
        &asked.label,
        hint.trim(),
        kind,
        value,
        mistake,
        !asked.optional && !asked.once,
    )
}

fn field(
    id: &str,
    label: &str,
    hint: &str,
    kind: &str,
    value: &str,
    mistake: Option<&str>,
    needed: bool,
) -> Markup {
    let parts = [(!hint.is_empty(), "hint"), (mistake.is_some(), "error")];
    let parts = parts.into_iter().filter(|(is_there, _)| *is_there);
    let described: Vec<String> = parts.map(|(_, part)| format!("{id}-{part}")).collect();
    let described = Some(described.join(" ")).filter(|all| !all.is_empty());
    html! {
        div.field {
            label for=(id) { (label) }
            @if !hint.is_empty() { p.hint id={ (id) "-hint" } { (hint) } }
            input id=(id) type=(kind) name=(id) value=(value) required[needed] autocomplete="off" maxlength="16384"
                aria-describedby=[described] aria-invalid=[mistake.map(|_| "true")];
            @if let Some(mistake) = mistake { p.error id={ (id) "-error" } { "✕ " (mistake) } }
        }
    }
}

/// The account that has a name.
async fn of_name(
    api: &Api,
    definition: &Slug,
    name: &Slug,
) -> Result<Option<Loaded<Account>>, Refusal> {
    let key = Key::Account(definition.clone(), name.clone());
    Ok(api.ports.store.find(&key).await?)
}

/// Connects it.
pub(super) async fn submit(
    Administers(visitor): Administers,
    State(api): State<Api>,
    At(id): At<Slug>,
    form: Form,
) -> Result<Response, Refusal> {
    let definition = compiled(&api, &id).await?;
    let mut filled = Filled {
        name: form.get("account").to_owned(),
        variables: form.under("variables."),
        ..Filled::default()
    };
    let name = match name_of(form.get("account").trim()) {
        Ok(name) => name,
        Err(error) => {
            filled
                .mistakes
                .push(Mistake::new("account", error.to_string()));
            let page = page(&api, &visitor, &definition, &filled);
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
    };
    // Only the account that was shown is replaced, and none that came since.
    let there = of_name(&api, &id, &name).await?;
    let is_shown = |there: &Loaded<Account>| there.entity.roster.as_str() == form.get(SHOWN);
    let is_named = form.get("replace").eq_ignore_ascii_case(name.as_str());
    let given = Given {
        label: Some(form.get("account").trim().to_owned()),
        variables: filled.variables.clone(),
        credentials: form.under("credentials."),
        replace: is_named && there.as_ref().is_some_and(is_shown),
    };
    let expect = there.map_or(Expect::Absent, |there| Expect::OneOf(vec![there.version]));
    let (secrets, who) = (api.secrets.as_ref(), visitor.who(&api));
    let of = (&id, &name);
    let connected = accounts::connect(&api.ports, secrets, &who, of, &given, &expect);
    let status = match connected.await {
        Ok(_) => {
            return Ok(done(
                &format!("/console/accounts/{id}/{name}"),
                Said::Connected,
            ));
        }
        Err(AdminError::Invalid(mistakes)) => {
            filled.mistakes = mistakes;
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Err(AdminError::Stale | AdminError::Refused { code: "exists", .. }) => {
            let taken = of_name(&api, &id, &name).await?;
            filled.taken = taken.map(|taken| taken.entity);
            StatusCode::CONFLICT
        }
        Err(error) => return Err(Problem::from(error).into()),
    };
    let page = page(&api, &visitor, &definition, &filled);
    Ok((status, page).into_response())
}
