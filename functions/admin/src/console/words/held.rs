//! Sentences about syncs that are held.

use crate::console::format::{number, size};

pub(in crate::console) const HELD_WHAT: &str = "Who would lose something";
pub(in crate::console) const RELEASE_ALL: &str = "Release all";
pub(in crate::console) const RELEASE_SOME: &str = "Release the selected";
pub(in crate::console) const DROP: &str = "Drop";
pub(in crate::console) const RELEASE_MEANS: &str =
    "Releasing never takes access away from anybody: it only lets the new roster count.";
pub(in crate::console) const RELEASE_NEEDS: &str =
    "You can see who it is. Releasing it takes the role administrator.";
pub(in crate::console) const MORE_LOSSES: &str = "Show more";
pub(in crate::console) const TYPE_USERS: &str = "Type how many users";
pub(in crate::console) const HELD_ANOTHER: &str = "Another sync is held by now than the one that you read. Nothing was released; this is who would lose \
     something by it.";
pub(in crate::console) const NONE_SELECTED: &str =
    "Nobody is selected. Nothing was done; select at least one.";
pub(in crate::console) const OTHER_NUMBER: &str =
    "The number that was typed is another one. Nothing was done.";

/// What is typed before so many lose something.
pub(in crate::console) fn type_released(total: u64) -> String {
    format!("{total} to release all of them, or how many you selected. Up to 5 go without.")
}

/// The page shows some of those who would lose something.
pub(in crate::console) fn held_part(shown: usize, total: u64) -> String {
    format!(
        "{} of {} are shown here. All means all of them; releasing the selected leaves everybody else as they were, on the \
         other pages too.",
        number(size(shown)),
        number(total)
    )
}
