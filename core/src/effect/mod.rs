//! The effect protocol: look, intend, make, settle, verify. Pure: it is told what was seen and says what comes next.
//!
//! One change brings one grant to its goal by looking and making single effects until a look shows the goal:
//!
//! ```text
//! Planned ──look──▶ Intended ──make──▶ Accepted ──look──▶ settled (verified)
//!                      │  ▲               │
//!                      │  └──look─────────┴─▶ the next effect of the same change
//!                      ├─ not sent, 429 ─▶ Retry (later: look again)
//!                      └─ no answer ─────▶ Unknown (5 s, 15 s, 60 s, 5 min: look; only then make again)
//! ```
//!
//! The intent is committed before anything is made, with what the look saw: only *absent then, present now* counts
//! as ours. A process that dies in between leaves `Intended`, which whoever comes next treats as `Unknown`.

mod call;
mod protocol;

pub use call::{Call, Came, Told};

use crate::ids::{EffectKey, ExternalId, RunId, StepId, derive};
use crate::ports::{RemoteError, Sent};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// One kind of effect on a user of an application.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Make the user.
    Create,
    /// Make a suspended user active again.
    Restore,
    /// Set role, groups and plan to what is wanted.
    Entitle,
    /// End sessions and tokens.
    RevokeSessions,
    /// Give the licence back.
    ReleasePlan,
    /// Make the user inactive; reversible.
    Suspend,
    /// Delete the user; final.
    Remove,
    /// What is no user: write the note, send the message, make the request.
    Send,
}

impl Action {
    /// The word in keys, records and API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Restore => "restore",
            Self::Entitle => "entitle",
            Self::RevokeSessions => "revoke_sessions",
            Self::ReleasePlan => "release_plan",
            Self::Suspend => "suspend",
            Self::Remove => "remove",
            Self::Send => "send",
        }
    }

    /// Does it take something away?
    #[must_use]
    pub fn takes_away(self) -> bool {
        matches!(
            self,
            Self::RevokeSessions | Self::ReleasePlan | Self::Suspend | Self::Remove
        )
    }
}

/// What a change is to end in.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// An active user with what is wanted.
    Give,
    /// A suspended user.
    Suspend,
    /// No user.
    Remove,
    /// It was sent: a note, a message, a request.
    Sent,
}

impl Goal {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Give => "give",
            Self::Suspend => "suspend",
            Self::Remove => "remove",
            Self::Sent => "sent",
        }
    }
}

/// How one attempt at an effect ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// The application said yes, or that it was so already (`was_so`: there already, gone already).
    Done {
        /// Its id of the user, where the answer tells.
        external_id: Option<ExternalId>,
        /// It was like that before.
        was_so: bool,
    },
    /// Surely not done; worth another try.
    NotDone {
        /// In a few words, secrets masked.
        why: String,
        /// The application's own lower bound.
        retry_after_secs: Option<u64>,
    },
    /// Surely not done, and trying again will not help.
    Refused {
        /// In a few words, secrets masked.
        why: String,
    },
    /// Nobody knows.
    Unknown {
        /// In a few words, secrets masked.
        why: String,
    },
}

impl Outcome {
    /// The word for it in records.
    #[must_use]
    pub fn word(&self) -> String {
        match self {
            Self::Done { was_so: false, .. } => "ok".to_owned(),
            Self::Done { was_so: true, .. } => "was so already".to_owned(),
            Self::NotDone { why, .. } => format!("not done: {why}"),
            Self::Refused { why } => format!("refused: {why}"),
            Self::Unknown { why } => format!("unknown: {why}"),
        }
    }
}

impl From<RemoteError> for Outcome {
    /// How an attempt ended that met this error: done, not done, or unknown.
    fn from(error: RemoteError) -> Self {
        let why = error.to_string();
        match error {
            RemoteError::NoAnswer {
                sent: Sent::Never, ..
            } => Self::NotDone {
                why,
                retry_after_secs: None,
            },
            RemoteError::Busy { retry_after, .. } => Self::NotDone {
                why,
                retry_after_secs: retry_after.map(whole_secs),
            },
            RemoteError::NoAnswer {
                sent: Sent::Perhaps,
                ..
            }
            | RemoteError::Unreadable { .. } => Self::Unknown { why },
            RemoteError::Refused { status, .. } if status >= 500 || status == 408 => {
                Self::Unknown { why }
            }
            RemoteError::Refused {
                status: 425 | 429, ..
            } => Self::NotDone {
                why,
                retry_after_secs: None,
            },
            RemoteError::Refused { .. } | RemoteError::Forbidden { .. } => Self::Refused { why },
        }
    }
}

/// A wait that a remote asked for is a lower bound: part of a second is a whole one.
fn whole_secs(wait: std::time::Duration) -> u64 {
    wait.as_secs()
        .saturating_add(u64::from(wait.subsec_nanos() > 0))
}

/// How far a change is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "phase")]
pub enum Phase {
    /// Nothing was sent in this change, or everything sent so far is settled.
    Planned,
    /// The intent is committed: the effect may be on its way right now.
    Intended {
        /// What.
        action: Action,
        /// The look before it saw no user.
        saw_absent: bool,
        /// When.
        at: Timestamp,
    },
    /// Nobody knows whether it happened.
    Unknown {
        /// What.
        action: Action,
        /// The look before it saw no user.
        saw_absent: bool,
        /// Since when.
        since: Timestamp,
        /// When to look next.
        look_at: Timestamp,
    },
    /// The application said yes; not seen yet.
    Accepted {
        /// What.
        action: Action,
        /// The look before it saw no user.
        saw_absent: bool,
        /// Since when.
        since: Timestamp,
        /// When to look next.
        look_at: Timestamp,
    },
    /// Not done; to be tried again.
    Retry {
        /// What.
        action: Action,
        /// An earlier attempt had an intent and saw no user.
        saw_absent: bool,
        /// Not before.
        at: Timestamp,
    },
}

impl Phase {
    /// May anything of it have been sent without being settled?
    #[must_use]
    pub fn has_intent(&self) -> bool {
        matches!(
            self,
            Self::Intended { .. } | Self::Unknown { .. } | Self::Accepted { .. }
        )
    }

    /// When it wants to be worked on again; none while nothing was sent.
    #[must_use]
    pub fn due(&self) -> Option<Timestamp> {
        match self {
            Self::Planned => None,
            Self::Intended { at, .. } => Some(*at),
            Self::Unknown { look_at, .. } | Self::Accepted { look_at, .. } => Some(*look_at),
            Self::Retry { at, .. } => Some(*at),
        }
    }

    /// Is it this effect that is tried, or was?
    #[must_use]
    pub fn tries(&self, action: Action) -> bool {
        self.action() == Some(action)
    }

    /// The effect that is tried, or was.
    fn action(&self) -> Option<Action> {
        match self {
            Self::Planned => None,
            Self::Intended { action, .. }
            | Self::Unknown { action, .. }
            | Self::Accepted { action, .. }
            | Self::Retry { action, .. } => Some(*action),
        }
    }

    fn saw_absent(&self) -> bool {
        match self {
            Self::Planned => false,
            Self::Intended {
                saw_absent, action, ..
            }
            | Self::Unknown {
                saw_absent, action, ..
            }
            | Self::Accepted {
                saw_absent, action, ..
            }
            | Self::Retry {
                saw_absent, action, ..
            } => *saw_absent && *action == Action::Create,
        }
    }
}

/// Seconds after which an unknown or accepted effect is looked for.
pub const LOOKS: [u32; 4] = [5, 15, 60, 300];

/// Seconds before the retries of an effect that was surely not done; eight within a day, however the jitter (up to half as much
/// again) falls.
pub const RETRIES: [u32; 8] = [5, 30, 180, 900, 3600, 7200, 14_400, 28_800];

fn later(at: Timestamp, secs: u32) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(i64::from(secs)))
        .unwrap_or(Timestamp::MAX)
}

/// The one open change of a grant: whose it is, what it is for, how far it is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// The run that holds it.
    pub run: RunId,
    /// The run's step.
    pub step: StepId,
    /// What it is to end in.
    pub goal: Goal,
    /// The grant's generation; part of every effect's key.
    pub generation: u32,
    /// How far it is.
    pub phase: Phase,
    /// Effects that the application accepted in this change, in order.
    #[serde(default)]
    pub made: Vec<Action>,
    /// Attempts that were surely not done, since the last success.
    #[serde(default)]
    pub retries: u32,
    /// An attempt was repeated without anybody knowing how the one before it ended.
    #[serde(default)]
    pub doubtful: bool,
}

/// What the change may rely on.
#[derive(Clone, Debug)]
pub struct Setting<'a> {
    /// The effects that the application can make.
    pub supports: &'a [Action],
    /// Repeating a create is harmless: the application answers 409.
    pub unique: bool,
    /// How long the application may hide what it has just made.
    pub settle_secs: u32,
    /// May the person still be given anything (lifecycle state and no pause)?
    pub may_receive: bool,
    /// Is the person due it (again), so that nothing of it may be taken away?
    pub is_due: bool,
    /// The user id that an earlier change of this grant settled on.
    pub known: Option<&'a ExternalId>,
    /// Whoever is found is ours: an earlier intent explains it, or the look went by an address that identifies the
    /// person.
    pub confirmed_match: bool,
    /// There is nothing to look at: an outcome that nobody knows stays unknown.
    pub blind: bool,
    /// What is to become different and cannot: the application has no action for it.
    pub unchangeable: Option<&'a str>,
}

/// What comes next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// Commit this phase as the intent, then make the action.
    Make(Action, Phase),
    /// Commit this phase; look again when it is due.
    Wait(Phase),
    /// A look shows the goal (`Verified`), or that nothing came of it (`Withdrawn`).
    Settled(Settled),
    /// The user belongs to somebody we do not know.
    Stranger,
    /// It will not work by itself: a human has to.
    GiveUp(String),
}

/// How a change ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Settled {
    /// The goal is seen; with the user's id, where there is a user.
    Verified(Option<ExternalId>),
    /// The person may no longer receive it, and nothing was made.
    Withdrawn,
    /// The person is due it again, and nothing is on its way any more that takes it away.
    Kept,
}

/// When to try again after `tries` failures: exponential with jitter, never before what the remote asked for.
/// The jitter follows from the effect's key, so that a replay of the decision decides the same.
#[must_use]
pub fn retry_at(
    key: &EffectKey,
    tries: u32,
    retry_after_secs: Option<u64>,
    now: Timestamp,
) -> Option<Timestamp> {
    let base = *RETRIES.get(usize::try_from(tries).unwrap_or(usize::MAX))?;
    let seed = derive(&[key.as_str(), &tries.to_string()]);
    let chance = u32::from_str_radix(seed.get(..4).unwrap_or("0"), 16).unwrap_or(0);
    let jittered = base.saturating_add(base.saturating_mul(chance % 100) / 200);
    let asked = retry_after_secs.map_or(0, |secs| u32::try_from(secs.min(86_400)).unwrap_or(0));
    Some(later(now, jittered.max(asked)))
}
