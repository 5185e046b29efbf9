//! Drafts of definitions, and beginning one: from nothing, from a definition that is there, or from the catalogue.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::{AdminError, Expect, definitions, drafts};
use sando_core::catalog::Draft;
use sando_core::ids::Slug;
use sando_core::store::Loaded;
use serde_json::{Map, Value, json};

use crate::Api;
use crate::catalogue;
use crate::console::form::Form;
use crate::console::format::when;
use crate::console::integrations::tabs_of;
use crate::console::layout::{Nav, Page};
use crate::console::parts::{empty, hidden};
use crate::console::refusal::Refusal;
use crate::console::visitor::{Operates, Sees, Visitor};
use crate::console::words;
use crate::problem::Problem;

/// Lists drafts.
pub(in crate::console) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let drafts = drafts::all(&api.ports).await?;
    let body = html! {
        (tabs_of("builder"))
        @if visitor.may(Scope::Operate) { (new(&visitor)) }
        @if drafts.is_empty() { (empty(words::NO_DRAFTS)) } @else { (table(&drafts, now)) }
    };
    let page = Page {
        nav: Nav::Integrations,
        title: words::BUILDER.to_owned(),
        above: None,
        verdict: words::drafts(drafts.len()),
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

fn new(visitor: &Visitor) -> Markup {
    html! {
        form.filter method="post" action="/console/builder" {
            (hidden(visitor, ""))
            label { (words::NEW_NAME) input type="text" name="id" required pattern="[a-z0-9][a-z0-9_\\-]{0,62}" maxlength="63" autocomplete="off"; }
            button.primary type="submit" { (words::BUILD) }
        }
    }
}

fn table(drafts: &[Loaded<Draft>], now: Timestamp) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { "Draft" } th scope="col" { "Application" } th scope="col" { "Saved" } } }
            tbody {
                @for draft in drafts {
                    @let draft = &draft.entity;
                    tr {
                        td { a href={ "/console/builder/" (draft.id) "/general" } { (draft.id) } }
                        td data-label="Application" { (draft.file.get("app").and_then(Value::as_str).unwrap_or_default()) }
                        td data-label="Saved" { (when(draft.saved_at, now)) " by " (draft.saved_by) }
                    }
                }
            }
        }
    }
}

/// Begins a draft, or goes on with the one that is there.
pub(in crate::console) async fn begin(
    Operates(visitor): Operates,
    State(api): State<Api>,
    form: Form,
) -> Result<Response, Refusal> {
    let id =
        Slug::parse(form.get("id")).map_err(|error| Problem::mistake("id", error.to_string()))?;
    let there = drafts::all(&api.ports).await?;
    if !there.iter().any(|draft| draft.entity.id == id) {
        let file = origin(&api, &id, form.get("from")).await?;
        let who = visitor.who(&api);
        match drafts::put(&api.ports, &who, &id, file, &Expect::Absent).await {
            // Somebody else has just begun it.
            Err(AdminError::Stale) => {}
            begun => drop(begun?),
        }
    }
    Ok(Redirect::to(&format!("/console/builder/{id}/general")).into_response())
}

/// What a draft begins with.
async fn origin(api: &Api, id: &Slug, from: &str) -> Result<Map<String, Value>, Refusal> {
    let file = match from {
        "catalogue" => catalogue::find(id.as_str())
            .map(|entry| entry.file.clone())
            .ok_or_else(Refusal::nothing)?,
        "definition" => definitions::must_be(&api.ports, id).await?.entity.file,
        _ => match definitions::find(&api.ports, id).await? {
            Some(stored) => stored.entity.file,
            None => json!({ "definition": id, "app": id }),
        },
    };
    match file {
        Value::Object(fields) => Ok(fields),
        _ => Err(Refusal::nothing()),
    }
}
