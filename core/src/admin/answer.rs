//! Answers given to idempotency keys: the same request gets the same answer for a day.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::ids::derive;
use crate::ports::Ports;
use crate::store::{Check, Commit, Entity, Key, Loaded, Put, StoreError, Version, as_json};

use super::AdminError;

/// How long an answer is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How long a request may take before another one with its key may begin anew.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// What was answered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// The HTTP status.
    pub status: u16,
    /// `ETag` and `Location`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// The answer to one idempotency key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Hash of caller and idempotency key.
    pub name: String,
    /// Hash of route and body.
    pub request: String,
    /// Since when.
    pub at: Timestamp,
    /// What was answered; none while the request is being worked on.
    pub given: Option<Given>,
}

impl Entity for Answer {
    const KIND: &'static str = "answer";

    fn key(&self) -> Key {
        Key::Answer(self.name.clone())
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.at.saturating_add(KEPT).unwrap_or(Timestamp::MAX))
    }
}

/// What is known of an idempotency key.
pub enum Reserved {
    /// The request is this caller's to do.
    Mine(Loaded<Answer>),
    /// It was answered before.
    Answered(Given),
}

/// Takes an idempotency key for this request.
///
/// # Errors
/// `Refused` if another request has the key, or the same one is being worked on.
pub async fn reserve(
    ports: &Ports,
    actor: &str,
    key: &str,
    request: &[&str],
) -> Result<Reserved, AdminError> {
    let now = ports.clock.now();
    let mine = Answer {
        name: derive(&["idempotency", actor, key]),
        request: derive(request),
        at: now,
        given: None,
    };
    let stored = ports.store.find::<Answer>(&mine.key()).await?;
    let fresh = |answer: &Answer, limit| answer.at.saturating_add(limit).is_ok_and(|at| at > now);
    let version = match stored {
        None => Version::ABSENT,
        Some(stored) if !fresh(&stored.entity, KEPT) => stored.version,
        Some(stored) if stored.entity.request != mine.request => return Err(another()),
        Some(Loaded {
            entity: Answer {
                given: Some(given), ..
            },
            ..
        }) => return Ok(Reserved::Answered(given)),
        Some(stored) if fresh(&stored.entity, LEASE) => return Err(busy()),
        Some(stored) => stored.version,
    };
    match ports.store.commit(&writing(&mine, version)).await {
        Ok(()) => Ok(Reserved::Mine(Loaded {
            entity: mine,
            version: version.next(),
            due: None,
        })),
        Err(StoreError::Conflict { .. }) => Err(busy()),
        Err(error) => Err(error.into()),
    }
}

fn another() -> AdminError {
    AdminError::Invalid(vec![crate::mistake::Mistake::new(
        "Idempotency-Key",
        "another request was made with this key",
    )])
}

fn busy() -> AdminError {
    AdminError::refused(
        "in_progress",
        "the same request is being worked on; ask again in a moment",
    )
}

/// Keeps the answer, or frees the key if none is to be repeated.
///
/// # Errors
/// If the store did not do it.
pub async fn settle(
    ports: &Ports,
    mut reserved: Loaded<Answer>,
    given: Option<Given>,
) -> Result<(), AdminError> {
    let commit = match given {
        Some(given) => {
            reserved.entity.given = Some(given);
            writing(&reserved.entity, reserved.version)
        }
        None => Commit {
            deletes: vec![Check {
                key: reserved.entity.key(),
                expect: reserved.version,
            }],
            ..Commit::default()
        },
    };
    Ok(ports.store.commit(&commit).await?)
}

/// An answer is no change of anybody's: it has no audit record, and is written without one.
fn writing(answer: &Answer, expect: Version) -> Commit {
    let put = Put {
        key: answer.key(),
        kind: Answer::KIND,
        schema: Answer::SCHEMA,
        expect,
        body: as_json(answer),
        due: None,
        listing: None,
        lookup: None,
        expires_at: answer.expires_at(),
    };
    Commit {
        puts: vec![put],
        ..Commit::default()
    }
}
