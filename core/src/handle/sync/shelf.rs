//! Where details of users are kept between two syncs.

use std::sync::Arc;

use crate::definition::{IdHash, Outcome, PlannedRequest};
use crate::ids::RosterId;
use crate::ports::{Clock, Reader};
use crate::roster::details::{KeptDetails, request_hash};
use crate::store::{Key, Put, Store, Version};

/// Where the details of a roster are kept.
#[derive(Clone)]
pub(super) struct Shelf {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) reader: Arc<dyn Reader>,
    pub(super) roster: RosterId,
    /// The fingerprint of the definition.
    pub(super) definition: IdHash,
}

impl Shelf {
    /// What came of a request, and what is to be kept of it if it can be read. What is kept already is not asked for.
    pub(super) async fn ask(&self, request: &PlannedRequest) -> (Outcome, Option<Put>) {
        let Some(key) = request.cache else {
            return (self.reader.send(request).await, None);
        };
        let place = Key::Details(self.roster.clone(), key.user);
        let found = self.store.find::<KeptDetails>(&place).await;
        let hash = request_hash(self.definition, request);
        if let Ok(Some(kept)) = &found
            && request.attempt == 0
            && let Some(answer) = kept.entity.answer(key, &hash, self.clock.now())
        {
            return (Outcome::Answered(answer), None);
        }
        let outcome = self.reader.send(request).await;
        // A shelf that cannot be looked at now is not written to either.
        let version = found.map(|kept| kept.map_or(Version::ABSENT, |kept| kept.version));
        let put = match (&outcome, version) {
            (Outcome::Answered(answer), Ok(version)) => {
                let now = self.clock.now();
                let kept = KeptDetails::of(&self.roster, key, hash, answer, now);
                kept.map(|kept| Put::of(&kept, version))
            }
            _ => None,
        };
        (outcome, put)
    }
}
