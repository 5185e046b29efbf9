//! An event in the audit: what came of it, and why.

use serde_json::json;

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::event::Event;

/// How many lines of an event's explanation its record has: which rules matched, above all.
const BECAUSE: usize = 10;

/// Says an event, with what came of it and why.
pub(crate) fn say_event(event: &Event, changes: &mut Changes) {
    let stream = event
        .person
        .clone()
        .map_or(StreamId::Events, StreamId::Person);
    let because: Vec<&str> = event
        .why
        .iter()
        .map(|why| why.text.as_str())
        .take(BECAUSE)
        .collect();
    let after = json!({
        "state": event.state, "runs": event.runs, "opportunity": event.opportunity, "because": because,
    });
    let line = Line::new(
        stream,
        format!("event {}", event.kind.as_str()),
        format!("event/{}", event.id),
    );
    changes.say(line.after(after));
}
