//! Items as the SDK has them, and how they are made from and read into core's types.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use sando_core::audit::Record;
use sando_core::store::{DueEntry, Key, Put, StoreError, Stored, Version};

use super::keys::{
    ItemKey, due_partition_of, list_partition_of, parse_time, place, record_place,
    stream_partition, time_text, who_partition,
};

/// An item as the SDK has it.
pub(super) type Item = HashMap<String, AttributeValue>;

pub(super) const PK: &str = "pk";
pub(super) const SK: &str = "sk";
pub(super) const KIND: &str = "kind";
pub(super) const VERSION: &str = "version";
pub(super) const SCHEMA: &str = "schema";
pub(super) const BODY: &str = "body";
pub(super) const DUE_PK: &str = "due_pk";
pub(super) const DUE_AT: &str = "due_at";
pub(super) const LIST_PK: &str = "list_pk";
pub(super) const LIST_SK: &str = "list_sk";
pub(super) const WHO_PK: &str = "who_pk";
pub(super) const WHO_SK: &str = "who_sk";
pub(super) const EXPIRES: &str = "expires";
pub(super) const BY: &str = "by";

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// `pk` and `sk` of an item, as `GetItem` and its like want them.
pub(super) fn key_item(key: &Key) -> Item {
    let ItemKey { pk, sk } = ItemKey::from(key);
    HashMap::from([(PK.to_owned(), text(pk)), (SK.to_owned(), text(sk))])
}

/// The whole item that a put writes.
pub(super) fn put_item(put: &Put) -> Item {
    let at = ItemKey::from(&put.key);
    let mut item = key_item(&put.key);
    let mut set = |name: &str, value| item.insert(name.to_owned(), value);
    set(KIND, text(put.kind));
    set(VERSION, number(put.expect.next()));
    set(SCHEMA, number(put.schema));
    set(BODY, text(&put.body));
    if let Some(due) = put.due {
        set(DUE_PK, text(due_partition_of(&put.key)));
        set(DUE_AT, text(time_text(due)));
    }
    if let Some(list) = &put.listing {
        let partition = list_partition_of(&put.key, list.kind, list.state);
        set(LIST_PK, text(partition));
        set(LIST_SK, text(place(list.at, &at)));
    }
    if let Some(who) = &put.lookup {
        set(WHO_PK, text(who_partition(&who.person, who.kind)));
        set(WHO_SK, text(place(who.at, &at)));
    }
    if let Some(expires) = put.expires_at {
        set(EXPIRES, number(expires.as_second()));
    }
    item
}

/// The item of a record in the table `audit`.
pub(super) fn record_item(record: &Record) -> Result<Item, StoreError> {
    let body = serde_json::to_string(record)
        .map_err(|_| StoreError::Unavailable("a record cannot be written as JSON".to_owned()))?;
    Ok(HashMap::from([
        (PK.to_owned(), text(stream_partition(&record.stream))),
        (SK.to_owned(), text(record_place(record.seq))),
        (KIND.to_owned(), text("record")),
        (SCHEMA.to_owned(), number(1)),
        (BODY.to_owned(), text(body)),
    ]))
}

/// Reads an item whose key is not known yet.
pub(super) fn stored(item: &Item) -> Result<Stored, StoreError> {
    stored_at(item_key(item)?, item)
}

/// Reads an item.
pub(super) fn stored_at(key: Key, item: &Item) -> Result<Stored, StoreError> {
    let read = || {
        Some((
            string(item, KIND)?.to_owned(),
            parsed(item, SCHEMA)?,
            Version(parsed(item, VERSION)?),
            string(item, BODY)?.to_owned(),
        ))
    };
    let due = string(item, DUE_AT).map(parse_time).transpose();
    match (read(), due) {
        (Some((kind, schema, version, body)), Ok(due)) => Ok(Stored {
            key,
            kind,
            schema,
            version,
            due,
            body,
        }),
        _ => Err(StoreError::Unreadable {
            key,
            why: "an attribute is missing or of another form".to_owned(),
        }),
    }
}

/// Reads an entry of the due index.
pub(super) fn due_entry(item: &Item) -> Result<DueEntry, StoreError> {
    let key = item_key(item)?;
    let version = parsed(item, VERSION).map(Version);
    let due: Option<Timestamp> = string(item, DUE_AT).and_then(|at| parse_time(at).ok());
    match (version, due) {
        (Some(version), Some(due)) => Ok(DueEntry { key, version, due }),
        _ => Err(StoreError::Unreadable {
            key,
            why: "the due index has no version or time".to_owned(),
        }),
    }
}

/// Reads a record.
pub(super) fn record(item: &Item) -> Result<Record, StoreError> {
    string(item, BODY)
        .and_then(|body| serde_json::from_str(body).ok())
        .ok_or_else(|| StoreError::Unavailable("an audit record cannot be read".to_owned()))
}

/// The key of an item.
pub(super) fn item_key(item: &Item) -> Result<Key, StoreError> {
    let at = string(item, PK).zip(string(item, SK));
    at.map(|(pk, sk)| ItemKey {
        pk: pk.to_owned(),
        sk: sk.to_owned(),
    })
    .and_then(|at| Key::try_from(&at).ok())
    .ok_or_else(|| StoreError::Unavailable("an item's key cannot be read".to_owned()))
}

/// A text attribute.
pub(super) fn string<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// A number attribute.
pub(super) fn parsed<T: std::str::FromStr>(item: &Item, name: &str) -> Option<T> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
