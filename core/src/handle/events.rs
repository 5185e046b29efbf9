//! An event in the audit: what came of it, and why.

use serde_json::{Value, json};

use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::condition;
use crate::event::{Event, Why};

/// How many lines of an event's explanation its record has: which rules matched, above all.
const BECAUSE: usize = 10;
/// How many conditions of a line are recorded with what they found.
const CONDITIONS: usize = 20;
/// What was found is recorded up to this length, as JSON.
const LONG: usize = 500;

/// Says an event, with what came of it and why, and which rules it matched.
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
    let matched = event.why.iter().filter_map(|why| why.matched.clone());
    changes.matched.extend(matched);
    say_values(event, changes);
}

/// Says what the rules found where they looked, encrypted with the person's key.
pub(crate) fn say_values(event: &Event, changes: &mut Changes) {
    let Some(person) = &event.person else { return };
    let lines = event.why.iter().filter(|why| !why.found.is_empty());
    let shown = |why: &Why| {
        let conditions = why.found.iter().take(CONDITIONS).map(short);
        json!({ "because": why.text, "conditions": conditions.collect::<Vec<Value>>() })
    };
    let values: Vec<Value> = lines.take(BECAUSE).map(shown).collect();
    if !values.is_empty() {
        let stream = StreamId::Person(person.clone());
        let line = Line::new(stream, "values looked at", format!("event/{}", event.id));
        changes.say(line.personal(None, Some(json!({ "rules": values }))));
    }
}

/// A condition with what it found, unless that is long.
fn short(condition: &condition::Why) -> Value {
    let mut condition = condition.clone();
    condition.found = condition
        .found
        .filter(|found| found.to_string().len() <= LONG);
    json!(condition)
}
