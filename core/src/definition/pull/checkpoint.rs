//! A pull that continues elsewhere: what must be kept of it.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

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

/// Everything about a pull between two requests but the ids seen, which whoever drives it has from [`Batch::seen`](super::Batch),
/// and the users held, which it has from [`Pull::take_held`].
///
/// It holds values of the application (cursors, kept values).
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

const SCHEMA: u32 = 2;

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
    /// Users whose details are known.
    #[serde(default)]
    pub(super) details: u64,
    /// Users of the page in front whose details cannot be had: they are not asked for again.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) given_up: BTreeSet<IdHash>,
    /// How many of the users held were handed out.
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
            details: 0,
            given_up: BTreeSet::new(),
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
                let (now, then) = (&self.state.certificate, &mut state.certificate);
                (then.requests, then.retries, then.bytes) = (now.requests, now.retries, now.bytes);
                then.warnings.clone_from(&now.warnings);
                state.given_up.clone_from(&self.state.given_up);
                state
            }
        };
        Some(Checkpoint {
            schema: SCHEMA,
            definition: self.definition.fingerprint(),
            state,
        })
    }

    /// How far it has come: pages, lists and details that were read or given up. Not joined lists, which are read anew after a
    /// checkpoint; a page whose details were being asked for counts again, and whoever continues has come further once there are
    /// more of them.
    #[must_use]
    pub fn progress(&self) -> u64 {
        let certificate = &self.state.certificate;
        let endings = certificate.endings.iter();
        let lists = endings.filter(|(name, _)| !name.starts_with("join: "));
        let lists: u64 = lists.map(|(_, count)| count).sum();
        certificate.pages + self.state.details + certificate.details_failed + lists
    }

    /// The name of the joined list that is read now: a checkpoint keeps nothing of it.
    #[must_use]
    pub fn joining(&self) -> Option<&str> {
        let join = self.definition.users.joins.get(self.joins.len())?;
        let is_next = self.state.step >= self.definition.steps.len();
        is_next.then_some(join.alias.as_str())
    }

    /// Remembers where the pull stands before a page whose details will be asked for.
    pub(super) fn remember(&mut self) {
        self.before_page = Some(Box::new(self.state.clone()));
    }

    /// How many users of lists that are united are held until the end.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// The users held who are new or have changed since they were taken last: to be kept with a checkpoint.
    pub fn take_held(&mut self) -> Vec<MappedUser> {
        let fresh = std::mem::take(&mut self.held_fresh);
        let fresh = fresh.iter().filter_map(|at| self.held.get(*at));
        fresh.cloned().collect()
    }

    /// Takes back a user who was held, of a pull that continues: all of them, in the order in which they were taken.
    pub fn hold(&mut self, mapped: MappedUser) {
        let hash = IdHash::of(&mapped.user.external_id);
        match self.held_at.get(&hash).copied() {
            Some(at) => {
                if let Some(held) = self.held.get_mut(at) {
                    *held = mapped;
                }
            }
            None => {
                self.held_at.insert(hash, self.held.len());
                self.held.push(mapped);
            }
        }
    }

    /// Continues from a checkpoint; `seen` are all ids that were handed out before it was taken. Users who were held are given
    /// back next ([`Pull::hold`]).
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
        Ok(pull)
    }
}
