//! A human: attributes, identifiers, lifecycle state.

mod email;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::claim::Claim;
use crate::definition::IdHash;
use crate::entitlement::{self, Entitlement};
use crate::erasure::{Erasure, Extent};
use crate::ids::{AppSlug, LeverId, PersonId, RosterId};
use crate::linked::Linked;
use crate::store::{Entity, Key, Listing};
use crate::words::Words;

pub use email::{CanonicalEmail, NoEmail};

/// A person's attributes by name. Personal: `Debug` shows the names only.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attributes(BTreeMap<String, Value>);

impl Attributes {
    /// The value of an attribute; none if it is missing, null or an empty text.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0
            .get(name)
            .filter(|value| !value.is_null() && value.as_str() != Some(""))
    }

    /// The attribute as text, if it is one.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// Sets an attribute.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(name.into(), value.into());
    }

    /// Removes an attribute.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.0.iter()
    }

    /// All of them as one JSON object, the input of conditions and templates.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::Object(
            self.0
                .iter()
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }
}

impl FromIterator<(String, Value)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (String, Value)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// What a person is known by elsewhere.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Identifiers {
    /// Lever contacts.
    pub lever_contact: BTreeSet<LeverId>,
    /// Lever opportunities.
    pub opportunities: BTreeSet<LeverId>,
    /// Addresses that the person is matched by.
    pub emails: BTreeSet<CanonicalEmail>,
    /// The key of an HR system.
    pub key: Option<String>,
    /// Users of rosters whom somebody linked to the person by hand.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub users: BTreeSet<Linked>,
}

impl Identifiers {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        let sets = [
            self.lever_contact.len(),
            self.opportunities.len(),
            self.emails.len(),
            self.users.len(),
        ];
        sets.iter().sum::<usize>() + usize::from(self.key.is_some())
    }

    /// Takes these in; a key only where there is none.
    pub fn add(&mut self, more: &Self) {
        self.lever_contact
            .extend(more.lever_contact.iter().cloned());
        self.opportunities
            .extend(more.opportunities.iter().cloned());
        self.emails.extend(more.emails.iter().cloned());
        self.key = self.key.take().or_else(|| more.key.clone());
        self.users.extend(more.users.iter().cloned());
    }

    /// Takes these out.
    pub fn take_out(&mut self, part: &Self) {
        self.lever_contact
            .retain(|one| !part.lever_contact.contains(one));
        self.opportunities
            .retain(|one| !part.opportunities.contains(one));
        self.emails.retain(|one| !part.emails.contains(one));
        self.key = self.key.take().filter(|key| part.key.as_ref() != Some(key));
        self.users.retain(|one| !part.users.contains(one));
    }

    /// How this user of a roster was linked to the person, if somebody did that.
    #[must_use]
    pub fn linked(&self, roster: &RosterId, user: IdHash) -> Option<&Linked> {
        let mut users = self.users.iter();
        users.find(|one| one.roster == *roster && one.user == user)
    }

    /// Those that the other one has not.
    #[must_use]
    pub fn beyond(&self, other: &Self) -> Self {
        let mut beyond = self.clone();
        beyond.take_out(other);
        beyond
    }
}

/// Where a person stands: `candidate → preboarding → active → leaving → left`, or `withdrawn`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    /// Known, not hired.
    Candidate,
    /// Hired, not started.
    Preboarding,
    /// Started.
    Active,
    /// Has a day of leaving ahead.
    Leaving,
    /// Gone.
    Left,
    /// Hired, and then not, before the start.
    Withdrawn,
}

impl Lifecycle {
    /// Every state, in the order of a life.
    pub const ALL: [Self; 6] = [
        Self::Candidate,
        Self::Preboarding,
        Self::Active,
        Self::Leaving,
        Self::Left,
        Self::Withdrawn,
    ];

    /// The word in API and lists.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Candidate => "candidate",
            Self::Preboarding => "preboarding",
            Self::Active => "active",
            Self::Leaving => "leaving",
            Self::Left => "left",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The same in a sentence: why somebody is given nothing.
    #[must_use]
    pub fn sentence(self) -> String {
        match self {
            Self::Left => "the person has left".to_owned(),
            Self::Withdrawn => "the hire was withdrawn".to_owned(),
            _ => format!("the person is {}", self.as_str()),
        }
    }

    /// May this person be given anything?
    #[must_use]
    pub fn may_receive(self) -> bool {
        matches!(self, Self::Preboarding | Self::Active | Self::Leaving)
    }

    /// Has the person started, as far as Lever's tidying up is concerned (L11)?
    #[must_use]
    pub fn has_started(self) -> bool {
        matches!(self, Self::Active | Self::Leaving | Self::Left)
    }
}

/// A human, known from Lever, an admin call or a match.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Person {
    /// Never reused, never derived from anything personal.
    pub id: PersonId,
    /// Where the person stands.
    pub state: Lifecycle,
    /// Rises with every change of `state`: the fence of every effect.
    pub access_epoch: u64,
    /// As the source has them, normalised.
    pub attributes: Attributes,
    /// As somebody corrected them by hand; these win.
    #[serde(default)]
    pub corrected: Attributes,
    /// Attributes whose value no alias knows, with that value reported (L4).
    #[serde(default)]
    pub unmapped: BTreeSet<String>,
    /// What the person is known by.
    pub identifiers: Identifiers,
    /// The candidacy that the attributes come from.
    #[serde(default)]
    pub opportunity: Option<LeverId>,
    /// The first day, in the person's zone.
    #[serde(default)]
    pub starts_on: Option<Date>,
    /// When the person becomes active.
    #[serde(default)]
    pub starts_at: Option<Timestamp>,
    /// When the person leaves.
    #[serde(default)]
    pub leaves_at: Option<Timestamp>,
    /// When whoever came back had left: what they were hired through before counts no more, and they have left again if they
    /// do not come after all (L10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_before: Option<Timestamp>,
    /// Seen when they were already here: what they have is held, nothing is given or taken until somebody says so, or they are
    /// hired through Lever.
    #[serde(default)]
    pub baselined: bool,
    /// What no policy gives and is due until they leave: what nobody here gave and an undone leaving gives back, and what
    /// somebody refused to take away (L9).
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        deserialize_with = "entitlement::kept"
    )]
    pub kept: BTreeMap<AppSlug, Entitlement>,
    /// What somebody gave by hand besides what policies give, and an undone leaving gives back: due until they leave (L10).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by_hand: BTreeMap<AppSlug, Entitlement>,
    /// What they kept when they lost it all: it comes back with them if that is undone (L10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_with: Option<LeftWith>,
    /// Was found to be somebody else, and is nobody by itself since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged: Option<Merged>,
    /// Who was found to be this person.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub absorbed: BTreeSet<PersonId>,
    /// Who this person is not, as somebody said: nobody is asked again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub apart: BTreeSet<PersonId>,
    /// The person is to be erased, wholly or in part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erasure: Option<Erasure>,
    /// A roster contradicted what the person was given here when that was last looked at: they are listed by it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_drift: bool,
    /// The words by which the person is found: what a commit made them, and nobody else changes.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub words: Words,
    /// When Sando first knew of the person. It never changes: a key is made with it.
    pub created_at: Timestamp,
}

/// What no policy gave to whoever left.
#[derive(Clone, PartialEq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct LeftWith {
    /// As in [`Person::kept`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub kept: BTreeMap<AppSlug, Entitlement>,
    /// As in [`Person::by_hand`].
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub by_hand: BTreeMap<AppSlug, Entitlement>,
}

/// How a person was merged away: enough to undo it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Merged {
    /// Into whom.
    pub into: PersonId,
    /// When.
    pub at: Timestamp,
    /// Where the person stood.
    pub state: Lifecycle,
    /// When the person was to leave.
    #[serde(default)]
    pub leaves_at: Option<Timestamp>,
    /// What the person was known by.
    pub identifiers: Identifiers,
    /// What of it the one who stays was not known by before.
    pub gained: Identifiers,
    /// The claims that changed hands.
    pub claims: BTreeSet<Claim>,
    /// What of the person was to be erased: since then it is of the one who stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erasure: Option<Box<Erasure>>,
}

impl Person {
    /// The attribute, corrections first.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Value> {
        self.corrected
            .get(name)
            .or_else(|| self.attributes.get(name))
    }

    /// The attribute as text, corrections first.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.attribute(name)?.as_str()
    }

    /// All attributes as they count: the source's, corrected by hand.
    #[must_use]
    pub fn effective(&self) -> Attributes {
        let mut all = self.attributes.clone();
        for (name, value) in self.corrected.iter() {
            all.set(name.clone(), value.clone());
        }
        all
    }

    /// The attributes that conditions may read: without those that no alias knows, which are *unknown* (L9).
    #[must_use]
    pub fn for_conditions(&self) -> Value {
        let mut all = self.effective();
        for name in &self.unmapped {
            if self.corrected.get(name).is_none() {
                all.remove(name);
            }
        }
        all.to_value()
    }

    /// So long after a leaving what somebody had before is given back if it is undone (L10).
    pub const UNDONE_WITHIN: SignedDuration = SignedDuration::from_hours(30 * 24);

    /// Until when that is, of somebody who has left.
    #[must_use]
    pub fn undone_until(&self) -> Option<Timestamp> {
        let left = self.leaves_at.filter(|_| self.state == Lifecycle::Left)?;
        left.saturating_add(Self::UNDONE_WITHIN).ok()
    }

    /// Has the person started by then, as far as Lever is concerned (L11)? Who starts is told by the first day, even if nobody
    /// has come to write it down yet.
    #[must_use]
    pub fn has_started(&self, now: Timestamp) -> bool {
        let has_come = self.starts_at.is_some_and(|at| at <= now);
        self.state.has_started() || self.state == Lifecycle::Preboarding && has_come
    }

    /// Whoever has left comes back: when that was is remembered.
    pub fn remember_leaving(&mut self) {
        if self.state == Lifecycle::Left {
            self.left_before = self.leaves_at;
        }
    }

    /// Moves the person to a state; the epoch rises only if it is another one. Who is to be given something again is not
    /// erased, and what recruiting knew of them waits for no leaving any more; who may have nothing keeps nothing, and what
    /// it was is known until they may have something again.
    pub fn enter(&mut self, state: Lifecycle) {
        if self.state != state {
            self.state = state;
            self.access_epoch = self.access_epoch.saturating_add(1);
        }
        if state.may_receive() {
            self.left_with = None;
            self.erasure
                .take_if(|erasure| erasure.extent == Extent::Everything);
            if let Some(erasure) = &mut self.erasure {
                erasure.look_again();
            }
        } else if !self.kept.is_empty() || !self.by_hand.is_empty() {
            self.left_with = Some(LeftWith {
                kept: std::mem::take(&mut self.kept),
                by_hand: std::mem::take(&mut self.by_hand),
            });
        }
    }
}

impl Entity for Person {
    const KIND: &'static str = "person";

    fn key(&self) -> Key {
        Key::Person(self.id.clone())
    }

    fn due(&self) -> Option<Timestamp> {
        let moment = match self.state {
            Lifecycle::Preboarding => match (self.starts_at, self.leaves_at) {
                (Some(starts), Some(leaves)) => Some(starts.min(leaves)),
                (starts, leaves) => starts.or(leaves),
            },
            Lifecycle::Active | Lifecycle::Leaving => self.leaves_at,
            Lifecycle::Candidate | Lifecycle::Left | Lifecycle::Withdrawn => None,
        };
        let erased = self.erasure.as_ref().and_then(|erasure| erasure.look_at);
        moment.into_iter().chain(erased).min()
    }

    fn listing(&self) -> Option<Listing> {
        Some(Listing {
            kind: Self::KIND,
            state: self.state.as_str(),
            at: self.created_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_prints_redacted() {
        let mut attributes = Attributes::default();
        attributes.set("name", "Ada Park");
        let email = CanonicalEmail::parse("ada@contoso.example").unwrap();

        let printed = format!("{attributes:?} {email:?}");

        assert_eq!(printed, r#"["name"] ***@contoso.example"#);
    }

    #[test]
    fn who_is_hired_again_is_not_erased_and_what_recruiting_knew_waits_no_longer() {
        let now = Timestamp::UNIX_EPOCH;
        for (extent, stays) in [(Extent::Everything, false), (Extent::Recruiting, true)] {
            let mut person = crate::testing::a_person().build();
            person.enter(Lifecycle::Withdrawn);
            person.erasure = Some(Erasure::by_lever(extent, "evt_1", now));
            let due = now.checked_add(Erasure::AFTER).ok();
            assert_eq!(person.due(), due);

            person.enter(Lifecycle::Left);
            assert_eq!(person.due(), due);
            person.erasure.as_mut().unwrap().look_at = Some(Timestamp::MAX);
            person.enter(Lifecycle::Preboarding);

            let look_at = person.erasure.map(|erasure| erasure.look_at);
            assert_eq!(look_at, stays.then_some(due));
        }
    }

    #[test]
    fn the_epoch_rises_only_with_the_state() {
        let mut person = crate::testing::a_person().build();
        let before = person.access_epoch;
        let state = person.state;
        person.enter(state);
        assert_eq!(person.access_epoch, before);
        person.enter(Lifecycle::Left);
        assert_eq!(person.access_epoch, before + 1);
    }

    #[test]
    fn what_whoever_left_had_is_known_until_they_may_have_something_again() {
        let mut person = crate::testing::a_person().build();
        let figma = AppSlug::parse("figma").unwrap();
        person.by_hand.insert(figma, Entitlement::default());
        let (kept, by_hand) = (person.kept.clone(), person.by_hand.clone());

        person.enter(Lifecycle::Left);
        person.enter(Lifecycle::Left);

        assert!(person.by_hand.is_empty());
        assert_eq!(person.left_with, Some(LeftWith { kept, by_hand }));
        person.enter(Lifecycle::Preboarding);
        assert_eq!((person.left_with, person.by_hand.len()), (None, 0));
    }
}
