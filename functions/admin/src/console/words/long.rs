//! Sentences about what is long: work that goes on, files in parts.

use sando_core::job::Work;
use sando_core::report::Line;

use crate::console::format::{many, number, size, total};

pub(in crate::console) const WORK: &str = "Work";
pub(in crate::console) const WORK_GOES_ON: &str =
    "This takes longer. It goes on by itself, also when you leave; this page asks how far it is.";
pub(in crate::console) const NOT_WORKED_OUT: &str = "It could not be done.";
pub(in crate::console) const TO_FILES: &str = "See the files";
pub(in crate::console) const TO_SPEND: &str = "See what is spent";

/// Work that goes on.
pub(in crate::console) fn working(work: &Work, done: u64, unit: &str) -> String {
    let what = match work {
        Work::VerifyAudit(_) => "Every chain of the audit is being followed",
        Work::Plan(_) => "What would change is being worked out",
        Work::Apply(_) => "The changes are being put",
        Work::ForgetRoster(_) => "A roster is being deleted",
        Work::Evidence(_) => "Tasks are being held against a roster",
        Work::Replay(_) => "Events are being replayed",
        Work::FeedPeople(_) => "People are being taken from the directory",
        Work::Rehearse(_) => "Recorded events are being looked at",
        Work::Answered(_) => "Events that waited for an answer go on",
        Work::Count(_) => "Seats and what they cost are being counted",
        Work::Drift(_) => "Everybody is being held against the rosters",
    };
    format!("{what}: {} {unit} so far.", number(done))
}

/// Work that is done, and of which there is nothing else to see.
pub(in crate::console) fn worked(done: u64, unit: &str) -> String {
    format!("Done: {} {unit}.", number(done))
}

/// Everything that was counted.
pub(in crate::console) fn counted(spent: &Line) -> String {
    let seats = many(spent.seats, "seat is held", "seats are held");
    match spent.monthly.0.is_empty() {
        true => format!("{seats}. What is held has no price yet."),
        false => format!("{} a month: {seats}.", total(&spent.monthly)),
    }
}

/// Changed files that were put.
pub(in crate::console) fn applied(started: u64) -> String {
    format!(
        "Saved. Something was started for {}.",
        many(started, "person", "people")
    )
}

pub(in crate::console) const JSON_LINES: &str = "JSON Lines";
pub(in crate::console) const NEXT_PART: &str = "Go on with the next part";
pub(in crate::console) const PARTS_MEAN: &str = "Save each part, then go on until no further one is offered. Parts one after \
     the other are one file.";

/// A file that is too large for one answer.
pub(in crate::console) fn in_parts(records: usize) -> String {
    format!(
        "This file comes in parts: {} in this one, and there is more.",
        many(size(records), "record", "records")
    )
}

/// The button that saves a part.
pub(in crate::console) fn save_part(records: usize) -> String {
    format!(
        "Save this part: {}",
        many(size(records), "record", "records")
    )
}
