//! A hire that is undone: by the recruiter, by its offer, or because the candidacy is gone.

use super::{Changed, Decided, Intake, Match, start};
use crate::erasure::{Erasure, Extent};
use crate::event::EventState;
use crate::lever::Candidacy;
use crate::person::Lifecycle;

/// Still archived as hired, and withdrawn by its offer alone?
pub(super) fn is_denied(candidacy: Option<&Candidacy>) -> bool {
    let archived = candidacy.and_then(|candidacy| candidacy.archived.as_ref());
    archived.is_some_and(|archived| archived.hired)
}

/// No longer hired, or deleted: by itself only before the first day (L11).
pub(super) fn unhired(intake: &Intake<'_>, decided: &mut Decided) {
    let Match::One(loaded) = &intake.matched else {
        let why = "nobody has anything because of this candidacy";
        decided.end(EventState::Ignored, why, intake.now);
        return;
    };
    let mut loaded = loaded.clone();
    let person = &mut loaded.entity;
    decided.event.person = Some(person.id.clone());
    if person.opportunity.as_ref() != Some(&intake.known.opportunity) {
        let why = "the person's access comes from another candidacy";
        decided.end(EventState::Ignored, why, intake.now);
        return;
    }
    if let Some(other) = &intake.also_hired {
        person.opportunity = Some(other.clone());
        decided.person = Some(Changed::Updated(loaded));
        decided.read_again = Some(other.clone());
        let why = "another candidacy of the person is still hired";
        decided.end(EventState::Ignored, why, intake.now);
        return;
    }
    // Of whoever has left again since.
    let is_over = person.state == Lifecycle::Left && intake.known.hired.is_none();
    if person.state == Lifecycle::Withdrawn || is_over {
        let why = "the hire was withdrawn already";
        decided.end(EventState::Ignored, why, intake.now);
        return;
    }
    if person.state.has_started() {
        let detail = "the person has started, so nothing is taken away by itself; if they left, terminate the person";
        decided.ask(
            "Lever no longer shows a hire of somebody who has started",
            detail.to_owned(),
            intake.now,
        );
        return;
    }
    match person.left_before.take() {
        // Whoever was here before has left, as they once did.
        Some(left) => {
            person.enter(Lifecycle::Left);
            person.leaves_at = Some(left);
        }
        None => person.enter(Lifecycle::Withdrawn),
    }
    let person = person.clone();
    decided.person = Some(Changed::Updated(loaded));
    start(intake, &person, decided);
}

/// Whom Lever keeps no more is erased here too, later (L23): of somebody who has started what recruiting knew.
pub(super) fn erase(intake: &Intake<'_>, decided: &mut Decided) {
    let mut loaded = match (decided.person.take(), &intake.matched) {
        (Some(Changed::Updated(loaded)), _) => loaded,
        (None, Match::One(loaded)) => loaded.clone(),
        (other, _) => {
            decided.person = other;
            return;
        }
    };
    let person = &mut loaded.entity;
    let stays = person.state.has_started() || person.baselined || person.identifiers.key.is_some();
    let extent = if stays {
        Extent::Recruiting
    } else {
        Extent::Everything
    };
    let asked = || Erasure::by_lever(extent, &intake.fact.id, intake.now);
    person.erasure.get_or_insert_with(asked);
    decided.person = Some(Changed::Updated(loaded));
}
