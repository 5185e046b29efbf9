//! Plans changed files in portions: looks at everybody's access as it is, and as it would be.

use jiff::Timestamp;

use crate::company::Company;
use crate::config::ConfigItem;
use crate::drift::Truth;
use crate::grant::Grant;
use crate::impact::{Cap, Difference, Dues, Shown, changed, differences, may_differ, shown};
use crate::job::Planning;
use crate::mistake::Mistake;
use crate::person::{Lifecycle, Person};
use crate::ports::Ports;
use crate::store::{Entity, Group, Key, Loaded, PageRequest, Query, StoreError};

use super::rosters::Rosters;
use super::{HandleError, drift, load};

/// How many people are looked at in one portion: so many that reading the configuration for it does not count.
const AT_ONCE: usize = 500;
/// How many people are looked up in the rosters; of all others a plan only says how much would differ.
const MOST_LOOKED_UP: usize = 200;
/// How many differences: what is shown of each lies in the item of the plan.
const MOST_SHOWN: usize = 250;
/// How many of them in one portion.
const LOOKED_UP_AT_ONCE: usize = 50;

/// Looks at the next people; true when everybody was looked at.
///
/// # Errors
/// If the store cannot be read, or the configuration is another than when the plan began.
pub async fn portion(ports: &Ports, planning: &mut Planning) -> Result<bool, HandleError> {
    let at = ports.clock.now();
    let (now, then) = companies(ports, planning, at).await?;
    planning.impact.cap = Cap::of(&now.settings);
    let (people, next) = people(ports, planning).await?;
    for person in people.iter().filter(|person| !person.baselined) {
        if !may_differ(person, &planning.changes, &now, &then, at) {
            planning.impact.add(Vec::new());
            continue;
        }
        let dues = Dues::of(person, &now, &then, at);
        let grants: Vec<Grant> = if dues.rest_on_grants() {
            let grants = load::grants(ports, &person.id).await?;
            grants.into_iter().map(|grant| grant.entity).collect()
        } else {
            Vec::new()
        };
        let found = differences(person, &dues, &grants, &now, &then);
        planning.impact.add(found);
    }
    planning.cursor = next;
    Ok(planning.cursor.is_none())
}

/// The company as it is, and as it would be.
async fn companies(
    ports: &Ports,
    planning: &mut Planning,
    at: Timestamp,
) -> Result<(Company, Company), HandleError> {
    let stored: Vec<Loaded<ConfigItem>> = ports.store.all(&Group::Config).await?;
    if !planning.begin_with(&stored) {
        let why = Mistake::new("", "it changed while the plan was made: plan again");
        return Err(HandleError::Config(vec![why]));
    }
    let stored: Vec<ConfigItem> = stored.into_iter().map(|item| item.entity).collect();
    let now = changed(&stored, &[], at).map_err(HandleError::Config)?;
    let then = changed(&stored, &planning.changes, at).map_err(HandleError::Config)?;
    Ok((now, then))
}

/// As [`portion`], and once everybody was looked at, what the rosters show of the first people for whom something differs;
/// true when that is known too.
///
/// # Errors
/// As [`portion`].
pub async fn with_rosters(ports: &Ports, planning: &mut Planning) -> Result<bool, HandleError> {
    if !planning.all_planned {
        planning.all_planned = portion(ports, planning).await?;
    }
    if !planning.all_planned || planning.impact.listed.is_empty() {
        return Ok(planning.all_planned);
    }
    let (_, then) = companies(ports, planning, ports.clock.now()).await?;
    let mut rosters = Rosters::of(ports);
    let accounts = rosters.accounts().await?.iter();
    let truths = accounts.filter_map(|account| Truth::of(account, &then));
    let truths: Vec<Truth> = truths.collect();
    for _ in 0..LOOKED_UP_AT_ONCE {
        let impact = &mut planning.impact;
        let next = impact.next_to_look_up();
        let so_far = &impact.by_rosters;
        let is_enough = so_far.people >= MOST_LOOKED_UP || so_far.looked_up >= MOST_SHOWN;
        if next.is_empty() || is_enough {
            return Ok(true);
        }
        let shown = look_up(ports, &mut rosters, &truths, next, &then).await?;
        impact.look_up(shown);
    }
    Ok(false)
}

/// What the rosters show of one person, for each of these differences.
async fn look_up(
    ports: &Ports,
    rosters: &mut Rosters<'_>,
    truths: &[Truth],
    of_one: &[Difference],
    company: &Company,
) -> Result<Vec<Option<Shown>>, HandleError> {
    let is_read = |one: &&Difference| truths.iter().any(|truth| truth.app == one.app);
    let person = match of_one.iter().find(is_read) {
        Some(one) => load::person(ports, &one.person).await?,
        None => None,
    };
    let Some(person) = person.map(|person| person.entity) else {
        return Ok(vec![None; of_one.len()]);
    };
    let grants = load::grants(ports, &person.id).await?;
    let is_asked = |grant: &Grant| of_one.iter().any(|one| one.app == grant.app);
    let grants = grants.into_iter().map(|grant| grant.entity);
    let grants: Vec<Grant> = grants.filter(is_asked).collect();
    let seen = drift::seen(rosters, &person, &grants).await?;
    let shown = |one: &Difference| {
        let grant = grants.iter().find(|grant| grant.app == one.app);
        shown(&one.app, grant, &seen, truths, company)
    };
    Ok(of_one.iter().map(shown).collect())
}

/// The list of everybody who may have anything.
#[must_use]
pub fn receivers() -> Query {
    let states = Lifecycle::ALL.iter().filter(|state| state.may_receive());
    Query::States {
        kind: Person::KIND,
        states: states.map(|state| state.as_str()).collect(),
    }
}

/// The next people who may have anything, and where those after them begin.
async fn people(
    ports: &Ports,
    planning: &Planning,
) -> Result<(Vec<Person>, Option<String>), StoreError> {
    if let Some(named) = &planning.people {
        let mut people = Vec::new();
        for id in named {
            let key = Key::Person(id.clone());
            let person = ports.store.find::<Person>(&key).await?;
            people.extend(person.map(|person| person.entity));
        }
        return Ok((people, None));
    }
    let page = PageRequest {
        limit: AT_ONCE,
        cursor: planning.cursor.clone(),
    };
    let answer = ports.store.list(&receivers(), &page).await?;
    let people: Result<Vec<Person>, StoreError> = answer
        .items
        .iter()
        .map(|stored| stored.read().map(|person| person.entity))
        .collect();
    Ok((people?, answer.next))
}
