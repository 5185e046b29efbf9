//! Replays the events of some time, a portion at a time.

use crate::audit::Cause;
use crate::changes::Origin;
use crate::event::{Event, EventState};
use crate::ids::{EventId, JobId};
use crate::job::{Came, ReplayedEvent, Replaying};
use crate::ports::Ports;
use crate::store::{Entity, Loaded, PageRequest, Query};

use super::{How, ReplayError, Replayed, replay};
use crate::handle::HandleError;

/// How many events are replayed in one portion.
const AT_ONCE: usize = 10;
/// How many events are listed, and how many that could not be replayed.
const LISTED: usize = 100;
/// How many effects of one event are listed.
const EFFECTS: usize = 20;

/// Replays the next events; true when all of them were. Done in earnest it replays each once, wherever it was
/// interrupted.
///
/// # Errors
/// If the store did not do it: the portion is done again. What Lever does not show is left out, and listed.
pub async fn portion(
    ports: &Ports,
    actor: &str,
    job: &JobId,
    replaying: &mut Replaying,
) -> Result<bool, HandleError> {
    let page = PageRequest {
        limit: AT_ONCE,
        cursor: replaying.cursor.clone(),
    };
    let answer = ports.store.list(&all(), &page).await?;
    let mut next = answer.next;
    let mut came = replaying.came.clone();
    for stored in &answer.items {
        let event: Loaded<Event> = stored.read()?;
        let Event {
            id,
            kind,
            received_at,
            ..
        } = event.entity;
        let range = &replaying.range;
        if received_at < range.from {
            // Newest first: what follows is older.
            next = None;
            break;
        }
        let is_of_kind = range.kinds.is_empty() || range.kinds.contains(&kind);
        if received_at > range.to || !is_of_kind {
            continue;
        }
        let now = ports.clock.now();
        let who = Origin {
            actor: actor.to_owned(),
            ..Origin::sando(Cause::of("api", job), job, now)
        };
        let how = How {
            dry_run: replaying.dry_run,
            draft: &replaying.draft,
            job: Some(job),
            answered: false,
        };
        match replay(ports, &who, &id, how).await {
            Ok(replayed) => came.add(replayed),
            Err(ReplayError::Already) => came.events = came.events.saturating_add(1),
            // Forgotten since it was listed.
            Err(ReplayError::NotFound) => {}
            Err(ReplayError::Handle(error)) => return Err(error),
            Err(error @ (ReplayError::Nobody | ReplayError::Remote(_))) => {
                came.leave_out(id, error.to_string());
            }
        }
    }
    replaying.came = came;
    replaying.cursor = next;
    Ok(replaying.cursor.is_none())
}

/// Every event, newest first.
pub(super) fn all() -> Query {
    Query::States {
        kind: Event::KIND,
        states: EventState::ALL.iter().map(|state| state.as_str()).collect(),
    }
}

impl Came {
    fn add(&mut self, replayed: Replayed) {
        self.events = self.events.saturating_add(1);
        if replayed.runs.is_empty() {
            return;
        }
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        self.runs = self.runs.saturating_add(count(replayed.runs.len()));
        self.effects = self.effects.saturating_add(count(replayed.plan.len()));
        for effect in &replayed.plan {
            let goals = self.by_app.entry(effect.app.clone()).or_default();
            let number = goals.entry(effect.goal.as_str().to_owned()).or_default();
            *number = number.saturating_add(1);
        }
        if self.listed.len() < LISTED {
            let workflows = replayed.runs.iter().map(|run| run.workflow.clone());
            self.listed.push(ReplayedEvent {
                event: replayed.event.id,
                kind: replayed.event.kind,
                person: replayed.event.person,
                workflows: workflows.collect(),
                plan: replayed.plan.into_iter().take(EFFECTS).collect(),
            });
        }
    }

    fn leave_out(&mut self, event: EventId, why: String) {
        self.left_out = self.left_out.saturating_add(1);
        if self.why_not.len() < LISTED {
            self.why_not.push((event, why));
        }
    }
}
