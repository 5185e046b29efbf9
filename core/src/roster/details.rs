//! Details of users as the application told them: they are not asked for again while the record in the list is the same.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::definition::{Answer, CacheKey, IdHash, PlannedRequest};
use crate::ids::{RosterId, derive};
use crate::store::{Entity, Key};

/// Details may change though the record does not: they are asked for again after at least so many days.
const FEWEST_DAYS: i64 = 4;
/// Not those of all users on one day, but spread over so many.
const SPREAD_DAYS: u8 = 4;
/// Longer ones are not kept, in bytes.
const LONGEST: usize = 32 * 1024;

/// The details of one user. `Debug` shows nothing of them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptDetails {
    /// Of which roster.
    pub roster: RosterId,
    /// The hash of the application's id.
    pub user: IdHash,
    /// The hash of the record in the list.
    pub record: IdHash,
    /// The hash of the definition and the request.
    pub request: String,
    /// The status of the answer.
    pub status: u16,
    /// Its body.
    pub body: String,
    /// When it was told.
    pub at: Timestamp,
}

impl fmt::Debug for KeptDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptDetails")
            .field("user", &self.user)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl KeptDetails {
    /// What is kept of an answer; nothing of one that is too long.
    #[must_use]
    pub fn of(
        roster: &RosterId,
        key: CacheKey,
        request: String,
        answer: &Answer,
        now: Timestamp,
    ) -> Option<Self> {
        let body = answer.text();
        (body.len() <= LONGEST).then(|| Self {
            roster: roster.clone(),
            user: key.user,
            record: key.record,
            request,
            status: answer.status,
            body,
            at: now,
        })
    }

    /// The answer, if the record and the request are the same and it is not too long ago.
    #[must_use]
    pub fn answer(&self, key: CacheKey, request: &str, now: Timestamp) -> Option<Answer> {
        let is_same = self.user == key.user && self.record == key.record && self.request == request;
        let is_fresh = self.until().is_some_and(|until| now < until);
        (is_same && is_fresh).then(|| Answer {
            cached: true,
            ..Answer::new(self.status, Vec::new(), self.body.clone().into_bytes())
        })
    }

    fn until(&self) -> Option<Timestamp> {
        let [first, ..] = self.user.0;
        let days = FEWEST_DAYS.saturating_add(i64::from(first % SPREAD_DAYS));
        let life = SignedDuration::from_hours(days.saturating_mul(24));
        self.at.checked_add(life).ok()
    }
}

/// What a request is recognised by, together with the definition that it comes from.
#[must_use]
pub fn request_hash(definition: IdHash, request: &PlannedRequest) -> String {
    let body = request.body.as_deref().unwrap_or_default();
    derive(&[
        &String::from(definition),
        request.method.as_str(),
        request.url.as_str(),
        &String::from_utf8_lossy(body),
    ])
}

impl Entity for KeptDetails {
    const KIND: &'static str = "details";

    fn key(&self) -> Key {
        Key::Details(self.roster.clone(), self.user)
    }

    fn expires_at(&self) -> Option<Timestamp> {
        self.until()
    }
}
