//! Verifies the trail in portions: reads records and heads, and lets [`Verification`] judge.

use crate::audit::{Head, StreamId, Verification};
use crate::store::{Group, Key, Store, StoreError};

/// How many records are read at once.
const AT_ONCE: usize = 200;

/// Follows the chains until all are done with (then answers true), or about so many records were read.
///
/// # Errors
/// If the store cannot be read; what was followed so far is kept.
pub async fn follow(
    store: &dyn Store,
    verification: &mut Verification,
    records: u64,
) -> Result<bool, StoreError> {
    let until = verification.records.saturating_add(records);
    if verification.current().is_some() {
        follow_stream(store, verification, until).await?;
    }
    let heads = store.all::<Head>(&Group::Heads).await?;
    let mut streams: Vec<StreamId> = heads.into_iter().map(|head| head.entity.stream).collect();
    streams.retain(|stream| !verification.has_done(stream));
    streams.sort();
    for stream in streams {
        if verification.records >= until || verification.current().is_some() {
            return Ok(false);
        }
        verification.begin(stream);
        follow_stream(store, verification, until).await?;
    }
    Ok(verification.current().is_none())
}

/// Follows the current stream to its end, or as far as there is room.
async fn follow_stream(
    store: &dyn Store,
    verification: &mut Verification,
    until: u64,
) -> Result<(), StoreError> {
    while let Some((stream, next)) = verification.current() {
        if verification.records >= until {
            return Ok(());
        }
        let records = store.records(&stream, next, AT_ONCE).await?;
        for record in &records {
            if !verification.take(record) {
                return Ok(());
            }
        }
        if records.is_empty() {
            // The head last, so that it is never behind; what was appended meanwhile is followed, too.
            let stored = store.find::<Head>(&Key::Head(stream.clone())).await?;
            let head = stored.map_or_else(|| Head::empty(stream.clone()), |head| head.entity);
            let appended = head.seq >= next && !store.records(&stream, next, 1).await?.is_empty();
            if !appended {
                verification.finish(&head);
            }
        }
    }
    Ok(())
}
