//! Lists: `limit` and `cursor` in, `{items, next_cursor}` out.

use sando_core::admin::named::{holders_among, owners};
use sando_core::grant::Grant;
use sando_core::ids::{AppSlug, PersonId};
use sando_core::person::Person;
use sando_core::store::{Entity, Key, Loaded, Page, PageRequest, Query, StoreError, Stored};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Api;
use crate::problem::Problem;

/// How many items there are unless somebody asks.
const USUAL: usize = 50;
/// How many items there are at most.
const MOST: usize = 200;
/// So many pages' worth of items are looked through for one page of a list that is filtered.
const PAGES: usize = 12;
/// A page that is smaller counts as one of so many there.
const FEW: usize = 30;
/// How many items are read at once where few are kept.
const WIDE: usize = 1_000;

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listed<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// Where the next page begins; null at the end.
    pub(crate) next_cursor: Option<String>,
}

/// How many items are asked for.
pub(crate) fn size(limit: Option<usize>) -> Result<usize, Problem> {
    match limit {
        None => Ok(USUAL),
        Some(limit) if (1..=MOST).contains(&limit) => Ok(limit),
        Some(_) => Err(Problem::mistake("limit", format!("1 to {MOST}"))),
    }
}

/// What is listed: everything about a person, or of everybody what is in one of these states.
pub(crate) fn wanted<E: Entity>(person: Option<PersonId>, states: Vec<&'static str>) -> Query {
    let kind = E::KIND;
    match person {
        Some(person) => Query::Person { person, kind },
        None => Query::States { kind, states },
    }
}

/// Where people are looked for.
pub(crate) struct PeopleList {
    /// The list.
    pub(crate) query: Query,
    /// An application in which they are to hold something besides.
    pub(crate) holding: Option<AppSlug>,
}

/// One page of what the store lists and `keep` keeps.
pub(crate) async fn gather<E: Entity>(
    api: &Api,
    query: &Query,
    limit: Option<usize>,
    cursor: Option<String>,
    keep: impl Fn(&E) -> bool + Send,
) -> Result<Listed<Loaded<E>>, Problem> {
    Ok(look_through(api, query, limit, cursor, keep).await?.0)
}

/// The same, with how many were looked at for it.
pub(crate) async fn look_through<E: Entity>(
    api: &Api,
    query: &Query,
    limit: Option<usize>,
    cursor: Option<String>,
    keep: impl Fn(&E) -> bool + Send,
) -> Result<(Listed<Loaded<E>>, usize), Problem> {
    look(api, query, None, (limit, cursor), keep).await
}

/// The same, of people: of a list of words whoever has them, of a list of grants whose they are.
pub(crate) async fn look_through_people(
    api: &Api,
    list: &PeopleList,
    limit: Option<usize>,
    cursor: Option<String>,
    keep: impl Fn(&Person) -> bool + Send,
) -> Result<(Listed<Loaded<Person>>, usize), Problem> {
    let app = list.holding.as_ref();
    look(api, &list.query, app, (limit, cursor), keep).await
}

async fn look<E: Entity>(
    api: &Api,
    query: &Query,
    app: Option<&AppSlug>,
    (limit, cursor): (Option<usize>, Option<String>),
    keep: impl Fn(&E) -> bool + Send,
) -> Result<(Listed<Loaded<E>>, usize), Problem> {
    let size = size(limit)?;
    let mut looked_at = 0_usize;
    let mut listed = Listed {
        items: Vec::new(),
        next_cursor: cursor,
    };
    let (mut left, mut seen) = (size.max(FEW).saturating_mul(PAGES), 0_usize);
    while left > 0 {
        let from = listed.next_cursor.take();
        let room = size.saturating_sub(listed.items.len());
        let wanted = as_many(room, listed.items.len(), seen).min(left);
        let mut answer = read(api, query, wanted, from.clone()).await?;
        let these = kept(&answer.items, &keep)?;
        let mut found = holding(api, app, these).await?;
        let too_many = found.get(room).map(|(place, _)| *place);
        if let Some(place) = too_many {
            // The page ends within what was read: it is read up to there, to know where the next one begins.
            answer = read(api, query, place, from).await?;
            let these = kept(&answer.items, &keep)?;
            found = holding(api, app, these).await?;
        }
        looked_at = looked_at.saturating_add(answer.items.len());
        listed.items.extend(found.into_iter().map(|(_, one)| one));
        listed.next_cursor = answer.next;
        if listed.next_cursor.is_none() || listed.items.len() >= size {
            break;
        }
        left = left.saturating_sub(wanted);
        seen = seen.saturating_add(wanted);
    }
    Ok((listed, looked_at))
}

/// How many items are to be read to fill the room, if as many of them are kept as of those that were seen.
fn as_many(room: usize, kept: usize, seen: usize) -> usize {
    match (seen, kept) {
        (0, _) => room,
        (_, 0) => WIDE,
        _ => (room.saturating_mul(seen) / kept).clamp(room, WIDE),
    }
}

async fn read(
    api: &Api,
    query: &Query,
    limit: usize,
    cursor: Option<String>,
) -> Result<Page, StoreError> {
    let page = PageRequest { limit, cursor };
    let answer = api.ports.store.list(query, &page).await?;
    match query {
        Query::Words(_) => owners(&api.ports, answer).await,
        Query::Person { kind, .. } if *kind == Grant::KIND => owners(&api.ports, answer).await,
        _ => Ok(answer),
    }
}

/// Of people, if they are to hold something in an application, those who may.
async fn holding<E: Entity>(
    api: &Api,
    app: Option<&AppSlug>,
    mut found: Vec<(usize, Loaded<E>)>,
) -> Result<Vec<(usize, Loaded<E>)>, StoreError> {
    let Some(app) = app else {
        return Ok(found);
    };
    let people = found.iter().filter_map(|(_, one)| person_of(one));
    let people: Vec<PersonId> = people.collect();
    let holders = holders_among(&api.ports, app, &people).await?;
    found.retain(|(_, one)| person_of(one).is_some_and(|id| holders.contains(&id)));
    Ok(found)
}

fn person_of<E: Entity>(one: &Loaded<E>) -> Option<PersonId> {
    match one.entity.key() {
        Key::Person(id) => Some(id),
        _ => None,
    }
}

/// Those that are kept, with their places among all.
fn kept<E: Entity>(
    items: &[Stored],
    keep: &impl Fn(&E) -> bool,
) -> Result<Vec<(usize, Loaded<E>)>, StoreError> {
    let mut kept = Vec::new();
    for (place, stored) in items.iter().enumerate() {
        let loaded: Loaded<E> = stored.read()?;
        if keep(&loaded.entity) {
            kept.push((place, loaded));
        }
    }
    Ok(kept)
}

/// One page of a list that is at hand as a whole, by name.
pub(crate) fn cut<T>(
    all: Vec<(String, T)>,
    limit: Option<usize>,
    cursor: Option<&str>,
) -> Result<Listed<T>, Problem> {
    let size = size(limit)?;
    let mut rest = all
        .into_iter()
        .filter(|(name, _)| cursor.is_none_or(|cursor| name.as_str() > cursor));
    let mut last = None;
    let mut items = Vec::new();
    for (name, item) in rest.by_ref().take(size) {
        last = Some(name);
        items.push(item);
    }
    let next_cursor = last.filter(|_| rest.next().is_some());
    Ok(Listed { items, next_cursor })
}

impl<T> Listed<T> {
    /// The same page, shown.
    pub(crate) fn map<V>(self, show: impl FnMut(T) -> V) -> Listed<V> {
        Listed {
            items: self.items.into_iter().map(show).collect(),
            next_cursor: self.next_cursor,
        }
    }
}
