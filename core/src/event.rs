//! Deliveries, events and what is remembered of a candidacy: from a hint to a fact, once.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::condition;
use crate::ids::{DeliveryId, EventId, JobId, LeverId, PersonId, RunId, Slug, derive};
use crate::lever::Candidacy;
use crate::rule::EventKind;
use crate::store::{Entity, Key, Listing, Lookup};

/// A webhook call that proved authentic, as it travels on the queue `events`. It is a hint where to look, no fact.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Hint {
    /// Which registration received it.
    pub registration: Slug,
    /// SHA-256 of the token: the token itself is not kept.
    pub token_hash: String,
    /// What Lever calls it: `candidateHired`.
    pub event: String,
    /// When Lever says it happened.
    pub triggered_at: Timestamp,
    /// When it came.
    pub received_at: Timestamp,
    /// The opportunity to look at.
    pub opportunity: LeverId,
    /// SHA-256 of event and data: a token seen again with other content shows.
    pub content_hash: String,
    /// What it says of the archive.
    #[serde(default)]
    pub archive: ToldArchive,
}

/// What the data of a webhook says the archive did. The signature does not cover it: it only says what to wait for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToldArchive {
    /// Nothing.
    #[default]
    Nothing,
    /// The candidacy was archived then.
    Archived(Timestamp),
    /// It was taken out of the archive.
    TakenOut,
}

impl ToldArchive {
    /// Reads `toArchived` of the data.
    #[must_use]
    pub fn of(data: &Value) -> Self {
        match data.get("toArchived") {
            None => Self::Nothing,
            Some(Value::Null) => Self::TakenOut,
            Some(archived) => archived
                .get("archivedAt")
                .and_then(Value::as_i64)
                .and_then(|millis| Timestamp::from_millisecond(millis).ok())
                .map_or(Self::Nothing, Self::Archived),
        }
    }
}

impl Hint {
    /// The same for every repeat of one webhook call.
    #[must_use]
    pub fn delivery_id(&self) -> DeliveryId {
        DeliveryId::derived(&[self.registration.as_str(), &self.token_hash])
    }

    /// The hash that tells two contents apart.
    #[must_use]
    pub fn content_hash_of(event: &str, data: &Value) -> String {
        hex::encode(Sha256::digest(
            derive(&[event, &data.to_string()]).as_bytes(),
        ))
    }
}

/// Lever's test event ("Verify connection") that proved authentic. It is about nobody.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ping {
    /// Which registration received it.
    pub registration: Slug,
    /// When it came.
    pub received_at: Timestamp,
}

/// What travels on the queue `events`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum EventMessage {
    /// The connection was tried: nothing follows from it.
    Ping {
        /// What came.
        ping: Ping,
    },
    /// Something happened: look there.
    Look(Box<Hint>),
}

/// Where a delivery stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Stored, not yet looked into.
    Received,
    /// Looked into; the fact is not visible yet.
    Waiting,
    /// It led to an event, or to one that was known.
    Done,
    /// Nothing came of it.
    NothingToDo,
}

impl DeliveryState {
    /// The word in lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::NothingToDo => "nothing_to_do",
        }
    }

    /// Every state.
    pub const ALL: [Self; 4] = [Self::Received, Self::Waiting, Self::Done, Self::NothingToDo];
}

/// A stored webhook call: the durable inbox.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct StoredDelivery {
    /// Derived from registration and token.
    pub id: DeliveryId,
    /// What it said.
    pub hint: Hint,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often the fact was looked for in vain.
    pub looks: u32,
    /// How often Lever did not answer since it last did.
    #[serde(default)]
    pub unanswered: u32,
    /// When to look next.
    pub look_at: Option<Timestamp>,
    /// The event it led to.
    pub event: Option<EventId>,
    /// What happened and why, for people.
    pub why: String,
}

impl StoredDelivery {
    /// Seconds after which a fact that is not visible yet is looked for again; then it is closed.
    pub const LOOKS: [u32; 4] = [5, 30, 120, 600];

    /// A delivery that just came.
    #[must_use]
    pub fn new(hint: Hint, now: Timestamp) -> Self {
        Self {
            id: hint.delivery_id(),
            hint,
            state: DeliveryState::Received,
            looks: 0,
            unanswered: 0,
            look_at: Some(now),
            event: None,
            why: "received and verified".to_owned(),
        }
    }
}

impl StoredDelivery {
    /// The fact does not show yet.
    pub fn look_again(&mut self, at: Timestamp) {
        self.state = DeliveryState::Waiting;
        self.looks = self.looks.saturating_add(1);
        self.look_at = Some(at);
    }

    /// Nothing is left to look for.
    pub fn close(&mut self, state: DeliveryState) {
        self.state = state;
        self.look_at = None;
    }
}

impl Entity for StoredDelivery {
    const KIND: &'static str = "delivery";

    fn key(&self) -> Key {
        Key::Delivery(self.id.clone())
    }

    fn due(&self) -> Option<Timestamp> {
        self.look_at
    }

    fn listing(&self) -> Option<Listing> {
        Some(Listing {
            kind: Self::KIND,
            state: self.state.as_str(),
            at: self.hint.received_at,
        })
    }
}

/// What came of an event.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// A workflow was started, or a task made.
    Done,
    /// No rule wanted it, or it is older than `live_from`.
    Ignored,
    /// Somebody who was here already: shown, nothing done.
    Baselined,
    /// A human has to look.
    NeedsHuman,
}

impl EventState {
    /// The word in API and lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Ignored => "ignored",
            Self::Baselined => "baselined",
            Self::NeedsHuman => "needs_human",
        }
    }

    /// Every state.
    pub const ALL: [Self; 4] = [Self::Done, Self::Ignored, Self::Baselined, Self::NeedsHuman];
}

/// Something that happened, as read from its source. Processed once.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// Derived from the fact.
    pub id: EventId,
    /// What.
    pub kind: EventKind,
    /// `lever` or `api`.
    pub source: String,
    /// The opportunity it is about, for events of a candidacy.
    pub opportunity: Option<LeverId>,
    /// The person it is about, once known.
    pub person: Option<PersonId>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When we knew.
    pub received_at: Timestamp,
    /// What came of it.
    pub state: EventState,
    /// What happened and why, in order.
    pub why: Vec<Why>,
    /// The runs that it started, replays included.
    pub runs: Vec<RunId>,
    /// How often it was replayed.
    pub replays: u32,
    /// The job that replayed it last, with others of its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replayed_by: Option<JobId>,
}

/// One line of an explanation.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Why {
    /// When.
    pub at: Timestamp,
    /// In words, without a name or an address.
    pub text: String,
    /// Conditions with what they found, values masked.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub detail: Value,
    /// The same with what they found: never stored with the event, but encrypted in the trail of the person.
    #[serde(skip)]
    pub found: Vec<condition::Why>,
    /// The rule that matched: when one last did is noted apart from the event.
    #[serde(skip)]
    pub matched: Option<Slug>,
}

impl Why {
    /// A line without conditions.
    #[must_use]
    pub fn said(at: Timestamp, text: impl Into<String>) -> Self {
        Self {
            at,
            text: text.into(),
            detail: Value::Null,
            found: Vec::new(),
            matched: None,
        }
    }
}

impl Entity for Event {
    const KIND: &'static str = "event";

    fn key(&self) -> Key {
        Key::Event(self.id.clone())
    }

    fn listing(&self) -> Option<Listing> {
        Some(Listing {
            kind: Self::KIND,
            state: self.state.as_str(),
            at: self.received_at,
        })
    }

    fn lookup(&self) -> Option<Lookup> {
        Some(Lookup {
            person: self.person.clone()?,
            kind: Self::KIND,
            at: self.received_at,
        })
    }
}

/// What was last read of an opportunity. Its version orders readings: it is loaded before Lever is read, and an event
/// is only committed if it has not moved, so that an older reading never overwrites a newer one.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct KnownCandidacy {
    /// The opportunity.
    pub opportunity: LeverId,
    /// The person it belongs to, once there is one.
    pub person: Option<PersonId>,
    /// The hire that is in force: its event.
    pub hired: Option<EventId>,
    /// Since when its person counts as hired by it; none while they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hired_at: Option<Timestamp>,
    /// The first day of a hire that gave nothing, since its person was here already: it is asked about if they leave before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_later: Option<Timestamp>,
    /// The archiving without a hire that is in force: its event.
    #[serde(default)]
    pub archived: Option<EventId>,
    /// When it was read.
    pub read_at: Timestamp,
    /// When Lever last changed it, as far as was seen: whatever shows an older state is an old reading.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
    /// How often what it says changed something of a person who had not started.
    #[serde(default)]
    pub changes: u32,
    /// How often its offer was denied while it stayed archived as hired: the next hire is another one.
    #[serde(default)]
    pub denials: u32,
    /// Its offer was denied last: it may be open again.
    #[serde(default)]
    pub is_denied: bool,
    /// When Lever is read again, until the first day.
    #[serde(default)]
    pub look_at: Option<Timestamp>,
    /// Its person was erased: it is never read again, and nothing follows from it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub erased: bool,
    /// Lever still had it then: hired later, a human has to look.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_return: bool,
}

impl KnownCandidacy {
    /// Does Lever show a state that is older than one that was seen?
    #[must_use]
    pub fn is_newer_than(&self, candidacy: &Candidacy) -> bool {
        matches!((self.updated_at, candidacy.updated_at), (Some(seen), Some(shown)) if shown < seen)
    }

    /// What happened up to this moment was seen.
    pub fn saw(&mut self, at: Option<Timestamp>) {
        self.updated_at = self.updated_at.max(at);
    }

    /// Nothing is known yet.
    #[must_use]
    pub fn unknown(opportunity: LeverId, now: Timestamp) -> Self {
        Self {
            opportunity,
            person: None,
            hired: None,
            hired_at: None,
            starts_later: None,
            archived: None,
            read_at: now,
            updated_at: None,
            changes: 0,
            denials: 0,
            is_denied: false,
            look_at: None,
            erased: false,
            may_return: false,
        }
    }

    /// Is it hired, and does that count since this leaving of its person, if there was one?
    #[must_use]
    pub fn is_hired_since(&self, left: Option<Timestamp>) -> bool {
        self.hired.is_some() && (left.is_none() || self.hired_at > left)
    }

    /// Was the person erased here, and not in Lever, before this moment at which they were hired?
    #[must_use]
    pub fn is_hired_again(&self, hired_at: Timestamp) -> bool {
        self.erased && self.may_return && hired_at > self.read_at
    }

    /// Is this the event that is in force? It is known even if the event itself was kept for long enough.
    #[must_use]
    pub fn has_in_force(&self, event: &EventId) -> bool {
        self.hired.as_ref() == Some(event) || self.archived.as_ref() == Some(event)
    }
}

impl Entity for KnownCandidacy {
    const KIND: &'static str = "candidacy";

    fn key(&self) -> Key {
        Key::Candidacy(self.opportunity.clone())
    }

    fn due(&self) -> Option<Timestamp> {
        self.look_at
    }
}
