//! The users of an account, and why each is what it is.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use sando_core::account::Account;
use sando_core::admin::{accounts, syncs};
use sando_core::definition::IdHash;
use sando_core::person::CanonicalEmail;
use sando_core::roster::{Entry, Face, holder_of};
use sando_core::store::{Entity, Key, Loaded, PageRequest, Query};
use serde::Deserialize;

use crate::Api;
use crate::list::{Listed, look_through};

use super::account::{Of, page, place};
use super::format::when;
use super::input::{Asks, At};
use super::linked::{self, OfUser};
use super::parts::{empty, older, segment, tag};
use super::refusal::Refusal;
use super::states::Shape;
use super::visitor::{Sees, Visitor};
use super::words;

/// How many users with one address are shown, in all accounts together.
const MOST_OF_AN_ADDRESS: usize = 200;

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

/// One page of those who have this text somewhere, and how many were looked at for it. Those who have it as their whole id
/// or address come first, wherever they lie.
async fn look(
    api: &Api,
    account: &Account,
    text: &str,
    cursor: Option<String>,
) -> Result<(Listed<Loaded<Entry>>, usize), Refusal> {
    let is_first = cursor.is_none();
    let mut items = exactly(api, account, text).await?;
    let exact: Vec<IdHash> = items.iter().map(|one| one.entity.id).collect();
    let lower = text.to_lowercase();
    let keep = |entry: &Entry| {
        let face = entry.visible(account.applied).filter(|face| !face.deleted);
        !exact.contains(&entry.id) && face.is_some_and(|face| matches(face, &lower))
    };
    let query = Query::Roster(account.roster.clone());
    let (mut found, looked_at) = look_through(api, &query, None, cursor, keep).await?;
    if is_first {
        items.append(&mut found.items);
        found.items = items;
    }
    Ok((found, looked_at))
}

/// Those who have this id or address: found at once, however many users there are.
async fn exactly(api: &Api, account: &Account, text: &str) -> Result<Vec<Loaded<Entry>>, Refusal> {
    let store = &api.ports.store;
    let mut found: Vec<Loaded<Entry>> = Vec::new();
    if text.is_empty() {
        return Ok(found);
    }
    let key = Key::Entry(account.roster.clone(), IdHash::of(text));
    found.extend(store.find::<Entry>(&key).await?);
    if let Ok(address) = CanonicalEmail::parse(text) {
        let query = Query::Person {
            person: holder_of(&address),
            kind: Entry::KIND,
        };
        let page = PageRequest {
            limit: MOST_OF_AN_ADDRESS,
            cursor: None,
        };
        for stored in store.list(&query, &page).await?.items {
            let entry: Loaded<Entry> = stored.read()?;
            let is_new = found.iter().all(|one| one.entity.id != entry.entity.id);
            let is_here = entry.entity.roster == account.roster;
            found.extend((is_new && is_here).then_some(entry));
        }
    }
    found.retain(|entry| {
        let face = entry.entity.visible(account.applied);
        face.is_some_and(|face| !face.deleted)
    });
    Ok(found)
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
    let text = asked.q.trim();
    let (found, looked_at) = look(&api, &account, text, asked.cursor.clone()).await?;
    let is_cut = !text.is_empty() && found.next_cursor.is_some();
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
            @else if is_cut { (empty(words::NOBODY_SO_FAR)) }
            @else { p.empty { (words::NO_MATCH) " " a href={ (place) "/users" } { (words::CLEAR) } } }
        } @else { (table(&account, &faces)) }
        @if is_cut { p.small.muted { (words::looked_at(looked_at)) " " (words::WHOLE_FINDS) } }
        (older(&format!("{place}/users?q={}", segment(&asked.q)), found.next_cursor.as_deref()))
    };
    Ok(page(&visitor, &account, "users", now, body).respond(Some(&visitor)))
}

fn state(face: &Face) -> Markup {
    let is_known = !face.unknown.iter().any(|field| field == "active");
    match (face.deleted, face.user.active) {
        (true, _) => tag(Shape::Cancelled, "vanished"),
        _ if !is_known => html! { span.muted { "not known" } },
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
    At((definition, name, external_id)): At<OfUser>,
) -> Result<Response, Refusal> {
    let account = accounts::must_be(&api.ports, &definition, &name)
        .await?
        .entity;
    shown(&api, &visitor, &account, &external_id, "", html! {}).await
}

/// The page of a user, with what is wrong with what was typed of who it is.
pub(super) async fn shown(
    api: &Api,
    visitor: &Visitor,
    account: &Account,
    external_id: &str,
    typed: &str,
    wrong: Markup,
) -> Result<Response, Refusal> {
    let now = api.ports.clock.now();
    let entry = syncs::user(&api.ports, account, external_id).await?;
    let Some(face) = entry.visible(account.applied) else {
        return Err(Refusal::nothing());
    };
    let version = syncs::version_of(&api.ports, account, face).await?;
    let who = linked::section(api, visitor, account, face, typed, now).await?;
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
        (wrong)
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
            (who)
        }
    };
    Ok(page(visitor, account, "users", now, body).respond(Some(visitor)))
}
