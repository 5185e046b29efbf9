//! Find: people, accounts, runs and files by how they begin, or anything by its id. A page of its own; the palette of
//! every page shows the same list while one types.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use maud::{Markup, html};
use sando_core::account::Account;
use sando_core::admin::named::named;
use sando_core::admin::{accounts, definitions, files};
use sando_core::approval::Approval;
use sando_core::claim::Claim;
use sando_core::event::Event;
use sando_core::handle::load::matched;
use sando_core::intake::Match;
use sando_core::job::Job;
use sando_core::person::{CanonicalEmail, Lifecycle, Person};
use sando_core::run::Run;
use sando_core::store::{Entity, Key, Loaded, PageRequest, Query};
use sando_core::task::Task;
use serde::Deserialize;

use crate::Api;

use super::input::Asks;
use super::layout::{Nav, Page};
use super::refusal::Refusal;
use super::visitor::Sees;
use super::words;

/// How many of each kind are shown.
const MOST: usize = 8;
/// How many people are read at first, then, and last, where words do not find everybody: the newest are looked through.
const AT_ONCE: [usize; 3] = [100, 900, 1_000];
/// Less than so many characters find nothing.
const LEAST: usize = 2;

/// Something that was found.
struct Hit {
    kind: &'static str,
    name: String,
    more: String,
    to: String,
}

impl Hit {
    fn person(person: &Person) -> Self {
        Self {
            kind: "Person",
            name: words::name(person),
            more: words::work(person),
            to: format!("/console/people/{}", person.id),
        }
    }
}

/// What was found, and whether everybody was looked at.
#[derive(Default)]
struct Found {
    hits: Vec<Hit>,
    is_cut: bool,
}

/// What to look for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FindQuery {
    #[serde(default)]
    q: String,
}

/// Finds. Who pastes the id of something is led to it.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    headers: HeaderMap,
    Asks(query): Asks<FindQuery>,
) -> Result<Response, Refusal> {
    let text = query.q.trim();
    let found = match by_id(&api, text).await? {
        Some(hit) if !headers.contains_key("hx-request") => {
            return Ok(Redirect::to(&hit.to).into_response());
        }
        Some(hit) => Found {
            hits: vec![hit],
            is_cut: false,
        },
        None if text.chars().count() < LEAST => Found::default(),
        None => by_name(&api, text).await?,
    };
    let body = html! {
        form.filter method="get" action="/console/find" role="search" {
            label { (words::FIND_WHAT) input type="search" name="q" value=(query.q) data-find="1" maxlength="200"; }
            button type="submit" { (words::FIND) }
        }
        (list(&found, text))
    };
    let page = Page {
        nav: Nav::Find,
        title: words::FIND.to_owned(),
        above: None,
        verdict: words::found(found.hits.len(), text),
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

fn list(found: &Found, text: &str) -> Markup {
    html! {
        div #found {
            @if found.hits.is_empty() && !text.is_empty() { p.empty { (words::NOTHING_FOUND) } }
            ul.hits {
                @for hit in &found.hits {
                    li { a href=(hit.to) { (hit.name) } " " span.small.muted { (hit.kind) @if !hit.more.is_empty() { ", " (hit.more) } } }
                }
            }
            @if found.is_cut { p.small.muted { (words::FOUND_CUT) } }
        }
    }
}

/// The palette that every page has.
pub(super) fn palette() -> Markup {
    html! {
        dialog #find aria-labelledby="find-name" {
            h2 #find-name { (words::FIND) }
            form.filter method="get" action="/console/find" role="search" {
                label { (words::FIND_WHAT) input #find-q type="search" name="q" maxlength="200" autocomplete="off" autofocus; }
                button type="submit" { (words::FIND) }
            }
            div hx-get="/console/find" hx-trigger="input delay:200ms from:#find-q" hx-include="#find-q"
                hx-target="#found" hx-select="#found" hx-swap="outerMorph" hx-sync="this:replace" {}
            div #found {}
            p.bar { button type="button" data-close="1" { (words::CLOSE) } }
        }
    }
}

/// What has this id, or is the person with this address.
async fn by_id(api: &Api, text: &str) -> Result<Option<Hit>, Refusal> {
    let store = &api.ports.store;
    if let (true, Ok(id)) = (text.starts_with("per_"), text.parse()) {
        let person = store.find::<Person>(&Key::Person(id)).await?;
        return Ok(person.map(|person| Hit::person(&person.entity)));
    }
    if let (true, Ok(id)) = (text.starts_with("run_"), text.parse()) {
        let run = store.find::<Run>(&Key::Run(id)).await?;
        return Ok(run.map(|run| Hit {
            kind: "Run",
            name: run.entity.workflow.to_string(),
            more: run.entity.state.as_str().to_owned(),
            to: format!("/console/runs/{}", run.entity.id),
        }));
    }
    if let (true, Ok(id)) = (text.starts_with("tsk_"), text.parse()) {
        let task = store.find::<Task>(&Key::Task(id)).await?;
        return Ok(task.map(|task| Hit {
            kind: "Task",
            name: task.entity.title.clone(),
            more: task.entity.owner.clone(),
            to: format!("/console/tasks/{}", task.entity.id),
        }));
    }
    if let (true, Ok(id)) = (text.starts_with("apr_"), text.parse()) {
        let asked = store.find::<Approval>(&Key::Approval(id)).await?;
        return Ok(asked.map(|asked| Hit {
            kind: "Decision",
            name: asked.entity.app.to_string(),
            more: asked.entity.state.as_str().to_owned(),
            to: format!("/approvals/{}", asked.entity.id),
        }));
    }
    if let (true, Ok(id)) = (text.starts_with("evt_"), text.parse()) {
        let event = store.find::<Event>(&Key::Event(id)).await?;
        return Ok(event.map(|event| Hit {
            kind: "Event",
            name: words::of_event(event.entity.kind).to_owned(),
            more: event.entity.state.as_str().to_owned(),
            to: format!("/console/events/{}", event.entity.id),
        }));
    }
    if let (true, Ok(id)) = (text.starts_with("job_"), text.parse()) {
        let job = store.find::<Job>(&Key::Job(id)).await?;
        return Ok(job.map(|job| Hit {
            kind: words::WORK,
            name: job.entity.id.to_string(),
            more: job.entity.state.as_str().to_owned(),
            to: format!("/console/jobs/{}", job.entity.id),
        }));
    }
    by_address(api, text).await
}

async fn by_address(api: &Api, text: &str) -> Result<Option<Hit>, Refusal> {
    let Ok(address) = CanonicalEmail::parse(text) else {
        return Ok(None);
    };
    let claims = [Claim::email(&address), Claim::address(&address)];
    Ok(match matched(&api.ports, &claims).await? {
        Match::One(person) => Some(Hit::person(&person.entity)),
        Match::Nobody | Match::Several(_) => None,
    })
}

/// Does a text, or a word in it, begin so?
fn begins(text: &str, with: &str) -> bool {
    let text = text.to_lowercase();
    let is_end = |c: char| c.is_whitespace() || matches!(c, '-' | '_' | '/' | '.');
    text.starts_with(with) || text.split(is_end).any(|word| word.starts_with(with))
}

async fn by_name(api: &Api, text: &str) -> Result<Found, Refusal> {
    let text = text.to_lowercase();
    let mut found = people(api, &text).await?;
    found.hits.extend(connected(api, &text).await?);
    found.hits.extend(of_files(api, &text).await?);
    Ok(found)
}

async fn people(api: &Api, text: &str) -> Result<Found, Refusal> {
    let named = named(&api.ports, text, MOST + 1, None, |_| true).await?;
    let (mut people, mut is_cut) = (named.people, named.next.is_some());
    if !named.is_complete && people.len() <= MOST {
        is_cut |= newest(api, text, &mut people).await?;
    }
    is_cut |= people.len() > MOST;
    people.truncate(MOST);
    let hits = people.iter().map(|person| Hit::person(&person.entity));
    let mut hits: Vec<Hit> = hits.collect();
    hits.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Found { hits, is_cut })
}

/// Adds the newest whose name or addresses begin so, where words do not find everybody; answers whether there are people at
/// whom nobody looked.
async fn newest(api: &Api, text: &str, found: &mut Vec<Loaded<Person>>) -> Result<bool, Refusal> {
    let wanted = Query::States {
        kind: Person::KIND,
        states: Lifecycle::ALL.iter().map(|state| state.as_str()).collect(),
    };
    let keep = |person: &Person| {
        let fields = ["name", "work_email", "personal_email"];
        let mut values = fields.iter().filter_map(|field| person.text(field));
        values.any(|value| begins(value, text))
    };
    let mut cursor = None;
    for limit in AT_ONCE {
        let page = PageRequest { limit, cursor };
        let answer = api.ports.store.list(&wanted, &page).await?;
        for stored in &answer.items {
            let person: Loaded<Person> = stored.read()?;
            let is_new = found.iter().all(|one| one.entity.id != person.entity.id);
            found.extend((is_new && keep(&person.entity)).then_some(person));
        }
        cursor = answer.next;
        if cursor.is_none() || found.len() > MOST {
            break;
        }
    }
    Ok(cursor.is_some())
}

async fn connected(api: &Api, text: &str) -> Result<Vec<Hit>, Refusal> {
    let accounts = accounts::all(&api.ports).await?;
    let found = accounts.iter().map(|account| &account.entity);
    let found = found.filter(|account| begins(&account.label(), text));
    let hit = |account: &Account| Hit {
        kind: "Account",
        name: account.label(),
        more: account.state.as_str().to_owned(),
        to: format!("/console/accounts/{}/{}", account.definition, account.name),
    };
    Ok(found.take(MOST).map(hit).collect())
}

async fn of_files(api: &Api, text: &str) -> Result<Vec<Hit>, Refusal> {
    let company = files::company(&api.ports).await?;
    let definitions = definitions::all(&api.ports).await?;
    let mut all: Vec<Hit> = Vec::new();
    let mut add = |kind: &'static str, path: &str, id: &str, name: &str| {
        let count = all.iter().filter(|hit| hit.kind == kind).count();
        if count < MOST && (begins(id, text) || begins(name, text)) {
            all.push(Hit {
                kind,
                name: name.to_owned(),
                more: if name == id {
                    String::new()
                } else {
                    id.to_owned()
                },
                to: format!("/console/{path}/{id}"),
            });
        }
    };
    for (id, app) in &company.apps {
        add("Application", "apps", id.as_str(), app.label());
    }
    for item in &definitions {
        let (id, name) = (item.entity.id.as_str(), item.entity.name.as_str());
        add("Definition", "integrations", id, name);
    }
    for id in company.policies.keys() {
        add("Policy", "policies", id.as_str(), id.as_str());
    }
    for id in company.rules.keys() {
        add("Rule", "rules", id.as_str(), id.as_str());
    }
    for id in company.workflows.keys() {
        add("Workflow", "workflows", id.as_str(), id.as_str());
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_a_name_counts_and_only_its_beginning() {
        assert!(begins("Ada Park", "ada p"));
        assert!(begins("Ada Park", "park"));
        assert!(begins("acme/prod", "prod"));
        assert!(!begins("Ada Park", "da"));
    }
}
