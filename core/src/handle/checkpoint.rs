//! Takes a checkpoint of every chain that moved since the last one, for whoever keeps it elsewhere.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::audit::checkpoint::{ACTION, End, ends, said};
use crate::audit::{Cause, Head, Record, StreamId};
use crate::changes::{Changes, Line, Origin, Shown};
use crate::ports::Ports;
use crate::store::{Entity, Key, PageRequest, Query};

use super::{HandleError, ledger};

/// How long before the last checkpoint chains are looked for again: work begun before it may commit after it, and the
/// list of those that moved may lag.
const OVERLAP: SignedDuration = SignedDuration::from_mins(5);
/// So many checkpoints are read back, to know what they named already: more than the overlap holds.
const RECENT: u64 = 12;
/// So many records of checkpoints go into one commit.
const AT_ONCE: usize = 10;

/// Takes a checkpoint; answers its records, or none if nothing moved. To be called every minute.
///
/// # Errors
/// If the store did not do it; the next checkpoint covers it.
pub async fn take(ports: &Ports) -> Result<Vec<Record>, HandleError> {
    let head = ports.store.find::<Head>(&Key::Head(StreamId::Checkpoints));
    let before = head.await?.map_or(0, |head| head.entity.seq);
    let recent = recent(ports, before).await?;
    let since = recent.last().map_or(Timestamp::MIN, |last| {
        last.at.saturating_sub(OVERLAP).unwrap_or(Timestamp::MIN)
    });
    let moved = moved(ports, since, &named(&recent)).await?;
    if moved.is_empty() {
        return Ok(Vec::new());
    }
    for some in said(moved).chunks(AT_ONCE) {
        let now = ports.clock.now();
        let cause = Cause::of("schedule", ACTION);
        let mut changes = Changes::new(Origin::sando(cause, ACTION, now));
        for said in some {
            let mut line = Line::new(StreamId::Checkpoints, ACTION, "audit");
            line.after = Some(Shown::Open(said.clone()));
            changes.lines.push(line);
        }
        ledger::commit(ports, changes).await?;
    }
    let taken = records_from(ports, before.saturating_add(1)).await?;
    for record in &taken {
        tracing::info!(audit.seq = record.seq, audit.hash = %record.hash, "audit checkpoint");
    }
    Ok(taken)
}

async fn recent(ports: &Ports, last: u64) -> Result<Vec<Record>, HandleError> {
    if last == 0 {
        return Ok(Vec::new());
    }
    records_from(ports, last.saturating_sub(RECENT).saturating_add(1)).await
}

async fn records_from(ports: &Ports, seq: u64) -> Result<Vec<Record>, HandleError> {
    let mut records: Vec<Record> = Vec::new();
    loop {
        let next = records
            .last()
            .map_or(seq, |last| last.seq.saturating_add(1));
        let more = ports
            .store
            .records(&StreamId::Checkpoints, next, AT_ONCE)
            .await?;
        if more.is_empty() {
            return Ok(records);
        }
        records.extend(more);
    }
}

/// What these checkpoints name, the last word on each chain.
fn named(recent: &[Record]) -> BTreeMap<StreamId, u64> {
    recent
        .iter()
        .flat_map(|record| ends(record).unwrap_or_default())
        .map(|end| (end.stream, end.seq))
        .collect()
}

/// The chains that moved since, and were not named as they are.
async fn moved(
    ports: &Ports,
    since: Timestamp,
    named: &BTreeMap<StreamId, u64>,
) -> Result<Vec<End>, HandleError> {
    let query = Query::States {
        kind: Head::KIND,
        states: vec![Head::MOVED],
    };
    let mut page = PageRequest {
        limit: 100,
        cursor: None,
    };
    let mut moved = Vec::new();
    loop {
        let answer = ports.store.list(&query, &page).await?;
        let mut past = false;
        for stored in &answer.items {
            let head: Head = stored.read()?.entity;
            // Newest first, by the minute: what moved before is not looked at.
            past |= head.listing().is_none_or(|listing| listing.at < since);
            let known = named.get(&head.stream) == Some(&head.seq);
            if !past && !known && head.stream != StreamId::Checkpoints {
                moved.push(End::from(head));
            }
        }
        page.cursor = answer.next;
        if past || page.cursor.is_none() {
            return Ok(moved);
        }
    }
}
