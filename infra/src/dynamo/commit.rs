//! Writing: claims, and commits as one transaction.
//!
//! Every call has a mark of its own, 128 bits of chance: the transaction's client request token, and for single writes
//! the attribute `by`. The SDK repeats a call with the same mark, so a repeat after a lost answer succeeds instead of
//! conflicting with itself. The mark is not derived from the content: two callers who decide the same at the same moment
//! (who takes from a budget, who takes a lease) must not both be told that they won. A commit that the *caller* repeats
//! therefore conflicts if the first one happened, and the caller reads again, as the port says.
//!
//! Costs on AWS: a transaction writes every item twice (2 units per KiB and item); a single put without checks and
//! records is a `PutItem` at half of that. On one machine either is one SQLite transaction and one fsync.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, Put as PutAction, ReturnValue, ReturnValuesOnConditionCheckFailure,
    TransactWriteItem,
};
use jiff::Timestamp;
use sando_core::audit::Record;
use sando_core::store::{Check, Commit, Key, Put, StoreError, Stored, Version};

use super::errors::store_error;
use super::item::{self, BY, Item, VERSION, key_item, number, text};
use super::keys::{due_partition_of, time_text};
use super::store::DynamoStore;
use crate::rules;

/// Nothing is there yet.
const ABSENT: &str = "attribute_not_exists(pk)";
/// The version is still the one that was read.
const VERSION_IS: &str = "#version = :expect";
/// What a claim changes.
const TAKE: &str = "SET due_pk = :due_pk, due_at = :due_at, #version = :next, #by = :by";

/// A condition as the SDK's builders take it.
struct Condition {
    expression: &'static str,
    expect: Option<Version>,
}

impl Condition {
    fn on(expect: Version) -> Self {
        if expect == Version::ABSENT {
            return Self {
                expression: ABSENT,
                expect: None,
            };
        }
        Self {
            expression: VERSION_IS,
            expect: Some(expect),
        }
    }

    fn names(&self) -> Option<std::collections::HashMap<String, String>> {
        self.expect
            .map(|_| [("#version".to_owned(), VERSION.to_owned())].into())
    }

    fn values(&self) -> Option<Item> {
        self.expect
            .map(|version| [(":expect".to_owned(), number(version))].into())
    }
}

fn new_mark() -> String {
    // 32 characters; a client request token has at most 36.
    format!("{:032x}", rand::random::<u128>())
}

/// Commits all of it or nothing.
pub(super) async fn commit(store: &DynamoStore, commit: &Commit) -> Result<(), StoreError> {
    rules::admit(commit)?;
    match (commit.puts.as_slice(), commit.size()) {
        (_, 0) => Ok(()),
        ([put], 1) => put_alone(store, put).await,
        _ => transact(store, commit).await,
    }
}

async fn transact(store: &DynamoStore, commit: &Commit) -> Result<(), StoreError> {
    let tables = &store.tables;
    let mut writes = Vec::with_capacity(commit.size());
    for put in &commit.puts {
        writes.push(put_action(&tables.state, put)?);
    }
    for delete in &commit.deletes {
        writes.push(delete_action(&tables.state, delete)?);
    }
    for check in &commit.checks {
        writes.push(check_action(&tables.state, check)?);
    }
    for record in &commit.records {
        writes.push(record_action(&tables.audit, record)?);
    }
    let call = store.client.transact_write_items();
    let call = call.client_request_token(new_mark());
    call.set_transact_items(Some(writes))
        .send()
        .await
        .map_err(|e| store_error(e, &keys_of(commit)))?;
    Ok(())
}

/// The key that each item of the transaction is known by, in its order.
fn keys_of(commit: &Commit) -> Vec<Key> {
    let puts = commit.puts.iter().map(|put| put.key.clone());
    let others = commit.deletes.iter().chain(&commit.checks);
    let records = commit.records.iter();
    puts.chain(others.map(|check| check.key.clone()))
        .chain(records.map(|record| Key::Head(record.stream.clone())))
        .collect()
}

fn incomplete<E>(_: E) -> StoreError {
    StoreError::Unavailable("a write could not be built".to_owned())
}

fn put_action(table: &str, put: &Put) -> Result<TransactWriteItem, StoreError> {
    let condition = Condition::on(put.expect);
    let action = PutAction::builder()
        .table_name(table)
        .set_item(Some(item::put_item(put)))
        .condition_expression(condition.expression)
        .set_expression_attribute_names(condition.names())
        .set_expression_attribute_values(condition.values());
    let action = action.build().map_err(incomplete)?;
    Ok(TransactWriteItem::builder().put(action).build())
}

fn delete_action(table: &str, delete: &Check) -> Result<TransactWriteItem, StoreError> {
    let condition = Condition::on(delete.expect);
    let action = Delete::builder()
        .table_name(table)
        .set_key(Some(key_item(&delete.key)))
        .condition_expression(condition.expression)
        .set_expression_attribute_names(condition.names())
        .set_expression_attribute_values(condition.values());
    let action = action.build().map_err(incomplete)?;
    Ok(TransactWriteItem::builder().delete(action).build())
}

fn check_action(table: &str, check: &Check) -> Result<TransactWriteItem, StoreError> {
    let condition = Condition::on(check.expect);
    let action = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(key_item(&check.key)))
        .condition_expression(condition.expression)
        .set_expression_attribute_names(condition.names())
        .set_expression_attribute_values(condition.values());
    let action = action.build().map_err(incomplete)?;
    Ok(TransactWriteItem::builder().condition_check(action).build())
}

fn record_action(table: &str, record: &Record) -> Result<TransactWriteItem, StoreError> {
    let action = PutAction::builder()
        .table_name(table)
        .set_item(Some(item::record_item(record)?))
        .condition_expression(ABSENT);
    let action = action.build().map_err(incomplete)?;
    Ok(TransactWriteItem::builder().put(action).build())
}

async fn put_alone(store: &DynamoStore, put: &Put) -> Result<(), StoreError> {
    let mark = new_mark();
    let condition = Condition::on(put.expect);
    let mut item = item::put_item(put);
    item.insert(BY.to_owned(), text(&mark));
    let call = store.client.put_item().table_name(&store.tables.state);
    let call = call
        .set_item(Some(item))
        .condition_expression(condition.expression)
        .set_expression_attribute_names(condition.names())
        .set_expression_attribute_values(condition.values())
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    match call.send().await {
        Ok(_) => Ok(()),
        Err(error) if is_ours(found_by_put(&error), &mark) => Ok(()),
        Err(error) => Err(store_error(error, std::slice::from_ref(&put.key))),
    }
}

/// Moves the due time and the version on, if the version is still `seen`.
pub(super) async fn claim(
    store: &DynamoStore,
    key: &Key,
    seen: Version,
    until: Timestamp,
) -> Result<Stored, StoreError> {
    let mark = new_mark();
    let call = store.client.update_item().table_name(&store.tables.state);
    let call = call
        .set_key(Some(key_item(key)))
        .update_expression(TAKE)
        .condition_expression(VERSION_IS)
        .expression_attribute_names("#version", VERSION)
        .expression_attribute_names("#by", BY)
        .expression_attribute_values(":expect", number(seen))
        .expression_attribute_values(":next", number(seen.next()))
        .expression_attribute_values(":due_pk", text(due_partition_of(key)))
        .expression_attribute_values(":due_at", text(time_text(until)))
        .expression_attribute_values(":by", text(&mark))
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    match call.send().await {
        Ok(answer) => {
            let item = answer.attributes().ok_or_else(|| incomplete(()))?;
            item::stored_at(key.clone(), item)
        }
        Err(error) => match found_by_update(&error) {
            Some(item) if is_ours(Some(item), &mark) => item::stored_at(key.clone(), item),
            _ => Err(store_error(error, std::slice::from_ref(key))),
        },
    }
}

/// Is this what an earlier attempt of the same call wrote, whose answer was lost?
fn is_ours(found: Option<&Item>, mark: &str) -> bool {
    found.and_then(|item| item::string(item, BY)) == Some(mark)
}

fn found_by_put<R>(error: &SdkError<PutItemError, R>) -> Option<&Item> {
    match error.as_service_error()? {
        PutItemError::ConditionalCheckFailedException(failed) => failed.item(),
        _ => None,
    }
}

fn found_by_update<R>(error: &SdkError<UpdateItemError, R>) -> Option<&Item> {
    match error.as_service_error()? {
        UpdateItemError::ConditionalCheckFailedException(failed) => failed.item(),
        _ => None,
    }
}
