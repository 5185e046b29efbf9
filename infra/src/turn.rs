//! Turns: of all processes one at a time makes what may be there once only, where the remote side does not see to that.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use sando_core::ports::{Clock, RemoteError, Sent};
use sando_core::store::{Commit, Entity, Key, Put, Store, StoreError, Version};
use serde::{Deserialize, Serialize};

/// How long a turn lasts that nobody gives back: what was sent in it shows by then, or never.
const LASTS: SignedDuration = SignedDuration::from_mins(5);

/// The turns of all processes on one store.
#[derive(Clone)]
pub(crate) struct Turns {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

/// A turn that this process has.
pub(crate) struct Turn {
    name: String,
    version: Version,
}

/// The item of a turn.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct TurnItem {
    name: String,
    until: Timestamp,
}

impl Entity for TurnItem {
    const KIND: &'static str = "turn";

    fn key(&self) -> Key {
        Key::Turn(self.name.clone())
    }

    fn expires_at(&self) -> Option<Timestamp> {
        Some(self.until)
    }
}

impl Turns {
    pub(crate) fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// The turn of this name, or none while somebody else has it.
    ///
    /// # Errors
    /// If the store does not answer: then nobody may take it for theirs.
    pub(crate) async fn take(&self, name: &str) -> Result<Option<Turn>, RemoteError> {
        let now = self.clock.now();
        let key = Key::Turn(name.to_owned());
        let before = self.store.find::<TurnItem>(&key).await.map_err(no_answer)?;
        if before.as_ref().is_some_and(|item| item.entity.until > now) {
            return Ok(None);
        }
        let expected = before.map_or(Version::ABSENT, |item| item.version);
        let item = TurnItem {
            name: name.to_owned(),
            until: now.saturating_add(LASTS).unwrap_or(Timestamp::MAX),
        };
        let commit = Commit {
            puts: vec![Put::of(&item, expected)],
            ..Commit::default()
        };
        match self.store.commit(&commit).await {
            Ok(()) => Ok(Some(Turn {
                name: name.to_owned(),
                version: expected.next(),
            })),
            Err(StoreError::Conflict { .. }) => Ok(None),
            Err(error) => Err(no_answer(error)),
        }
    }

    /// Ends a turn at once. If that fails it ends by itself.
    pub(crate) async fn give_back(&self, turn: Turn) {
        let item = TurnItem {
            name: turn.name,
            until: self.clock.now(),
        };
        let commit = Commit {
            puts: vec![Put::of(&item, turn.version)],
            ..Commit::default()
        };
        let _ = self.store.commit(&commit).await;
    }
}

fn no_answer(error: StoreError) -> RemoteError {
    RemoteError::NoAnswer {
        remote: "the store".to_owned(),
        why: error.to_string(),
        sent: Sent::Never,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;
    use crate::system::SystemClock;

    #[tokio::test]
    async fn a_turn_is_one_process_alone_until_it_is_given_back() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let turns = || Turns::new(store.clone(), Arc::new(SystemClock));
        let (one, other) = (turns(), turns());

        let turn = one.take("group/a").await.unwrap().unwrap();
        assert!(other.take("group/a").await.unwrap().is_none());
        assert!(other.take("group/b").await.unwrap().is_some());
        one.give_back(turn).await;
        assert!(other.take("group/a").await.unwrap().is_some());
        assert!(one.take("group/a").await.unwrap().is_none());
    }
}
