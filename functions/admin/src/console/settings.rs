//! Settings: the connection to Lever as a checklist, guards, who is who, API keys. Secrets go in and never come out.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::AdminError;
use sando_core::admin::api_key::{self, ApiKey, Scope};
use sando_core::admin::pause;
use sando_core::admin::settings::{self, LeverSecrets, Set, Shown};
use sando_core::settings::Settings;
use sando_core::store::Version;
use serde_json::Value;

use crate::Api;

use super::builder::{print_yaml, read_yaml};
use super::deed::problem;
use super::form::Form;
use super::format::{exact, when};
use super::layout::{Nav, Page, done};
use super::lookup::once;
use super::parts::{hidden, tag};
use super::refusal::Refusal;
use super::states::Shape;
use super::visitor::{Administers, Sees, Visitor};
use super::words::{self, Said};
use super::{keys, lever, notify, place, provider, reminder, seen};

/// What could not be saved: what was typed is shown again beside it.
#[derive(Default)]
pub(super) struct Wrong {
    /// Why.
    pub(super) mistakes: Vec<(String, String)>,
    /// What was typed, by field; never a secret.
    pub(super) typed: Vec<(&'static str, String)>,
    /// Somebody else saved meanwhile.
    pub(super) is_overtaken: bool,
}

impl Wrong {
    /// The mistakes of an operation.
    pub(super) fn of(error: AdminError) -> Result<Self, Refusal> {
        match error {
            AdminError::Invalid(mistakes) => Ok(Self {
                mistakes: mistakes
                    .into_iter()
                    .map(|one| (one.path, one.message))
                    .collect(),
                ..Self::default()
            }),
            AdminError::Stale => Ok(Self {
                is_overtaken: true,
                ..Self::default()
            }),
            other => Err(other.into()),
        }
    }

    /// Is it the name of a field, which the field has as its place in the page too?
    fn is_typed(&self, name: &str) -> bool {
        self.typed.iter().any(|(known, _)| *known == name)
    }

    /// What was typed into a field, or what is usual there.
    pub(super) fn typed(&self, name: &str, usual: String) -> String {
        let found = self.typed.iter().find(|(known, _)| *known == name);
        found.map_or(usual, |(_, text)| text.clone())
    }
}

/// Shows the settings.
pub(super) async fn show(Sees(visitor): Sees, State(api): State<Api>) -> Result<Response, Refusal> {
    page(&api, &visitor, &Wrong::default()).await
}

/// The page again, with what is wrong.
pub(super) async fn again(
    api: &Api,
    visitor: &Visitor,
    wrong: &Wrong,
) -> Result<Response, Refusal> {
    let page = page(api, visitor, wrong).await?;
    let status = match wrong.is_overtaken {
        true => StatusCode::PRECONDITION_FAILED,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok((status, page).into_response())
}

async fn page(api: &Api, visitor: &Visitor, wrong: &Wrong) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let shown = settings::shown(&api.ports, api.secrets.as_ref()).await?;
    let may = visitor.may(Scope::Admin);
    let keys_of = if may {
        Some(api_key::all(&api.ports).await?)
    } else {
        None
    };
    let paused = pause::now(&api.ports).await?;
    let body = html! {
        @if !wrong.mistakes.is_empty() {
            div.error-summary role="alert" {
                h2 { (words::PROBLEM) }
                ul {
                    @for (path, message) in &wrong.mistakes {
                        li { @if wrong.is_typed(path) { a href={ "#" (path) } { code { (path) } } } @else { code { (path) } } " " (message) }
                    }
                }
            }
        }
        @if wrong.is_overtaken {
            (problem(words::SETTINGS_OVERTAKEN))
        }
        (lever::section(api, visitor, &shown, now).await?)
        div.columns {
            (guards(visitor, &shown, wrong, &once(api)))
            (brake(paused.is_on()))
        }
        (retention(visitor, &shown, wrong, &once(api)))
        (reminder::section(visitor, &shown, wrong, &once(api)))
        (place::section(visitor, &shown, wrong, &once(api)))
        (notify::section(visitor, &shown, wrong, &once(api), now))
        (people(visitor, &shown, wrong, &once(api)))
        @if may { (provider::section(visitor, &shown, &once(api), now)) }
        @if let Some(all) = &keys_of { (keys::section(visitor, all, &once(api), now)) }
        @if !may { p.small.muted { (words::SETTINGS_READ_ONLY) } }
    };
    let page = Page {
        nav: Nav::Settings,
        title: "Settings".to_owned(),
        above: None,
        verdict: words::settings(shown.api_key.count > 0),
        lead: None,
        body,
    };
    Ok(page.respond(Some(visitor)))
}

/// Whether a secret is set, and since when.
pub(super) fn set(set: &Set, now: Timestamp) -> Markup {
    html! {
        @if set.count > 0 { (tag(Shape::Done, "set")) @if let Some(at) = set.at { " " span.muted { (when(at, now)) } } }
        @else { (tag(Shape::Ready, "not set")) }
    }
}

fn guards(visitor: &Visitor, shown: &Shown, wrong: &Wrong, once: &str) -> Markup {
    let now = &shown.settings;
    let number = |name: &'static str, label: &str, hint: &str, value: u32| {
        html! {
            div.field {
                label for=(name) { (label) }
                p.hint id={ (name) "-hint" } { (hint) }
                input id=(name) type="text" inputmode="numeric" name=(name) value=(wrong.typed(name, value.to_string()))
                    aria-describedby={ (name) "-hint" } autocomplete="off" maxlength="9" disabled[!visitor.may(Scope::Admin)];
            }
        }
    };
    html! {
        section aria-labelledby="guards" {
            h2 #guards { "Guards" }
            form.stack data-unsaved="1" method="post" action="/console/settings/guards" {
                (hidden(visitor, once))
                (seen::field(Some(shown.version)))
                (number("removals_per_hour", "Removals an hour", "Beyond it removals are paused by themselves.", now.removals_per_hour))
                (number("movers_per_hour", "Movers an hour", "Beyond it changes that take access away are held.", now.movers_per_hour))
                (number("movers_percent", "Movers as a percentage of all people", "Beyond it they are held as well; one person alone never is. 0 to 100.", now.movers_percent))
                (number("guard_users", "Users who lose something in a sync", "Beyond so many, and beyond the percentage, the sync is held.", now.guard.users))
                (number("guard_percent", "Percentage of all users", "0 to 100.", now.guard.percent))
                @if let Some(at) = now.live_from { p.small.muted { "Live from " (exact(at)) ": what happened before starts nothing." } }
                @if visitor.may(Scope::Admin) { p.bar { button type="submit" { "Save the guards" } } }
            }
        }
    }
}

/// For how many days what is over is kept.
fn retention(visitor: &Visitor, shown: &Shown, wrong: &Wrong, once: &str) -> Markup {
    let may = visitor.may(Scope::Admin);
    html! {
        section aria-labelledby="retention" {
            h2 #retention { (words::RETENTION) }
            p.small { (words::RETENTION_HINT) }
            form.stack data-unsaved="1" method="post" action="/console/settings/retention" {
                (hidden(visitor, once))
                (seen::field(Some(shown.version)))
                @for (name, days, _) in shown.settings.retention.days() {
                    div.field {
                        label for=(name) { (words::kept(name)) }
                        input id=(name) type="text" inputmode="numeric" name=(name) value=(wrong.typed(name, days.to_string()))
                            autocomplete="off" maxlength="9" disabled[!may];
                    }
                }
                @if may { p.bar { button type="submit" { "Save how long" } } }
            }
        }
    }
}

fn brake(is_on: bool) -> Markup {
    html! {
        section aria-labelledby="brake" {
            h2 #brake { (words::PAUSE) }
            p { @if is_on { (tag(Shape::Held, "something is paused")) } @else { (tag(Shape::Done, "nothing is paused")) } }
            p.bar { a.button href="/console/pause" { @if is_on { "See and resume" } @else { "Pause…" } } }
        }
    }
}

/// A value as YAML; nothing where it is empty.
pub(super) fn yaml_of<T: serde::Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    let is_empty = value.is_null() || value.as_object().is_some_and(serde_json::Map::is_empty);
    if is_empty {
        String::new()
    } else {
        print_yaml(&value)
    }
}

fn people(visitor: &Visitor, shown: &Shown, wrong: &Wrong, once: &str) -> Markup {
    let may = visitor.may(Scope::Admin);
    let roles = wrong.typed("roles", yaml_of(&shown.settings.roles));
    let oidc = wrong.typed("oidc", yaml_of(&shown.settings.oidc));
    let area = |name: &str, label: &str, hint: &str, text: &str| {
        html! {
            div.field {
                label for=(name) { (label) }
                p.hint id={ (name) "-hint" } { (hint) }
                textarea.yaml id=(name) name=(name) rows="6" spellcheck="false" aria-describedby={ (name) "-hint" } maxlength="100000" readonly[!may] { (text) }
            }
        }
    };
    html! {
        section aria-labelledby="people" {
            h2 #people { (words::WHO_IS_WHO) }
            form.stack.wide data-unsaved="1" method="post" action="/console/settings/people" {
                (hidden(visitor, once))
                (seen::field(Some(shown.version)))
                div.columns {
                    (area("roles", "Roles for approvals", words::ROLES_HINT, &roles))
                    (area("oidc", "OpenID Connect", words::OIDC_HINT, &oidc))
                }
                @if may { p.bar { button type="submit" { "Save who is who" } } }
            }
        }
    }
}

/// The settings that a form changes, and the version that it was filled in over.
pub(super) async fn over(api: &Api, form: &Form) -> Result<(Settings, Version), Refusal> {
    let (current, version) = settings::current(&api.ports).await?;
    Ok((current, seen::of(form).unwrap_or(version)))
}

/// Saves settings that were changed, if nobody else did meanwhile.
pub(super) async fn saved(
    api: &Api,
    visitor: &Visitor,
    (wanted, version): (Settings, Version),
    typed: Vec<(&'static str, String)>,
) -> Result<Response, Refusal> {
    let (ports, secrets, who) = (&api.ports, api.secrets.as_ref(), visitor.who(api));
    let none = LeverSecrets::default();
    let expect = seen::expected(Some(version));
    match settings::put(ports, secrets, &who, wanted, &none, &expect).await {
        Ok(_) => Ok(done("/console/settings", Said::SettingsSaved)),
        Err(error) => {
            let wrong = Wrong {
                typed,
                ..Wrong::of(error)?
            };
            again(api, visitor, &wrong).await
        }
    }
}

/// Reads whole numbers into their places; what is none is told.
fn numbers<const N: usize>(form: &Form, places: [(&'static str, &mut u32); N]) -> Wrong {
    let mut wrong = Wrong::default();
    for (name, place) in places {
        match form.get(name).parse() {
            Ok(number) => *place = number,
            Err(_) => wrong
                .mistakes
                .push((name.to_owned(), "a whole number".to_owned())),
        }
        wrong.typed.push((name, form.get(name).to_owned()));
    }
    wrong
}

/// Saves the guards.
pub(super) async fn save_guards(
    Administers(visitor): Administers,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let (mut wanted, version) = over(&api, &form).await?;
    let places = [
        ("removals_per_hour", &mut wanted.removals_per_hour),
        ("movers_per_hour", &mut wanted.movers_per_hour),
        ("movers_percent", &mut wanted.movers_percent),
        ("guard_users", &mut wanted.guard.users),
        ("guard_percent", &mut wanted.guard.percent),
    ];
    let wrong = numbers(&form, places);
    if !wrong.mistakes.is_empty() {
        return again(&api, &visitor, &wrong).await;
    }
    saved(&api, &visitor, (wanted, version), wrong.typed).await
}

/// Saves for how long what is over is kept.
pub(super) async fn save_retention(
    Administers(visitor): Administers,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let (mut wanted, version) = over(&api, &form).await?;
    let kept = &mut wanted.retention;
    let places = [
        ("candidates_days", &mut kept.candidates_days),
        ("events_days", &mut kept.events_days),
        ("runs_days", &mut kept.runs_days),
        ("syncs_days", &mut kept.syncs_days),
        ("dropped_users_days", &mut kept.dropped_users_days),
        ("letters_days", &mut kept.letters_days),
        ("jobs_days", &mut kept.jobs_days),
    ];
    let wrong = numbers(&form, places);
    if !wrong.mistakes.is_empty() {
        return again(&api, &visitor, &wrong).await;
    }
    saved(&api, &visitor, (wanted, version), wrong.typed).await
}

/// Saves roles and the provider.
pub(super) async fn save_people(
    Administers(visitor): Administers,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let (mut wanted, version) = over(&api, &form).await?;
    let mut wrong = Wrong::default();
    let mut read = |name: &'static str| -> Option<Value> {
        wrong.typed.push((name, form.get(name).to_owned()));
        match read_yaml(form.get(name)) {
            Ok(value) => Some(value.unwrap_or(Value::Null)),
            Err(why) => {
                wrong.mistakes.push((name.to_owned(), why));
                None
            }
        }
    };
    let (roles, oidc) = (read("roles"), read("oidc"));
    let mut refuse = |name: &str, error: serde_json::Error| {
        wrong.mistakes.push((name.to_owned(), error.to_string()))
    };
    match roles
        .filter(|roles| !roles.is_null())
        .map(serde_json::from_value)
    {
        Some(Ok(roles)) => wanted.roles = roles,
        Some(Err(error)) => refuse("roles", error),
        None => wanted.roles.clear(),
    }
    match oidc.map(serde_json::from_value) {
        Some(Ok(oidc)) => wanted.oidc = oidc,
        Some(Err(error)) => refuse("oidc", error),
        None => {}
    }
    if !wrong.mistakes.is_empty() {
        return again(&api, &visitor, &wrong).await;
    }
    saved(&api, &visitor, (wanted, version), wrong.typed).await
}

/// Every key that there is.
pub(super) type Keys = [ApiKey];
