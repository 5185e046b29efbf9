//! Somebody is hired who gives the work address of somebody else, or another address of theirs but for its tag: perhaps
//! that human under a new contact, perhaps a stranger. A human says which (L3).

use super::{Changed, Decided, Intake, address, identify, take_read};
use crate::ids::PersonId;
use crate::lever::Candidacy;
use crate::person::Person;
use crate::task::Task;

/// Who the person perhaps is, as long as nobody said that they are two.
pub(super) fn who<'a>(person: &Person, intake: &'a Intake<'_>) -> Option<&'a PersonId> {
    let mut others = intake.others.values();
    others.find(|other| !person.apart.contains(*other))
}

/// Asks a human. Nothing is due to whoever waits: who is new is there as a candidate, so that they can be merged, and
/// the event is nobody's until that is answered.
pub(super) fn ask(
    changed: Changed,
    other: &PersonId,
    candidacy: &Candidacy,
    intake: &Intake<'_>,
    decided: &mut Decided,
) {
    let id = changed.person().id.clone();
    let detail = format!(
        "{id} gave the work address of {other}, or another address of theirs but for its `+tag`; merge {id} into {other} if \
         they are one human, complete this task if they are two; what waits goes on then"
    );
    decided.ask("Perhaps somebody who is known", detail, intake.now);
    if let Some(task) = &mut decided.task {
        task.id = Task::one_or_two(&id, other);
        task.person = Some(id.clone());
        task.perhaps = Some(other.clone());
        task.events = vec![decided.event.id.clone()];
    }
    if let Changed::New(mut person) = changed {
        identify(&mut person, candidacy, intake);
        let read = address::read(candidacy, intake.company, &person, &intake.taken);
        take_read(&mut person, &read);
        decided.known.person = Some(id);
        decided.person = Some(Changed::New(person));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::company::Company;
    use crate::event::{EventState, KnownCandidacy};
    use crate::ids::{EventId, LeverId};
    use crate::intake::{Fact, Match, decide, new_person};
    use crate::lever::{Archived, OfferState};
    use crate::person::{CanonicalEmail, Lifecycle};
    use crate::rule::EventKind;
    use crate::store::{Loaded, Version};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn id(name: &str) -> PersonId {
        PersonId::derived(&[name])
    }

    fn emails(all: &[&str]) -> BTreeSet<CanonicalEmail> {
        all.iter()
            .map(|email| CanonicalEmail::parse(email).unwrap())
            .collect()
    }

    /// Somebody is hired who gives Ada's work address and one of their own.
    fn hire(matched: Match) -> Decided {
        let opportunity = LeverId::parse("opp-2").unwrap();
        let candidacy = Candidacy {
            opportunity: opportunity.clone(),
            contact: LeverId::parse("contact-2").ok(),
            archived: Some(Archived {
                at: NOW,
                reason: LeverId::parse("hired").unwrap(),
                hired: true,
            }),
            stage: None,
            created_at: NOW,
            updated_at: None,
            application: None,
            offer: OfferState::Open,
            emails: vec![
                "Ada.Park+jobs@contoso.example".to_owned(),
                "new@mail.example".to_owned(),
            ],
            document: json!({ "contact": { "name": "Bo Lind" } }),
        };
        let whose = |email: CanonicalEmail| (email, id("ada"));
        let others: BTreeMap<_, _> = emails(&["ada.park@contoso.example"])
            .into_iter()
            .map(whose)
            .collect();
        decide(&Intake {
            fact: &Fact {
                kind: EventKind::Hired,
                id: EventId::derived(&["hired"]),
                occurred_at: NOW,
            },
            candidacy: Some(&candidacy),
            known: &KnownCandidacy::unknown(opportunity, NOW),
            matched,
            taken: BTreeSet::new(),
            others,
            company: &Company::empty().unwrap(),
            fresh: id("fresh"),
            address: Some("bo.lind@contoso.example".to_owned()),
            also_hired: None,
            source: "webhook",
            now: NOW,
        })
    }

    fn known(state: Lifecycle, apart: &[PersonId]) -> Match {
        let mut entity = new_person(id("bo"), NOW);
        entity.state = state;
        // Whoever left is hired after that, for a day after it.
        entity.leaves_at = (state == Lifecycle::Left).then_some(Timestamp::MIN);
        entity.attributes.set("start_date", "2027-02-01");
        entity.apart = apart.iter().cloned().collect();
        Match::One(Box::new(Loaded {
            entity,
            version: Version(1),
            due: None,
        }))
    }

    #[test]
    fn whoever_is_new_waits_as_a_candidate_without_the_address() {
        let decided = hire(Match::Nobody);

        let Some(Changed::New(person)) = &decided.person else {
            panic!("{:?}", decided.person);
        };
        assert_eq!(person.state, Lifecycle::Candidate);
        assert_eq!(person.identifiers.emails, emails(&["new@mail.example"]));
        assert_eq!(person.text("work_email"), None);
        assert_eq!(decided.known.person, Some(id("fresh")));
        assert_eq!(decided.event.state, EventState::NeedsHuman);
        assert_eq!(decided.event.person, None);
        assert!(decided.runs.is_empty());
        let task = decided.task.unwrap();
        assert_eq!(task.id, Task::one_or_two(&id("ada"), &id("fresh")));
        assert_eq!(task.person, Some(id("fresh")));
        assert_eq!(task.perhaps, Some(id("ada")));
        assert_eq!(task.events, [EventId::derived(&["hired"])]);
    }

    #[test]
    fn whoever_is_known_waits_as_they_are_in_every_state() {
        for state in Lifecycle::ALL {
            let decided = hire(known(state, &[id("somebody")]));

            assert!(decided.person.is_none() && decided.runs.is_empty());
            let task = decided.task.unwrap();
            assert_eq!(task.id, Task::one_or_two(&id("bo"), &id("ada")));
            assert_eq!(decided.event.state, EventState::NeedsHuman);
        }
    }

    #[test]
    fn whoever_was_said_to_be_another_is_never_asked_about_and_never_known_by_the_address() {
        for state in Lifecycle::ALL {
            let decided = hire(known(state, &[id("ada")]));

            assert!(decided.task.is_none());
            assert_eq!(decided.runs.len(), 1);
            let person = decided.person.unwrap();
            let identifiers = &person.person().identifiers;
            assert_eq!(identifiers.emails, emails(&["new@mail.example"]));
        }
    }
}
