//! How an event is replayed: shown or done, by whom, on which files.

use crate::ids::JobId;
use crate::impact::FileChange;
use crate::intake::REPLAYED;

/// How events are replayed.
#[derive(Clone, Copy, Debug)]
pub struct How<'a> {
    /// Only shows what would be done.
    pub dry_run: bool,
    /// Changed files that count as if they were put; for dry runs.
    pub draft: &'a [FileChange],
    /// The job that replays several: each event once.
    pub job: Option<&'a JobId>,
    /// It has waited for an answer and goes on, as if it was heard of now: nobody replays it by hand.
    pub answered: bool,
}

impl How<'_> {
    /// How an event that is met anew is known.
    pub(super) fn source(&self) -> &'static str {
        match (self.answered, self.job) {
            (true, _) => "answer",
            (false, Some(_)) => "replay of many",
            (false, None) => REPLAYED,
        }
    }
}
