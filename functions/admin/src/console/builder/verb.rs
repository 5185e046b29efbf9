//! Buttons that change a list which is filled in: an item more, or one that goes, or moves.

use sando_core::config::ConfigKind;
use serde_json::{Value, json};

use super::workflow;
use crate::console::words;

/// An item more; behind a colon perhaps of which kind. The others are followed by the place of an item.
pub(super) const ADD: &str = "add";
const DROP: &str = "drop";
const UP: &str = "up";
const DOWN: &str = "down";

/// A button that changes the list.
pub(super) struct Verb {
    /// What is sent.
    pub(super) does: String,
    /// What it is called.
    pub(super) name: String,
    /// The part that the page goes on with.
    pub(super) then: usize,
}

/// Does to a list what a button says.
pub(super) fn act(kind: ConfigKind, items: &mut Vec<Value>, verb: &str) {
    let (does, of) = verb.split_once(':').unwrap_or((verb, ""));
    if does == ADD {
        let new = match kind {
            ConfigKind::Workflow => workflow::begun(of, items),
            _ => Some(json!({})),
        };
        items.extend(new);
        return;
    }
    let count = items.len();
    let place = of.parse::<usize>().ok();
    let Some(place) = place.filter(|place| *place < count) else {
        return;
    };
    let other = match does {
        UP => place.checked_sub(1),
        DOWN => Some(place.saturating_add(1)).filter(|other| *other < count),
        _ => None,
    };
    if let Some(other) = other {
        items.swap(place, other);
    } else if does == DROP {
        items.remove(place);
    }
}

/// The button that takes an item away.
pub(super) fn dropping(place: usize) -> Verb {
    Verb {
        does: format!("{DROP}:{place}"),
        name: words::REMOVE.to_owned(),
        then: place,
    }
}

/// The buttons that move an item of so many.
pub(super) fn moving(place: usize, count: usize) -> Vec<Verb> {
    let verb = |does: &str, name: &str, then: usize| Verb {
        does: format!("{does}:{place}"),
        name: name.to_owned(),
        then,
    };
    let last = count.saturating_sub(1);
    let up = (place > 0).then(|| verb(UP, words::MOVE_UP, place));
    let down = (place < last).then(|| verb(DOWN, words::MOVE_DOWN, place.saturating_add(2)));
    up.into_iter().chain(down).collect()
}
