//! Syncs: one reading of an account each, from its first request to a roster that counts, or to nothing at all.

pub mod guard;
pub mod packed;
pub mod shape;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::account::Account;
use crate::definition::{Certificate, Checkpoint, Failure, IdHash};
use crate::ids::{RosterId, Slug};
use crate::retention::Retention;
use crate::roster::Loss;
use crate::store::{Entity, Key, PartKind};
use shape::{Emptied, Shape};

/// How long its parts are kept; a sync that is held is superseded by the next day's.
const PARTS_KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How a sync stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncState {
    /// It is under way.
    Running,
    /// Its roster counts.
    Done,
    /// It was read to its end, and would take away so much that somebody has to look.
    Held,
    /// It was held, and what it found was dropped or read anew.
    Dropped,
    /// It was not read to its end: nothing follows from it.
    Failed,
}

impl SyncState {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Held => "held",
            Self::Dropped => "dropped",
            Self::Failed => "failed",
        }
    }
}

/// What a sync that is under way does next.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Reads the list.
    Read,
    /// Looks at the stored roster for who is not in the list.
    Compare {
        /// Where the next page begins.
        cursor: Option<String>,
    },
    /// Takes back what was not accepted of a sync that was held.
    Release {
        /// Whose losses are accepted.
        accepted: BTreeSet<IdHash>,
        /// The part that is next, and the place in it.
        part: u32,
        /// The place in the part.
        place: usize,
    },
}

/// What a sync found, in numbers.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Counts {
    /// Users who were not there before.
    pub new: u64,
    /// Users with a difference.
    pub changed: u64,
    /// Users without one.
    pub unchanged: u64,
    /// Users who are not in the list any more.
    pub vanished: u64,
    /// Users who are not active any more.
    pub inactive: u64,
    /// Users who lost a licence.
    pub lost_license: u64,
    /// Users there were before.
    pub before: u64,
    /// Users there are afterwards.
    pub users: u64,
    /// Those of them who are active.
    pub active: u64,
    /// Users with a licence of whom the application tells when they were last there.
    #[serde(default)]
    pub licensed: u64,
    /// Those of them who were there within 30 days.
    #[serde(default)]
    pub using: u64,
}

/// Where a reading stands that another worker continues.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// Small enough to be kept here.
    Here(Box<Checkpoint>),
    /// Kept in parts.
    Apart {
        /// The first.
        first: u32,
        /// How many.
        parts: u32,
    },
}

/// One reading of an account.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Sync {
    /// Of which roster.
    pub roster: RosterId,
    /// Its number within the roster.
    pub number: u64,
    /// The definition of the account.
    pub definition: Slug,
    /// The account's name.
    pub name: Slug,
    /// The version of the definition that it reads with.
    pub version: u32,
    /// Who or what began it.
    pub actor: String,
    /// How it stands.
    pub state: SyncState,
    /// What it does next.
    pub phase: Phase,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When somebody is to work on it.
    pub look_at: Timestamp,
    /// What it found so far.
    pub counts: Counts,
    /// How many parts there are of ids that were seen.
    pub seen_parts: u32,
    /// How many parts there are of users who lose something.
    pub lost_parts: u32,
    /// How many parts there are of users who are held until the end of the lists that are united.
    #[serde(default)]
    pub held_parts: u32,
    /// How many bytes they unpack to.
    #[serde(default)]
    pub held_bytes: u64,
    /// Where the reading stands.
    pub point: Option<Point>,
    /// How often in a row it was put down without having come further.
    pub waits: u32,
    /// The furthest that it had come when it was put down ([`Pull::progress`](crate::definition::Pull::progress)).
    pub waited_at: u64,
    /// How many workers had it in hand.
    pub turns: u32,
    /// What led on in its list was not known any more: it was begun anew, once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub begun_anew: bool,
    /// How every list ended, what was received and what it cost.
    pub certificate: Option<Certificate>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Why it is held.
    pub held: Option<String>,
    /// How full the fields are of what it read so far.
    #[serde(default)]
    pub shape: Shape,
    /// The fields that it found to be empty, and that had values before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emptied: Vec<Emptied>,
    /// For how many days it is kept.
    #[serde(default = "usual_days")]
    pub kept_days: u32,
}

fn usual_days() -> u32 {
    Retention::default().syncs_days
}

impl Sync {
    /// Begins the next sync of an account, which has it from then on. One that was held is superseded.
    #[must_use]
    pub fn begin(account: &mut Account, version: u32, actor: &str, now: Timestamp) -> Self {
        account.last_number = account.last_number.saturating_add(1);
        account.syncing = Some(account.last_number);
        account.held = None;
        Self {
            roster: account.roster.clone(),
            number: account.last_number,
            definition: account.definition.clone(),
            name: account.name.clone(),
            version,
            actor: actor.to_owned(),
            state: SyncState::Running,
            phase: Phase::Read,
            started_at: now,
            finished_at: None,
            look_at: now,
            counts: Counts::default(),
            seen_parts: 0,
            lost_parts: 0,
            held_parts: 0,
            held_bytes: 0,
            point: None,
            waits: 0,
            waited_at: 0,
            turns: 0,
            begun_anew: false,
            certificate: None,
            failure: None,
            held: None,
            shape: Shape::default(),
            emptied: Vec::new(),
            kept_days: usual_days(),
        }
    }

    /// Forgets what was read, to read it anew.
    pub fn start_over(&mut self) {
        self.phase = Phase::Read;
        self.counts = Counts::default();
        self.shape = Shape::default();
        self.seen_parts = 0;
        self.lost_parts = 0;
        self.held_parts = 0;
        self.held_bytes = 0;
        self.point = None;
        self.waits = 0;
        self.waited_at = 0;
    }

    /// It has ended.
    pub fn end(&mut self, state: SyncState, now: Timestamp) {
        self.state = state;
        self.finished_at = Some(now);
        self.point = None;
    }

    /// What was read and what it cost so far, as of when it was put down last; none where that is kept in parts, or not yet.
    #[must_use]
    pub fn so_far(&self) -> Option<&Certificate> {
        match (&self.certificate, &self.point) {
            (Some(certificate), _) => Some(certificate),
            (None, Some(Point::Here(checkpoint))) => Some(checkpoint.certificate()),
            (None, Some(Point::Apart { .. }) | None) => None,
        }
    }

    /// The key of a part.
    #[must_use]
    pub fn part(&self, kind: PartKind, place: u32) -> Key {
        Key::SyncPart(self.roster.clone(), self.number, kind, place)
    }

    /// How it stands, for people: one that is held no longer than until the next sync began.
    #[must_use]
    pub fn shown_state(&self, account: &Account) -> SyncState {
        if self.state == SyncState::Held && account.held != Some(self.number) {
            SyncState::Dropped
        } else {
            self.state
        }
    }
}

impl Entity for Sync {
    const KIND: &'static str = "sync";

    fn key(&self) -> Key {
        Key::Sync(self.roster.clone(), self.number)
    }

    fn due(&self) -> Option<Timestamp> {
        (self.state == SyncState::Running).then_some(self.look_at)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        let kept = SignedDuration::from_hours(i64::from(self.kept_days).saturating_mul(24));
        self.started_at.checked_add(kept).ok()
    }
}

/// What a part holds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// Hashes of ids, 32 hexadecimal digits each, one after the other.
    Seen(String),
    /// Users who lose something.
    Lost(Vec<Loss>),
    /// A stretch of a checkpoint that is packed.
    Point(String),
    /// A stretch of users who are held, packed.
    Held(String),
}

/// A part of what a sync has to remember.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SyncPart {
    /// Of which roster.
    pub roster: RosterId,
    /// Of which sync.
    pub number: u64,
    /// Which one of its kind.
    pub place: u32,
    /// What it holds.
    pub content: Content,
    /// When it was written.
    pub at: Timestamp,
}

impl Entity for SyncPart {
    const KIND: &'static str = "sync_part";

    fn key(&self) -> Key {
        let kind = match &self.content {
            Content::Seen(_) => PartKind::Seen,
            Content::Lost(_) => PartKind::Lost,
            Content::Point(_) => PartKind::Point,
            Content::Held(_) => PartKind::Held,
        };
        Key::SyncPart(self.roster.clone(), self.number, kind, self.place)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.at.checked_add(PARTS_KEPT).ok()
    }
}

/// Writes hashes as they are kept in a part.
#[must_use]
pub fn print_hashes(hashes: &[IdHash]) -> String {
    hashes.iter().map(|hash| String::from(*hash)).collect()
}

/// Reads hashes that [`print_hashes`] wrote; none if any of them is none, for whoever is not known to be seen seems to have
/// vanished.
#[must_use]
pub fn parse_hashes(text: &str) -> Option<Vec<IdHash>> {
    let digits = text.as_bytes().chunks(32);
    let hashes = digits.map(|digits| {
        let digits = String::from_utf8_lossy(digits).into_owned();
        IdHash::try_from(digits).ok()
    });
    hashes.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_read_as_they_were_written() {
        let hashes: Vec<IdHash> = (0..100).map(|n| IdHash::of(&n.to_string())).collect();

        let text = print_hashes(&hashes);

        assert_eq!(parse_hashes(&text), Some(hashes));
        assert_eq!(parse_hashes(&text[1..]), None);
    }
}
