//! What lies in the table `queue`, and how it is read.
//!
//! | message | pk | index `ready` | |
//! |---|---|---|---|
//! | waiting, delayed or in work | `MSG#<id>` | `WAITING` / `<visible_at>` | shown to a receiver from `visible_at` on |
//! | dead | `MSG#<id>` | `DEAD` / `<since when>` | until somebody redrives or discards it |
//!
//! Attributes: `pk`, `ready_pk`, `visible_at`, `body`, `received` (how often). The index holds all of them.

use std::collections::HashMap;
use std::fmt;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use sando_core::store::StoreError;

use crate::dynamo::keys::parse_time;

pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) const WAITING: &str = "WAITING";
pub(super) const DEAD: &str = "DEAD";

/// Names a message that was received, for the time of its handling.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Receipt(pub(super) String);

/// A message to be handled. `Debug` does not show its body.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// To be given back when it is handled.
    pub receipt: Receipt,
    /// What was sent.
    pub body: String,
    /// How often it has been received, this time included.
    pub receive_count: u32,
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Received({:?} x{})", self.receipt, self.receive_count)
    }
}

/// A message that was given up. `Debug` does not show its body.
#[derive(Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Which one.
    pub id: String,
    /// What was sent.
    pub body: String,
    /// How often it was received.
    pub receive_count: u32,
    /// Since when it is dead.
    pub since: Timestamp,
}

impl fmt::Debug for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeadLetter({} since {})", self.id, self.since)
    }
}

/// How many messages there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Depth {
    /// To be received now.
    pub waiting: u64,
    /// Delayed, or in work.
    pub invisible: u64,
    /// Given up.
    pub dead: u64,
}

/// A message as it lies in the table.
pub(super) struct Message {
    pub(super) pk: String,
    pub(super) visible_at: String,
    pub(super) body: String,
    pub(super) received: u32,
}

impl Message {
    pub(super) fn read(item: &Item) -> Result<Self, StoreError> {
        let text = |name: &str| item.get(name)?.as_s().ok().cloned();
        let read = || {
            Some(Self {
                pk: text("pk")?,
                visible_at: text("visible_at")?,
                body: text("body")?,
                received: item.get("received")?.as_n().ok()?.parse().ok()?,
            })
        };
        read().ok_or_else(|| StoreError::Unavailable("a message cannot be read".to_owned()))
    }

    pub(super) fn into_dead_letter(self) -> Result<DeadLetter, StoreError> {
        let since = parse_time(&self.visible_at)
            .map_err(|_| StoreError::Unavailable("a message has no time".to_owned()))?;
        Ok(DeadLetter {
            id: self.pk.strip_prefix("MSG#").unwrap_or(&self.pk).to_owned(),
            body: self.body,
            receive_count: self.received,
            since,
        })
    }
}

/// The `pk` of a message.
pub(super) fn partition(id: &str) -> String {
    format!("MSG#{id}")
}
