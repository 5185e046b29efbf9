//! Replays over the API: one event, or those of some time.

use crate::event::Event;
use crate::handle::replay::{self, How, ReplayError, Replayed};
use crate::ids::EventId;
use crate::impact::FileChange;
use crate::ports::Ports;
use crate::store::Loaded;

use super::{AdminError, Who};

impl From<ReplayError> for AdminError {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::NotFound => Self::NotFound("event"),
            ReplayError::Nobody => Self::refused("nobody_known", error.to_string()),
            ReplayError::Already => Self::refused("replayed_already", error.to_string()),
            ReplayError::Handle(error) => Self::Handle(error),
            ReplayError::Remote(error) => Self::Remote(error),
        }
    }
}

/// An event that must be there.
///
/// # Errors
/// `NotFound` if not.
pub async fn event(ports: &Ports, id: &EventId) -> Result<Loaded<Event>, AdminError> {
    Ok(replay::event(ports, id).await?)
}

/// Replays an event. Done in earnest it applies a baselined person, too.
///
/// # Errors
/// `NotFound`; `Refused` if it is about nobody; `Remote` if Lever has to be read and cannot be.
pub async fn replay(
    ports: &Ports,
    who: &Who,
    id: &EventId,
    dry_run: bool,
    draft: &[FileChange],
) -> Result<Replayed, AdminError> {
    let how = How {
        dry_run,
        draft,
        job: None,
    };
    Ok(replay::replay(ports, who, id, how).await?)
}
