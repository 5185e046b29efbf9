//! Somebody who left is hired: do they come back, or is it the old hire once more?

use jiff::Timestamp;

use super::{Decided, Intake, REPLAYED, first_day, forget_position, take_read};
use crate::event::EventState;
use crate::lever::Candidacy;
use crate::person::{Lifecycle, Person};

/// Is it a hire that gives nobody anything back? Of whoever left, and of whoever comes back already, only one counts that was
/// made after they left, for a first day after they left: none that is heard of late, or is archived anew.
pub(super) fn is_past(person: &Person, candidacy: &Candidacy, intake: &Intake<'_>) -> bool {
    let left = match person.state {
        Lifecycle::Left => person.leaves_at,
        Lifecycle::Preboarding if person.left_before.is_some() => person.left_before,
        _ => return false,
    };
    let starts = new_first_day(person, candidacy, intake);
    // Whoever replays one hire has looked at it.
    let is_meant = intake.source == REPLAYED;
    let is_after = |left| {
        let is_newer = is_meant || intake.fact.occurred_at > left;
        is_newer && starts.is_some_and(|starts| starts > left)
    };
    !left.is_some_and(is_after)
}

/// When this candidacy would have the person start.
fn new_first_day(person: &Person, candidacy: &Candidacy, intake: &Intake<'_>) -> Option<Timestamp> {
    let mut back = person.clone();
    forget_position(&mut back, candidacy, &intake.company.mapping);
    take_read(&mut back, &intake.company.mapping.read(candidacy));
    first_day(&mut back, intake.company);
    back.starts_at
}

/// Is it a hire of somebody who is here and will have left by its first day?
pub(super) fn is_for_later(person: &Person, candidacy: &Candidacy, intake: &Intake<'_>) -> bool {
    let is_here = matches!(person.state, Lifecycle::Active | Lifecycle::Leaving);
    let left = person.leaves_at.filter(|_| is_here);
    left.is_some_and(|left| new_first_day(person, candidacy, intake) > Some(left))
}

/// The first day to come that another candidacy has for somebody who is here.
pub(super) fn starts_later(
    person: &Person,
    candidacy: &Candidacy,
    intake: &Intake<'_>,
) -> Option<Timestamp> {
    let is_another = person.opportunity.as_ref() != Some(&candidacy.opportunity);
    let starts = new_first_day(person, candidacy, intake);
    starts.filter(|starts| is_another && *starts > intake.now)
}

/// Asks a human to remember it; nothing is given.
pub(super) fn ask_later(intake: &Intake<'_>, decided: &mut Decided) {
    let detail = "nothing is given for the new first day yet: replay the event once they have left";
    let title = "Somebody who is about to leave is hired for later";
    decided.ask(title, detail.to_owned(), intake.now);
}

/// Asks a human, unless they come back by another candidacy anyway; nothing is given.
pub(super) fn ask(
    person: &Person,
    candidacy: &Candidacy,
    intake: &Intake<'_>,
    decided: &mut Decided,
) {
    let is_another = person.opportunity.as_ref() != Some(&candidacy.opportunity);
    if person.state.may_receive() && is_another {
        let why = "hired by another candidacy since";
        decided.end(EventState::Ignored, why, intake.now);
        return;
    }
    let detail = "the hire or its first day is not after the leaving, so nothing is given; if they are back, correct the \
                  first day and reinstate them";
    let title = "Lever shows a hire of somebody who has left";
    decided.ask(title, detail.to_owned(), intake.now);
}

/// Whoever is back does not leave again as they once left, or were to: only a day of leaving after the new first day counts.
pub(super) fn forget_leaving(person: &mut Person, now: Timestamp) {
    let begins = person.starts_at.map_or(now, |starts| starts.max(now));
    person.leaves_at.take_if(|at| *at <= begins);
}
