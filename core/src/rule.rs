//! Rules: which event starts which workflow.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::condition::Conditions;
use crate::ids::Slug;
use crate::store::{Entity, Key};

/// What can happen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum EventKind {
    /// Archived with a reason of type `hired`.
    #[serde(rename = "candidate.hired")]
    Hired,
    /// No longer hired.
    #[serde(rename = "candidate.unhired")]
    Unhired,
    /// Archived with another reason.
    #[serde(rename = "candidate.archived")]
    Archived,
    /// Taken out of the archive without having been hired.
    #[serde(rename = "candidate.unarchived")]
    Unarchived,
    /// Moved to another stage.
    #[serde(rename = "candidate.stage_changed")]
    StageChanged,
    /// Deleted in Lever.
    #[serde(rename = "candidate.deleted")]
    Deleted,
    /// Applied.
    #[serde(rename = "candidate.applied")]
    Applied,
    /// A mapped field of the offer changed.
    #[serde(rename = "offer.changed")]
    OfferChanged,
    /// An attribute changed.
    #[serde(rename = "person.changed")]
    PersonChanged,
    /// Left.
    #[serde(rename = "person.terminated")]
    Terminated,
    /// Came back: a termination undone.
    #[serde(rename = "person.reinstated")]
    Reinstated,
    /// A user appeared in a roster.
    #[serde(rename = "user.appeared")]
    UserAppeared,
    /// A user vanished from a roster.
    #[serde(rename = "user.vanished")]
    UserVanished,
}

impl EventKind {
    /// Every kind, in the order of a working life.
    pub const ALL: &[Self] = &[
        Self::Applied,
        Self::StageChanged,
        Self::Hired,
        Self::OfferChanged,
        Self::Unhired,
        Self::Archived,
        Self::Unarchived,
        Self::Deleted,
        Self::PersonChanged,
        Self::Terminated,
        Self::Reinstated,
        Self::UserAppeared,
        Self::UserVanished,
    ];

    /// The name in files and API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hired => "candidate.hired",
            Self::Unhired => "candidate.unhired",
            Self::Archived => "candidate.archived",
            Self::Unarchived => "candidate.unarchived",
            Self::StageChanged => "candidate.stage_changed",
            Self::Deleted => "candidate.deleted",
            Self::Applied => "candidate.applied",
            Self::OfferChanged => "offer.changed",
            Self::PersonChanged => "person.changed",
            Self::Terminated => "person.terminated",
            Self::Reinstated => "person.reinstated",
            Self::UserAppeared => "user.appeared",
            Self::UserVanished => "user.vanished",
        }
    }

    /// The built-in workflow for events that no rule names.
    #[must_use]
    pub fn default_workflow(self) -> Option<&'static str> {
        match self {
            Self::Hired => Some("onboard"),
            Self::Unhired | Self::Deleted => Some("withdraw"),
            Self::PersonChanged => Some("change"),
            Self::Terminated => Some("offboard"),
            Self::Reinstated => Some("onboard"),
            _ => None,
        }
    }
}

/// One rule file (`lifecycle.md`, "Rule").
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its slug.
    pub rule: Slug,
    /// What it reacts to.
    pub event: EventKind,
    /// Over the event and the person; empty means always.
    #[serde(default, skip_serializing_if = "Conditions::is_empty")]
    pub when: Conditions,
    /// What it starts.
    pub workflow: Slug,
    /// Outside of it everything is computed and shown, nothing done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pilot: Option<Pilot>,
    /// Everything is computed and shown, nothing done.
    #[serde(default)]
    pub dry_run: bool,
}

/// For whom a rule is meant seriously.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pilot {
    /// Over the person's attributes.
    pub when: Conditions,
}

/// When an event matched each rule last (L26); one item. It is written at most once a day for each rule, so that a burst of
/// events does not wait for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct LastMatches {
    /// Since when this is noted.
    pub since: Timestamp,
    /// By rule: the first match that was noted in its day.
    pub rules: BTreeMap<Slug, Timestamp>,
}

impl LastMatches {
    /// A match this long after one that is noted is not noted itself.
    const DAY: SignedDuration = SignedDuration::from_hours(24);

    /// Noted from now on.
    #[must_use]
    pub fn from_now(now: Timestamp) -> Self {
        Self {
            since: now,
            rules: BTreeMap::new(),
        }
    }

    /// Notes that an event matched these rules; false if nothing has to be written.
    pub fn note(&mut self, matched: &BTreeSet<Slug>, now: Timestamp) -> bool {
        let mut is_changed = false;
        for rule in matched {
            let noted = self.rules.get(rule);
            if noted.is_some_and(|at| now.duration_since(*at) < Self::DAY) {
                continue;
            }
            self.rules.insert(rule.clone(), now);
            is_changed = true;
        }
        is_changed
    }

    /// Forgets rules that are no more; false if nothing has to be written.
    pub fn keep(&mut self, rules: &BTreeMap<Slug, Rule>) -> bool {
        let count = self.rules.len();
        self.rules.retain(|rule, _| rules.contains_key(rule));
        self.rules.len() != count
    }

    /// Since when no event matched a rule that was put then; none if one did, or may have.
    #[must_use]
    pub fn idle_since(&self, rule: &Slug, put_at: Timestamp) -> Option<Timestamp> {
        let from = put_at.max(self.since);
        let noted = self.rules.get(rule);
        let until = noted.map(|at| at.saturating_add(Self::DAY).unwrap_or(Timestamp::MAX));
        until.is_none_or(|until| until < from).then_some(from)
    }
}

impl Entity for LastMatches {
    const KIND: &'static str = "last_matches";

    fn key(&self) -> Key {
        Key::LastMatches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_match_is_noted_once_a_day() {
        let rule = Slug::parse("welcome").unwrap();
        let matched = BTreeSet::from([rule.clone()]);
        let mut noted = LastMatches::from_now(at("2027-03-01T09:00:00Z"));

        assert!(noted.note(&matched, at("2027-03-01T10:00:00Z")));
        assert!(!noted.note(&matched, at("2027-03-02T09:59:59Z")));
        assert!(noted.note(&matched, at("2027-03-02T10:00:00Z")));
        assert_eq!(noted.rules[&rule], at("2027-03-02T10:00:00Z"));
        assert!(noted.keep(&BTreeMap::new()));
        assert!(noted.rules.is_empty());
    }

    #[test]
    fn a_rule_is_idle_since_it_was_put_or_since_this_is_noted() {
        let rule = Slug::parse("welcome").unwrap();
        let matched = BTreeSet::from([rule.clone()]);
        let begin = at("2027-03-01T09:00:00Z");
        let mut noted = LastMatches::from_now(begin);
        let later = at("2027-04-01T09:00:00Z");

        assert_eq!(
            noted.idle_since(&rule, at("2026-01-01T00:00:00Z")),
            Some(begin)
        );
        assert_eq!(noted.idle_since(&rule, later), Some(later));
        noted.note(&matched, at("2027-03-05T09:00:00Z"));
        assert_eq!(noted.idle_since(&rule, begin), None);
        assert_eq!(
            noted.idle_since(&rule, at("2027-03-06T08:00:00Z")),
            None,
            "what matched in the same day is not noted"
        );
        assert_eq!(noted.idle_since(&rule, later), Some(later));
    }
}
