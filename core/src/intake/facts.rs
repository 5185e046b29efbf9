//! What a reading of Lever says, in the light of what was known.

use crate::event::{Hint, KnownCandidacy, ToldArchive};
use crate::ids::EventId;
use crate::lever::{Candidacy, fact_id, is_hired};
use crate::ports::Reading;
use crate::rule::EventKind;
use jiff::{SignedDuration, Timestamp};

/// Something that is true in Lever.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fact {
    /// What.
    pub kind: EventKind,
    /// The same whoever meets it.
    pub id: EventId,
    /// When it became true.
    pub occurred_at: Timestamp,
}

impl Fact {
    /// How much later than the fact its own webhooks may be triggered, in seconds.
    const WEBHOOK_AFTER_SECS: i64 = 5;

    /// Is it what the webhook tells of? A fact that does not explain a newer webhook is perhaps an old reading: Lever
    /// does not show yet what came after it.
    #[must_use]
    pub fn explains(&self, hint: &Hint) -> bool {
        let of_this_kind = match hint.event.as_str() {
            "candidateHired" => self.kind == EventKind::Hired,
            "candidateDeleted" => self.kind == EventKind::Deleted,
            "candidateStageChange" => self.kind == EventKind::StageChanged,
            "applicationCreated" => self.kind == EventKind::Applied,
            "candidateArchiveChange" => true,
            // A webhook that no fact follows from.
            _ => return true,
        };
        let new_enough = match hint.archive {
            ToldArchive::Archived(at) => self.occurred_at >= at,
            ToldArchive::TakenOut => {
                matches!(self.kind, EventKind::Unhired | EventKind::Unarchived)
                    || self.occurred_at > hint.triggered_at
            }
            ToldArchive::Nothing => self.may_have_triggered(hint.triggered_at),
        };
        // Nothing comes after a deletion.
        of_this_kind && new_enough || self.kind == EventKind::Deleted
    }

    /// Is it one that may be met again after its event was deleted, since nothing in force tells of it? Then it is
    /// history once it is older than events are kept.
    #[must_use]
    pub fn is_history(&self, kept_since: Timestamp) -> bool {
        let passes = matches!(
            self.kind,
            EventKind::Archived | EventKind::Deleted | EventKind::StageChanged | EventKind::Applied
        );
        passes && self.occurred_at < kept_since
    }

    fn may_have_triggered(&self, triggered_at: Timestamp) -> bool {
        let latest = self
            .occurred_at
            .saturating_add(SignedDuration::from_secs(Self::WEBHOOK_AFTER_SECS))
            .unwrap_or(Timestamp::MAX);
        triggered_at <= latest
    }
}

/// What a reading says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Facts {
    /// These are true; some may be known.
    True(Vec<Fact>),
    /// What the hint tells of does not show.
    NotYet(&'static str),
    /// Only a human can see it.
    Hidden(&'static str),
}

/// The facts that a reading shows, in the light of what was known; the hint only says what to expect.
#[must_use]
pub fn facts(reading: &Reading, known: &KnownCandidacy, hint: &str, now: Timestamp) -> Facts {
    let opportunity = &known.opportunity;
    let candidacy = match reading {
        Reading::Hidden => {
            return Facts::Hidden("the candidacy is confidential, and our key may not see it");
        }
        // The person is gone from it, as if it were deleted; Lever does not say since when.
        Reading::Anonymised => {
            let id = fact_id("anonymised", opportunity, None, "");
            return Facts::True(vec![deleted(id, now)]);
        }
        Reading::Deleted(Some(at)) => {
            let id = fact_id("deleted", opportunity, Some(*at), "");
            return Facts::True(vec![deleted(id, *at)]);
        }
        // Deleted long ago, or a key of another account: nothing is taken from anybody because of it.
        Reading::Deleted(None) if known.person.is_some() => {
            return Facts::Hidden(
                "Lever knows no such candidacy, nor when it was deleted: is it the right account?",
            );
        }
        Reading::Deleted(None) => {
            return Facts::NotYet("Lever knows no such candidacy, nor when it was deleted");
        }
        Reading::Present(candidacy) => candidacy,
    };
    let mut found: Vec<Fact> = standing(candidacy, known, now).into_iter().collect();
    match hint {
        "candidateStageChange" => found.extend(candidacy.stage.as_ref().map(|(stage, at)| Fact {
            kind: EventKind::StageChanged,
            id: fact_id("stage", opportunity, Some(*at), stage.as_str()),
            occurred_at: *at,
        })),
        "applicationCreated" => {
            found.extend(candidacy.application.as_ref().map(|application| Fact {
                kind: EventKind::Applied,
                id: fact_id("applied", opportunity, None, application.as_str()),
                occurred_at: candidacy.created_at,
            }))
        }
        _ => {}
    }
    if found.is_empty() {
        Facts::NotYet("Lever does not show what the webhook told of")
    } else {
        Facts::True(found)
    }
}

fn deleted(id: EventId, occurred_at: Timestamp) -> Fact {
    Fact {
        kind: EventKind::Deleted,
        id,
        occurred_at,
    }
}

/// Where the candidacy stands: hired, no longer hired, archived, or taken out of the archive again.
pub(super) fn standing(
    candidacy: &Candidacy,
    known: &KnownCandidacy,
    now: Timestamp,
) -> Option<Fact> {
    let opportunity = &candidacy.opportunity;
    let fact = |kind, id, occurred_at| {
        Some(Fact {
            kind,
            id,
            occurred_at,
        })
    };
    match (&candidacy.archived, &known.hired) {
        (Some(archived), _) if is_hired(candidacy) => {
            let reason = archived.reason.as_str();
            // Whose offer was denied and is open again is hired anew, though Lever archived them once.
            let detail = match known.denials {
                0 => reason.to_owned(),
                denials => format!("{reason} {denials}"),
            };
            fact(
                EventKind::Hired,
                fact_id("hired", opportunity, Some(archived.at), &detail),
                archived.at,
            )
        }
        // The id carries the hire that it undoes: the same for both webhooks, and another for the next hire. Since when an
        // offer is denied Lever does not say.
        (archived, Some(hire)) => {
            let archived = archived.as_ref().filter(|archived| !archived.hired);
            let at = archived.map_or(now, |archived| archived.at);
            fact(
                EventKind::Unhired,
                fact_id("unhired", opportunity, None, hire.as_str()),
                at,
            )
        }
        (Some(archived), None) if !archived.hired => fact(
            EventKind::Archived,
            fact_id(
                "archived",
                opportunity,
                Some(archived.at),
                archived.reason.as_str(),
            ),
            archived.at,
        ),
        (None, None) => {
            let archiving = known.archived.as_ref()?;
            fact(
                EventKind::Unarchived,
                fact_id("unarchived", opportunity, None, archiving.as_str()),
                now,
            )
        }
        (Some(_), None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{LeverId, PersonId, Slug};

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(1_000 + secs).unwrap()
    }

    #[track_caller]
    fn check(kind: EventKind, event: &str, archive: ToldArchive, secs_later: i64, expect: bool) {
        let opportunity = LeverId::parse("ada").unwrap();
        let fact = Fact {
            kind,
            id: fact_id("fact", &opportunity, None, ""),
            occurred_at: at(0),
        };
        let hint = Hint {
            registration: Slug::parse("main").unwrap(),
            token_hash: String::new(),
            event: event.to_owned(),
            triggered_at: at(secs_later),
            received_at: at(secs_later),
            opportunity,
            content_hash: String::new(),
            archive,
        };
        assert_eq!(fact.explains(&hint), expect, "{kind:?} {hint:?}");
    }

    #[test]
    fn a_candidacy_without_a_tombstone_was_not_deleted_and_is_asked_about_if_it_has_a_person() {
        let opportunity = LeverId::parse("ada").unwrap();
        let mut known = KnownCandidacy::unknown(opportunity, at(0));
        let read = |known: &KnownCandidacy| facts(&Reading::Deleted(None), known, "", at(60));
        assert!(matches!(read(&known), Facts::NotYet(_)));

        known.person = Some(PersonId::derived(&["ada"]));

        assert!(matches!(read(&known), Facts::Hidden(_)));
    }

    #[test]
    fn a_fact_explains_its_own_webhooks_and_no_later_ones() {
        let none = ToldArchive::Nothing;
        check(EventKind::Hired, "candidateHired", none, 1, true);
        check(EventKind::Hired, "candidateArchiveChange", none, 1, true);
        check(EventKind::Hired, "candidateArchiveChange", none, 60, false);
        check(EventKind::Hired, "candidateHired", none, 60, false);
        check(EventKind::Hired, "candidateDeleted", none, 1, false);
        check(EventKind::Deleted, "candidateArchiveChange", none, 60, true);
        check(EventKind::Hired, "interviewCreated", none, 60, true);
    }

    #[test]
    fn what_the_webhook_says_of_the_archive_has_to_show() {
        let change = "candidateArchiveChange";
        let out = ToldArchive::TakenOut;
        check(EventKind::Hired, change, out, 2, false);
        check(EventKind::Hired, change, out, -2, true);
        check(EventKind::Unhired, change, out, 2, true);
        check(EventKind::Unarchived, change, out, 2, true);
        let archived = ToldArchive::Archived;
        check(EventKind::Hired, change, archived(at(0)), 60, true);
        check(EventKind::Hired, change, archived(at(2)), 3, false);
    }
}
