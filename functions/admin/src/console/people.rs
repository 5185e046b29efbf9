//! People: the list, newest first; or those whose names and addresses have words that begin as somebody typed, of a
//! department, with something in an application, or with drift.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use maud::{Markup, html};
use sando_core::admin::api_key::Scope;
use sando_core::admin::files;
use sando_core::admin::named::{holders_among, named};
use sando_core::config::ConfigKind;
use sando_core::ids::{AppSlug, PersonId};
use sando_core::person::{Lifecycle, Person};
use sando_core::store::Loaded;
use serde::Deserialize;
use serde_json::Value;

use crate::Api;
use crate::attributes::current;
use crate::body::word;
use crate::list::{Listed, look_through_people};
use crate::people::{Sought, flag, narrowest};
use crate::problem::Problem;

use super::format::{day, day_of};
use super::input::Asks;
use super::layout::{Nav, Page};
use super::parts::{empty, older, segment, tag};
use super::refusal::Refusal;
use super::states;
use super::visitor::Sees;
use super::words;

/// How many people are enough for a page of those who are found by words.
const ENOUGH: usize = 50;
/// Within how many days somebody may start.
const WITHIN: [i64; 3] = [7, 14, 30];

/// Which people.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PeopleQuery {
    #[serde(default)]
    q: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    department: String,
    /// Those who hold something in this application.
    #[serde(default)]
    app: String,
    /// Those who have drift.
    #[serde(default)]
    drift: String,
    /// Those who start within so many days.
    #[serde(default)]
    within: String,
    /// Departments, titles and the middle of words too: everybody is looked through, page by page.
    #[serde(default)]
    all: bool,
    cursor: Option<String>,
}

impl PeopleQuery {
    /// The filters that are set, by their names in the address.
    fn filled(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [
            ("q", self.q.trim()),
            ("state", self.state.as_str()),
            ("department", self.department.trim()),
            ("app", self.app.trim()),
            ("drift", self.drift.as_str()),
            ("within", self.within.as_str()),
        ];
        all.into_iter().filter(|(_, text)| !text.is_empty())
    }

    fn is_filtered(&self) -> bool {
        self.filled().next().is_some()
    }

    /// Is somebody left out by what they are, not only by where they stand?
    fn is_narrowed(&self) -> bool {
        self.filled().any(|(name, _)| name != "state")
    }

    fn has_drift(&self) -> Result<bool, Problem> {
        flag("drift", &self.drift)
    }

    fn sought<'a>(&'a self, states: &'a [Lifecycle]) -> Result<Sought<'a>, Problem> {
        let app = Some(self.app.trim()).filter(|app| !app.is_empty());
        Ok(Sought {
            states,
            department: self.department(),
            app: app.map(|app| word("app", app)).transpose()?,
            drift: self.has_drift()?,
        })
    }

    fn department(&self) -> Option<&str> {
        Some(self.department.trim()).filter(|name| !name.is_empty())
    }

    /// Until when they start who are asked for; none where it does not matter.
    fn starts_until(&self, now: Timestamp) -> Result<Option<Date>, Problem> {
        if self.within.is_empty() {
            return Ok(None);
        }
        let days = self
            .within
            .parse::<i64>()
            .ok()
            .filter(|days| WITHIN.contains(days));
        let days = days.ok_or_else(|| Problem::mistake("within", "7, 14 or 30"))?;
        let ahead = SignedDuration::from_hours(days.saturating_mul(24));
        let until = now.saturating_add(ahead).unwrap_or(Timestamp::MAX);
        Ok(Some(until.to_zoned(TimeZone::UTC).date()))
    }

    /// The lists that they are in. Whoever is going to start is in a short one.
    fn states(&self) -> Result<Vec<Lifecycle>, Problem> {
        Ok(match self.state.as_str() {
            "" if self.within.is_empty() => Lifecycle::ALL.to_vec(),
            "" => vec![Lifecycle::Preboarding],
            state => vec![word("state", state)?],
        })
    }

    fn address(&self, all: bool) -> String {
        let mut more = String::new();
        for (name, text) in self.filled() {
            if !["q", "state"].contains(&name) {
                more.extend(["&", name, "=", &segment(text)]);
            }
        }
        format!(
            "/console/people?q={}&state={}{more}{}",
            segment(&self.q),
            segment(&self.state),
            if all { "&all=true" } else { "" }
        )
    }

    /// The address of the same list without one of the filters.
    fn without(&self, name: &str) -> String {
        let rest = self.filled().filter(|(other, _)| *other != name);
        let rest: Vec<String> = rest
            .map(|(name, text)| format!("{name}={}", segment(text)))
            .collect();
        match rest.is_empty() {
            true => "/console/people".to_owned(),
            false => format!("/console/people?{}", rest.join("&")),
        }
    }
}

/// What can be chosen from.
struct Choices {
    departments: BTreeSet<String>,
    /// Applications with their names for people.
    apps: BTreeMap<String, String>,
}

/// Lists people.
pub(super) async fn show(
    Sees(visitor): Sees,
    State(api): State<Api>,
    Asks(query): Asks<PeopleQuery>,
) -> Result<Response, Refusal> {
    let states = query.states()?;
    let until = query.starts_until(api.ports.clock.now())?;
    let sought = query.sought(&states)?;
    let wants = |person: &Person| {
        let starts = until.is_none_or(|until| person.starts_on.is_some_and(|on| on <= until));
        starts && sought.is(person)
    };
    let text = query.q.trim().to_lowercase();
    let named = by_words(&api, &query, &text, sought.app.as_ref(), &wants).await?;
    let is_by_words = named.is_some();
    let (found, looked_at) = match named {
        Some(found) => (found, 0),
        None => {
            let wanted = narrowest(&api, &sought).await?;
            let keep = |person: &Person| wants(person) && matches(person, &text);
            look_through_people(&api, &wanted, None, query.cursor.clone(), keep).await?
        }
    };
    let is_cut = query.is_narrowed() && found.next_cursor.is_some();
    let older_from = query.address(!is_by_words && !text.is_empty());
    let choices = Choices {
        departments: departments(&api, &found).await?,
        apps: apps(&api).await?,
    };
    let body = html! {
        (filter(&query, sought.drift, &choices))
        (chips(&query, &choices))
        @if visitor.may(Scope::Admin) { p.small { a href="/console/people/import" { (words::IMPORT) } } }
        @if sought.app.is_some() { p.small.muted { (words::HOLDERS_ARE) } }
        @if sought.drift { p.small.muted { (words::DRIFTING_ARE) } }
        @if found.items.is_empty() { (nobody(&query, is_cut)) } @else { (table(&found)) }
        @if is_by_words {
            p.small.muted { (words::FOUND_BY_WORDS) " " a href=(query.address(true)) { (words::LOOK_THROUGH) } }
        } @else if is_cut && looked_at > found.items.len() { p.small.muted { (words::looked_at(looked_at)) } }
        (older(&older_from, found.next_cursor.as_deref()))
    };
    let page = Page {
        nav: Nav::People,
        title: "People".to_owned(),
        above: None,
        verdict: words::people(
            found.items.len(),
            query.is_filtered(),
            found.next_cursor.is_some(),
        ),
        lead: None,
        body,
    };
    Ok(page.respond(Some(&visitor)))
}

fn nobody(query: &PeopleQuery, is_cut: bool) -> Markup {
    html! {
        @if is_cut { (empty(words::NOBODY_SO_FAR)) } @else if query.is_filtered() {
            p.empty { (words::NO_MATCH) " " a href="/console/people" { (words::CLEAR) } }
        } @else { (empty(words::NO_PEOPLE)) }
    }
}

/// Those whose name or address has words that begin so, however many people there are. None where everybody has to be
/// looked through.
async fn by_words(
    api: &Api,
    query: &PeopleQuery,
    text: &str,
    app: Option<&AppSlug>,
    wants: &(impl Fn(&Person) -> bool + Sync),
) -> Result<Option<Listed<Loaded<Person>>>, Refusal> {
    if text.is_empty() || query.all {
        return Ok(None);
    }
    let mut found = named(&api.ports, text, ENOUGH, query.cursor.clone(), wants).await?;
    if let Some(app) = app {
        let people = found.people.iter();
        let people: Vec<PersonId> = people.map(|person| person.entity.id.clone()).collect();
        let holders = holders_among(&api.ports, app, &people).await?;
        let has = |person: &Loaded<Person>| holders.contains(&person.entity.id);
        found.people.retain(has);
    }
    let is_nobody = found.people.is_empty() && found.next.is_none();
    if !found.is_complete || (is_nobody && query.cursor.is_none()) {
        return Ok(None);
    }
    found
        .people
        .sort_by_key(|person| words::name(&person.entity));
    Ok(Some(Listed {
        items: found.people,
        next_cursor: found.next,
    }))
}

/// Departments to choose from, as far as they are at hand: those that aliases name, and those of the page.
async fn departments(
    api: &Api,
    found: &Listed<Loaded<Person>>,
) -> Result<BTreeSet<String>, Refusal> {
    let (file, _) = current(api).await?;
    let aliases = file.pointer("/aliases/department");
    let named = aliases.and_then(Value::as_object).into_iter().flatten();
    let named = named.map(|(name, _)| name.clone());
    let shown = found.items.iter();
    let shown = shown.filter_map(|person| person.entity.text("department"));
    Ok(named.chain(shown.map(str::to_owned)).collect())
}

/// Applications to choose from, with their names.
async fn apps(api: &Api) -> Result<BTreeMap<String, String>, Refusal> {
    let all = files::all(&api.ports, ConfigKind::App).await?.into_iter();
    let named = all.map(|item| {
        let id = item.entity.id.to_string();
        let name = item.entity.file.get("name").and_then(Value::as_str);
        let name = name
            .filter(|name| !name.is_empty())
            .unwrap_or(&id)
            .to_owned();
        (id, name)
    });
    Ok(named.collect())
}

fn matches(person: &Person, text: &str) -> bool {
    let fields = [
        "name",
        "work_email",
        "personal_email",
        "department",
        "title",
    ];
    text.is_empty()
        || person.id.as_str() == text
        || fields
            .iter()
            .filter_map(|field| person.text(field))
            .any(|value| value.to_lowercase().contains(text))
}

fn filter(query: &PeopleQuery, has_drift: bool, choices: &Choices) -> Markup {
    let app = query.app.trim();
    let is_known = app.is_empty() || choices.apps.contains_key(app);
    html! {
        form.filter method="get" action="/console/people" role="search" {
            label { "Find" input type="search" name="q" value=(query.q) data-find="1" maxlength="100"; }
            label {
                "State"
                select name="state" {
                    option value="" { "any" }
                    @for state in Lifecycle::ALL {
                        option value=(state.as_str()) selected[query.state == state.as_str()] { (states::person(state).1) }
                    }
                }
            }
            label {
                (words::DEPARTMENT)
                input type="search" name="department" value=(query.department) maxlength="200" list="departments" autocomplete="off";
            }
            datalist #departments { @for name in &choices.departments { option value=(name) {} } }
            label {
                (words::HOLDS)
                select name="app" {
                    option value="" { "any application" }
                    @if !is_known { option value=(app) selected { (app) } }
                    @for (id, name) in &choices.apps { option value=(id) selected[id == app] { (name) } }
                }
            }
            label {
                (words::DRIFT)
                select name="drift" {
                    option value="" { "with or without" }
                    option value="1" selected[has_drift] { (words::HAS_DRIFT) }
                }
            }
            label {
                (words::STARTS)
                select name="within" {
                    option value="" { "any day" }
                    @for days in WITHIN { option value=(days) selected[query.within == days.to_string()] { "within " (days) " days" } }
                }
            }
            button type="submit" { (words::FILTER) }
        }
    }
}

/// Each filter that is set, as a link to the list without it.
fn chips(query: &PeopleQuery, choices: &Choices) -> Markup {
    let shown = |name: &str, text: &str| match name {
        "state" => {
            let state = Lifecycle::ALL
                .into_iter()
                .find(|state| state.as_str() == text);
            state.map_or_else(
                || text.to_owned(),
                |state| states::person(state).1.to_owned(),
            )
        }
        "app" => words::holds(choices.apps.get(text).map_or(text, String::as_str)),
        "drift" => words::HAS_DRIFT.to_owned(),
        "within" => words::starts_within(text),
        _ => text.to_owned(),
    };
    html! {
        @if query.is_filtered() {
            ul.chips {
                @for (name, text) in query.filled() {
                    li { a.chip href=(query.without(name)) {
                        (shown(name, text)) span aria-hidden="true" { "×" } span.visually-hidden { ", " (words::TAKE_OFF) }
                    } }
                }
            }
        }
    }
}

fn table(found: &Listed<Loaded<Person>>) -> Markup {
    html! {
        table {
            thead { tr {
                th scope="col" { "Name" } th scope="col" { "State" } th scope="col" { "Work" }
                th scope="col" { "Department" } th scope="col" { "First day" } th scope="col" { "Leaves" }
            } }
            tbody {
                @for item in &found.items {
                    @let person = &item.entity;
                    @let (shape, state) = states::person(person.state);
                    tr {
                        td { a href={ "/console/people/" (person.id) } { (words::name(person)) } }
                        td data-label="State" { (tag(shape, state)) @if person.baselined { " " span.small.muted { "baselined" } } }
                        td data-label="Work" { (person.text("title").unwrap_or_default()) }
                        td data-label="Department" { (person.text("department").unwrap_or_default()) }
                        td.nowrap data-label="First day" { @if let Some(on) = person.starts_on { (day(on)) } }
                        td.nowrap data-label="Leaves" { @if let Some(at) = person.leaves_at { (day_of(at)) } }
                    }
                }
            }
        }
    }
}
