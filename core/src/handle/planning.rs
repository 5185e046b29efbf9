//! Plans changed files in portions: looks at everybody's access as it is, and as it would be.

use crate::config::ConfigItem;
use crate::grant::Grant;
use crate::impact::{Cap, Dues, changed, differences, may_differ};
use crate::job::Planning;
use crate::mistake::Mistake;
use crate::person::{Lifecycle, Person};
use crate::ports::Ports;
use crate::store::{Entity, Group, Key, Loaded, PageRequest, Query, StoreError};

use super::{HandleError, load};

/// How many people are looked at in one portion: so many that reading the configuration for it does not count.
const AT_ONCE: usize = 500;

/// Looks at the next people; true when everybody was looked at.
///
/// # Errors
/// If the store cannot be read, or the configuration is another than when the plan began.
pub async fn portion(ports: &Ports, planning: &mut Planning) -> Result<bool, HandleError> {
    let stored: Vec<Loaded<ConfigItem>> = ports.store.all(&Group::Config).await?;
    if !planning.begin_with(&stored) {
        let why = Mistake::new("", "it changed while the plan was made: plan again");
        return Err(HandleError::Config(vec![why]));
    }
    let stored: Vec<ConfigItem> = stored.into_iter().map(|item| item.entity).collect();
    let at = ports.clock.now();
    let now = changed(&stored, &[], at).map_err(HandleError::Config)?;
    let then = changed(&stored, &planning.changes, at).map_err(HandleError::Config)?;
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
