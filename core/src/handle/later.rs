//! Whoever has left may have been hired for later while they were still here: a human is asked, and replays the hire.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::event::{Event, EventState, KnownCandidacy, Why};
use crate::ids::{EventId, TaskId};
use crate::person::Person;
use crate::ports::Ports;
use crate::store::Key;
use crate::task::{Task, TaskKind, TaskState};

use super::HandleError;

/// Asks about each hire whose first day is after the leaving.
pub(super) async fn ask(
    ports: &Ports,
    person: &Person,
    changes: &mut Changes,
) -> Result<(), HandleError> {
    let now = changes.origin.at;
    for opportunity in &person.identifiers.opportunities {
        let key = Key::Candidacy(opportunity.clone());
        let known = ports.store.find::<KnownCandidacy>(&key).await?;
        let known = known.filter(|known| known.entity.starts_later > Some(now));
        let Some(hired) = known.and_then(|known| known.entity.hired) else {
            continue;
        };
        let Some(mut event) = ports.store.find::<Event>(&Key::Event(hired)).await? else {
            continue;
        };
        let why = "the person has left since, and the first day is still to come";
        event.entity.state = EventState::NeedsHuman;
        event.entity.why.push(Why::said(now, why));
        changes.update(&event);
        changes.say(Line::new(
            StreamId::Person(person.id.clone()),
            "a human has to look",
            format!("event/{}", event.entity.id),
        ));
        changes.insert_task(&question(person, &event.entity.id, now));
    }
    Ok(())
}

fn question(person: &Person, event: &EventId, now: Timestamp) -> Task {
    let leaving = person.access_epoch.to_string();
    Task {
        id: TaskId::derived(&[event.as_str(), "later", &leaving]),
        kind: TaskKind::Judge,
        owner: Task::NOBODY.to_owned(),
        title: "Somebody who has left is hired for later".to_owned(),
        state: TaskState::Open,
        person: Some(person.id.clone()),
        run: None,
        step: None,
        app: None,
        detail: format!(
            "nothing is given for the new first day yet: replay {event} if they come back"
        ),
        due: None,
        created_at: now,
        ended_at: None,
        user: None,
        awaits_roster: false,
        perhaps: None,
        among: BTreeSet::new(),
        events: Vec::new(),
    }
}
