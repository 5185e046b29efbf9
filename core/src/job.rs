//! Long work that somebody started over the API: it goes on in portions, whoever waits for it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::audit::Verification;
use crate::ids::JobId;
use crate::store::{Entity, Key, Listing};

/// How long a job can be looked at after it was started.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What is to be done, with how far it has come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", content = "so_far", rename_all = "snake_case")]
pub enum Work {
    /// Every chain of the audit trail is followed.
    VerifyAudit(Verification),
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
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
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

    fn expires_at(&self) -> Option<Timestamp> {
        self.started_at.checked_add(KEPT).ok()
    }
}
