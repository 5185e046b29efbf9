//! A hire that is undone: by the recruiter, by its offer, or because the candidacy is gone.

use super::{Changed, Decided, Intake, Match, start};
use crate::erasure::{Erasure, Extent};
use crate::event::EventState;
use crate::lever::Candidacy;
use crate::person::Lifecycle;
use crate::rule::EventKind;

/// What a human is asked about somebody who has started. Hired again or gone, they need not answer.
pub const NO_LONGER_HIRED: &str = "Lever no longer shows a hire of somebody who has started";

/// Still archived as hired, and withdrawn by its offer alone?
pub(super) fn is_denied(candidacy: Option<&Candidacy>) -> bool {
    let archived = candidacy.and_then(|candidacy| candidacy.archived.as_ref());
    archived.is_some_and(|archived| archived.hired)
}

/// Does it undo a hire that has given something to somebody who has not started? Then it counts however old it is.
pub(super) fn takes_back(intake: &Intake<'_>) -> bool {
    let Match::One(loaded) = &intake.matched else {
        return false;
    };
    let person = &loaded.entity;
    matches!(intake.fact.kind, EventKind::Unhired | EventKind::Deleted)
        && person.state == Lifecycle::Preboarding
        && person.opportunity.as_ref() == Some(&intake.known.opportunity)
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
    let left = person.left_before;
    let was_before = left.is_some() && !intake.known.is_hired_since(left);
    let was_withdrawn = person.state == Lifecycle::Left && intake.known.hired.is_none();
    if person.state == Lifecycle::Withdrawn || was_withdrawn || was_before {
        let why = "the hire was over already";
        decided.end(EventState::Ignored, why, intake.now);
        return;
    }
    let was_asked = intake.fact.kind == EventKind::Deleted && intake.known.hired.is_none();
    if person.state == Lifecycle::Left {
        decided.end(EventState::Ignored, "the person has left", intake.now);
        return;
    }
    if person.has_started(intake.now) && was_asked {
        let why = "a human was asked when the hire was undone";
        decided.end(EventState::Ignored, why, intake.now);
        return;
    }
    if person.has_started(intake.now) {
        let detail = "the person has started, so nothing is taken away by itself; if they left, terminate the person";
        decided.ask(NO_LONGER_HIRED, detail.to_owned(), intake.now);
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
    let stays =
        person.has_started(intake.now) || person.baselined || person.identifiers.key.is_some();
    let extent = if stays {
        Extent::Recruiting
    } else {
        Extent::Everything
    };
    let asked = || Erasure::by_lever(extent, &intake.fact.id, intake.now);
    person.erasure.get_or_insert_with(asked);
    decided.person = Some(Changed::Updated(loaded));
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use jiff::Timestamp;
    use serde_json::Value;

    use super::*;
    use crate::company::Company;
    use crate::event::KnownCandidacy;
    use crate::ids::{EventId, LeverId, PersonId};
    use crate::intake::{Facts, decide, facts};
    use crate::lever::{Archived, OfferState};
    use crate::ports::Reading;
    use crate::store::{Loaded, Version};
    use crate::testing::a_person;

    const HIRED: &str = "2027-01-04T09:00:00Z";
    const LIVE: &str = "2027-02-01T09:00:00Z";
    const NOW: &str = "2027-03-01T09:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn opportunity() -> LeverId {
        LeverId::parse("opp-1").unwrap()
    }

    /// Archived before we were live, for this reason; the offer is denied.
    fn archived(reason: &str) -> Reading {
        Reading::Present(Box::new(Candidacy {
            opportunity: opportunity(),
            contact: None,
            archived: Some(Archived {
                at: at(HIRED),
                reason: LeverId::parse(reason).unwrap(),
                hired: reason == "hired",
            }),
            stage: None,
            created_at: at(HIRED),
            updated_at: None,
            application: None,
            offer: OfferState::Denied,
            emails: vec![],
            document: Value::Null,
        }))
    }

    /// What follows from a reading for somebody who was hired before we were live, and starts then.
    fn read(reading: &Reading, state: Lifecycle, starts: &str) -> Decided {
        let mut person = a_person().in_state(state).build();
        person.opportunity = Some(opportunity());
        person.starts_at = Some(at(starts));
        let mut known = KnownCandidacy::unknown(opportunity(), at(HIRED));
        known.hired = Some(EventId::derived(&["hired"]));
        known.person = Some(person.id.clone());
        let mut company = Company::empty().unwrap();
        company.settings.live_from = Some(at(LIVE));
        let Facts::True(found) = facts(reading, &known, "", at(NOW)) else {
            panic!("it shows something");
        };
        decide(&Intake {
            fact: &found[0],
            candidacy: match reading {
                Reading::Present(candidacy) => Some(candidacy),
                _ => None,
            },
            known: &known,
            matched: Match::One(Box::new(Loaded {
                entity: person,
                version: Version(1),
                due: None,
            })),
            taken: BTreeSet::new(),
            others: BTreeMap::new(),
            company: &company,
            fresh: PersonId::derived(&["fresh"]),
            address: None,
            also_hired: None,
            source: "webhook",
            now: at(NOW),
        })
    }

    fn state(decided: &Decided) -> Option<Lifecycle> {
        let person = decided.person.as_ref();
        person.map(|changed| changed.person().state)
    }

    #[test]
    fn a_denied_offer_counts_from_now_however_old_the_hire_is() {
        let decided = read(
            &archived("hired"),
            Lifecycle::Preboarding,
            "2027-04-01T00:00:00Z",
        );

        assert_eq!(state(&decided), Some(Lifecycle::Withdrawn));
        assert_eq!(decided.event.occurred_at, at(NOW));
        assert_eq!(decided.runs.len(), 1);
        assert!(decided.known.is_denied);
    }

    #[test]
    fn what_undoes_a_hire_that_gave_something_counts_however_old_it_is() {
        for reading in [archived("unqualified"), Reading::Deleted(Some(at(HIRED)))] {
            let decided = read(&reading, Lifecycle::Preboarding, "2027-04-01T00:00:00Z");
            assert_eq!(state(&decided), Some(Lifecycle::Withdrawn), "{reading:?}");

            let decided = read(&reading, Lifecycle::Active, "2027-01-11T00:00:00Z");
            assert_eq!(decided.event.state, EventState::Ignored, "{reading:?}");
        }
    }

    #[test]
    fn nobody_is_asked_about_a_hire_of_somebody_who_has_left() {
        for reading in [archived("hired"), Reading::Deleted(Some(at(NOW)))] {
            let decided = read(&reading, Lifecycle::Left, "2027-02-08T00:00:00Z");

            assert_eq!(decided.event.state, EventState::Ignored, "{reading:?}");
            assert!(decided.task.is_none() && decided.runs.is_empty());
        }
    }

    #[test]
    fn whose_first_day_has_come_has_started_though_nobody_has_written_it_down() {
        for reading in [archived("hired"), Reading::Deleted(Some(at(NOW)))] {
            let decided = read(&reading, Lifecycle::Preboarding, NOW);

            assert_eq!(decided.event.state, EventState::NeedsHuman, "{reading:?}");
            assert!(decided.task.is_some() && decided.runs.is_empty());
            if let Some(changed) = &decided.person {
                let person = changed.person();
                assert_eq!(person.state, Lifecycle::Preboarding);
                let extent = person.erasure.as_ref().map(|erasure| erasure.extent);
                assert_eq!(extent, Some(Extent::Recruiting));
            }
        }
    }
}
