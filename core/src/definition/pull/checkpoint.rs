//! A pull that continues elsewhere: what must be kept of it.

use std::{collections::VecDeque, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Certificate, Inputs, Pull, listing::Listing};
use crate::{
    definition::{
        file::Definition,
        map::{IdHash, MappedUser},
    },
    mistake::{self, Mistake},
};

/// Everything about a pull between two requests but the ids seen, which whoever drives it has from [`Batch::seen`](super::Batch).
///
/// It holds values of the application (cursors, kept values; of lists that are united the users so far).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    schema: u32,
    definition: IdHash,
    state: State,
}

impl std::fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checkpoint")
            .field("definition", &self.definition)
            .finish_non_exhaustive()
    }
}

/// Why a pull cannot continue from a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResumeError {
    /// The definition is another one: begin again.
    #[error("the definition has changed since the checkpoint")]
    OtherDefinition,
    /// The checkpoint is of another release: begin again.
    #[error("the checkpoint has another form")]
    OtherSchema,
    /// The variables do not fit.
    #[error("{}", mistake::in_lines(.0))]
    Inputs(Vec<Mistake>),
}

const SCHEMA: u32 = 1;

impl Checkpoint {
    /// What was read and what it cost so far.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.state.certificate
    }
}

/// What moves while a pull is under way.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// The step that is next.
    pub(super) step: usize,
    /// The list of the step, or of users.
    pub(super) listing: Listing,
    /// Values that steps and lists kept.
    pub(super) kept: Map<String, Value>,
    pub(super) parents: Option<Parents>,
    pub(super) pass: usize,
    pub(super) users_done: bool,
    /// Users of lists that are united, until the end.
    pub(super) held: Vec<MappedUser>,
    /// How many of them were handed out.
    pub(super) handed_out: usize,
    pub(super) certificate: Certificate,
}

/// The list of `for_each`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Parents {
    pub(super) listing: Listing,
    pub(super) ended: bool,
    /// What was kept of the parents that are next.
    pub(super) queue: VecDeque<Map<String, Value>>,
    /// Of the one whose users are read.
    pub(super) current: Option<Map<String, Value>>,
}

impl State {
    pub(super) fn new(definition: &Definition) -> Self {
        let parents = definition.users.for_each.as_ref().map(|_| Parents {
            listing: Listing::new(),
            ended: false,
            queue: VecDeque::new(),
            current: None,
        });
        Self {
            step: 0,
            listing: Listing::new(),
            kept: Map::new(),
            parents,
            pass: 0,
            users_done: false,
            held: Vec::new(),
            handed_out: 0,
            certificate: Certificate::default(),
        }
    }

    /// The variables of the pass.
    pub(super) fn pass_values<'a>(
        &self,
        definition: &'a Definition,
    ) -> Option<&'a Map<String, Value>> {
        definition.users.passes.get(self.pass)
    }

    /// What the pass, the parent and earlier requests say a name is.
    pub(super) fn scope_value<'a>(
        &'a self,
        definition: &'a Definition,
        name: &str,
    ) -> Option<&'a Value> {
        let pass = self.pass_values(definition).and_then(|pass| pass.get(name));
        let parent = || self.parents.as_ref()?.current.as_ref()?.get(name);
        pass.or_else(parent).or_else(|| self.kept.get(name))
    }
}

impl Pull {
    /// What to keep so that the pull can continue elsewhere. Requests that are open are sent again there.
    ///
    /// A page whose details are being asked for is asked for again. `None` while users that were received have not been handed
    /// out: call [`Pull::step`] until it says to wait.
    #[must_use]
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let state = match (&self.before_page, self.pages.is_empty()) {
            _ if self.over => return None,
            (_, true) => self.state.clone(),
            (None, false) => return None,
            (Some(before), false) => {
                let mut state = before.as_ref().clone();
                state.held.clone_from(&self.state.held);
                let (now, then) = (&self.state.certificate, &mut state.certificate);
                (then.requests, then.retries, then.bytes) = (now.requests, now.retries, now.bytes);
                state
            }
        };
        Some(Checkpoint {
            schema: SCHEMA,
            definition: self.definition.fingerprint(),
            state,
        })
    }

    /// Remembers where the pull stands before a page whose details will be asked for.
    pub(super) fn remember(&mut self) {
        let held = std::mem::take(&mut self.state.held);
        self.before_page = Some(Box::new(self.state.clone()));
        self.state.held = held;
    }

    /// Continues from a checkpoint; `seen` are all ids that were handed out before it was taken.
    ///
    /// # Errors
    /// [`ResumeError`]: begin again.
    pub fn resume(
        definition: Arc<Definition>,
        inputs: Inputs,
        checkpoint: Checkpoint,
        seen: impl IntoIterator<Item = IdHash>,
    ) -> Result<Self, ResumeError> {
        if checkpoint.schema != SCHEMA {
            return Err(ResumeError::OtherSchema);
        }
        if checkpoint.definition != definition.fingerprint() {
            return Err(ResumeError::OtherDefinition);
        }
        let mut pull =
            Self::with(definition, inputs, checkpoint.state).map_err(ResumeError::Inputs)?;
        for hash in seen {
            pull.seen.insert(hash);
        }
        let held = pull.state.held.iter().enumerate();
        pull.held_at = held
            .map(|(at, mapped)| (IdHash::of(&mapped.user.external_id), at))
            .collect();
        Ok(pull)
    }
}
