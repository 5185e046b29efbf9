//! The caps on removals: more than so many in an hour (L31), or a change that takes access away from more than a few
//! people (L9), pauses removals by itself; a human sees what is held before it goes on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::config::{ConfigItem, ConfigKind};
use crate::effect::{Action, Goal};
use crate::ids::{PersonId, Slug};
use crate::ports::Ports;
use crate::settings::Paused;
use crate::store::{Entity, Key, Loaded, StoreError};

use super::super::{HandleError, ledger};
use super::Hand;
use super::job::Job;

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
    let hour = hour(changes);
    let stored = ports
        .store
        .find::<Movers>(&Key::Counter(format!("movers-{hour}")))
        .await?;
    let mut entity = match &stored {
        Some(stored) => stored.entity.clone(),
        None => Movers {
            hour,
            people: BTreeSet::new(),
        },
    };
    if !entity.people.insert(hand.person.entity.id.clone()) {
        return Ok(true);
    }
    let most = hand.company.settings.movers_per_hour;
    if entity.people.len() > usize::try_from(most).unwrap_or(usize::MAX) {
        let reason =
            format!("a change takes access away from more than {most} people in this hour");
        pause(ports, hand, reason).await?;
        return Ok(false);
    }
    match stored {
        Some(stored) => changes.update(&Loaded { entity, ..stored }),
        None => changes.insert(&entity),
    }
    Ok(true)
}

fn hour(changes: &Changes) -> String {
    changes.origin.at.strftime("%Y-%m-%dT%H").to_string()
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
    let hour = hour(changes);
    let stored = ports
        .store
        .find::<Removals>(&Key::Counter(format!("removals-{hour}")))
        .await?;
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
