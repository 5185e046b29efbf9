//! Runs recorded events on files as they are and as they would be, a portion at a time; nothing is done (X2).

use crate::access::PlannedEffect;
use crate::audit::Cause;
use crate::changes::Origin;
use crate::event::Event;
use crate::ids::{EventId, JobId, Slug};
use crate::impact::FileChange;
use crate::job::{EventDifference, Rehearsed, Rehearsing};
use crate::ports::Ports;
use crate::store::{Loaded, PageRequest};

use super::range::all;
use super::{How, ReplayError, Replayed, replay};
use crate::handle::HandleError;

/// How many events are run in one portion; Lever is read twice for each.
const AT_ONCE: usize = 5;
/// How many events are listed, and how many that could not be run.
const LISTED: usize = 50;
/// How many effects of one event are listed, each way.
const EFFECTS: usize = 10;

/// Runs the next events; true when all of them were.
///
/// # Errors
/// If the store cannot be read: the portion is done again. What Lever does not show is left out, and listed.
pub async fn portion(
    ports: &Ports,
    actor: &str,
    job: &JobId,
    rehearsing: &mut Rehearsing,
) -> Result<bool, HandleError> {
    let page = PageRequest {
        limit: AT_ONCE,
        cursor: rehearsing.cursor.clone(),
    };
    let answer = ports.store.list(&all(), &page).await?;
    let mut next = answer.next;
    let mut came = rehearsing.came.clone();
    for stored in &answer.items {
        let event: Loaded<Event> = stored.read()?;
        if event.entity.received_at < rehearsing.since {
            // Newest first: what follows is older.
            next = None;
            break;
        }
        let who = Origin {
            actor: actor.to_owned(),
            ..Origin::sando(Cause::of("api", job), job, ports.clock.now())
        };
        let id = event.entity.id;
        match both(ports, &who, &id, &rehearsing.changes).await {
            Ok((before, after)) => came.add(before, after),
            // Forgotten since it was listed.
            Err(ReplayError::NotFound | ReplayError::Already) => {}
            Err(ReplayError::Handle(error)) => return Err(error),
            Err(error @ (ReplayError::Nobody | ReplayError::Remote(_))) => {
                came.leave_out(id, error.to_string());
            }
        }
    }
    rehearsing.came = came;
    rehearsing.cursor = next;
    Ok(rehearsing.cursor.is_none())
}

/// What an event does as things stand, and what it would do.
async fn both(
    ports: &Ports,
    who: &Origin,
    id: &EventId,
    changes: &[FileChange],
) -> Result<(Replayed, Replayed), ReplayError> {
    let how = |draft| How {
        dry_run: true,
        draft,
        job: None,
        answered: false,
    };
    let before = replay(ports, who, id, how(&[])).await?;
    let after = replay(ports, who, id, how(changes)).await?;
    Ok((before, after))
}

/// What happens in earnest: the workflows, and the effects of their runs.
fn in_earnest(replayed: Replayed) -> (Vec<Slug>, Vec<PlannedEffect>) {
    let runs = replayed.runs.iter().filter(|run| !run.dry_run);
    let mut workflows: Vec<Slug> = runs.map(|run| run.workflow.clone()).collect();
    workflows.sort_unstable();
    let effects = if workflows.is_empty() {
        Vec::new()
    } else {
        replayed.plan
    };
    (workflows, effects)
}

/// The effects that the others have no equal of. Somebody who is not known yet has another id each time.
fn without(effects: &[PlannedEffect], others: &[PlannedEffect]) -> Vec<PlannedEffect> {
    let is_same = |one: &PlannedEffect, other: &PlannedEffect| {
        one.app == other.app
            && one.goal == other.goal
            && one.entitlement == other.entitlement
            && one.deliver == other.deliver
            && one.approvals == other.approvals
    };
    let is_new = |effect: &&PlannedEffect| !others.iter().any(|other| is_same(effect, other));
    effects.iter().filter(is_new).cloned().collect()
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

impl Rehearsed {
    fn add(&mut self, before: Replayed, after: Replayed) {
        self.events = self.events.saturating_add(1);
        let person = before.event.person.clone();
        let (event, kind) = (before.event.id.clone(), before.event.kind);
        let ((before, was), (after, is)) = (in_earnest(before), in_earnest(after));
        let (mut more, mut less) = (without(&is, &was), without(&was, &is));
        if before == after && more.is_empty() && less.is_empty() {
            return;
        }
        self.differing = self.differing.saturating_add(1);
        self.more = self.more.saturating_add(count(more.len()));
        self.less = self.less.saturating_add(count(less.len()));
        if self.listed.len() < LISTED {
            more.truncate(EFFECTS);
            less.truncate(EFFECTS);
            self.listed.push(EventDifference {
                event,
                kind,
                person,
                before,
                after,
                more,
                less,
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
