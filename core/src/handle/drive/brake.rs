//! The cap on removals (L31): more than so many in an hour pauses removals by itself.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::config::{ConfigItem, ConfigKind};
use crate::effect::Action;
use crate::ids::Slug;
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

/// Counts the removals among what is to be made. Beyond the cap removals are paused, and nothing of this portion is
/// made; a single termination by hand is exempt.
pub(super) async fn lets_through(
    ports: &Ports,
    hand: &Hand,
    to_make: &[(Job, Action)],
    changes: &mut Changes,
) -> Result<bool, HandleError> {
    let removals = to_make
        .iter()
        .filter(|(_, action)| matches!(action, Action::Suspend | Action::Remove))
        .count();
    if removals == 0 || hand.run.entity.by_hand {
        return Ok(true);
    }
    let hour = changes.origin.at.strftime("%Y-%m-%dT%H").to_string();
    let stored = ports
        .store
        .find::<Removals>(&Key::Counter(format!("removals-{hour}")))
        .await?;
    let before = stored.as_ref().map_or(0, |stored| stored.entity.count);
    let count = before.saturating_add(u32::try_from(removals).unwrap_or(u32::MAX));
    if count > hand.company.settings.removals_per_hour {
        pause(ports, hand, count).await?;
        return Ok(false);
    }
    let entity = Removals { hour, count };
    match stored {
        Some(stored) => changes.update(&Loaded { entity, ..stored }),
        None => changes.insert(&entity),
    }
    Ok(true)
}

async fn pause(ports: &Ports, hand: &Hand, count: u32) -> Result<(), HandleError> {
    let now = ports.clock.now();
    let id = Slug::parse("pause")?;
    let stored = ports
        .store
        .find::<ConfigItem>(&Key::Config(ConfigKind::Pause, id.clone()))
        .await?;
    let mut pause = hand.company.pause.clone();
    let reason = format!(
        "{count} removals in this hour are more than {}",
        hand.company.settings.removals_per_hour
    );
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
    tracing::error!("removals are paused: more than the cap in one hour");
    // Read again: what was decided without the pause does not hold any more.
    Err(StoreError::Conflict {
        key: Key::Config(ConfigKind::Pause, Slug::parse("pause")?),
    }
    .into())
}
