//! Events over the API: what one led to; and replays, of one event or of those of some time.

use std::collections::BTreeSet;

use crate::approval::Approval;
use crate::event::Event;
use crate::handle::replay::{self, How, ReplayError, Replayed};
use crate::ids::{ApprovalId, EventId};
use crate::impact::FileChange;
use crate::ports::Ports;
use crate::run::{Run, Step};
use crate::store::{Key, Loaded};

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

/// How many runs of an event are shown with it: the last ones.
const RUNS: usize = 20;
/// And how many approvals that their steps asked for.
const APPROVALS: usize = 50;

/// What an event led to, as far as it is still kept.
#[derive(Clone, Debug, Default)]
pub struct LedTo {
    /// Its runs, in the order in which they were started.
    pub runs: Vec<Run>,
    /// What their steps asked for.
    pub approvals: Vec<Approval>,
    /// There are more than these.
    pub is_cut: bool,
}

/// What an event led to: its last runs, and what their steps asked for.
///
/// # Errors
/// If the store cannot be read.
pub async fn led_to(ports: &Ports, event: &Event) -> Result<LedTo, AdminError> {
    let mut found = LedTo {
        is_cut: event.runs.len() > RUNS,
        ..LedTo::default()
    };
    let first = event.runs.len().saturating_sub(RUNS);
    for id in event.runs.iter().skip(first) {
        let run = ports.store.find::<Run>(&Key::Run(id.clone())).await?;
        found.runs.extend(run.map(|run| run.entity));
    }
    let steps = found.runs.iter().flat_map(|run| &run.steps);
    let asked: BTreeSet<ApprovalId> = steps.filter_map(Step::approval).cloned().collect();
    found.is_cut |= asked.len() > APPROVALS;
    for id in asked.into_iter().take(APPROVALS) {
        let approval = ports.store.find::<Approval>(&Key::Approval(id)).await?;
        found.approvals.extend(approval.map(|known| known.entity));
    }
    Ok(found)
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
        answered: false,
    };
    Ok(replay::replay(ports, who, id, how).await?)
}
