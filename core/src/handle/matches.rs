//! Notes when an event matched each rule last (L26): after the commit of the event, at most once a day for each rule, and
//! never in its way. What is not noted now the next match notes.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::company::Company;
use crate::ids::Slug;
use crate::ports::Ports;
use crate::rule::LastMatches;
use crate::store::{Commit, Key, Put, StoreError, Version};

/// How often it is tried while others note at the same time; after one of them there is mostly nothing left to note.
const TRIES: u32 = 3;

/// Notes that an event matched these rules.
pub(super) async fn note(ports: &Ports, matched: &BTreeSet<Slug>, now: Timestamp) {
    if !matched.is_empty() {
        write(ports, now, |noted| noted.note(matched, now)).await;
    }
}

/// Begins to note, and forgets rules that are no more.
pub(super) async fn tidy(ports: &Ports, company: &Company, now: Timestamp) {
    write(ports, now, |noted| noted.keep(&company.rules)).await;
}

async fn write(ports: &Ports, now: Timestamp, change: impl Fn(&mut LastMatches) -> bool) {
    for _ in 0..TRIES {
        match write_once(ports, now, &change).await {
            Ok(()) => return,
            // Somebody else noted at the same time.
            Err(StoreError::Conflict { .. } | StoreError::Contended) => {}
            Err(error) => {
                tracing::warn!(%error, "which rules an event matched is not noted: the next match is");
                return;
            }
        }
    }
}

async fn write_once(
    ports: &Ports,
    now: Timestamp,
    change: &impl Fn(&mut LastMatches) -> bool,
) -> Result<(), StoreError> {
    let stored = ports.store.find::<LastMatches>(&Key::LastMatches).await?;
    let (mut noted, version) = stored.map_or_else(
        || (LastMatches::from_now(now), Version::ABSENT),
        |stored| (stored.entity, stored.version),
    );
    let is_changed = change(&mut noted);
    if !is_changed && version != Version::ABSENT {
        return Ok(());
    }
    let commit = Commit {
        puts: vec![Put::of(&noted, version)],
        ..Commit::default()
    };
    ports.store.commit(&commit).await
}
