//! The audit trail, read in pages over one stream or all of them.

use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use crate::audit::{Head, Record, StreamId};
use crate::ports::Ports;
use crate::store::{Entity, Group, PageRequest, Query};

use super::AdminError;

/// How many records are read at once.
const AT_ONCE: usize = 200;
/// Of how many streams at once.
const READ_AT_ONCE: usize = 16;

/// A place in the trail: the next record to be read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Place {
    /// In which stream.
    pub stream: StreamId,
    /// The record's place there.
    pub seq: u64,
}

impl Place {
    /// As the cursor of a list.
    #[must_use]
    pub fn print(&self) -> String {
        hex::encode(format!("{}#{}", self.stream, self.seq))
    }

    /// Reads a cursor; none if it is not one of ours.
    #[must_use]
    pub fn parse(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(hex::decode(cursor).ok()?).ok()?;
        let (stream, seq) = text.rsplit_once('#')?;
        Some(Self {
            stream: StreamId::try_from(stream.to_owned()).ok()?,
            seq: seq.parse().ok()?,
        })
    }
}

/// Records, and where the next ones begin.
#[derive(Clone, Debug)]
pub struct Page {
    /// In order.
    pub records: Vec<Record>,
    /// None at the end.
    pub next: Option<Place>,
}

/// One page of a stream, or of all streams one after the other.
///
/// # Errors
/// If the store cannot be read.
pub async fn page(
    ports: &Ports,
    stream: Option<&StreamId>,
    from: Option<&Place>,
    limit: usize,
) -> Result<Page, AdminError> {
    let streams = match stream {
        Some(stream) => vec![stream.clone()],
        None => streams(ports, from).await?,
    };
    let mut records: Vec<Record> = Vec::new();
    for stream in streams {
        let mut seq = from
            .filter(|place| place.stream == stream)
            .map_or(1, |place| place.seq);
        loop {
            let room = limit.saturating_sub(records.len());
            let next = Place {
                stream: stream.clone(),
                seq,
            };
            if room == 0 {
                return Ok(Page {
                    records,
                    next: Some(next),
                });
            }
            let wanted = room.min(AT_ONCE);
            let more = ports.store.records(&stream, seq, wanted).await?;
            let Some(last) = more.last() else { break };
            seq = last.seq.saturating_add(1);
            records.extend(more);
        }
    }
    Ok(Page {
        records,
        next: None,
    })
}

/// The last record of each stream, and where the next ones begin.
#[derive(Clone, Debug)]
pub struct Latest {
    /// The streams that moved last come first, by the minute.
    pub records: Vec<Record>,
    /// None at the end.
    pub next: Option<String>,
}

/// What happened last, one record a stream.
///
/// # Errors
/// If the store cannot be read, or the cursor is none of this list.
pub async fn latest(
    ports: &Ports,
    cursor: Option<String>,
    limit: usize,
) -> Result<Latest, AdminError> {
    let query = Query::States {
        kind: Head::KIND,
        states: vec![Head::MOVED],
    };
    let moved = ports.store.list(&query, &PageRequest { limit, cursor });
    let moved = moved.await?;
    let mut heads: Vec<Head> = Vec::with_capacity(moved.items.len());
    for stored in &moved.items {
        heads.push(stored.read()?.entity);
    }
    let last = stream::iter(heads).map(|head| last_of(ports, head));
    let last: Vec<Vec<Record>> = last.buffered(READ_AT_ONCE).try_collect().await?;
    Ok(Latest {
        records: last.into_iter().flatten().collect(),
        next: moved.next,
    })
}

async fn last_of(ports: &Ports, head: Head) -> Result<Vec<Record>, AdminError> {
    Ok(ports.store.records(&head.stream, head.seq, 1).await?)
}

/// Every stream that has records, from that of the place on.
async fn streams(ports: &Ports, from: Option<&Place>) -> Result<Vec<StreamId>, AdminError> {
    let mut streams: Vec<StreamId> = ports
        .store
        .all::<Head>(&Group::Heads)
        .await?
        .into_iter()
        .map(|head| head.entity.stream)
        .collect();
    streams.sort();
    if let Some(place) = from {
        streams.retain(|stream| *stream >= place.stream);
    }
    Ok(streams)
}
