//! What every store keeps alike, whatever it is made of: the size of commits and pages, and cursors.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sando_core::definition::IdHash;
use sando_core::ids::derive;
use sando_core::store::{Commit, Key, PageRequest, Query, StoreError};

use crate::dynamo::keys::{ItemKey, parse_time, time_text, word_range};

/// The most items of one page.
const MAX_PAGE: usize = 1_000;
/// The most items that DynamoDB reads in one batch.
pub(crate) const BATCH: usize = 100;

/// The largest body of an item: DynamoDB allows 400 KiB with keys and names of attributes.
const MAX_BODY_BYTES: usize = 390 * 1024;
/// The most that one commit may write: DynamoDB allows 4 MB.
const MAX_COMMIT_BYTES: usize = 3_600_000;

/// Says whether a commit can be one transaction at all.
///
/// # Errors
/// `TooLarge` for too many items or too much in all. `Unavailable` if one body is too large or an item is named twice,
/// which are defects of the caller.
pub(crate) fn admit(commit: &Commit) -> Result<(), StoreError> {
    let mut sizes = commit.puts.iter().map(|put| put.body.len());
    let total = sizes.clone().fold(0, usize::saturating_add);
    if commit.size() > Commit::MAX_ITEMS || total > MAX_COMMIT_BYTES {
        return Err(StoreError::TooLarge(commit.size()));
    }
    if sizes.any(|size| size > MAX_BODY_BYTES) {
        return Err(StoreError::Unavailable(
            "an entity is larger than an item may be".to_owned(),
        ));
    }
    let puts = commit.puts.iter().map(|put| &put.key);
    let others = commit.deletes.iter().chain(&commit.checks);
    let keys: Vec<&Key> = puts.chain(others.map(|check| &check.key)).collect();
    let places: BTreeSet<_> = commit.records.iter().map(|r| (&r.stream, r.seq)).collect();
    let distinct: BTreeSet<&Key> = keys.iter().copied().collect();
    if distinct.len() < keys.len() || places.len() < commit.records.len() {
        return Err(StoreError::Unavailable(
            "a commit names one item twice".to_owned(),
        ));
    }
    Ok(())
}

/// How many items a page may have: at least one, at most [`MAX_PAGE`].
pub(crate) fn page_size(limit: usize) -> usize {
    limit.clamp(1, MAX_PAGE)
}

/// The cursor after an item: the list's fingerprint and the item's place, opaque to its reader.
pub(crate) fn print_cursor(query: &Query, place: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}{place}", fingerprint(query)))
}

/// The place after which the page begins.
///
/// # Errors
/// `BadCursor` if it is none of this list.
fn parse_cursor(query: &Query, cursor: &str) -> Result<String, StoreError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let place = text
        .as_deref()
        .and_then(|text| text.strip_prefix(&fingerprint(query)));
    let at = place.and_then(|place| place.split_once('#')?.0.into());
    match (place, at.map(parse_time)) {
        (Some(place), Some(Ok(_))) => Ok(place.to_owned()),
        _ => Err(StoreError::BadCursor),
    }
}

/// The place before which a page of a list of an index begins: where the last one ended, or where the list does; none
/// if that is at its newest item.
///
/// # Errors
/// `BadCursor` for a cursor that is none of this list.
pub(crate) fn first_place(query: &Query, page: &PageRequest) -> Result<Option<String>, StoreError> {
    match (&page.cursor, query) {
        (Some(cursor), _) => parse_cursor(query, cursor).map(Some),
        (None, Query::Before { moment, .. }) => Ok(Some(time_text(*moment))),
        (None, _) => Ok(None),
    }
}

/// The cursor after an item of a list that is read from the table itself.
pub(crate) fn print_key(query: &Query, key: &Key) -> String {
    let ItemKey { sk, .. } = ItemKey::from(key);
    let last = match query {
        Query::Words(_) => sk.as_str(),
        _ => sk.rsplit('#').next().unwrap_or_default(),
    };
    print_cursor(query, last)
}

/// The key after which the page begins, of a list that is read from the table itself.
///
/// # Errors
/// `BadCursor` if it is none of this list.
pub(crate) fn parse_key(query: &Query, cursor: &str) -> Result<Key, StoreError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let last = text
        .as_deref()
        .and_then(|text| text.strip_prefix(&fingerprint(query)))
        .ok_or(StoreError::BadCursor)?;
    let key = match query {
        Query::Roster(roster) => IdHash::try_from(last.to_owned())
            .ok()
            .map(|hash| Key::Entry(roster.clone(), hash)),
        Query::Syncs(roster) => last
            .parse()
            .ok()
            .map(|number| Key::Sync(roster.clone(), number)),
        Query::Words(marks) => {
            let (pk, ..) = word_range(marks);
            let sk = last.to_owned();
            let key = Key::try_from(&ItemKey { pk, sk }).ok();
            key.filter(|key| matches!(key, Key::Word(mark, _) if marks.have(*mark)))
        }
        Query::States { .. } | Query::Before { .. } | Query::Person { .. } => None,
    };
    key.ok_or(StoreError::BadCursor)
}

fn fingerprint(query: &Query) -> String {
    let parts: Vec<&str> = match query {
        Query::States { kind, states } => {
            let states: BTreeSet<&str> = states.iter().copied().collect();
            ["states", kind].into_iter().chain(states).collect()
        }
        Query::Before { kind, states, .. } => {
            let states: BTreeSet<&str> = states.iter().copied().collect();
            ["before", kind].into_iter().chain(states).collect()
        }
        Query::Person { person, kind } => vec!["person", person.as_str(), kind],
        Query::Roster(roster) => vec!["roster", roster.as_str()],
        Query::Syncs(roster) => vec!["syncs", roster.as_str()],
        Query::Words(marks) => {
            let marks = [marks.from, marks.to].map(String::from);
            return short(&["words", &marks.concat()]);
        }
    };
    short(&parts)
}

fn short(parts: &[&str]) -> String {
    let mut text = derive(parts);
    text.truncate(16);
    text
}
