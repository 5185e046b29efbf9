//! What a decision wants changed, as data: versioned puts and deletes, checks, and what the audit will say.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use crate::audit::{Cause, StreamId};
use crate::ids::Slug;
use crate::letter::Letter;
use crate::metric::Metric;
use crate::store::{Check, Entity, Key, Loaded, Put, Version};
use crate::task::Task;

/// A value for the audit: in the open, or to be encrypted with the person's key.
#[derive(Clone, PartialEq)]
pub enum Shown {
    /// Ids, states, plans; never a name or an address.
    Open(Value),
    /// Personal: encrypted, and gone when the person is erased.
    Personal(Value),
}

/// One line of the audit to be.
#[derive(Clone)]
pub struct Line {
    /// In which stream.
    pub stream: StreamId,
    /// What, in the past tense.
    pub action: String,
    /// On what.
    pub target: String,
    /// How it was.
    pub before: Option<Shown>,
    /// How it is.
    pub after: Option<Shown>,
    /// How it ended.
    pub result: String,
}

impl Line {
    /// A line that ended well and shows nothing.
    pub fn new(stream: StreamId, action: impl Into<String>, target: impl Into<String>) -> Self {
        Self {
            stream,
            action: action.into(),
            target: target.into(),
            before: None,
            after: None,
            result: "ok".to_owned(),
        }
    }

    /// How it was.
    #[must_use]
    pub fn before(mut self, value: impl Into<Value>) -> Self {
        self.before = Some(Shown::Open(value.into()));
        self
    }

    /// How it is.
    #[must_use]
    pub fn after(mut self, value: impl Into<Value>) -> Self {
        self.after = Some(Shown::Open(value.into()));
        self
    }

    /// How it was and is, with personal values.
    #[must_use]
    pub fn personal(mut self, before: Option<Value>, after: Option<Value>) -> Self {
        self.before = before.map(Shown::Personal);
        self.after = after.map(Shown::Personal);
        self
    }

    /// How it ended.
    #[must_use]
    pub fn result(mut self, result: impl Into<String>) -> Self {
        self.result = result.into();
        self
    }
}

/// Who did it, why, and what it belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// `sando`, `local-admin`, `key:<id>`.
    pub actor: String,
    /// Why.
    pub cause: Cause,
    /// What belongs together.
    pub correlation_id: String,
    /// When it was decided.
    pub at: Timestamp,
}

impl Origin {
    /// By Sando itself.
    #[must_use]
    pub fn sando(cause: Cause, correlation_id: impl ToString, at: Timestamp) -> Self {
        Self {
            actor: "sando".to_owned(),
            cause,
            correlation_id: correlation_id.to_string(),
            at,
        }
    }

    /// Who did it by hand; none if Sando did it by itself.
    #[must_use]
    pub fn by_somebody(&self) -> Option<String> {
        (self.actor != "sando").then(|| self.actor.clone())
    }
}

/// Everything one decision changes.
#[derive(Clone)]
pub struct Changes {
    /// Who and why.
    pub origin: Origin,
    /// Items to write.
    pub puts: Vec<Put>,
    /// Items to delete.
    pub deletes: Vec<Check>,
    /// Items that must not have moved.
    pub checks: Vec<Check>,
    /// What the audit will say.
    pub lines: Vec<Line>,
    /// What somebody has to be told.
    pub letters: Vec<Letter>,
    /// What was measured: told, and counted in the same commit where it is kept.
    pub measured: Vec<(Metric, i64)>,
    /// The rules that an event matched: noted once this is committed.
    pub matched: BTreeSet<Slug>,
    /// Items whose due time is this worker's lease: no message is sent for them.
    pub leased: Vec<Key>,
}

impl Changes {
    /// Nothing yet.
    #[must_use]
    pub fn new(origin: Origin) -> Self {
        Self {
            origin,
            puts: Vec::new(),
            deletes: Vec::new(),
            checks: Vec::new(),
            lines: Vec::new(),
            letters: Vec::new(),
            measured: Vec::new(),
            matched: BTreeSet::new(),
            leased: Vec::new(),
        }
    }

    /// Writes what did not exist.
    pub fn insert<E: Entity>(&mut self, entity: &E) {
        self.put(entity, Version::ABSENT, entity.due());
    }

    /// Writes a task that did not exist, and tells its owner.
    pub fn insert_task(&mut self, task: &Task) {
        self.insert(task);
        self.tell(Letter::of_task(task, self.origin.at));
    }

    /// Tells the owner of a task that it is open again.
    pub fn tell_again(&mut self, task: &Task) {
        let Origin { cause, at, .. } = &self.origin;
        let letter = Letter::of_task_again(task, cause, *at);
        self.tell(letter);
    }

    /// Writes a letter; what goes to the same person in the same commit goes into one.
    pub fn tell(&mut self, letter: Letter) {
        let same = |other: &&mut Letter| other.box_of() == letter.box_of();
        match self.letters.iter_mut().find(same) {
            Some(other) => other.about.extend(letter.about),
            None => self.letters.push(letter),
        }
    }

    /// Writes over the version that was read.
    pub fn update<E: Entity>(&mut self, loaded: &Loaded<E>) {
        self.put(&loaded.entity, loaded.version, loaded.entity.due());
    }

    /// Writes over the version that was read, while this worker keeps the lease.
    pub fn update_leased<E: Entity>(&mut self, loaded: &Loaded<E>, lease_until: Timestamp) {
        self.leased.push(loaded.entity.key());
        self.put(&loaded.entity, loaded.version, Some(lease_until));
    }

    fn put<E: Entity>(&mut self, entity: &E, expect: Version, due: Option<Timestamp>) {
        self.puts.push(Put {
            due,
            ..Put::of(entity, expect)
        });
    }

    /// Deletes the version that was read.
    pub fn delete(&mut self, key: Key, expect: Version) {
        self.deletes.push(Check { key, expect });
    }

    /// Demands that the item has not moved; without effect if it is written anyway.
    pub fn check(&mut self, key: Key, expect: Version) {
        if !self.puts.iter().any(|put| put.key == key)
            && !self.checks.iter().any(|check| check.key == key)
        {
            self.checks.push(Check { key, expect });
        }
    }

    /// Records a line.
    pub fn say(&mut self, line: Line) {
        self.lines.push(line);
    }

    /// Tells and keeps a number, once this is committed.
    pub fn measure(&mut self, metric: Metric, value: i64) {
        self.measured.push((metric, value));
    }

    /// How many items the transaction will have, with one head a stream.
    #[must_use]
    pub fn size(&self) -> usize {
        let mut streams: Vec<&StreamId> = self.lines.iter().map(|line| &line.stream).collect();
        streams.sort();
        streams.dedup();
        self.puts.len()
            + self.deletes.len()
            + self.checks.len()
            + self.lines.len()
            + self.letters.len()
            + streams.len()
            + usize::from(!self.measured.is_empty())
    }
}
