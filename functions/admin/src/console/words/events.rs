//! Sentences about events: what happened, what came of it, what another look at it would do; and the document.

use sando_core::event::{Event, EventState};
use sando_core::job::Rehearsed;

use crate::console::format::{many, number, size};

pub(in crate::console) const EVENTS: &str = "Events";
pub(in crate::console) const NO_EVENTS: &str = "Nothing was heard of yet. Events come from Lever, from rosters, and from what \
     is done by hand here.";
pub(in crate::console) const EVENT_WHY: &str = "What happened and why";
pub(in crate::console) const REPLAY: &str = "Replay";
pub(in crate::console) const REPLAY_MEANS: &str = "A replay looks at the event again, on the rules of today. What is there already is \
     not made twice.";
pub(in crate::console) const REPLAY_SEE: &str = "See what a replay would do";
pub(in crate::console) const REPLAY_DO: &str = "Replay this event";
pub(in crate::console) const REPLAY_PLAN: &str = "What a replay would do";
pub(in crate::console) const REPLAY_NOTHING: &str = "No workflow would start.";

pub(in crate::console) const RECORDED: &str = "Over recorded events";
pub(in crate::console) const RECORDED_MEANS: &str = "Every event of the last days is looked at twice, on the files as they are and with \
     this one. Nothing is done.";
pub(in crate::console) const RECORDED_SINCE: &str = "Events of the last";
pub(in crate::console) const RECORDED_RUN: &str = "See what events would do";
pub(in crate::console) const RECORDED_SAME: &str =
    "Each of them would start the same workflows and lead to the same accesses.";

pub(in crate::console) const GUIDE_TAB: &str = "In words";
pub(in crate::console) const GUIDE: &str =
    "What is configured, in plain words, made from the configuration as it is now.";
pub(in crate::console) const GUIDE_FILE: &str = "As Markdown";
pub(in crate::console) const GUIDE_PARTS: &str = "Parts of the document";

/// The list of events.
pub(in crate::console) fn events(events: &[&Event], is_filtered: bool) -> String {
    let open = events.iter();
    let open = open.filter(|event| event.state == EventState::NeedsHuman);
    match (size(events.len()), size(open.count()), is_filtered) {
        (0, _, true) => super::NO_MATCH.to_owned(),
        (0, _, false) => "No event is recorded yet.".to_owned(),
        (all, 0, _) => format!("{}, newest first.", many(all, "event", "events")),
        (all, open, _) => format!(
            "{}, newest first; {} somebody.",
            many(all, "event", "events"),
            many(open, "needs", "need")
        ),
    }
}

/// What came of an event.
pub(in crate::console) fn came_of(state: EventState) -> &'static str {
    match state {
        EventState::Done => "what follows from it was started",
        EventState::Ignored => "nothing follows from it",
        EventState::Baselined => "somebody who was here before: nothing was done",
        EventState::NeedsHuman => "somebody has to look",
    }
}

/// What a replay would do.
pub(in crate::console) fn replays(workflows: usize, effects: usize) -> String {
    match (size(workflows), size(effects)) {
        (0, _) => "A replay of this event would start nothing.".to_owned(),
        (started, effects) => format!(
            "A replay of this event would start {}, with {}.",
            many(started, "workflow", "workflows"),
            many(effects, "effect", "effects")
        ),
    }
}

/// What recorded events would do differently.
pub(in crate::console) fn rehearsed(days: i64, came: &Rehearsed) -> String {
    let all = many(came.events, "event", "events");
    match (came.events, came.differing) {
        (0, _) => format!("No event of the last {days} days could be looked at."),
        (_, 0) => format!("None of {all} of the last {days} days would do anything else."),
        (_, some) => format!(
            "{} of {all} of the last {days} days would do something else.",
            number(some)
        ),
    }
}

/// Events that could not be run.
pub(in crate::console) fn left_out(count: u64) -> String {
    format!("{} could not be looked at", many(count, "event", "events"))
}
