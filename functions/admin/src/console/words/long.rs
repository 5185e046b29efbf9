//! Sentences about what is long: files in parts.

use crate::console::format::{many, size};

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
