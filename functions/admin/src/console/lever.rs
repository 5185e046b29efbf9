//! The connection to Lever: a checklist that turns green, and what it is connected with.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin;
use sando_core::admin::api_key::Scope;
use sando_core::admin::settings::{self, LeverSecrets, Shown};
use sando_core::catch_up::REGISTRATION;
use sando_core::event::{DeliveryState, StoredDelivery};
use sando_core::handshake::{Handshake, Tested};
use sando_core::ids::Slug;
use sando_core::store::{Entity, Query};

use crate::Api;
use crate::list::gather;

use super::form::Form;
use super::format::when;
use super::layout::{Nav, Page, done};
use super::lookup::once;
use super::parts::{button, hidden, tag};
use super::refusal::Refusal;
use super::seen;
use super::settings::{Wrong, again, set};
use super::states::Shape;
use super::visitor::{Administers, Operates, Visitor};
use super::words::{self, Said};

/// Did Lever ever call, with something that counted?
async fn has_called(api: &Api) -> Result<bool, Refusal> {
    let query = Query::States {
        kind: StoredDelivery::KIND,
        states: DeliveryState::ALL.map(DeliveryState::as_str).to_vec(),
    };
    // What catch-up found was never called.
    let keep = |delivery: &StoredDelivery| delivery.hint.registration.as_str() != REGISTRATION;
    let found = gather(api, &query, Some(1), None, keep).await?;
    Ok(!found.items.is_empty())
}

fn line(is_done: bool, what: &str, why: &Markup) -> Markup {
    let (shape, word) = match is_done {
        true => (Shape::Done, "done"),
        false => (Shape::Ready, "to do"),
    };
    state(shape, word, what, why)
}

fn state(shape: Shape, word: &str, what: &str, why: &Markup) -> Markup {
    html! {
        li {
            span { (tag(shape, word)) }
            div { strong { (what) } div.why { (why) } }
            span {}
        }
    }
}

/// What of the connection is there.
struct Checks {
    handshake: Handshake,
    /// Did Lever ever call, with something that counted?
    called: bool,
    has_key: bool,
    has_tokens: bool,
    has_seen: bool,
}

impl Checks {
    async fn look(api: &Api, shown: &Shown) -> Result<Self, Refusal> {
        let called = has_called(api).await?;
        let handshake = admin::lever::handshake(&api.ports).await?;
        let has_seen = called || handshake.ping.is_some();
        let has_key = shown.api_key.count > 0;
        // A token may also be set where the process is started: a call that counted proves it.
        let has_tokens = has_seen || shown.registrations.values().any(|tokens| tokens.count > 0);
        Ok(Self {
            handshake,
            called,
            has_key,
            has_tokens,
            has_seen,
        })
    }

    /// How the test of this very key ended, if there was one.
    fn tested(&self, shown: &Shown) -> Option<&Tested> {
        let tested = self.handshake.tested.as_ref();
        tested.filter(|tested| self.has_key && tested.is_of(shown.api_key.at))
    }

    /// May the key read what Sando reads? Only a test tells.
    fn works(&self, shown: &Shown) -> bool {
        let tested = self.tested(shown);
        tested.is_some_and(|tested| tested.problem.is_none())
    }
}

/// Is every line of the checklist done?
pub(super) async fn is_connected(api: &Api, shown: &Shown) -> Result<bool, Refusal> {
    let checks = Checks::look(api, shown).await?;
    Ok(checks.has_key && checks.works(shown) && checks.has_tokens && checks.has_seen)
}

fn scopes(tested: Option<&Tested>, now: Timestamp) -> Markup {
    let (shape, word, why) = match tested.map(|tested| (tested.at, &tested.problem)) {
        Some((at, None)) => {
            let why = html! { (words::LEVER_WORKS) " " (words::TESTED) " " (when(at, now)) "." };
            (Shape::Done, "done", why)
        }
        Some((at, Some(problem))) => {
            let why = html! { (problem) " (" (words::TESTED) " " (when(at, now)) ")" };
            (Shape::Failed, "failed", why)
        }
        None => (Shape::Ready, "to do", html! { (words::LEVER_SCOPES_NO) }),
    };
    state(shape, word, words::LEVER_SCOPES, &why)
}

/// What Lever called with.
fn seen(handshake: &Handshake, called: bool, now: Timestamp) -> Markup {
    html! {
        @if let Some(ping) = &handshake.ping {
            div { (words::LEVER_PINGED) " " code { "/webhooks/lever/" (ping.registration) } ", " (when(ping.received_at, now)) "." }
        }
        @if called { div { (words::LEVER_SEEN_YES) } }
        @if !called && handshake.ping.is_none() { (words::LEVER_SEEN_NO) }
    }
}

/// The checklist, and the form.
pub(super) async fn section(
    api: &Api,
    visitor: &Visitor,
    shown: &Shown,
    now: Timestamp,
) -> Result<Markup, Refusal> {
    let checks = Checks::look(api, shown).await?;
    let has_key = checks.has_key;
    let waits = has_key && !checks.has_seen;
    Ok(html! {
        section aria-labelledby="lever" {
            h2 #lever { "Lever" }
            ul.needs #lever-checks data-asks=[waits.then_some("1")] hx-get=[waits.then_some("/console/settings")]
                hx-trigger=[waits.then_some("every 2s")] hx-select="#lever-checks" hx-target="this" hx-swap="outerMorph" {
                (line(has_key, words::LEVER_KEY, &html! { (set(&shown.api_key, now)) }))
                (scopes(checks.tested(shown), now))
                (line(checks.has_tokens, words::LEVER_HOOKS, &html! {
                    @if shown.registrations.is_empty() { (words::LEVER_HOOKS_HINT) }
                    @for (name, tokens) in &shown.registrations { div { code { "/webhooks/lever/" (name) } " " (set(tokens, now)) } }
                }))
                (line(checks.has_seen, words::LEVER_SEEN, &seen(&checks.handshake, checks.called, now)))
            }
            @if has_key && visitor.may(Scope::Operate) {
                div.bar {
                    (button(visitor, "/console/settings/lever/test", "", words::LEVER_TEST))
                    (button(visitor, "/console/settings/lever/catch-up", "", words::LEVER_ASK))
                }
            }
            @if visitor.may(Scope::Admin) {
                details open[!has_key] { summary { (words::LEVER_CHANGE) } (form(visitor, &once(api))) }
            }
        }
    })
}

fn form(visitor: &Visitor, once: &str) -> Markup {
    html! {
        form.stack data-unsaved="1" method="post" action="/console/settings/lever" {
            (hidden(visitor, once))
            div.field {
                label for="lever-key" { "API key" }
                p.hint #lever-key-hint { (words::LEVER_KEY_HINT) }
                input #lever-key type="password" name="api_key" autocomplete="off" maxlength="1024" aria-describedby="lever-key-hint";
            }
            div.field {
                label for="lever-name" { "Name of a webhook registration" }
                p.hint #lever-name-hint { (words::LEVER_NAME_HINT) }
                input #lever-name type="text" name="registration" autocomplete="off" maxlength="63" aria-describedby="lever-name-hint";
            }
            div.field {
                label for="lever-token" { "Its signing token" }
                input #lever-token type="password" name="token" autocomplete="off" maxlength="1024";
            }
            div.field {
                label for="lever-token-2" { "A second one, during a rotation" }
                input #lever-token-2 type="password" name="token" autocomplete="off" maxlength="1024";
            }
            p.bar { button type="submit" { (words::LEVER_SAVE) } }
        }
    }
}

/// Keeps the key and signing tokens that were given.
pub(super) async fn save(
    Administers(visitor): Administers,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let (wanted, version) = settings::current(&api.ports).await?;
    let tokens = form
        .all("token")
        .map(str::trim)
        .filter(|token| !token.is_empty());
    let tokens: Vec<String> = tokens.map(str::to_owned).collect();
    let mut given = LeverSecrets {
        api_key: Some(form.get("api_key").to_owned()).filter(|key| !key.is_empty()),
        registrations: None,
    };
    let name = form.get("registration");
    if !name.is_empty() || !tokens.is_empty() {
        let slug = match Slug::parse(name) {
            Ok(slug) => slug,
            Err(error) => {
                let mistakes = vec![("registration".to_owned(), error.to_string())];
                return again(
                    &api,
                    &visitor,
                    &Wrong {
                        mistakes,
                        ..Wrong::default()
                    },
                )
                .await;
            }
        };
        let known = wanted.registrations.iter().map(|name| (name.clone(), None));
        let mut all: BTreeMap<Slug, Option<Vec<String>>> = known.collect();
        all.insert(slug, Some(tokens));
        given.registrations = Some(all);
    }
    let (ports, secrets, who) = (&api.ports, api.secrets.as_ref(), visitor.who(&api));
    let expect = seen::expected(Some(version));
    match settings::put(ports, secrets, &who, wanted, &given, &expect).await {
        Ok(_) => Ok(done("/console/settings", Said::SettingsSaved)),
        Err(error) => again(&api, &visitor, &Wrong::of(error)?).await,
    }
}

/// Asks Lever now for what its webhooks did not tell.
pub(super) async fn catch_up(
    Operates(visitor): Operates,
    State(api): State<Api>,
) -> Result<Response, Refusal> {
    admin::catch_up::ask(&api.ports, &visitor.who(&api), None).await?;
    Ok(done("/console/settings", Said::LeverAsked))
}

/// Asks Lever whether the key is accepted and may read what Sando reads.
pub(super) async fn test(
    Operates(visitor): Operates,
    State(api): State<Api>,
) -> Result<Response, Refusal> {
    let tested = admin::lever::test(&api.ports).await;
    let body = html! {
        @match &tested {
            Ok(()) => { div.said { p { (words::LEVER_WORKS) } } }
            Err(error) => { div.said.is-bad { p { (error) } } }
        }
        p.bar { a.button.primary href="/console/settings" { (words::BACK) } }
    };
    let page = Page {
        nav: Nav::Settings,
        title: "Lever".to_owned(),
        above: Some(html! { a href="/console/settings" { "Settings" } }),
        verdict: words::lever_tested(tested.is_ok()),
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}
