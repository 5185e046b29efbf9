//! Lists: what is asked for, and the pages that are answered.

use jiff::Timestamp;

use super::Stored;
use crate::ids::{PersonId, RosterId};
use crate::words::Marks;

/// A list, read in pages: by state and by person from an index (perhaps stale), newest first; rosters as they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Query {
    /// Everything of a kind in one of these states, merged.
    States {
        /// The entity's kind.
        kind: &'static str,
        /// At least one state.
        states: Vec<&'static str>,
    },
    /// The same, of what stands before a moment: what was kept for long enough.
    Before {
        /// The entity's kind.
        kind: &'static str,
        /// At least one state.
        states: Vec<&'static str>,
        /// Everything before then.
        moment: Timestamp,
    },
    /// Everything of a kind that belongs to a person, or to what an id of its own stands for: an address, an application.
    Person {
        /// Whose.
        person: PersonId,
        /// The entity's kind.
        kind: &'static str,
    },
    /// The entries of a roster, in the order of their hashes; strongly consistent.
    Roster(RosterId),
    /// The syncs of a roster, newest first; strongly consistent.
    Syncs(RosterId),
    /// Who has words that begin alike, a department or drift, in the order of their marks; strongly consistent.
    Words(Marks),
}

/// Which part of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageRequest {
    /// At most so many.
    pub limit: usize,
    /// Where the last page ended, as it said.
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// The items.
    pub items: Vec<Stored>,
    /// Where the next page begins; absent at the end.
    pub next: Option<String>,
}
