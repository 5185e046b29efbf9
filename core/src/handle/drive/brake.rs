//! The caps on removals: more than so many within an hour, whenever it began (L31), or a change that takes access away from more than a few
//! people or a larger share of all (L9), pauses removals by itself; a human sees what is held before it goes on.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::company::read;
use crate::config::{ConfigItem, ConfigKind};
use crate::effect::Action;
use crate::ids::{PersonId, Slug};
use crate::impact::Cap;
use crate::person::Person;
use crate::ports::Ports;
use crate::settings::{Pause, Paused};
use crate::store::{Entity, Key, Loaded, PageRequest, StoreError};

use super::super::planning::receivers;
use super::super::{HandleError, ledger};
use super::Hand;
use super::job::Job;

/// How many pages of people are counted; whoever is on none of them makes the share larger than it is, and a human looks.
const MOST_PAGES: u32 = 50;

/// How long what was taken away counts.
const LATELY: SignedDuration = SignedDuration::from_hours(1);
/// Removals are counted by parts of so many seconds.
const PART_SECS: i64 = 300;

/// How many users were suspended or removed lately, by the second in which each part begins.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
struct Removals {
    parts: BTreeMap<i64, u32>,
}

impl Removals {
    /// Forgets parts that are over for an hour; answers how many are left.
    fn lately(&mut self, now: Timestamp) -> u32 {
        let from = an_hour_before(now).as_second();
        self.parts
            .retain(|begin, _| begin.saturating_add(PART_SECS) > from);
        let counts = self.parts.values();
        counts.fold(0_u32, |sum, count| sum.saturating_add(*count))
    }

    fn add(&mut self, count: u32, now: Timestamp) {
        let now = now.as_second();
        let begin = now.saturating_sub(now.rem_euclid(PART_SECS));
        let part = self.parts.entry(begin).or_default();
        *part = part.saturating_add(count);
    }
}

fn an_hour_before(now: Timestamp) -> Timestamp {
    now.saturating_sub(LATELY).unwrap_or(Timestamp::MIN)
}

impl Entity for Removals {
    const KIND: &'static str = "removals";

    fn key(&self) -> Key {
        removals_key()
    }
}

fn removals_key() -> Key {
    Key::Counter("removals".to_owned())
}

/// Who lost something lately because of a change, not because they left, and when.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
struct Movers {
    people: BTreeMap<PersonId, Timestamp>,
    /// How many people there are, as far as it mattered since the first of them.
    #[serde(default)]
    of: u64,
}

impl Movers {
    /// Forgets whoever lost it over an hour ago.
    fn lately(&mut self, now: Timestamp) {
        let from = an_hour_before(now);
        self.people.retain(|_, at| *at > from);
        if self.people.is_empty() {
            self.of = 0;
        }
    }
}

impl Entity for Movers {
    const KIND: &'static str = "movers";

    fn key(&self) -> Key {
        movers_key()
    }
}

fn movers_key() -> Key {
    Key::Counter("movers".to_owned())
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
    let takes = |(job, _): &(Job, Action)| job.takes_something();
    let is_change = hand.run.entity.direction.is_none();
    if !is_change || !to_make.iter().any(takes) {
        return Ok(true);
    }
    let now = changes.origin.at;
    let stored = ports.store.find::<Movers>(&movers_key()).await?;
    let known = stored.as_ref().map(|stored| stored.entity.clone());
    let mut entity = known.unwrap_or_default();
    entity.lately(now);
    let person = &hand.person.entity.id;
    if entity.people.contains_key(person) {
        return Ok(true);
    }
    entity.people.insert(person.clone(), now);
    let cap = Cap::of(&hand.company.settings);
    let losing = u64::try_from(entity.people.len()).unwrap_or(u64::MAX);
    if cap.is_over(losing, entity.of) && !cap.is_over(losing, cap.enough()) {
        entity.of = people(ports, cap.enough()).await?;
    }
    if cap.is_over(losing, entity.of) {
        let reason = if losing > u64::from(cap.people) {
            let most = cap.people;
            format!("a change takes access away from more than {most} people within an hour")
        } else {
            let (of, percent) = (entity.of, cap.percent);
            format!(
                "a change takes access away from {losing} of {of} people within an hour, more than {percent} %"
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
/// does it matter: the list is read up to there, when a second person loses something within an hour.
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

/// How many users were suspended or removed within the hour before this moment, as the cap counts them.
pub(crate) async fn removals(ports: &Ports, at: Timestamp) -> Result<u32, StoreError> {
    let stored = ports.store.find::<Removals>(&removals_key()).await?;
    Ok(stored.map_or(0, |mut stored| stored.entity.lately(at)))
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
    let now = changes.origin.at;
    let stored = ports.store.find::<Removals>(&removals_key()).await?;
    let known = stored.as_ref().map(|stored| stored.entity.clone());
    let mut entity = known.unwrap_or_default();
    let removals = u32::try_from(removals).unwrap_or(u32::MAX);
    let count = entity.lately(now).saturating_add(removals);
    let most = hand.company.settings.removals_per_hour;
    if count > most {
        let reason = format!("{count} removals within an hour are more than {most}");
        pause(ports, hand, reason).await?;
        return Ok(false);
    }
    entity.add(removals, now);
    match stored {
        Some(stored) => changes.update(&Loaded { entity, ..stored }),
        None => changes.insert(&entity),
    }
    Ok(true)
}

/// Pauses removals beside whatever is paused now, which may have changed since this run was loaded.
async fn pause(ports: &Ports, hand: &Hand, reason: String) -> Result<(), HandleError> {
    let now = ports.clock.now();
    let id = Slug::parse("pause")?;
    let key = Key::Config(ConfigKind::Pause, id.clone());
    let stored = ports.store.find::<ConfigItem>(&key).await?;
    let mut pause = match &stored {
        Some(stored) => read::<Pause>(&stored.entity.file).map_err(HandleError::Config)?,
        None => Pause::default(),
    };
    // Read again in any case: what was decided without the pause does not hold any more.
    let again = StoreError::Conflict { key };
    if pause.removals.is_some() {
        return Err(again.into());
    }
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
    Err(again.into())
}
