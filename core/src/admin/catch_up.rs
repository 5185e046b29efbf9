//! Catch-up asked for by hand, and how far it is.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::audit::StreamId;
use crate::catch_up::CatchUp;
use crate::changes::{Changes, Line};
use crate::handle::ledger;
use crate::ports::Ports;
use crate::store::{Key, Loaded, Version};

use super::{AdminError, Who, deciding};

/// How far back it may be asked for: Lever's tombstones and our patience end somewhere.
const FARTHEST: SignedDuration = SignedDuration::from_hours(365 * 24);

/// How far it is; none before Lever was connected.
///
/// # Errors
/// If the store cannot be read.
pub async fn state(ports: &Ports) -> Result<Option<CatchUp>, AdminError> {
    let stored = ports.store.find::<CatchUp>(&Key::CatchUp).await?;
    Ok(stored.map(|stored| stored.entity))
}

/// Runs it now, from `since` on if that is earlier than where it is; everybody who has not started is read again.
///
/// # Errors
/// `Invalid` for a time to come, or too long ago.
pub async fn ask(
    ports: &Ports,
    who: &Who,
    since: Option<Timestamp>,
) -> Result<CatchUp, AdminError> {
    let farthest = who.at.saturating_sub(FARTHEST).unwrap_or(Timestamp::MIN);
    if since.is_some_and(|since| since > who.at || since < farthest) {
        let message = "a time in the last 365 days";
        return Err(AdminError::mistake("since", message));
    }
    deciding!(ask_once(ports, who, since).await)
}

async fn ask_once(
    ports: &Ports,
    who: &Who,
    since: Option<Timestamp>,
) -> Result<CatchUp, AdminError> {
    let stored = ports.store.find::<CatchUp>(&Key::CatchUp).await?;
    let mut state = stored.unwrap_or_else(|| Loaded {
        entity: CatchUp::from_now(who.at),
        version: Version::ABSENT,
        due: None,
    });
    state.entity.ask(since, who.at);
    let mut changes = Changes::new(who.clone());
    changes.update(&state);
    let line = Line::new(StreamId::Events, "catch-up asked for", "catch-up");
    changes.say(line.after(json!({ "since": state.entity.until })));
    ledger::commit(ports, changes).await?;
    Ok(state.entity)
}
