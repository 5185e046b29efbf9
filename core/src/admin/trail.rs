//! The audit trail, read in pages over one stream or all of them, whole or by who, what, on what and when.

use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::audit::{Head, Record, StreamId};
use crate::ports::Ports;
use crate::store::{Entity, Group, Key, PageRequest, Query};

use super::AdminError;

/// How many records are read at once.
const AT_ONCE: usize = 200;
/// Of how many streams at once.
const READ_AT_ONCE: usize = 16;
/// How often one search reads; what it did not come to is looked at by the next, from its cursor on.
const READS: usize = 50;
/// Records stand in the order of their commits, which is that of their times but for less than this.
const DISORDER: SignedDuration = SignedDuration::from_hours(1);

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
    /// How many records were looked at.
    pub looked: u64,
}

/// What records are wanted; what is not said fits all of them.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Filter {
    /// By whom: `sando`, `local-admin`, `key:<id>`.
    pub actor: Option<String>,
    /// What was done: one of these, or a part of it, in lower case; none fits everything.
    pub actions: Vec<String>,
    /// On what: `app/figma`, `figma`, or everything of a kind, `app`.
    pub target: Option<String>,
    /// Because of what: `evt_…`, `run_…`, or everything because of a kind, `event`; and what belongs together, by that id.
    pub cause: Option<String>,
    /// Not before.
    pub from: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

impl Filter {
    /// Is nothing said?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Is this record wanted?
    #[must_use]
    pub fn fits(&self, record: &Record) -> bool {
        let is_target = |wanted: &String| {
            record.target == *wanted
                || record
                    .target
                    .split_once('/')
                    .is_some_and(|(kind, id)| kind == wanted || id == wanted)
        };
        let is_cause = |wanted: &String| {
            record.cause.id == *wanted
                || record.cause.kind == *wanted
                || record.correlation_id == *wanted
        };
        let action = record.action.to_lowercase();
        let says = |wanted: &String| action.contains(wanted.as_str());
        self.actor.as_ref().is_none_or(|who| record.actor == *who)
            && (self.actions.is_empty() || self.actions.iter().any(says))
            && self.target.as_ref().is_none_or(is_target)
            && self.cause.as_ref().is_none_or(is_cause)
            && self.from.is_none_or(|from| record.at >= from)
            && self.until.is_none_or(|until| record.at < until)
    }

    /// Can nothing in this stream fit any more?
    fn skips(&self, head: &Head) -> bool {
        let moved = self.from.zip(head.moved_at);
        moved.is_some_and(|(from, moved)| moved < from)
    }

    /// Can nothing after this record fit any more?
    fn is_past(&self, record: &Record) -> bool {
        let past = self
            .until
            .and_then(|until| until.checked_add(DISORDER).ok());
        past.is_some_and(|past| record.at > past)
    }
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
    search(ports, stream, &Filter::default(), from, limit).await
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
    let page = PageRequest { limit, cursor };
    let moved = ports.store.list(&query, &page).await?;
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

/// One page of the records that are wanted. A search reads so often and no more: a page may have few records, or none,
/// and go on all the same.
///
/// # Errors
/// If the store cannot be read.
pub async fn search(
    ports: &Ports,
    stream: Option<&StreamId>,
    filter: &Filter,
    from: Option<&Place>,
    limit: usize,
) -> Result<Page, AdminError> {
    let mut reads = if filter.is_empty() { usize::MAX } else { READS };
    let mut page = Page {
        records: Vec::new(),
        next: None,
        looked: 0,
    };
    for head in heads(ports, stream, filter, from).await? {
        let mut seq = match from.filter(|place| place.stream == head.stream) {
            Some(place) => place.seq,
            None => begin(ports, &head, filter, &mut reads).await?,
        };
        // One stream alone may be read without its head: then its end is where nothing follows.
        while head.seq == 0 || seq <= head.seq {
            let room = limit.saturating_sub(page.records.len());
            if room == 0 || reads == 0 {
                page.next = Some(Place {
                    stream: head.stream,
                    seq,
                });
                return Ok(page);
            }
            let wanted = if filter.is_empty() { room } else { AT_ONCE };
            let more = ports
                .store
                .records(&head.stream, seq, wanted.min(AT_ONCE))
                .await?;
            reads = reads.saturating_sub(1);
            if more.is_empty() {
                break;
            }
            let (next, is_over) = take(&mut page, more, filter, limit);
            seq = next.max(seq);
            if is_over {
                break;
            }
        }
    }
    Ok(page)
}

/// Takes what is wanted, as long as there is room. Answers where to go on, and whether nothing can follow.
fn take(page: &mut Page, more: Vec<Record>, filter: &Filter, limit: usize) -> (u64, bool) {
    let mut next = 0;
    for record in more {
        if page.records.len() >= limit {
            break;
        }
        if filter.is_past(&record) {
            return (next, true);
        }
        next = record.seq.saturating_add(1);
        page.looked = page.looked.saturating_add(1);
        if filter.fits(&record) {
            page.records.push(record);
        }
    }
    (next, false)
}

/// The first record of a stream that is not surely too old. A long stream is halved until it is found.
async fn begin(
    ports: &Ports,
    head: &Head,
    filter: &Filter,
    reads: &mut usize,
) -> Result<u64, AdminError> {
    let long = u64::try_from(AT_ONCE).unwrap_or(u64::MAX);
    let (mut first, mut last) = (1_u64, head.seq);
    let Some(from) = filter.from.filter(|_| last > long) else {
        return Ok(first);
    };
    let from = from.checked_sub(DISORDER).unwrap_or(Timestamp::MIN);
    while first < last {
        let middle = first.midpoint(last);
        let found = ports.store.records(&head.stream, middle, 1).await?;
        *reads = reads.saturating_sub(1);
        match found.first() {
            Some(record) if record.at < from => first = middle.saturating_add(1),
            _ => last = middle,
        }
    }
    Ok(first)
}

/// The streams in which something may be wanted, from that of the place on.
async fn heads(
    ports: &Ports,
    stream: Option<&StreamId>,
    filter: &Filter,
    from: Option<&Place>,
) -> Result<Vec<Head>, AdminError> {
    if let Some(stream) = stream {
        let head = match filter.from {
            Some(_) => ports.store.find::<Head>(&Key::Head(stream.clone())).await?,
            None => None,
        };
        let head = head.map_or_else(|| Head::empty(stream.clone()), |head| head.entity);
        return Ok(vec![head]);
    }
    let mut heads: Vec<Head> = ports
        .store
        .all::<Head>(&Group::Heads)
        .await?
        .into_iter()
        .map(|head| head.entity)
        .filter(|head| from.is_none_or(|place| head.stream >= place.stream))
        .filter(|head| !filter.skips(head))
        .collect();
    heads.sort_by(|one, other| one.stream.cmp(&other.stream));
    Ok(heads)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Cause, Draft};

    fn record(actor: &str, action: &str, target: &str, at: &str) -> Record {
        Head::empty(StreamId::Config).seal(Draft {
            at: at.parse().unwrap(),
            actor: actor.to_owned(),
            cause: Cause::of("api", "x"),
            action: action.to_owned(),
            target: target.to_owned(),
            before: None,
            after: None,
            result: "ok".to_owned(),
            correlation_id: "x".to_owned(),
        })
    }

    #[test]
    fn each_part_of_a_filter_has_to_fit() {
        let made = record(
            "key:key_1",
            "figma: create",
            "app/figma",
            "2027-01-04T09:00:00Z",
        );
        let check = |change: &dyn Fn(&mut Filter), expect: bool| {
            let mut filter = Filter::default();
            change(&mut filter);
            assert_eq!(filter.fits(&made), expect, "{filter:?}");
        };
        let text = |text: &str| Some(text.to_owned());
        let all = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        let at = |text: &str| Some(text.parse().unwrap());

        check(&|_| {}, true);
        check(&|filter| filter.actor = text("key:key_1"), true);
        check(&|filter| filter.actor = text("key_1"), false);
        check(&|filter| filter.actions = all(&["remove", "create"]), true);
        check(&|filter| filter.actions = all(&["remove"]), false);
        for (cause, fits) in [("api", true), ("x", true), ("run_1", false)] {
            check(&|filter| filter.cause = text(cause), fits);
        }
        for (target, fits) in [
            ("app/figma", true),
            ("figma", true),
            ("app", true),
            ("fig", false),
        ] {
            check(&|filter| filter.target = text(target), fits);
        }
        check(&|filter| filter.from = at("2027-01-04T09:00:00Z"), true);
        check(&|filter| filter.from = at("2027-01-04T09:00:01Z"), false);
        check(&|filter| filter.until = at("2027-01-04T09:00:00Z"), false);
        check(&|filter| filter.until = at("2027-01-04T09:00:01Z"), true);
    }
}
