//! Long work that somebody started over the API: it goes on in portions, whoever waits for it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::access::PlannedEffect;
use crate::audit::Verification;
use crate::config::ConfigItem;
use crate::ids::{AppSlug, EventId, JobId, PersonId, RosterId, Slug, TaskId, derive};
use crate::impact::{FileChange, Impact};
use crate::report::{Figures, Place};
use crate::rule::EventKind;
use crate::store::{Entity, Key, Listing, Loaded};

/// What is to be done, with how far it has come.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "so_far", rename_all = "snake_case")]
pub enum Work {
    /// Every chain of the audit trail is followed.
    VerifyAudit(Box<Verification>),
    /// What changed files would do to everybody's access.
    Plan(Box<Planning>),
    /// Changed files are put, and what follows is started for everybody.
    Apply(Box<Applying>),
    /// The roster of an account that is connected no more is deleted.
    ForgetRoster(Forgetting),
    /// What a roster says of tasks that only a human can do.
    Evidence(Evidence),
    /// The events of some time are replayed, or it is shown what that would do.
    Replay(Box<Replaying>),
    /// The users of the directory become people.
    FeedPeople(Box<Feeding>),
    /// What recorded events would do differently on changed files.
    Rehearse(Box<Rehearsing>),
    /// What is spent and what leavers hold is counted.
    Count(Box<Counting>),
    /// The events that waited for an answer go on.
    Answered(Answered),
    /// Everybody is held against the rosters.
    Drift(Looking),
}

/// Events that waited for what a human answered, as far as they have gone on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Answered {
    /// The task that asked.
    pub task: TaskId,
    /// Those that are left, oldest first.
    pub events: Vec<EventId>,
    /// How many have gone on.
    pub done: u64,
    /// How often Lever did not answer.
    pub unanswered: u32,
}

/// Everybody, held against the rosters, as far as that has come.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Looking {
    /// Where the next people begin.
    pub cursor: Option<String>,
    /// How many were looked at.
    pub people: u64,
}

/// The roster of the directory that becomes people (L30), as far as that has come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Feeding {
    /// The definition of the account.
    pub definition: Slug,
    /// The account's name.
    pub account: Slug,
    /// Its application.
    pub app: AppSlug,
    /// Its roster.
    pub roster: RosterId,
    /// The sync that counts since.
    pub sync: u64,
    /// The sync whose users became people before; 0 if none did.
    pub since: u64,
    /// Users who did not change are looked at too: the mapping of attributes is another one.
    pub everybody: bool,
    /// The mapping of attributes.
    pub mapping: String,
    /// Where the next users begin.
    pub cursor: Option<String>,
    /// What came of it.
    pub came: FedPeople,
}

/// What came of the users of the directory.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct FedPeople {
    /// People who became known.
    pub added: u64,
    /// People of whom something changed.
    pub changed: u64,
    /// People who are not active there any more.
    pub gone: u64,
    /// Users of whom nobody can tell who they are: no address, or one that is not theirs alone.
    pub unclear: u64,
}

/// What is spent and what leavers hold, as far as it is counted.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Counting {
    /// Everybody is found by their words and department.
    #[serde(default, rename = "all_found_2")]
    pub all_found: bool,
    /// Where the next people begin who may not be. Whoever changes what people are found by renames both: a count that a
    /// version before began looks at everybody again.
    #[serde(default, rename = "people_2")]
    pub people: Option<String>,
    /// Where the next users begin.
    pub place: Option<Place>,
    /// What was counted so far.
    pub figures: Figures,
    /// In how many pieces the rest lies that was counted so far.
    #[serde(default)]
    pub pieces: u32,
    /// How often it was put down in pieces.
    #[serde(default)]
    pub turn: u32,
}

impl Counting {
    /// Begins again, with pieces of its own.
    pub fn begin_again(&mut self) {
        *self = Self {
            all_found: self.all_found,
            turn: self.turn,
            ..Self::default()
        };
    }
}

/// Which events are replayed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Range {
    /// Known since then.
    pub from: Timestamp,
    /// Known until then.
    pub to: Timestamp,
    /// Only of these kinds; of all if none are named.
    pub kinds: BTreeSet<EventKind>,
}

/// Events that are replayed, newest first, as far as that has come.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Replaying {
    /// Which ones.
    pub range: Range,
    /// Only shown.
    pub dry_run: bool,
    /// Changed files that count as if they were put; for what is only shown.
    pub draft: Vec<FileChange>,
    /// Where the next ones begin.
    pub cursor: Option<String>,
    /// What came of it, or would.
    pub came: Came,
}

/// What came of replayed events, or would.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Came {
    /// How many events were replayed.
    pub events: u64,
    /// How many runs they started.
    pub runs: u64,
    /// How many effects these have.
    pub effects: u64,
    /// Effects by application, and what they end in.
    pub by_app: BTreeMap<AppSlug, BTreeMap<String, u64>>,
    /// The first events that start something.
    pub listed: Vec<ReplayedEvent>,
    /// How many events could not be replayed.
    pub left_out: u64,
    /// The first of them, and why.
    pub why_not: Vec<(EventId, String)>,
}

/// What one event starts again.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ReplayedEvent {
    /// Which one.
    pub event: EventId,
    /// Its kind.
    pub kind: EventKind,
    /// The person it is about.
    pub person: Option<PersonId>,
    /// The workflows that it starts.
    pub workflows: Vec<Slug>,
    /// Their effects, as far as they can be told.
    pub plan: Vec<PlannedEffect>,
}

/// Recorded events, run on the files as they are and as they would be, newest first; as far as that has come.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Rehearsing {
    /// Known since then.
    pub since: Timestamp,
    /// What is to be changed.
    pub changes: Vec<FileChange>,
    /// Where the next ones begin.
    pub cursor: Option<String>,
    /// What differs so far.
    pub came: Rehearsed,
}

/// In what recorded events would differ.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Rehearsed {
    /// How many events were run.
    pub events: u64,
    /// How many of them would do something else.
    pub differing: u64,
    /// Effects that only the changed files lead to.
    pub more: u64,
    /// Effects that the changed files lead to no more.
    pub less: u64,
    /// The first events that would do something else.
    pub listed: Vec<EventDifference>,
    /// How many events could not be run.
    pub left_out: u64,
    /// The first of them, and why.
    pub why_not: Vec<(EventId, String)>,
}

/// What one event would do differently.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct EventDifference {
    /// Which one.
    pub event: EventId,
    /// Its kind.
    pub kind: EventKind,
    /// The person it is about, where there is one already.
    pub person: Option<PersonId>,
    /// The workflows that start in earnest as things stand.
    pub before: Vec<Slug>,
    /// Those that would.
    pub after: Vec<Slug>,
    /// Effects that only the changed files lead to.
    pub more: Vec<PlannedEffect>,
    /// Effects that the changed files lead to no more.
    pub less: Vec<PlannedEffect>,
}

/// How far changed files are applied.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// They are planned again.
    Planning,
    /// They are put, from this one on.
    Putting(usize),
    /// What follows is started, from these people on.
    Starting(Option<String>),
}

/// Changed files that are applied, as far as that has come.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Applying {
    /// The plan, made again.
    pub planning: Planning,
    /// The plan that was seen.
    pub wanted: String,
    /// How far it has come.
    pub stage: Stage,
    /// For how many people something was started.
    pub started: u64,
}

impl Applying {
    /// Applies these changes, if their plan is still the one that was seen.
    #[must_use]
    pub fn of(changes: Vec<FileChange>, wanted: String) -> Self {
        Self {
            planning: Planning::of(changes, None),
            wanted,
            stage: Stage::Planning,
            started: 0,
        }
    }
}

/// Tasks that are held against a roster, and then those whose users it changed, as far as that has come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// Which roster.
    pub roster: RosterId,
    /// Its account, for people.
    pub account: String,
    /// Its application.
    pub app: AppSlug,
    /// The sync that counts since.
    pub sync: u64,
    /// When the list was begun to be read: what a human did later need not show.
    pub from: Timestamp,
    /// Where the next tasks begin.
    pub cursor: Option<String>,
    /// How many were held against it.
    pub tasks: u64,
    /// All of them were.
    #[serde(default)]
    pub all_tasks: bool,
    /// Where the next users begin.
    #[serde(default)]
    pub users: Option<String>,
    /// The sync that counted before; 0 if none did, and everybody is looked at anyway ([`Work::Drift`]).
    #[serde(default)]
    pub since: u64,
}

/// A roster that is deleted, as far as it has come.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Forgetting {
    /// Which one.
    pub roster: RosterId,
    /// How many items were deleted.
    pub deleted: u64,
}

/// A plan of changed files, as far as it has come.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Planning {
    /// What is to be changed.
    pub changes: Vec<FileChange>,
    /// For whom; everybody if none are named.
    pub people: Option<Vec<PersonId>>,
    /// Where the next people begin.
    pub cursor: Option<String>,
    /// Everybody is planned; what is left to do is to look into the rosters.
    #[serde(default)]
    pub all_planned: bool,
    /// What differs so far.
    pub impact: Impact,
    /// The configuration that it began with.
    rests_on: Option<String>,
}

impl Planning {
    /// A plan of these changes.
    #[must_use]
    pub fn of(changes: Vec<FileChange>, people: Option<Vec<PersonId>>) -> Self {
        Self {
            changes,
            people,
            ..Self::default()
        }
    }

    /// Rests on this configuration, from its first portion on; false if it began with another one.
    pub fn begin_with(&mut self, stored: &[Loaded<ConfigItem>]) -> bool {
        let versions: Vec<String> = stored
            .iter()
            .map(|item| format!("{:?}@{}", item.entity.key(), item.version))
            .collect();
        let versions: Vec<&str> = versions.iter().map(String::as_str).collect();
        let now = derive(&versions);
        let before = self.rests_on.get_or_insert_with(|| now.clone());
        *before == now
    }

    /// What a plan that still holds is recognised by: what it would do, and what it rests on.
    #[must_use]
    pub fn hash(&self) -> String {
        derive(&[
            &self.impact.digest,
            self.rests_on.as_deref().unwrap_or_default(),
        ])
    }
}

/// How a job stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// There is more to do.
    Running,
    /// There is a result.
    Done,
    /// It cannot be done.
    Failed,
}

impl JobState {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// Long work.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Who started it.
    pub actor: String,
    /// What is done.
    pub work: Work,
    /// How it stands.
    pub state: JobState,
    /// When it was started.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Why it cannot be done.
    pub failure: Option<String>,
    /// When the next portion is due.
    pub look_at: Timestamp,
}

impl Job {
    /// A job that begins now.
    #[must_use]
    pub fn new(id: JobId, actor: &str, work: Work, now: Timestamp) -> Self {
        Self {
            id,
            actor: actor.to_owned(),
            work,
            state: JobState::Running,
            started_at: now,
            finished_at: None,
            failure: None,
            look_at: now,
        }
    }

    /// It ended: well, or with a reason why not.
    pub fn end(&mut self, failure: Option<String>, now: Timestamp) {
        self.state = if failure.is_none() {
            JobState::Done
        } else {
            JobState::Failed
        };
        self.failure = failure;
        self.finished_at = Some(now);
    }
}

impl Entity for Job {
    const KIND: &'static str = "job";

    fn key(&self) -> Key {
        Key::Job(self.id.clone())
    }

    fn due(&self) -> Option<Timestamp> {
        (self.state == JobState::Running).then_some(self.look_at)
    }

    fn listing(&self) -> Option<Listing> {
        Some(Listing {
            kind: Self::KIND,
            state: self.state.as_str(),
            at: self.started_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_count_that_knew_no_departments_looks_at_everybody_again() {
        let mut before = json!(Counting::default());
        before["all_found"] = json!(true);
        before["people"] = json!("half through");

        let now: Counting = serde_json::from_value(before).unwrap();

        assert_eq!(now, Counting::default());
    }
}
