//! Tells administrators that an access review is due (L26), where the settings say how often: once, and again only after
//! another such time without a decision.

use jiff::Timestamp;

use crate::audit::{Cause, StreamId};
use crate::changes::{Changes, Line, Origin};
use crate::ids::EffectKey;
use crate::letter::{ADMINISTRATORS, About, Letter};
use crate::ports::Ports;
use crate::review::Reviews;
use crate::store::{Key, Loaded, StoreError, Version};

use super::{HandleError, ledger, load};

/// Reminds, if it is time.
///
/// # Errors
/// If the store did not do it; the next call does.
pub(super) async fn remind(ports: &Ports, now: Timestamp) -> Result<(), HandleError> {
    let settings = load::settings(ports).await?;
    let Some(every_days) = settings.review_every_days else {
        return Ok(());
    };
    let mut reviews = reviews(ports, now).await?;
    let is_due = reviews.entity.is_due(every_days, now);
    if !is_due && reviews.version != Version::ABSENT {
        return Ok(());
    }
    let cause = Cause::of("schedule", "review");
    let mut changes = Changes::new(Origin::sando(cause, "review", now));
    if is_due {
        reviews.entity.told_at = Some(now);
        let id = EffectKey::derived(&["letter", "review", &now.to_string()]);
        changes.tell(Letter::new(id, ADMINISTRATORS, About::Review, now));
        let target = "settings/review_every_days";
        changes.say(Line::new(StreamId::Config, "access review due", target));
    }
    changes.update(&reviews);
    ledger::commit(ports, changes).await
}

/// When the last review was; from now on, if nothing is noted yet.
///
/// # Errors
/// If the store cannot be read.
pub(crate) async fn reviews(ports: &Ports, now: Timestamp) -> Result<Loaded<Reviews>, StoreError> {
    let stored = ports.store.find::<Reviews>(&Key::Reviews).await?;
    Ok(stored.unwrap_or_else(|| Loaded {
        entity: Reviews::from_now(now),
        version: Version::ABSENT,
        due: None,
    }))
}
