//! Catch-up: Lever is polled in small overlapping windows for what its webhooks did not deliver (L15).
//!
//! Pure. What is found becomes a delivery like a webhook's, named after what it tells of, so that it is looked into
//! once; the events that follow are named after the facts, so that webhook, replay and catch-up meet.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::event::{Hint, KnownCandidacy, ToldArchive};
use crate::ids::{EventId, LeverId, Slug, derive};
use crate::lever::{Archived, fact_id};
use crate::rule::EventKind;
use crate::store::{Entity, Key};

/// One kind of what is polled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Archived as hired within the window.
    Hired,
    /// Changed within the window, whatever changed.
    Updated,
    /// Deleted within the window.
    Deleted,
}

impl Part {
    fn next(self) -> Option<Self> {
        match self {
            Self::Hired => Some(Self::Updated),
            Self::Updated => Some(Self::Deleted),
            Self::Deleted => None,
        }
    }
}

/// One row of a poll: a hint where to look, no fact.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moved {
    /// Which opportunity.
    pub opportunity: LeverId,
    /// How it stands.
    pub how: How,
    /// How far it has come.
    pub came: Came,
}

/// How far an opportunity has come, as a list shows it.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Came {
    /// The stage it was moved to, and when.
    pub moved_to: Option<(LeverId, Timestamp)>,
    /// The application it began with, and when.
    pub applied: Option<(LeverId, Timestamp)>,
}

impl Came {
    /// The present stage with when it was entered, and the application, of an opportunity that was made then. Where it began
    /// it was not moved to.
    #[must_use]
    pub fn of(
        stage: Option<(LeverId, Timestamp)>,
        application: Option<LeverId>,
        created_at: Timestamp,
    ) -> Self {
        Self {
            moved_to: stage.filter(|(_, at)| *at > created_at),
            applied: application.map(|application| (application, created_at)),
        }
    }
}

/// How an opportunity stands in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum How {
    /// It is there, archived or not.
    There(Option<Archived>),
    /// It was deleted, at that time if Lever tells.
    Deleted(Option<Timestamp>),
    /// It is there, and the person is gone from it.
    Anonymised,
}

/// A window that is being polled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Window {
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
    /// What is polled next.
    pub part: Part,
}

/// How far everybody who has not started was put due to be read again.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rereading {
    /// Where the list of people goes on; none at its beginning.
    pub cursor: Option<String>,
}

/// How far Lever was polled.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CatchUp {
    /// Everything that moved until then was looked at.
    pub until: Timestamp,
    /// The window in hand.
    #[serde(default)]
    pub window: Option<Window>,
    /// Everybody who has not started is being put due.
    #[serde(default)]
    pub rereading: Option<Rereading>,
    /// When it goes on.
    pub next_at: Timestamp,
    /// When it was last done to the end.
    #[serde(default)]
    pub last_success: Option<Timestamp>,
    /// When it was done to the end before that; the first time, from when it was polled.
    #[serde(default)]
    pub success_before: Option<Timestamp>,
    /// What went wrong since.
    #[serde(default)]
    pub last_error: Option<String>,
    /// How often in a row.
    #[serde(default)]
    pub failures: u32,
    /// What webhooks had not told, ever.
    #[serde(default)]
    pub found: u64,
}

impl CatchUp {
    /// How often Lever is polled.
    pub const EVERY: SignedDuration = SignedDuration::from_hours(1);
    /// How far a window reaches back into the one before: lists lag, and clocks differ.
    const OVERLAP: SignedDuration = SignedDuration::from_mins(30);
    /// The longest window: the order of a list moves while it is paged.
    const LONGEST: SignedDuration = SignedDuration::from_hours(24);
    /// Minutes until it is tried again while Lever does not answer; the last one repeats.
    const AGAIN_AFTER: [i64; 4] = [1, 5, 15, 60];

    /// Begins now; what happened before is history.
    #[must_use]
    pub fn from_now(now: Timestamp) -> Self {
        Self {
            until: now,
            window: None,
            rereading: None,
            next_at: after(now, Self::EVERY),
            last_success: None,
            success_before: None,
            last_error: None,
            failures: 0,
            found: 0,
        }
    }

    /// Asked for by hand: from then on, and everybody who has not started is read again.
    pub fn ask(&mut self, since: Option<Timestamp>, now: Timestamp) {
        if let Some(since) = since {
            self.until = self.until.min(since);
            self.window = None;
        }
        self.rereading = Some(Rereading { cursor: None });
        self.next_at = now;
    }

    /// The window in hand, or the next one.
    #[must_use]
    pub fn next_window(&self, now: Timestamp) -> Window {
        self.window.unwrap_or_else(|| {
            let from = self.until.saturating_sub(Self::OVERLAP);
            Window {
                from: from.unwrap_or(Timestamp::MIN),
                to: after(self.until, Self::LONGEST).min(now),
                part: Part::Hired,
            }
        })
    }

    /// Since when what happened may be unknown: what happened before is history, or was looked at. A row may be shown in a
    /// later window than the one in which it happened, because it moved again: even while that one was polled to its end.
    #[must_use]
    pub fn unknown_since(&self, window: Window) -> Timestamp {
        let success = self.success_before.or(self.last_success);
        let since = success.and_then(|at| at.saturating_sub(Self::OVERLAP).ok());
        since.unwrap_or(window.from).min(window.from)
    }

    /// A part of a window was polled to its end.
    pub fn polled(&mut self, window: Window, found: u64, now: Timestamp) {
        self.found = self.found.saturating_add(found);
        self.failures = 0;
        self.last_error = None;
        self.next_at = now;
        if let Some(part) = window.part.next() {
            self.window = Some(Window { part, ..window });
            return;
        }
        self.window = None;
        self.until = self.until.max(window.to);
        if now.duration_since(self.until) < Self::OVERLAP {
            self.success_before = self.last_success.or(Some(window.from));
            self.last_success = Some(now);
            self.next_at = after(now, Self::EVERY);
        }
    }

    /// Lever did not answer.
    pub fn failed(&mut self, why: String, now: Timestamp) {
        let place = usize::try_from(self.failures).unwrap_or(usize::MAX);
        let minutes = Self::AGAIN_AFTER.get(place).copied().unwrap_or(60);
        self.failures = self.failures.saturating_add(1);
        self.last_error = Some(why);
        self.next_at = after(now, SignedDuration::from_mins(minutes));
    }

    /// How far it is behind, in seconds.
    #[must_use]
    pub fn lag_secs(&self, now: Timestamp) -> i64 {
        now.duration_since(self.until).as_secs().max(0)
    }
}

fn after(now: Timestamp, time: SignedDuration) -> Timestamp {
    now.saturating_add(time).unwrap_or(Timestamp::MAX)
}

impl Entity for CatchUp {
    const KIND: &'static str = "catch_up";

    fn key(&self) -> Key {
        Key::CatchUp
    }

    fn due(&self) -> Option<Timestamp> {
        Some(self.next_at)
    }
}

/// Which further events the rules of the company name: only for them is everything archived, moved or new looked at.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Named {
    /// `candidate.archived`.
    pub archived: bool,
    /// `candidate.deleted`.
    pub deleted: bool,
    /// `candidate.stage_changed`.
    pub stage_changed: bool,
    /// `candidate.applied`.
    pub applied: bool,
}

impl Named {
    /// What these kinds name.
    #[must_use]
    pub fn of(kinds: impl IntoIterator<Item = EventKind>) -> Self {
        let mut named = Self::default();
        for kind in kinds {
            named.archived |= kind == EventKind::Archived;
            named.deleted |= kind == EventKind::Deleted;
            named.stage_changed |= kind == EventKind::StageChanged;
            named.applied |= kind == EventKind::Applied;
        }
        named
    }
}

/// A webhook that should have come, if nothing is known of what it tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missed {
    /// What Lever calls it.
    pub event: &'static str,
    /// The fact it tells of, where its name can be told from the list.
    pub fact: Option<EventId>,
    /// When it happened.
    pub at: Option<Timestamp>,
    /// What tells two of them apart.
    detail: String,
}

/// Were they hired after they were erased here, while Lever still had them?
fn is_back(moved: &Moved, known: &KnownCandidacy) -> bool {
    matches!(&moved.how, How::There(Some(archived)) if archived.hired && known.is_hired_again(archived.at))
}

/// What a row may tell that we do not know.
#[must_use]
pub fn missed(moved: &Moved, known: Option<&KnownCandidacy>, named: Named) -> Option<Missed> {
    let opportunity = &moved.opportunity;
    if known.is_some_and(|known| known.erased && !is_back(moved, known)) {
        return None;
    }
    let hire = known.and_then(|known| known.hired.as_ref());
    let concerns = named.deleted || known.is_some_and(|known| known.person.is_some());
    let of_archived = |event, kind: &str, archived: &Archived| {
        let (at, reason) = (archived.at, archived.reason.as_str());
        Missed {
            event,
            fact: Some(fact_id(kind, opportunity, Some(at), reason)),
            at: Some(at),
            detail: format!("{kind} {} {reason}", at.as_millisecond()),
        }
    };
    match &moved.how {
        How::Deleted(at) => concerns.then(|| Missed {
            event: "candidateDeleted",
            fact: Some(fact_id("deleted", opportunity, *at, "")),
            at: *at,
            detail: "deleted".to_owned(),
        }),
        How::Anonymised => concerns.then(|| Missed {
            event: "candidateDeleted",
            fact: Some(fact_id("anonymised", opportunity, None, "")),
            at: None,
            detail: "anonymised".to_owned(),
        }),
        How::There(Some(archived)) if archived.hired => {
            let hired = of_archived("candidateHired", "hired", archived);
            (hire != hired.fact.as_ref()).then_some(hired)
        }
        How::There(archived) => match (archived, hire) {
            (_, Some(hire)) => Some(Missed {
                event: "candidateArchiveChange",
                fact: Some(fact_id("unhired", opportunity, None, hire.as_str())),
                at: archived.as_ref().map(|archived| archived.at),
                detail: format!("unhired {hire}"),
            }),
            (Some(archived), None) if named.archived => {
                Some(of_archived("candidateArchiveChange", "archived", archived))
            }
            (None, None) => {
                let archiving = known?.archived.as_ref()?;
                Some(Missed {
                    event: "candidateArchiveChange",
                    fact: Some(fact_id("unarchived", opportunity, None, archiving.as_str())),
                    at: None,
                    detail: format!("unarchived {archiving}"),
                })
            }
            (Some(_), None) => None,
        },
    }
}

/// What a row tells besides of a candidacy's way, where a rule names it and it happened since then. Of several moves between
/// stages only the last one is seen, and no application that was added later.
#[must_use]
pub fn missed_on_the_way(
    moved: &Moved,
    known: Option<&KnownCandidacy>,
    named: Named,
    since: Timestamp,
) -> Vec<Missed> {
    let is_there = matches!(moved.how, How::There(_));
    if !is_there || known.is_some_and(|known| known.erased) {
        return Vec::new();
    }
    let opportunity = &moved.opportunity;
    let stage = moved.came.moved_to.as_ref();
    let stage = stage.filter(|(_, at)| named.stage_changed && *at >= since);
    let stage = stage.map(|(stage, at)| Missed {
        event: "candidateStageChange",
        fact: Some(fact_id("stage", opportunity, Some(*at), stage.as_str())),
        at: Some(*at),
        detail: format!("stage {} {stage}", at.as_millisecond()),
    });
    let applied = moved.came.applied.as_ref();
    let applied = applied.filter(|(_, at)| named.applied && *at >= since);
    let applied = applied.map(|(application, at)| Missed {
        event: "applicationCreated",
        fact: Some(fact_id("applied", opportunity, None, application.as_str())),
        at: Some(*at),
        detail: format!("applied {application}"),
    });
    applied.into_iter().chain(stage).collect()
}

/// How deliveries that catch-up made are registered.
pub const REGISTRATION: &str = "catch-up";

impl Missed {
    /// The webhook as it would have come, the same whenever it is found.
    ///
    /// # Errors
    /// None in practice: the registration is a slug.
    pub fn hint(
        &self,
        opportunity: &LeverId,
        window: Window,
        now: Timestamp,
    ) -> Result<Hint, crate::ids::IdError> {
        let registration = Slug::parse(REGISTRATION)?;
        let data = json!({ "opportunity": opportunity, "detail": self.detail });
        Ok(Hint {
            registration,
            token_hash: derive(&[REGISTRATION, opportunity.as_str(), &self.detail]),
            event: self.event.to_owned(),
            triggered_at: self.at.unwrap_or(window.from),
            received_at: now,
            opportunity: opportunity.clone(),
            content_hash: Hint::content_hash_of(self.event, &data),
            archive: ToldArchive::Nothing,
        })
    }
}

#[cfg(test)]
mod tests;
