//! What is said about people from a file.

use sando_core::admin::import::{Imported, Outcome};

use crate::console::format::{many, size};

pub(in crate::console) const IMPORT: &str = "Import people";
pub(in crate::console) const IMPORT_WHAT: &str = "People from another system, as a CSV file.";
pub(in crate::console) const IMPORT_MEANS: &str = "Whoever is new has what they have: nothing is given or taken before it is applied. Known people who change are moved, and whoever's end date is past leaves.";
pub(in crate::console) const IMPORT_FILE: &str = "CSV";
pub(in crate::console) const IMPORT_HINT: &str = "The first line names the columns: key, start_date, end_date, and every other one is an attribute, such as name or work_email.";
pub(in crate::console) const IMPORT_CHANGE: &str = "Change the file";

/// What comes of a line, in a word.
pub(in crate::console) fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::New(_) => "new",
        Outcome::Known(_) => "known",
        Outcome::Moves(_) => "known, changes",
        Outcome::Leaves(None) => "new, leaves",
        Outcome::Leaves(Some(_)) => "known, leaves",
        Outcome::Refused(_) => "refused",
    }
}

fn count(imported: &Imported, is_it: impl Fn(&str) -> bool) -> u64 {
    let of = imported.lines.iter();
    size(of.filter(|(_, _, came)| is_it(outcome(came))).count())
}

fn counts(imported: &Imported) -> (u64, u64, u64) {
    let count = |word: &str| count(imported, |of| of.starts_with(word));
    (count("new"), count("known"), count("refused"))
}

fn sentence(imported: &Imported) -> String {
    let (new, known, refused) = counts(imported);
    format!(
        "{}, {} already, {} refused.",
        many(new, "person is new", "people are new"),
        many(known, "is known", "are known"),
        many(refused, "is", "are")
    )
}

/// What follows for those who do not just stay as they are.
fn follows(imported: &Imported) -> String {
    let count = |word: &str| count(imported, |of| of.ends_with(word));
    let (change, leave) = (count("changes"), count("leaves"));
    if change == 0 && leave == 0 {
        return String::new();
    }
    format!(
        " {}, {}.",
        many(change, "person changes", "people change"),
        many(leave, "person leaves", "people leave")
    )
}

/// What would come of a file.
pub(in crate::console) fn would_import(imported: &Imported) -> String {
    format!(
        "Nobody is put yet: {}{}",
        sentence(imported),
        follows(imported)
    )
}

/// What came of its lines, the first ones or the last.
pub(in crate::console) fn imported(imported: &Imported) -> String {
    let said = match imported.next_line {
        Some(_) => "Put, and there is more",
        None => "Put, and that was all",
    };
    format!("{said}: {}", sentence(imported))
}

/// The button that puts them.
pub(in crate::console) fn puts(imported: &Imported) -> String {
    let (new, known, _) = counts(imported);
    let all = new.saturating_add(known);
    format!("Put {}", many(all, "person", "people"))
}

/// A file that is longer than what is done at once.
pub(in crate::console) fn import_more(next: usize) -> String {
    format!("The lines from {next} on come after these.")
}

/// The button that shows what comes next.
pub(in crate::console) fn import_next(next: usize) -> String {
    format!("See what would come of line {next} and after")
}
