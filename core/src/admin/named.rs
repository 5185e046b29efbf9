//! People by how the words of their names and addresses begin, by department, by what they hold and by drift, however many
//! there are.

use std::collections::{BTreeMap, BTreeSet};

use crate::account::Account;
use crate::grant::{Grant, holders_of};
use crate::ids::{AppSlug, PersonId};
use crate::person::Person;
use crate::ports::Ports;
use crate::store::{Entity, Group, Key, Loaded, Page, PageRequest, Query, StoreError};
use crate::words::{self, Finder, Word};

use super::AdminError;

/// How many who have such a word are looked at for a page.
const MOST_LOOKED_AT: usize = 500;

/// Some who were found.
#[derive(Default)]
pub struct Named {
    /// The people, each once over all pages.
    pub people: Vec<Loaded<Person>>,
    /// Where the next ones begin.
    pub next: Option<String>,
    /// There is nobody else. If not, there may be people who were known before words were kept, and whom the daily count has
    /// not come to yet; or nobody is found by such a text.
    pub is_complete: bool,
}

/// At least so many whose words begin as those of a text and whom `keep` keeps, as far as one look goes; in no order that
/// says anything. Nobody is found by less than two letters.
///
/// # Errors
/// `BadCursor` for a cursor of another text; otherwise if the store cannot be read.
pub async fn named(
    ports: &Ports,
    text: &str,
    enough: usize,
    cursor: Option<String>,
    keep: impl Fn(&Person) -> bool + Send,
) -> Result<Named, AdminError> {
    let finder = ports.store.find::<Finder>(&Key::Finder).await?;
    let (Some(finder), Some(word)) = (finder, words::telling(text)) else {
        return Ok(Named::default());
    };
    let finder = finder.entity;
    let query = Query::Words(finder.marks(&word));
    let mut found = Named {
        people: Vec::new(),
        next: cursor,
        is_complete: finder.is_complete,
    };
    let mut left = MOST_LOOKED_AT;
    while left > 0 && found.people.len() < enough {
        let page = PageRequest {
            limit: enough.min(left),
            cursor: found.next.take(),
        };
        let answer = ports.store.list(&query, &page).await?;
        let mut have: Vec<Word> = Vec::with_capacity(answer.items.len());
        for stored in &answer.items {
            have.push(stored.read()?.entity);
        }
        let people = read(ports, &have).await?;
        for one in have {
            let person = people.get(&one.person).filter(|person| {
                finder.first(&person.entity, &word) == Some(one.mark)
                    && words::begin(&person.entity, text)
                    && keep(&person.entity)
            });
            found.people.extend(person.cloned());
        }
        left = left.saturating_sub(page.limit);
        found.next = answer.next;
        if found.next.is_none() {
            break;
        }
    }
    Ok(found)
}

/// The people who have these words.
async fn read(
    ports: &Ports,
    have: &[Word],
) -> Result<BTreeMap<PersonId, Loaded<Person>>, AdminError> {
    let ids: BTreeSet<&PersonId> = have.iter().map(|one| &one.person).collect();
    let keys: Vec<Key> = ids.into_iter().map(|id| Key::Person(id.clone())).collect();
    let mut people = BTreeMap::new();
    for stored in ports.store.get_all(&keys).await?.into_iter().flatten() {
        let person: Loaded<Person> = stored.read()?;
        people.insert(person.entity.id.clone(), person);
    }
    Ok(people)
}

/// The list of everybody of a department, newest first: of words, whose [`owners`] they are. None while there may be people
/// who were known before departments were kept, and whom the daily count has not come to yet.
///
/// # Errors
/// If the store cannot be read.
pub async fn of_department(ports: &Ports, name: &str) -> Result<Option<Query>, AdminError> {
    let finder = ports.store.find::<Finder>(&Key::Finder).await?;
    let finder = finder.filter(|finder| finder.entity.has_departments);
    let marks = finder.and_then(|finder| finder.entity.department(name));
    Ok(marks.map(Query::Words))
}

/// The list of everybody who may hold something in an application, whoever's changed last first: of grants, whose [`owners`]
/// they are. None while there may be grants that were written before they were listed so, and that nobody came to yet.
///
/// # Errors
/// If the store cannot be read.
pub async fn of_app(ports: &Ports, app: &AppSlug) -> Result<Option<Query>, AdminError> {
    let finder = ports.store.find::<Finder>(&Key::Finder).await?;
    let finder = finder.filter(|finder| finder.entity.has_holders);
    Ok(finder.map(|_| Query::Person {
        person: holders_of(app),
        kind: Grant::KIND,
    }))
}

/// Those of these people who may hold something in an application.
///
/// # Errors
/// If the store cannot be read.
pub async fn holders_among(
    ports: &Ports,
    app: &AppSlug,
    people: &[PersonId],
) -> Result<BTreeSet<PersonId>, StoreError> {
    let grants = people.iter();
    let grants = grants.map(|person| Key::Grant(person.clone(), Grant::id_for(person, app)));
    let grants: Vec<Key> = grants.collect();
    let mut holders = BTreeSet::new();
    for stored in ports.store.get_all(&grants).await?.into_iter().flatten() {
        let grant = stored.read::<Grant>()?.entity;
        if grant.counts_as_held() {
            holders.insert(grant.person);
        }
    }
    Ok(holders)
}

/// The list of everybody who has drift, newest first: of words, whose [`owners`] they are. None while nobody is known.
///
/// # Errors
/// `Refused` while there are rosters, and not everybody was held against them once.
pub async fn of_drift(ports: &Ports) -> Result<Option<Query>, AdminError> {
    let Some(finder) = ports.store.find::<Finder>(&Key::Finder).await? else {
        return Ok(None);
    };
    if finder.entity.drift_looked_at.is_none() {
        let accounts: Vec<Loaded<Account>> = ports.store.all(&Group::Accounts).await?;
        if accounts.iter().any(|account| account.entity.applied > 0) {
            let why = "nobody was looked at for drift yet: that begins within minutes after the first sync, and is done once a day";
            return Err(AdminError::refused("not_looked_yet", why));
        }
    }
    Ok(Some(Query::Words(finder.entity.drift())))
}

/// The people who have the words of a page, or whose grants it has, in its order; nobody may have two of them.
///
/// # Errors
/// If the store cannot be read.
pub async fn owners(ports: &Ports, page: Page) -> Result<Page, StoreError> {
    let people = page.items.iter().filter_map(|item| match &item.key {
        Key::Word(_, person) | Key::Grant(person, _) => Some(Key::Person(person.clone())),
        _ => None,
    });
    let people: Vec<Key> = people.collect();
    let people = ports.store.get_all(&people).await?;
    Ok(Page {
        items: people.into_iter().flatten().collect(),
        next: page.next,
    })
}
