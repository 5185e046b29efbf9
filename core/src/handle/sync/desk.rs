//! A sync in the hands of one worker: what was found and is not put down yet, and how it is put down.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::read::failure_of;
use crate::account::Account;
use crate::audit::Cause;
use crate::changes::{Changes, Origin};
use crate::definition::{Class, Failure, IdHash, Seen};
use crate::handle::{HandleError, ledger};
use crate::ports::Ports;
use crate::roster::difference::Comparing;
use crate::roster::{LARGEST_ENTRY, Loss, Write};
use crate::store::{Check, Entity, Key, Loaded, PartKind, Put, StoreError, Stored, Version};
use crate::sync::shape::Shape;
use crate::sync::{Content, Counts, Sync, SyncPart, parse_hashes, print_hashes};

/// Hashes of one part: 250 KiB.
const SEEN_AT_ONCE: usize = 8_000;
/// The bytes of the losses of one part, about.
const LOST_BYTES: usize = 150 * 1024;
/// The items of one commit, beside the sync.
const PORTION: usize = 75;
/// The bytes of one commit; DynamoDB allows 4 MB.
const PORTION_BYTES: usize = 2_500_000;
/// After so long at the latest it is put down how far the work has come.
const KEEP_EVERY: SignedDuration = SignedDuration::from_secs(20);
/// A lease lasts longer than any wait that is slept through, beside the request's own limit (`patience`), which is
/// added: a slow one is not sent twice.
const LEASE: SignedDuration = SignedDuration::from_secs(300);
/// How often a busy store is asked again.
const TRIES: u32 = 8;

/// Why a worker cannot go on.
pub(super) enum Stop {
    /// The store did not do it.
    Handle(HandleError),
    /// What was read cannot be kept.
    Fail(Box<Failure>),
}

impl From<HandleError> for Stop {
    fn from(error: HandleError) -> Self {
        Self::Handle(error)
    }
}

/// A sync in the hands of one worker.
pub(super) struct Desk<'a> {
    pub(super) ports: &'a Ports,
    pub(super) sync: Loaded<Sync>,
    /// As it was when the worker came.
    pub(super) account: Account,
    /// When the worker has to leave.
    pub(super) until: Timestamp,
    /// What was found so far; put down with everything else.
    pub(super) counts: Counts,
    /// How full the fields are of what was read so far; put down with everything else.
    pub(super) shape: Shape,
    /// How long the lease lasts beyond the usual: a request of this definition may take so long.
    pub(super) patience: Duration,
    kept_at: Timestamp,
    renewed_at: Timestamp,
    seen: Vec<IdHash>,
    lost: Vec<Loss>,
    lost_bytes: usize,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        ports: &'a Ports,
        sync: Loaded<Sync>,
        account: Account,
        until: Timestamp,
    ) -> Self {
        let now = ports.clock.now();
        Self {
            ports,
            counts: sync.entity.counts,
            shape: sync.entity.shape.clone(),
            sync,
            account,
            until,
            patience: Duration::ZERO,
            kept_at: now,
            renewed_at: now,
            seen: Vec::new(),
            lost: Vec::new(),
            lost_bytes: 0,
        }
    }

    pub(super) fn comparing(&self) -> Comparing {
        Comparing {
            roster: self.sync.entity.roster.clone(),
            sync: self.sync.entity.number,
            applied: self.account.applied,
            at: self.ports.clock.now(),
        }
    }

    pub(super) fn origin(&self) -> Origin {
        origin(&self.sync.entity, self.ports.clock.now())
    }

    /// Remembers ids that were in the list.
    pub(super) fn saw(&mut self, hashes: Vec<IdHash>) {
        self.seen.extend(hashes);
    }

    /// Remembers who loses something.
    pub(super) fn loses(&mut self, loss: Loss) {
        let name = loss.name.as_ref().map_or(0, String::len);
        let bytes = loss.external_id.len().saturating_add(name);
        self.lost_bytes = self.lost_bytes.saturating_add(bytes).saturating_add(200);
        self.lost.push(loss);
    }

    /// Is it time to put down how far it has come?
    pub(super) fn should_keep(&self) -> bool {
        let now = self.ports.clock.now();
        self.seen.len() >= SEEN_AT_ONCE
            || self.lost_bytes >= LOST_BYTES
            || now.duration_since(self.kept_at) >= KEEP_EVERY
    }

    /// Has the worker to leave?
    pub(super) fn should_leave(&self) -> bool {
        self.ports.clock.now() >= self.until
    }

    /// Forgets what was found, to read anew.
    pub(super) fn start_over(&mut self) {
        self.sync.entity.start_over();
        self.counts = Counts::default();
        self.shape = Shape::default();
        self.seen.clear();
        self.lost.clear();
        self.lost_bytes = 0;
    }

    /// Puts down everything found so far, and keeps the sync; `hand_on`: leaves it, for another worker from that time on.
    pub(super) async fn keep(&mut self, hand_on: Option<Timestamp>) -> Result<(), HandleError> {
        self.flush().await?;
        self.sync.entity.counts = self.counts;
        self.sync.entity.shape.clone_from(&self.shape);
        if let Some(at) = hand_on {
            self.sync.entity.look_at = at;
            self.sync.entity.turns = self.sync.entity.turns.saturating_add(1);
        }
        self.put_sync(hand_on.is_none(), Vec::new(), Vec::new())
            .await?;
        self.kept_at = self.ports.clock.now();
        Ok(())
    }

    /// Keeps the sync for longer, with what was put down before.
    pub(super) async fn renew(&mut self) -> Result<(), HandleError> {
        let now = self.ports.clock.now();
        if now.duration_since(self.renewed_at) < KEEP_EVERY {
            return Ok(());
        }
        self.put_sync(true, Vec::new(), Vec::new()).await
    }

    /// Keeps the sync for as long as the definition's requests may take.
    pub(super) async fn renew_now(&mut self) -> Result<(), HandleError> {
        self.put_sync(true, Vec::new(), Vec::new()).await
    }

    /// Writes the sync together with these items.
    pub(super) async fn put_sync(
        &mut self,
        is_leased: bool,
        puts: Vec<Put>,
        deletes: Vec<Check>,
    ) -> Result<(), HandleError> {
        let now = self.ports.clock.now();
        let mut changes = Changes::new(self.origin());
        changes.puts = puts;
        changes.deletes = deletes;
        if is_leased {
            let patience = SignedDuration::try_from(self.patience).unwrap_or(LEASE);
            let until = now.saturating_add(LEASE.saturating_add(patience));
            changes.update_leased(&self.sync, until.unwrap_or(Timestamp::MAX));
        } else {
            changes.update(&self.sync);
        }
        ledger::commit(self.ports, changes).await?;
        self.sync.version = self.sync.version.next();
        self.renewed_at = now;
        Ok(())
    }

    /// Puts down what is remembered, in parts.
    pub(super) async fn flush(&mut self) -> Result<(), HandleError> {
        let seen = std::mem::take(&mut self.seen);
        for hashes in seen.chunks(SEEN_AT_ONCE) {
            let place = self.sync.entity.seen_parts;
            self.put_part(place, Content::Seen(print_hashes(hashes)))
                .await?;
            self.sync.entity.seen_parts = place.saturating_add(1);
        }
        let mut lost = std::mem::take(&mut self.lost);
        self.lost_bytes = 0;
        while !lost.is_empty() {
            let rest = lost.split_off(cut(&lost));
            let place = self.sync.entity.lost_parts;
            self.put_part(place, Content::Lost(lost)).await?;
            self.sync.entity.lost_parts = place.saturating_add(1);
            lost = rest;
        }
        Ok(())
    }

    /// Writes a part, over what a worker left there who did not come to put down the sync itself.
    pub(super) async fn put_part(&self, place: u32, content: Content) -> Result<(), HandleError> {
        let part = SyncPart {
            roster: self.sync.entity.roster.clone(),
            number: self.sync.entity.number,
            place,
            content,
            at: self.ports.clock.now(),
        };
        let before = self.ports.store.get(&part.key()).await?;
        let expect = before.map_or(Version::ABSENT, |stored| stored.version);
        self.commit(vec![Put::of(&part, expect)], Vec::new()).await
    }

    /// A part that was put down.
    pub(super) async fn part(&self, kind: PartKind, place: u32) -> Result<Content, HandleError> {
        let key = self.sync.entity.part(kind, place);
        let part = self.ports.store.find::<SyncPart>(&key).await?;
        let why = "it is missing".to_owned();
        let part = part.ok_or(StoreError::Unreadable { key, why })?;
        Ok(part.entity.content)
    }

    /// Every id that was put down as seen.
    pub(super) async fn each_seen(
        &self,
        mut take: impl FnMut(IdHash) + Send,
    ) -> Result<(), HandleError> {
        for place in 0..self.sync.entity.seen_parts {
            let content = self.part(PartKind::Seen, place).await?;
            let hashes = match &content {
                Content::Seen(text) => parse_hashes(text),
                Content::Lost(_) | Content::Point(_) | Content::Held(_) => None,
            };
            let unreadable = || StoreError::Unreadable {
                key: self.sync.entity.part(PartKind::Seen, place),
                why: "it holds no hashes".to_owned(),
            };
            hashes
                .ok_or_else(unreadable)?
                .into_iter()
                .for_each(&mut take);
        }
        Ok(())
    }

    /// All ids that were in the list.
    pub(super) async fn all_seen(&self) -> Result<Seen, HandleError> {
        let mut seen = Seen::new();
        self.each_seen(|hash| {
            seen.insert(hash);
        })
        .await?;
        Ok(seen)
    }

    /// Items as they are; a busy store is asked again.
    pub(super) async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Stored>>, HandleError> {
        let mut tries = 0;
        loop {
            match self.ports.store.get_all(keys).await {
                Err(StoreError::Contended) if tries < TRIES => {
                    tries += 1;
                    let wait = Duration::from_millis(20 << tries);
                    self.ports.clock.sleep(wait).await;
                }
                found => return Ok(found?),
            }
        }
    }

    /// Writes entries over the versions that were read.
    pub(super) async fn write(&self, writes: Vec<(Write, Key, Version)>) -> Result<(), Stop> {
        let (mut puts, mut deletes, mut bytes) = (Vec::new(), Vec::new(), 0_usize);
        for (write, key, expect) in writes {
            match write {
                Write::Nothing => continue,
                Write::Delete => deletes.push(Check { key, expect }),
                Write::Put(entry) => {
                    let put = Put::of(&*entry, expect);
                    if put.body.len() > LARGEST_ENTRY.saturating_mul(2) {
                        return Err(Stop::Fail(Box::new(too_large())));
                    }
                    bytes = bytes.saturating_add(put.body.len());
                    puts.push(put);
                }
            }
            if puts.len().saturating_add(deletes.len()) >= PORTION || bytes >= PORTION_BYTES {
                let (puts, deletes) = (std::mem::take(&mut puts), std::mem::take(&mut deletes));
                bytes = 0;
                self.commit(puts, deletes).await?;
            }
        }
        Ok(self.commit(puts, deletes).await?)
    }

    /// Commits items, if this worker has the sync still.
    pub(super) async fn commit(
        &self,
        puts: Vec<Put>,
        deletes: Vec<Check>,
    ) -> Result<(), HandleError> {
        if puts.is_empty() && deletes.is_empty() {
            return Ok(());
        }
        let mut changes = Changes::new(self.origin());
        changes.puts = puts;
        changes.deletes = deletes;
        changes.check(self.sync.entity.key(), self.sync.version);
        ledger::commit(self.ports, changes).await
    }
}

/// How many losses fit into one part.
fn cut(lost: &[Loss]) -> usize {
    let mut bytes = 0_usize;
    let fits = lost.iter().take_while(|loss| {
        let name = loss.name.as_ref().map_or(0, String::len);
        bytes = bytes
            .saturating_add(loss.external_id.len())
            .saturating_add(name)
            .saturating_add(200);
        bytes < LOST_BYTES
    });
    fits.count().clamp(1, lost.len().max(1))
}

/// Why and on whose behalf a sync writes.
pub(super) fn origin(sync: &Sync, now: Timestamp) -> Origin {
    let name = format!("{}/{}/{}", sync.definition, sync.name, sync.number);
    Origin::sando(Cause::of("sync", &name), &name, now)
}

fn too_large() -> Failure {
    let why = format!("a user has more than {LARGEST_ENTRY} bytes");
    failure_of(Class::Shape, why)
}
