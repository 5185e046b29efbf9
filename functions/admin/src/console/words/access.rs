//! Sentences about a person: where they stand, what they have, what happened to them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sando_core::admin::access::Access;
use sando_core::grant::GrantState;
use sando_core::ids::{AppSlug, Slug};
use sando_core::person::{Lifecycle, Person};

use crate::console::format::{date_of, day, many, size};

pub(in crate::console) const TIMELINE: &str = "Timeline";
pub(in crate::console) const ACCESS: &str = "Access";
pub(in crate::console) const IDENTITY: &str = "Identity";
pub(in crate::console) const TERMINATE: &str = "Terminate…";
pub(in crate::console) const HELD_FOUND: &str = "held (found)";
pub(in crate::console) const NO_ACCESS: &str =
    "Nothing is due by policy, and nothing was given. Check the policies if this is unexpected.";
pub(in crate::console) const NOTHING_HAPPENED: &str = "Nothing happened yet.";
pub(in crate::console) const FOR_EVERYBODY: &str = "It is for everybody.";
pub(in crate::console) const EXPLAIN: &str = "Why";
pub(in crate::console) const ATTRIBUTES: &str = "Attributes";
pub(in crate::console) const IDENTIFIERS: &str = "Known by";
pub(in crate::console) const UNMAPPED: &str = "no alias knows this value";
pub(in crate::console) const CORRECTED: &str = "corrected by hand";
pub(in crate::console) const LOOKS_ONLY: &str =
    "You can look here, but not change anything. That takes the role operator.";

/// What to call somebody.
pub(in crate::console) fn name(person: &Person) -> String {
    person
        .text("name")
        .map_or_else(|| format!("Somebody ({})", person.id), str::to_owned)
}

/// What somebody does: title, department.
pub(in crate::console) fn work(person: &Person) -> String {
    let parts = ["title", "department", "location"];
    let parts = parts.into_iter().filter_map(|part| person.text(part));
    parts.collect::<Vec<_>>().join(", ")
}

/// Where a person stands and how ready their access is.
pub(in crate::console) fn person(
    person: &Person,
    access: Option<(&Access, &BTreeSet<AppSlug>)>,
    now: Timestamp,
) -> String {
    let name = name(person);
    let stands = match person.state {
        _ if person.merged.is_some() => format!("{name} was merged into another person."),
        Lifecycle::Candidate => format!("{name} is a candidate."),
        Lifecycle::Preboarding => match person.starts_on {
            Some(on) => format!("{name} starts {}.", day(on)),
            None => format!("{name} is hired; the first day is not known yet."),
        },
        Lifecycle::Active => format!("{name} is here."),
        Lifecycle::Leaving => match person.leaves_at {
            Some(at) => format!("{name} leaves {}.", date_of(at)),
            None => format!("{name} is leaving."),
        },
        Lifecycle::Left => format!("{name} has left."),
        Lifecycle::Withdrawn => format!("{name} withdrew before the first day."),
    };
    match access {
        Some((access, asked)) if person.state.may_receive() => {
            format!("{stands} {}", ready(access, asked, now))
        }
        Some((access, _)) => format!("{stands} {}", left_over(access)),
        None => stands,
    }
}

fn left_over(access: &Access) -> String {
    let left = access.actual.iter();
    let left = left.filter(|grant| grant.state != GrantState::Revoked && grant.may_be_held());
    match size(left.count()) {
        0 => "Nothing is left to take away.".to_owned(),
        some => format!(
            "{} still to be taken away.",
            many(some, "access is", "accesses are")
        ),
    }
}

fn ready(access: &Access, asked: &BTreeSet<AppSlug>, now: Timestamp) -> String {
    let due = &access.desired.due;
    let has = |state: GrantState| {
        let grants = access
            .actual
            .iter()
            .filter(move |grant| grant.state == state);
        let apps = grants.map(|grant| grant.app.as_str());
        apps.filter(|app| due.keys().any(|known| known.as_str() == *app))
    };
    let verified = size(has(GrantState::Active).count());
    match size(due.len()) {
        0 => return "Nothing is due by policy.".to_owned(),
        1 if verified == 1 => return "The one access that is due is verified.".to_owned(),
        all if verified == all => return format!("All {all} accesses are verified."),
        _ => {}
    }
    let failed: Vec<&str> = has(GrantState::Failed).collect();
    let waits: Vec<&str> = asked.iter().map(Slug::as_str).collect();
    let is_later = |app: &&AppSlug| {
        access.due_at(app, now).is_some_and(|at| at > now) && !asked.contains(*app)
    };
    let later: Vec<&str> = due.keys().filter(is_later).map(Slug::as_str).collect();
    let mut parts = vec![format!(
        "{verified} of {} verified",
        many(size(due.len()), "access is", "accesses are")
    )];
    for (apps, what) in [
        (failed, "failed"),
        (waits, "waits for a decision"),
        (later, "waits for its time"),
    ] {
        if !apps.is_empty() {
            parts.push(format!("{} {what}", apps.join(", ")));
        }
    }
    format!("{}.", parts.join("; "))
}

/// The list of people.
pub(in crate::console) fn people(shown: usize, is_filtered: bool, more: bool) -> String {
    match (size(shown), is_filtered, more) {
        (0, false, _) => "Nobody is known yet.".to_owned(),
        (0, true, false) => "Nobody matches this filter.".to_owned(),
        (0, true, true) => NOBODY_SO_FAR.to_owned(),
        (count, true, false) => format!("{} found.", many(count, "person", "people")),
        (count, true, true) => format!("The first {} found.", many(count, "person", "people")),
        (count, false, false) => format!(
            "{} known, newest first.",
            many(count, "person is", "people are")
        ),
        (count, false, true) => {
            format!("The newest {}.", many(count, "person", "people"))
        }
    }
}

pub(in crate::console) const STARTS: &str = "Starts";
pub(in crate::console) const DEPARTMENT: &str = "Department";
pub(in crate::console) const HOLDS: &str = "Has something in";
pub(in crate::console) const DRIFT: &str = "Drift";
pub(in crate::console) const HAS_DRIFT: &str = "has drift";
pub(in crate::console) const HOLDERS_ARE: &str = "Whoever has something there through Sando. Everybody with a user there is in the roster of its account.";
pub(in crate::console) const DRIFTING_ARE: &str = "As the rosters were when they were last looked at: after each sync, and once a day. \
     A person's page shows it as it is now.";
pub(in crate::console) const TAKE_OFF: &str = "take this filter off";

/// The filter by an application.
pub(in crate::console) fn holds(app: &str) -> String {
    format!("has something in {app}")
}

/// The filter by the first day.
pub(in crate::console) fn starts_within(days: &str) -> String {
    format!("starts within {days} days")
}

pub(in crate::console) const WHOLE_FINDS: &str = "A whole address or id finds a user at once.";
pub(in crate::console) const NOBODY_SO_FAR: &str = "Nobody so far; more follow.";
pub(in crate::console) const FOUND_BY_WORDS: &str = "Found by how names and addresses begin.";
pub(in crate::console) const LOOK_THROUGH: &str = "Look through departments and titles too";
pub(in crate::console) const NO_PEOPLE: &str = "People come from Lever when they are hired, or over the API. Connect \
     Lever in Settings; the first hire shows here within a minute.";

/// What is about to be taken away.
pub(in crate::console) fn terminate(person: &Person, count: usize) -> String {
    let name = name(person);
    match size(count) {
        0 => format!("{name} has nothing that could be taken away."),
        count => format!(
            "{name} loses {}: signed out first, accounts after it.",
            many(count, "access", "accesses")
        ),
    }
}

pub(in crate::console) const UNDO: &str = "A leaving can be undone with Reinstate: what is due then is given \
     again. What an application deletes by itself does not come back.";
pub(in crate::console) const TYPE_NAME: &str = "Type the name to confirm";
pub(in crate::console) const WHEN_NOW: &str = "Now";
pub(in crate::console) const WHEN_LATER: &str = "At a moment (UTC)";
pub(in crate::console) const NO_MOMENT: &str = "Say at which day and time.";
pub(in crate::console) const MOMENT_IS_OVER: &str =
    "That moment is over. Nothing was done: choose a later one, or now.";
pub(in crate::console) const NO_WHEN: &str = "Say when: now, or at a moment.";

/// How an effect reads in a plan.
pub(in crate::console) fn goal(goal: sando_core::effect::Goal) -> (&'static str, &'static str) {
    use sando_core::effect::Goal;
    match goal {
        Goal::Give => ("+", "give"),
        Goal::Suspend => ("−", "suspend"),
        Goal::Remove => ("−", "remove"),
        Goal::Sent => ("~", "send"),
    }
}

/// How an effect reads that leaves somebody less than they have.
pub(in crate::console) const LESS: (&str, &str) = ("−", "reduce");

pub(in crate::console) const REINSTATE: &str = "Reinstate…";
pub(in crate::console) const CORRECT: &str = "Correct…";
pub(in crate::console) const GIVEN_AGAIN: &str = "What is given again";
pub(in crate::console) const NOTHING_AGAIN: &str =
    "Nothing has to be given: it is all still there.";
pub(in crate::console) const WOULD_CHANGE: &str = "What would change";
pub(in crate::console) const NOT_WANTED_ANY_MORE: &str = "Not wanted any more:";
pub(in crate::console) const ACCESS_STAYS: &str = "Access stays as it is.";
pub(in crate::console) const CORRECTED_HINT: &str =
    "Corrected by hand. Empty it to take back what Lever says.";
pub(in crate::console) const MISSING_HINT: &str = "It is missing, and runs wait for it.";
pub(in crate::console) const CORRECT_MEANS: &str = "What is corrected here wins over what Lever says, until it is taken back. \
     What is no text is corrected over the API.";
pub(in crate::console) const PLAN_CHANGED: &str =
    "What would happen changed while you were reading. Nothing was done; read the new plan.";

/// Undoing a leaving.
pub(in crate::console) fn reinstate(name: &str, effects: Option<usize>) -> String {
    match effects.map(size) {
        None => format!("{name} has not left and is not about to leave."),
        Some(0) => format!("{name} comes back, and still has everything that is due."),
        Some(count) => format!(
            "{name} comes back: {} given again.",
            many(count, "access is", "accesses are")
        ),
    }
}

/// Correcting.
pub(in crate::console) fn correct(name: &str) -> String {
    format!("What is known of {name}, to be corrected.")
}

/// What a correction would do.
pub(in crate::console) fn corrects(
    name: &str,
    attributes: usize,
    more: usize,
    less: usize,
) -> String {
    match (size(attributes), more.saturating_add(less)) {
        (0, _) => format!("Nothing about {name} would change."),
        (count, 0) => format!(
            "{} of {name} would change; access stays as it is.",
            many(count, "attribute", "attributes")
        ),
        (count, effects) => format!(
            "{} of {name} would change, and with it {}.",
            many(count, "attribute", "attributes"),
            many(size(effects), "access", "accesses")
        ),
    }
}

pub(in crate::console) const MERGE: &str = "Merge…";
pub(in crate::console) const SPLIT: &str = "Split…";
pub(in crate::console) const MERGE_INTO: &str = "Who stays";
pub(in crate::console) const MERGE_INTO_HINT: &str =
    "The id of the other one, or an address they are known by.";
pub(in crate::console) const MERGE_MEANS: &str = "Whoever stays is known by everything from then on: what Lever tells of \
     either is about them. Whoever is merged away leaves. Split undoes it.";
pub(in crate::console) const STAYS: &str = "Stays";
pub(in crate::console) const KNOWN_BY_TOO: &str = "Is known besides by";
pub(in crate::console) const NOTHING_MORE: &str = "nothing that was not known";
pub(in crate::console) const TAKEN_AWAY: &str = "What is taken away";
pub(in crate::console) const NOTHING_TAKEN: &str = "Nothing has to be taken away.";
pub(in crate::console) const SPLIT_WHAT: &str = "What belongs to somebody else";
pub(in crate::console) const SPLIT_MEANS: &str = "Whoever was merged in is there again as they were. Anything else \
     becomes somebody new, who has nothing yet.";
pub(in crate::console) const GOES: &str = "Goes";
pub(in crate::console) const MERGED_IN: &str = "Merged in";
pub(in crate::console) const MERGED_INTO: &str = "This is the same human as";

/// Merging, before the other one is known.
pub(in crate::console) fn merge(name: &str) -> String {
    format!("Who else is {name}?")
}

/// What a merge would do.
pub(in crate::console) fn merges(from: &str, to: &str, taken: usize) -> String {
    match size(taken) {
        0 => format!("{from} becomes one with {to}; nothing is taken away."),
        count => format!(
            "{from} becomes one with {to} and loses {}, so that nobody has two accounts.",
            many(count, "access", "accesses")
        ),
    }
}

/// Splitting, before it is known what.
pub(in crate::console) fn split(name: &str) -> String {
    format!("What {name} is known by, to be taken apart.")
}

/// Somebody who was merged in.
pub(in crate::console) fn as_before(name: &str) -> String {
    format!("{name}, as before the merge")
}

/// What a split would do.
pub(in crate::console) fn splits(from: &str, to: Option<&str>, given: usize) -> String {
    match (to, size(given)) {
        (None, _) => format!("A part of what {from} is known by becomes somebody new."),
        (Some(to), 0) => format!("{to} is somebody of their own again."),
        (Some(to), count) => format!(
            "{to} is somebody of their own again: {} given again.",
            many(count, "access is", "accesses are")
        ),
    }
}

pub(in crate::console) const PAUSE: &str = "Pause";
pub(in crate::console) const PAUSE_WHAT: &str = "What";
pub(in crate::console) const PAUSE_MEANS: &str = "What runs finishes; events are still received and planned, and no effect \
     starts until somebody resumes.";
pub(in crate::console) const RESUME_SEE: &str = "See what would go on";
pub(in crate::console) const GOES_ON: &str = "What goes on";
pub(in crate::console) const NOTHING_HELD: &str = "Nothing was held back.";
pub(in crate::console) const KEEP: &str = "Keep it";
pub(in crate::console) const KEEP_ALL: &str = "Keep all of it";
pub(in crate::console) const KEEP_MEANS: &str = "What you keep is not taken away by this change or a later one, until they leave; \
     the rest is taken away now. Who has left already keeps nothing: undo the leaving first.";

/// What is paused.
pub(in crate::console) fn paused(count: usize) -> String {
    match size(count) {
        0 => "Nothing is paused.".to_owned(),
        count => format!("{} paused.", many(count, "thing is", "things are")),
    }
}

/// What resuming does.
pub(in crate::console) fn resumes(name: &str, effects: usize) -> String {
    match size(effects) {
        0 => format!("{name} can be resumed; nothing was held back."),
        count => format!(
            "{name} can be resumed: {} on then.",
            many(count, "effect goes", "effects go")
        ),
    }
}

pub(in crate::console) const CORRECT_DRIFT: &str = "Correct drift…";
pub(in crate::console) const DRIFT_MEANS: &str = "What the rosters show is taken for what is there; then what is due by policy is \
     given, and what is not due is taken away.";
pub(in crate::console) const NO_DRIFT: &str =
    "No roster contradicts what was given here. The next sync may show more.";
pub(in crate::console) const NOT_CORRECTABLE: &str = "Drift is corrected of people who are here and whose access is \
     kept by policies. What somebody who left still has is cleared under Spend, Residue.";
pub(in crate::console) const DRIFT_AS_DUE: &str =
    "What is there is what is due: it is taken over as it is.";

/// No drift.
pub(in crate::console) fn nothing_drifted(name: &str) -> String {
    format!("Nothing about {name} has drifted that could be corrected here.")
}

/// Drift, and what correcting it does.
pub(in crate::console) fn drifted(name: &str, count: usize) -> String {
    match size(count) {
        1 => format!("1 access of {name} is not as it was left here."),
        count => format!("{count} accesses of {name} are not as they were left here."),
    }
}

pub(in crate::console) const ERASE: &str = "Erase…";
pub(in crate::console) const ERASE_MEANS: &str =
    "This cannot be undone. Accounts in applications are not touched: they were taken away before.";
pub(in crate::console) const ERASE_GOES: &str = "What goes";
pub(in crate::console) const ERASED: &[&str] = &[
    "name, addresses, attributes, and everything they are known by",
    "their grants, runs, events, tasks and approvals",
    "users of rosters who are gone from their application and have an address of theirs",
    "the key to every personal value in the audit",
];
pub(in crate::console) const ERASE_STAYS: &str = "The audit keeps the id, what was done and when, and your reason. Nobody \
     else ever gets the address at work.";
pub(in crate::console) const ERASE_REASON: &str = "A reason is needed. It outlives the person, so it must not name them: the number of a request, say.";
pub(in crate::console) const ANOTHER_NAME: &str =
    "The name that was typed is another one. Nothing was done.";

/// Erasing somebody.
pub(in crate::console) fn erases(name: &str) -> String {
    format!("Everything about {name} goes, for good.")
}

/// Somebody who cannot be erased now.
pub(in crate::console) fn not_erasable(name: &str) -> String {
    format!("{name} cannot be erased now.")
}

pub(in crate::console) const TASKS: &str = "Tasks";
pub(in crate::console) const AWAITS_ROSTER_MEANS: &str = "It was said to be done. The next roster of the application shows whether it was; if not, it is open again.";
