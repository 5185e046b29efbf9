//! What somebody had before it is taken away, kept encrypted: a leaving can be undone (L10).

use jiff::Timestamp;
use serde_json::json;

use super::HandleError;
use super::job::Job;
use crate::effect::Action;
use crate::grant::{Before, Grant, GrantState};
use crate::handle::cipher::Cipher;
use crate::ids::PersonId;
use crate::ports::Ports;
use crate::store::Loaded;

/// Writes down what is held of each grant whose first taking is about to be committed, and what the look before it showed
/// besides.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn keep(
    ports: &Ports,
    person: &PersonId,
    grants: &mut [Loaded<Grant>],
    to_make: &[(Job, Action)],
    now: Timestamp,
) -> Result<(), HandleError> {
    let is_new = |grant: &Grant| {
        let known = grant.before.as_ref();
        grant.state == GrantState::Revoking
            && grant.held.is_some()
            && known.is_none_or(|before| before.generation != grant.generation)
    };
    if !grants.iter().any(|grant| is_new(&grant.entity)) {
        return Ok(());
    }
    let cipher = match Cipher::find(ports, person).await {
        Ok(Some(cipher)) => cipher,
        // The person was erased: nothing is kept of them.
        Ok(None) => return Ok(()),
        // Taking away does not wait for the keeper of keys.
        Err(HandleError::Keys(error)) => {
            tracing::warn!(%error, "what was held before is not kept: no key can be opened");
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    for grant in grants.iter_mut().filter(|grant| is_new(&grant.entity)) {
        let id = &grant.entity.id;
        let shown = to_make.iter().find_map(|(job, _)| job.shown(id));
        let held = grant.entity.held.as_ref();
        let by_hand = shown
            .zip(held)
            .and_then(|(shown, held)| shown.besides(held)?.besides(&grant.entity.given));
        let by_hand = by_hand.map(|by_hand| cipher.seal(ports, &json!(by_hand)));
        grant.entity.before = Some(Before {
            generation: grant.entity.generation,
            at: now,
            held: cipher.seal(ports, &json!(held))?,
            by_hand: by_hand.transpose()?,
        });
    }
    Ok(())
}
