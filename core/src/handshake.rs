//! What the connection to Lever showed of itself while somebody set it up: when its test event came, and how the last
//! test of the key ended. For people alone: nothing follows from it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::event::Ping;
use crate::store::{Entity, Key};

/// How long the reason of a test that failed may be, in characters.
const LONGEST_PROBLEM: usize = 400;

/// How the last test of the API key ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tested {
    /// When.
    pub at: Timestamp,
    /// What was wrong; none if the key is accepted and may do what is needed.
    pub problem: Option<String>,
}

impl Tested {
    /// A test that ended now.
    #[must_use]
    pub fn now(at: Timestamp, problem: Option<&str>) -> Self {
        Self {
            at,
            problem: problem.map(|problem| problem.chars().take(LONGEST_PROBLEM).collect()),
        }
    }

    /// Does it tell of the key that was set at this moment? One that was set later was not tested.
    #[must_use]
    pub fn is_of(&self, set_at: Option<Timestamp>) -> bool {
        set_at.is_none_or(|set_at| self.at >= set_at)
    }
}

/// What is known of the connection; one item.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Handshake {
    /// Lever's test event that came last.
    pub ping: Option<Ping>,
    /// The last test of the key.
    pub tested: Option<Tested>,
}

impl Handshake {
    /// Lever's test event came; answers whether that is news.
    pub fn hear(&mut self, ping: &Ping) -> bool {
        let is_known = |known: &Ping| known.received_at >= ping.received_at;
        if self.ping.as_ref().is_some_and(is_known) {
            return false;
        }
        self.ping = Some(ping.clone());
        true
    }
}

impl Entity for Handshake {
    const KIND: &'static str = "handshake";

    fn key(&self) -> Key {
        Key::Handshake
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Slug;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_test_event_that_is_told_again_or_late_is_no_news() {
        let ping = |text| Ping {
            registration: Slug::parse("hires").unwrap(),
            received_at: at(text),
        };
        let mut known = Handshake::default();

        assert!(known.hear(&ping("2027-01-04T09:00:00Z")));
        assert!(!known.hear(&ping("2027-01-04T09:00:00Z")));
        assert!(!known.hear(&ping("2027-01-04T08:59:00Z")));
        assert!(known.hear(&ping("2027-01-04T09:01:00Z")));

        assert_eq!(known.ping, Some(ping("2027-01-04T09:01:00Z")));
    }

    #[test]
    fn a_test_tells_nothing_of_a_key_that_was_set_after_it() {
        let tested = Tested::now(at("2027-01-04T09:00:00Z"), Some(&"x".repeat(10_000)));

        assert!(tested.is_of(None));
        assert!(tested.is_of(Some(at("2027-01-04T09:00:00Z"))));
        assert!(!tested.is_of(Some(at("2027-01-04T09:00:01Z"))));
        assert_eq!(tested.problem.map(|problem| problem.len()), Some(400));
    }
}
