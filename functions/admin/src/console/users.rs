//! The users of an account, and why each is what it is.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use sando_core::account::Account;
use sando_core::admin::{accounts, syncs};
use sando_core::ids::Slug;
use sando_core::roster::{Entry, Face};
use sando_core::store::Query;
use serde::Deserialize;

use crate::Api;
use crate::list::gather;

use super::account::{Of, page, place};
use super::format::when;
use super::input::{Asks, At};
use super::parts::{empty, older, segment, tag};
use super::refusal::Refusal;
use super::states::Shape;
use super::visitor::Sees;
use super::words;

/// Which users.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UsersQuery {
    #[serde(default)]
    q: String,
    cursor: Option<String>,
}

fn matches(face: &Face, text: &str) -> bool {
    let user = &face.user;
    let fields = [
        Some(user.external_id.as_str()),
        user.email.as_deref(),
        user.full_name.as_deref(),
    ];
    text.is_empty()
        || fields
            .into_iter()
            .flatten()
            .any(|value| value.to_lowercase().contains(text))
}

/// Lists the users as of the last complete sync.
pub(super) async fn list(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At((definition, name)): At<Of>,
    Asks(asked): Asks<UsersQuery>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let account = accounts::must_be(&api.ports, &definition, &name)
        .await?
        .entity;
    let text = asked.q.trim().to_lowercase();
    let query = Query::Roster(account.roster.clone());
    let keep = |entry: &Entry| {
        let face = entry.visible(account.applied).filter(|face| !face.deleted);
        face.is_some_and(|face| matches(face, &text))
    };
    let found = gather::<Entry>(&api, &query, None, asked.cursor.clone(), keep).await?;
    let faces: Vec<&Face> = found
        .items
        .iter()
        .filter_map(|entry| entry.entity.visible(account.applied))
        .collect();
    let place = place(&account);
    let body = html! {
        form.filter method="get" action={ (place) "/users" } role="search" {
            label { "Find" input type="search" name="q" value=(asked.q) maxlength="100"; }
            button type="submit" { (words::FILTER) }
        }
        @if faces.is_empty() {
            @if text.is_empty() { (empty(words::NO_USERS)) }
            @else { p.empty { (words::NO_MATCH) " " a href={ (place) "/users" } { (words::CLEAR) } } }
        } @else { (table(&account, &faces)) }
        (older(&format!("{place}/users?q={}", segment(&asked.q)), found.next_cursor.as_deref()))
    };
    Ok(page(&visitor, &account, "users", now, body).respond(Some(&visitor)))
}

fn state(face: &Face) -> Markup {
    match (face.deleted, face.user.active) {
        (true, _) => tag(Shape::Cancelled, "vanished"),
        (false, true) => tag(Shape::Done, "active"),
        (false, false) => tag(Shape::Skipped, "not active"),
    }
}

fn table(account: &Account, faces: &[&Face]) -> Markup {
    let place = place(account);
    html! {
        table {
            thead { tr {
                th scope="col" { "User" } th scope="col" { "Address" } th scope="col" { "State" } th scope="col" { "Licences" } th scope="col" { "Why" }
            } }
            tbody {
                @for face in faces {
                    @let user = &face.user;
                    tr {
                        td { a href={ (place) "/users/" (segment(&user.external_id)) } { (user.full_name.as_deref().or(user.username.as_deref()).unwrap_or(&user.external_id)) } }
                        td data-label="Address" { (user.email.as_deref().unwrap_or_default()) }
                        td data-label="State" { (state(face)) }
                        td data-label="Licences" { (user.licenses.join(", ")) }
                        td data-label="Why" { @if let Some(why) = face.why.first().filter(|why| !why.starts_with("active: ")) { span.muted { (why) } } }
                    }
                }
            }
        }
    }
}

/// Shows one user and why they are what they are.
pub(super) async fn user(
    Sees(visitor): Sees,
    State(api): State<Api>,
    At((definition, name, external_id)): At<(Slug, Slug, String)>,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let account = accounts::must_be(&api.ports, &definition, &name)
        .await?
        .entity;
    let entry = syncs::user(&api.ports, &account, &external_id).await?;
    let Some(face) = entry.visible(account.applied) else {
        return Err(Refusal::nothing());
    };
    let version = syncs::version_of(&api.ports, &account, face).await?;
    let user = &face.user;
    let fields = [
        ("Address", user.email.as_deref()),
        ("User name", user.username.as_deref()),
        ("Name", user.full_name.as_deref()),
        ("Role", user.role.as_deref()),
        ("Own status", user.status.as_deref()),
        ("Made", user.created_at.as_deref()),
        ("Last seen", user.last_visit_at.as_deref()),
    ];
    let body = html! {
        div.columns {
            section aria-labelledby="user" {
                h2 #user { "User " (user.external_id) }
                p { (state(face)) }
                dl.facts {
                    @for (name, value) in fields { @if let Some(value) = value { dt { (name) } dd { (value) } } }
                    @if !user.licenses.is_empty() { dt { "Licences" } dd { (user.licenses.join(", ")) } }
                    @for (name, value) in &user.custom_fields { dt { (name) } dd { (value.as_str().map_or_else(|| value.to_string(), str::to_owned)) } }
                    @if !face.unknown.is_empty() { dt { "Never read" } dd.held { (face.unknown.join(", ")) } }
                    dt { "First seen" } dd { (when(entry.first_seen_at, now)) }
                    dt { "Last changed" } dd { (when(face.at, now)) " by syn_" (face.sync) }
                }
            }
            section aria-labelledby="why" {
                h2 #why { (words::EXPLAIN) }
                @if face.why.is_empty() { p.muted { (words::WHY_PLAIN) } }
                ul.steps { @for why in &face.why { li { (why) } } }
                @if let Some(version) = version { p.small.muted { (words::why_version(version)) } }
            }
        }
    };
    Ok(page(&visitor, &account, "users", now, body).respond(Some(&visitor)))
}
