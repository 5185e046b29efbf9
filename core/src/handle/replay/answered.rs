//! An event that waited for an answer: what a human thought about may be over.

use crate::changes::Origin;
use crate::event::{EventState, Why};
use crate::intake::Decided;
use crate::lever::is_hired;

use super::{Scene, nothing_known};

impl Scene {
    /// Is it still so, what the event tells of? Only hires wait for an answer.
    pub(super) fn is_in_force(&self) -> bool {
        let id = &self.event.entity.id;
        let known = self.known.as_ref();
        let hired = known.and_then(|known| known.entity.hired.as_ref());
        hired == Some(id) && self.candidacy.as_ref().is_some_and(is_hired)
    }

    /// Nothing follows from the event any more.
    pub(super) fn over(&self, who: &Origin) -> Decided {
        let mut event = self.event.entity.clone();
        let (state, why) = if self.is_hidden {
            let why = "Lever does not show the candidacy to us: replay the event once it does";
            (EventState::NeedsHuman, why)
        } else {
            let why = "Lever does not show this hire any more";
            (EventState::Ignored, why)
        };
        event.state = state;
        event.why = vec![Why::said(who.at, why)];
        event.runs.clear();
        let known = self.known.as_ref().map(|known| known.entity.clone());
        Decided {
            known: known.unwrap_or_else(|| nothing_known(&event)),
            event,
            person: None,
            runs: Vec::new(),
            task: None,
            read_again: None,
        }
    }
}
