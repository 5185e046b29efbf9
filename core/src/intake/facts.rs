//! What a reading of Lever says, in the light of what was known.

use crate::event::KnownCandidacy;
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
    pub fn explains(&self, hint: &str, triggered_at: Timestamp) -> bool {
        let of_this_kind = match hint {
            "candidateHired" => self.kind == EventKind::Hired,
            "candidateDeleted" => self.kind == EventKind::Deleted,
            "candidateStageChange" => self.kind == EventKind::StageChanged,
            "applicationCreated" => self.kind == EventKind::Applied,
            "candidateArchiveChange" => true,
            // A webhook that no fact follows from.
            _ => return true,
        };
        let latest = self
            .occurred_at
            .saturating_add(SignedDuration::from_secs(Self::WEBHOOK_AFTER_SECS))
            .unwrap_or(Timestamp::MAX);
        // Nothing comes after a deletion.
        of_this_kind && triggered_at <= latest || self.kind == EventKind::Deleted
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
        Reading::Anonymised => return Facts::NotYet("the candidate is anonymised"),
        Reading::Deleted(at) => {
            let id = fact_id("deleted", opportunity, *at, "");
            return Facts::True(vec![Fact {
                kind: EventKind::Deleted,
                id,
                occurred_at: at.unwrap_or(now),
            }]);
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
        (Some(archived), _) if is_hired(candidacy) => fact(
            EventKind::Hired,
            fact_id(
                "hired",
                opportunity,
                Some(archived.at),
                archived.reason.as_str(),
            ),
            archived.at,
        ),
        // The id carries the hire that it undoes: the same for both webhooks, and another for the next hire.
        (archived, Some(hire)) => {
            let at = archived.as_ref().map_or(now, |archived| archived.at);
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
    use crate::ids::LeverId;

    #[track_caller]
    fn check(kind: EventKind, hint: &str, secs_later: i64, expect: bool) {
        let occurred_at = Timestamp::from_second(1_000).unwrap();
        let opportunity = LeverId::parse("ada").unwrap();
        let fact = Fact {
            kind,
            id: fact_id("fact", &opportunity, None, ""),
            occurred_at,
        };
        let triggered_at = occurred_at + SignedDuration::from_secs(secs_later);
        let explained = fact.explains(hint, triggered_at);
        assert_eq!(explained, expect, "{kind:?} {hint} {secs_later}");
    }

    #[test]
    fn a_fact_explains_its_own_webhooks_and_no_later_ones() {
        check(EventKind::Hired, "candidateHired", 1, true);
        check(EventKind::Hired, "candidateArchiveChange", 1, true);
        check(EventKind::Hired, "candidateArchiveChange", 60, false);
        check(EventKind::Hired, "candidateHired", 60, false);
        check(EventKind::Hired, "candidateDeleted", 1, false);
        check(EventKind::Deleted, "candidateArchiveChange", 60, true);
        check(EventKind::Hired, "interviewCreated", 60, true);
    }
}
