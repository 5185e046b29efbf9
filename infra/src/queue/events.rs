//! The durable queue `events` of one machine: a table with `visible_at`.
//!
//! Costs: a send, a delete, and a receive of any number of messages are one fsync each. An empty receive writes nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Select, TransactWriteItem, Update};
use jiff::Timestamp;
use sando_core::ports::Clock;
use sando_core::store::StoreError;
use tokio::sync::{Mutex, Notify};

use super::message::{DEAD, DeadLetter, Depth, Message, Receipt, Received, WAITING, partition};
use crate::dynamo::keys::time_text;
use crate::dynamo::{READY_INDEX, store_error};

/// The most messages of one receive.
const MAX_RECEIVE: usize = 50;
/// How many dead letters are redriven in one go.
const REDRIVE_PAGE: usize = 100;
/// Moves a message: makes it invisible, dead, or waiting again.
const MOVE: &str = "SET ready_pk = :to, visible_at = :visible_at, received = :received";
/// Nobody has moved it in between.
const UNMOVED: &str = "visible_at = :seen AND ready_pk = :from";

/// Keeps messages until they are deleted, and shows each to one receiver at a time.
pub struct LocalQueue {
    client: Client,
    table: String,
    clock: Arc<dyn Clock>,
    max_receives: u32,
    receiving: Mutex<()>,
    arrived: Notify,
}

impl fmt::Debug for LocalQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalQueue({})", self.table)
    }
}

impl LocalQueue {
    /// A queue in `table`, made by [`crate::dynamo::Tables::create`]. A message is dead after `max_receives`.
    #[must_use]
    pub fn new(client: Client, table: &str, clock: Arc<dyn Clock>, max_receives: u32) -> Self {
        Self {
            client,
            table: table.to_owned(),
            clock,
            max_receives,
            receiving: Mutex::new(()),
            arrived: Notify::new(),
        }
    }

    /// Takes a message in; it is on disk when this returns. It is shown after `delay`.
    ///
    /// # Errors
    /// `Unavailable`: it may have been taken in.
    pub async fn send(&self, body: String, delay: Duration) -> Result<(), StoreError> {
        let id = format!("{:032x}", rand::random::<u128>());
        let call = self.client.put_item().table_name(&self.table);
        let call = call
            .item("pk", text(partition(&id)))
            .item("ready_pk", text(WAITING))
            .item("visible_at", text(time_text(self.later(delay))))
            .item("body", text(body))
            .item("received", number(0));
        call.send().await.map_err(|e| store_error(e, &[]))?;
        self.arrived.notify_one();
        Ok(())
    }

    /// Takes up to `max` messages, oldest first, which nobody else is shown for `visibility`. What was received too
    /// often already is given up instead.
    ///
    /// # Errors
    /// `Unavailable`: messages may be invisible for `visibility` without having been answered.
    pub async fn receive(
        &self,
        max: usize,
        visibility: Duration,
    ) -> Result<Vec<Received>, StoreError> {
        let _one_at_a_time = self.receiving.lock().await;
        let call = self.upto(WAITING, self.clock.now());
        let found = self.messages(call, max.min(MAX_RECEIVE)).await?;
        let (tired, fresh): (Vec<_>, Vec<_>) = found
            .into_iter()
            .partition(|message| message.received >= self.max_receives);
        let until = time_text(self.later(visibility));
        let dead_at = time_text(self.clock.now());
        let mut moves = Vec::with_capacity(tired.len().saturating_add(fresh.len()));
        for message in &tired {
            moves.push(self.moving(message, (WAITING, DEAD), &dead_at, message.received)?);
        }
        for message in &fresh {
            let received = message.received.saturating_add(1);
            moves.push(self.moving(message, (WAITING, WAITING), &until, received)?);
        }
        self.apply(moves).await?;
        let received = fresh.into_iter().map(|message| Received {
            receive_count: message.received.saturating_add(1),
            receipt: Receipt(message.pk),
            body: message.body,
        });
        Ok(received.collect())
    }

    /// Forgets a message that was handled. One that is gone is no error.
    ///
    /// # Errors
    /// `Unavailable`: it may be received again.
    pub async fn delete(&self, receipt: &Receipt) -> Result<(), StoreError> {
        let call = self.client.delete_item().table_name(&self.table);
        let call = call.key("pk", text(&receipt.0)).send();
        call.await.map_err(|e| store_error(e, &[]))?;
        Ok(())
    }

    /// Waits until a message was sent, or for `at_most`.
    pub async fn wait(&self, at_most: Duration) {
        let _ = tokio::time::timeout(at_most, self.arrived.notified()).await;
    }

    /// How many messages there are.
    ///
    /// # Errors
    /// `Unavailable` may be retried as it is.
    pub async fn depth(&self) -> Result<Depth, StoreError> {
        let waiting = self.count(self.upto(WAITING, self.clock.now())).await?;
        let all = self.count(self.upto(WAITING, Timestamp::MAX)).await?;
        let dead = self.count(self.upto(DEAD, Timestamp::MAX)).await?;
        Ok(Depth {
            waiting,
            invisible: all.saturating_sub(waiting),
            dead,
        })
    }

    /// Up to `limit` messages that were given up, oldest first.
    ///
    /// # Errors
    /// `Unavailable` may be retried as it is.
    pub async fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>, StoreError> {
        let call = self.upto(DEAD, Timestamp::MAX);
        let found = self.messages(call, limit).await?;
        found.into_iter().map(Message::into_dead_letter).collect()
    }

    /// Shows everything that was given up once more, as if never received; answers how many messages.
    ///
    /// # Errors
    /// `Unavailable`: some of them may be waiting again.
    pub async fn redrive(&self) -> Result<usize, StoreError> {
        let _one_at_a_time = self.receiving.lock().await;
        let mut moved = 0_usize;
        loop {
            let call = self.upto(DEAD, Timestamp::MAX);
            let found = self.messages(call, REDRIVE_PAGE).await?;
            if found.is_empty() {
                self.arrived.notify_one();
                return Ok(moved);
            }
            let now = time_text(self.clock.now());
            let moves = found
                .iter()
                .map(|m| self.moving(m, (DEAD, WAITING), &now, 0));
            let moves: Result<Vec<_>, StoreError> = moves.collect();
            self.apply(moves?).await?;
            moved = moved.saturating_add(found.len());
        }
    }

    fn later(&self, delay: Duration) -> Timestamp {
        let now = self.clock.now();
        now.checked_add(delay).unwrap_or(Timestamp::MAX)
    }

    /// Messages of one kind whose time has come at `until`, oldest first.
    fn upto(&self, kind: &str, until: Timestamp) -> QueryFluentBuilder {
        let call = self.client.query().table_name(&self.table);
        call.index_name(READY_INDEX)
            .key_condition_expression("ready_pk = :kind AND visible_at <= :until")
            .expression_attribute_values(":kind", text(kind))
            .expression_attribute_values(":until", text(time_text(until)))
    }

    async fn messages(
        &self,
        call: QueryFluentBuilder,
        limit: usize,
    ) -> Result<Vec<Message>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let call = call.set_limit(i32::try_from(limit).ok());
        let answer = call.send().await.map_err(|e| store_error(e, &[]))?;
        answer.items().iter().map(Message::read).collect()
    }

    async fn count(&self, call: QueryFluentBuilder) -> Result<u64, StoreError> {
        let mut counted = 0_u64;
        let mut start = None;
        loop {
            let page = call.clone().select(Select::Count);
            let page = page.set_exclusive_start_key(start);
            let answer = page.send().await.map_err(|e| store_error(e, &[]))?;
            counted = counted.saturating_add(u64::try_from(answer.count()).unwrap_or(0));
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok(counted);
            }
        }
    }

    fn moving(
        &self,
        message: &Message,
        (from, to): (&str, &str),
        visible_at: &str,
        received: u32,
    ) -> Result<TransactWriteItem, StoreError> {
        let update = Update::builder()
            .table_name(&self.table)
            .key("pk", text(&message.pk))
            .update_expression(MOVE)
            .condition_expression(UNMOVED)
            .expression_attribute_values(":from", text(from))
            .expression_attribute_values(":to", text(to))
            .expression_attribute_values(":seen", text(&message.visible_at))
            .expression_attribute_values(":visible_at", text(visible_at))
            .expression_attribute_values(":received", number(received));
        let update = update.build();
        let update =
            update.map_err(|_| StoreError::Unavailable("a move is incomplete".to_owned()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    async fn apply(&self, moves: Vec<TransactWriteItem>) -> Result<(), StoreError> {
        if moves.is_empty() {
            return Ok(());
        }
        let call = self.client.transact_write_items();
        let call = call.set_transact_items(Some(moves)).send();
        call.await.map_err(|e| store_error(e, &[]))?;
        Ok(())
    }
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn number(value: u32) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
