//! The caps on removals: more than so many in an hour (L31), or a change that takes access away from more than a few
//! people or a larger share of all (L9), pauses removals by itself; a human sees what is held before it goes on.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::config::{ConfigItem, ConfigKind};
use crate::effect::{Action, Goal};
use crate::ids::{PersonId, Slug};
use crate::impact::Cap;
use crate::person::Person;
use crate::ports::Ports;
use crate::settings::Paused;
use crate::store::{Entity, Key, Loaded, PageRequest, StoreError};

use super::super::planning::receivers;
use super::super::{HandleError, ledger};
use super::Hand;
use super::job::Job;

/// How many pages of people are counted; whoever is on none of them makes the share larger than it is, and a human looks.
const MOST_PAGES: u32 = 50;

/// How many users were suspended or removed in an hour.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Removals {
    hour: String,
    count: u32,
}

impl Entity for Removals {
    const KIND: &'static str = "removals";

    fn key(&self) -> Key {
        Key::Counter(format!("removals-{}", self.hour))
    }
}

/// Who lost something in an hour because of a change, not because they left.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Movers {
    hour: String,
    people: BTreeSet<PersonId>,
    /// How many people there are, as far as it mattered in this hour.
    #[serde(default)]
    of: u64,
}

impl Entity for Movers {
    const KIND: &'static str = "movers";

    fn key(&self) -> Key {
        Key::Counter(format!("movers-{}", self.hour))
    }
}

/// Counts the removals among what is to be made. Beyond the cap removals are paused, and nothing of this portion is
/// made; a single termination by hand is exempt.
pub(super) async fn lets_through(
    ports: &Ports,
    hand: &Hand,
    to_make: &[(Job, Action)],
    changes: &mut Changes,
) -> Result<bool, HandleError> {
    if hand.run.entity.by_hand {
        return Ok(true);
    }
    Ok(few_movers(ports, hand, to_make, changes).await?
        && few_removals(ports, hand, to_make, changes).await?)
}

async fn few_movers(
    ports: &Ports,
    hand: &Hand,
    to_make: &[(Job, Action)],
    changes: &mut Changes,
) -> Result<bool, HandleError> {
    let takes = |(job, _): &(Job, Action)| matches!(job.change.goal, Goal::Suspend | Goal::Remove);
    let is_change = hand.run.entity.direction.is_none();
    if !is_change || !to_make.iter().any(takes) {
        return Ok(true);
    }
    let hour = hour(changes.origin.at);
    let stored = ports
        .store
        .find::<Movers>(&Key::Counter(format!("movers-{hour}")))
        .await?;
    let mut entity = match &stored {
        Some(stored) => stored.entity.clone(),
        None => Movers {
            hour,
            people: BTreeSet::new(),
            of: 0,
        },
    };
    if !entity.people.insert(hand.person.entity.id.clone()) {
        return Ok(true);
    }
    let cap = Cap::of(&hand.company.settings);
    let losing = u64::try_from(entity.people.len()).unwrap_or(u64::MAX);
    if cap.is_over(losing, entity.of) && !cap.is_over(losing, cap.enough()) {
        entity.of = people(ports, cap.enough()).await?;
    }
    if cap.is_over(losing, entity.of) {
        let reason = if losing > u64::from(cap.people) {
            let most = cap.people;
            format!("a change takes access away from more than {most} people in this hour")
        } else {
            let (of, percent) = (entity.of, cap.percent);
            format!(
                "a change takes access away from {losing} of {of} people in this hour, more than {percent} %"
            )
        };
        pause(ports, hand, reason).await?;
        return Ok(false);
    }
    match stored {
        Some(stored) => changes.update(&Loaded { entity, ..stored }),
        None => changes.insert(&entity),
    }
    Ok(true)
}

/// How many people there are, as plans count them, or at least so many. Nobody keeps their number, and only in a small company
/// does it matter: the list is read up to there, once in an hour in which a second person loses something.
async fn people(ports: &Ports, enough: u64) -> Result<u64, HandleError> {
    let mut page = PageRequest {
        limit: 100,
        cursor: None,
    };
    let mut count = 0_u64;
    for _ in 0..MOST_PAGES {
        let answer = ports.store.list(&receivers(), &page).await?;
        for stored in &answer.items {
            let person: Loaded<Person> = stored.read()?;
            count = count.saturating_add(u64::from(!person.entity.baselined));
        }
        page.cursor = answer.next;
        if page.cursor.is_none() || count >= enough {
            break;
        }
    }
    Ok(count)
}

fn hour(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H").to_string()
}

async fn removals_of(ports: &Ports, hour: &str) -> Result<Option<Loaded<Removals>>, StoreError> {
    let key = Key::Counter(format!("removals-{hour}"));
    ports.store.find::<Removals>(&key).await
}

/// How many users were suspended or removed in the hour of this moment, as the cap counts them.
pub(crate) async fn removals(ports: &Ports, at: Timestamp) -> Result<u32, StoreError> {
    let stored = removals_of(ports, &hour(at)).await?;
    Ok(stored.map_or(0, |stored| stored.entity.count))
}

async fn few_removals(
    ports: &Ports,
    hand: &Hand,
    to_make: &[(Job, Action)],
    changes: &mut Changes,
) -> Result<bool, HandleError> {
    let removals = to_make
        .iter()
        .filter(|(_, action)| matches!(action, Action::Suspend | Action::Remove))
        .count();
    if removals == 0 {
        return Ok(true);
    }
    let hour = hour(changes.origin.at);
    let stored = removals_of(ports, &hour).await?;
    let before = stored.as_ref().map_or(0, |stored| stored.entity.count);
    let count = before.saturating_add(u32::try_from(removals).unwrap_or(u32::MAX));
    let most = hand.company.settings.removals_per_hour;
    if count > most {
        let reason = format!("{count} removals in this hour are more than {most}");
        pause(ports, hand, reason).await?;
        return Ok(false);
    }
    let entity = Removals { hour, count };
    match stored {
        Some(stored) => changes.update(&Loaded { entity, ..stored }),
        None => changes.insert(&entity),
    }
    Ok(true)
}

async fn pause(ports: &Ports, hand: &Hand, reason: String) -> Result<(), HandleError> {
    let now = ports.clock.now();
    let id = Slug::parse("pause")?;
    let stored = ports
        .store
        .find::<ConfigItem>(&Key::Config(ConfigKind::Pause, id.clone()))
        .await?;
    let mut pause = hand.company.pause.clone();
    pause.removals = Some(Paused {
        since: now,
        by: Paused::BY_CAP.to_owned(),
        reason: reason.clone(),
    });
    let entity = ConfigItem {
        kind: ConfigKind::Pause,
        id,
        file: json!(pause),
        changed_at: now,
    };
    let mut changes = hand.changes(ports);
    match stored {
        Some(stored) => changes.update(&Loaded { entity, ..stored }),
        None => changes.insert(&entity),
    }
    changes.say(Line::new(StreamId::Config, "paused removals", "pause").result(reason));
    ledger::commit(ports, changes).await?;
    tracing::error!("removals are paused: more than a cap in one hour");
    // Read again: what was decided without the pause does not hold any more.
    Err(StoreError::Conflict {
        key: Key::Config(ConfigKind::Pause, Slug::parse("pause")?),
    }
    .into())
}
