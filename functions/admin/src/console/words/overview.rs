//! Sentences of the overview.

use crate::console::format::{Count, many, number, size};

pub(in crate::console) const NEEDS_YOU: &str = "Needs you";
pub(in crate::console) const MORE_NEED_YOU: &str = "There are more: see them in the inbox";
pub(in crate::console) const ARRIVING: &str = "Arriving";
pub(in crate::console) const LATELY: &str = "The last 90 days";
pub(in crate::console) const FIRST_STEPS: &str = "First steps";

/// The overview; in the first hour with the steps that are left.
pub(in crate::console) fn overview(
    needs: Count,
    arriving: Count,
    ready: usize,
    steps: usize,
) -> String {
    let people = arriving.many("person is", "people are");
    let arrive = match (arriving.found, arriving.found.saturating_sub(ready)) {
        (0, _) => None,
        (all, open) if arriving.is_more => Some(format!(
            "{people} about to start; of the next {all}, {open} not complete yet."
        )),
        (_, 0) => Some(format!("{people} ready for the first day.")),
        (_, open) => Some(format!("{people} about to start, {open} not complete yet.")),
    };
    let things = needs.many("thing needs", "things need");
    let needs = match (size(needs.found), size(steps)) {
        (0, 0) => "Nothing needs you; everything runs by itself.".to_owned(),
        (0, steps) => format!(
            "{} left until everything runs by itself.",
            many(steps, "first step is", "first steps are")
        ),
        _ => format!("{things} you."),
    };
    arrive.map_or_else(|| needs.clone(), |arrive| format!("{needs} {arrive}"))
}

pub(in crate::console) const FAILING: &str = "Failing";
pub(in crate::console) const NO_NEW_DATA: &str = "no new data since";
pub(in crate::console) const NEVER_READ: &str = "it was never read";
pub(in crate::console) const TRIED_AGAIN: &str = "tried again";
pub(in crate::console) const LOOK_AT_IT: &str = "Look at it";

/// An account whose roster is old, though no sync failed.
pub(in crate::console) fn old_roster(account: &str) -> String {
    format!("{account}: no sync has counted for two days")
}

/// How near the cap on removals is.
pub(in crate::console) fn removals(count: u32, cap: u32) -> String {
    format!(
        "removals this hour {} of {}",
        number(count.into()),
        number(cap.into())
    )
}

/// How many rosters were read lately.
pub(in crate::console) fn fresh(fresh: usize, all: usize) -> String {
    let fresh = number(size(fresh));
    format!("{fresh} of {} fresh", many(size(all), "roster", "rosters"))
}
