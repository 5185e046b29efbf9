//! What somebody has to be told (L25): who has a task, or is asked for an approval, gets a letter. Letters are written in
//! the commit that makes what they tell of, wait a moment for others, and go out together: one message for each person
//! and hour.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::audit::Cause;
use crate::ids::{ApprovalId, EffectKey, RunId, Slug, TaskId, derive};
use crate::store::{Entity, Key, Listing};
use crate::task::Task;

/// Who is told what administrators have to look at.
pub const ADMINISTRATORS: &str = "role:it-admin";

/// Others may join a letter for so long.
const GATHERED: SignedDuration = SignedDuration::from_secs(60);
/// Between two messages of one kind to one person lies at least so much.
const APART: SignedDuration = SignedDuration::from_hours(1);
/// Minutes until it is tried again while it cannot be delivered; the last one repeats.
const AGAIN_AFTER: [i64; 4] = [5, 15, 60, 240];
/// How often it is tried.
const MOST_TRIES: u32 = 12;

/// What a letter tells of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A task that is to be done.
    Task(TaskId),
    /// An approval that waits.
    Approval(ApprovalId),
    /// An account (its definition and its name) that this sync disabled, whose sync of this number is held, failed, or
    /// found fields that are suddenly empty.
    Account(Slug, Slug, u64),
    /// Somebody who left, and what this run took from them.
    Left(RunId),
    /// An access review that is due.
    Review,
}

impl About {
    /// What goes into one message: tasks with tasks, approvals with approvals, and so on.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Task(_) => "tasks",
            Self::Approval(_) => "approvals",
            Self::Account(..) => "accounts",
            Self::Left(_) => "leavers",
            Self::Review => "reviews",
        }
    }
}

/// Where a letter stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterState {
    /// To be delivered.
    Waiting,
    /// Delivered.
    Told,
    /// What it tells of was over before it went out.
    Gone,
    /// Given up.
    Failed,
}

impl LetterState {
    /// The word in lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Told => "told",
            Self::Gone => "gone",
            Self::Failed => "failed",
        }
    }
}

/// Something that somebody has to be told. It carries ids: the words are made when it goes out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Letter {
    /// Derived from what it tells of, so that it is written once.
    pub id: EffectKey,
    /// To whom: an address, `role:…` or `group:…`.
    pub to: String,
    /// What it tells of; of one kind.
    pub about: Vec<About>,
    /// Where it stands.
    pub state: LetterState,
    /// How often it was tried in vain.
    pub tries: u32,
    /// Since when.
    pub created_at: Timestamp,
    /// When it goes out.
    pub look_at: Timestamp,
}

impl Letter {
    /// A letter about one thing.
    #[must_use]
    pub fn new(id: EffectKey, to: &str, about: About, now: Timestamp) -> Self {
        Self {
            id,
            to: to.to_owned(),
            about: vec![about],
            state: LetterState::Waiting,
            tries: 0,
            created_at: now,
            look_at: after(now, GATHERED),
        }
    }

    /// The letter to the owner of a task.
    #[must_use]
    pub fn of_task(task: &Task, now: Timestamp) -> Self {
        let id = EffectKey::derived(&["letter", task.id.as_str(), &task.owner]);
        Self::new(id, &task.owner, About::Task(task.id.clone()), now)
    }

    /// The letter to the owner of a task that is open again, because of this.
    #[must_use]
    pub fn of_task_again(task: &Task, because: &Cause, now: Timestamp) -> Self {
        let (id, at) = (task.id.as_str(), now.to_string());
        let again: [&str; 6] = ["letter", id, &task.owner, &because.kind, &because.id, &at];
        let about = About::Task(task.id.clone());
        Self::new(EffectKey::derived(&again), &task.owner, about, now)
    }

    /// The letter to an owner of applications about somebody who left.
    #[must_use]
    pub fn of_leaver(run: &RunId, owner: &str, now: Timestamp) -> Self {
        let id = EffectKey::derived(&["letter", run.as_str(), owner]);
        Self::new(id, owner, About::Left(run.clone()), now)
    }

    /// The letter about somebody who left, and what does not go on there for now.
    #[must_use]
    pub fn of_what_lasts(run: &RunId, owner: &str, now: Timestamp) -> Self {
        let id = EffectKey::derived(&["letter", run.as_str(), owner, "lasts"]);
        Self::new(id, owner, About::Left(run.clone()), now)
    }

    /// Whom it goes to, and of which kind it is: what goes out together.
    #[must_use]
    pub fn box_of(&self) -> (String, &'static str) {
        let kind = self.about.first().map_or("tasks", About::kind);
        (self.to.clone(), kind)
    }

    /// It ended.
    pub fn end(&mut self, state: LetterState) {
        self.state = state;
    }

    /// It goes out later.
    pub fn put_off(&mut self, at: Timestamp) {
        self.look_at = at;
    }

    /// It could not be delivered: later again, or never.
    pub fn came_back(&mut self, now: Timestamp) {
        let place = usize::try_from(self.tries).unwrap_or(usize::MAX);
        let minutes = AGAIN_AFTER.get(place).copied().unwrap_or(240);
        self.tries = self.tries.saturating_add(1);
        self.look_at = after(now, SignedDuration::from_mins(minutes));
        if self.tries >= MOST_TRIES {
            self.state = LetterState::Failed;
        }
    }
}

fn after(now: Timestamp, time: SignedDuration) -> Timestamp {
    now.saturating_add(time).unwrap_or(Timestamp::MAX)
}

impl Entity for Letter {
    const KIND: &'static str = "letter";

    fn key(&self) -> Key {
        Key::Letter(self.id.clone())
    }

    fn due(&self) -> Option<Timestamp> {
        (self.state == LetterState::Waiting).then_some(self.look_at)
    }

    fn listing(&self) -> Option<Listing> {
        Some(Listing {
            kind: Self::KIND,
            state: self.state.as_str(),
            at: self.created_at,
        })
    }
}

/// Who delivers letters has this, and knows who was told when; one item.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Post {
    /// When the last message of a kind went to somebody (hashed), as far as it matters.
    pub told: BTreeMap<String, Timestamp>,
    /// Somebody is at it until then.
    pub busy_until: Option<Timestamp>,
}

impl Post {
    fn name(to: &str, kind: &str) -> String {
        derive(&["told", to, kind])
    }

    /// When the next message of this kind may go to them; none if now.
    #[must_use]
    pub fn not_before(&self, to: &str, kind: &str, now: Timestamp) -> Option<Timestamp> {
        let told = self.told.get(&Self::name(to, kind))?;
        Some(after(*told, APART)).filter(|at| *at > now)
    }

    /// They were told now; whom it matters no more for is forgotten.
    pub fn told(&mut self, to: &str, kind: &str, now: Timestamp) {
        self.told.retain(|_, told| after(*told, APART) > now);
        self.told.insert(Self::name(to, kind), now);
    }
}

impl Entity for Post {
    const KIND: &'static str = "post";

    fn key(&self) -> Key {
        Key::Post
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_next_message_of_a_kind_comes_an_hour_later() {
        let (now, soon) = (at("2027-03-01T09:00:00Z"), at("2027-03-01T09:59:59Z"));
        let mut post = Post::default();
        assert_eq!(post.not_before("role:it", "tasks", now), None);

        post.told("role:it", "tasks", now);

        let next = Some(at("2027-03-01T10:00:00Z"));
        assert_eq!(post.not_before("role:it", "tasks", soon), next);
        assert_eq!(post.not_before("role:it", "approvals", soon), None);
        assert_eq!(post.not_before("role:hr", "tasks", soon), None);
        assert_eq!(
            post.not_before("role:it", "tasks", at("2027-03-01T10:00:00Z")),
            None
        );
    }

    #[test]
    fn what_cannot_be_delivered_is_given_up_in_the_end() {
        let now = at("2027-03-01T09:00:00Z");
        let about = About::Task(TaskId::derived(&["a"]));
        let mut letter = Letter::new(EffectKey::derived(&["a"]), "role:it", about, now);

        for _ in 0..MOST_TRIES {
            assert!(letter.due().is_some());
            letter.came_back(now);
        }

        assert_eq!(letter.state, LetterState::Failed);
        assert_eq!(letter.due(), None);
    }
}
