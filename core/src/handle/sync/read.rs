//! Reads the list of a sync: requests are under way while the page before is compared and written.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{BoxFuture, join};
use futures::stream::{FuturesUnordered, StreamExt};

use super::desk::{Desk, Stop};
use super::shelf::Shelf;
use super::{compare, compiled, inputs, point, settle};
use crate::catalog::DefinitionVersion;
use crate::definition::{
    Batch, Certificate, Checkpoint, Class, Definition, Explain, Failure, IdHash, Inputs,
    MOST_RETRIES, MappedUser, Outcome, PlannedRequest, Pull, Purpose, RequestId, Step,
};
use crate::handle::HandleError;
use crate::mistake::in_lines;
use crate::ports::{Connection, Reader};
use crate::roster::difference::Change;
use crate::roster::{Entry, Lost, seen};
use crate::store::{Key, Loaded, Put, Version};
use crate::sync::Phase;

/// A longer wait is no sleep: the sync is put down, and due again then.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// A joined list begins anew where the sync is put down: it is waited for in place, if it does not ask for more than this.
const LONGEST_JOIN_SLEEP: Duration = Duration::from_secs(120);
/// What can only be waited for in place (pages that wait for details) is waited for so long at most.
const LONGEST_STAY: Duration = Duration::from_secs(300);
/// Users who are compared at once.
const AT_ONCE: usize = 100;
/// Lists that are united hold at most so many users until their end, where they are put down.
const MOST_HELD: usize = 200_000;
/// The largest certificate.
const LARGEST_CERTIFICATE: usize = 100 * 1024;
/// How much of what is odd about a user is kept.
const MOST_SENTENCES: usize = 10;
const LONGEST_SENTENCE: usize = 500;

/// How many details are put down together.
const KEPT_AT_ONCE: usize = 50;

/// What came of a request, and what is to be kept of it if it can be read.
type Landed = (RequestId, Outcome, Option<Put>);
type Flight = BoxFuture<'static, Landed>;

struct Reading<'d, 'p> {
    desk: &'d mut Desk<'p>,
    pull: Pull,
    reader: Arc<dyn Reader>,
    shelf: Shelf,
    /// Details that were read, and are not put down yet.
    kept: Vec<Put>,
    flights: FuturesUnordered<Flight>,
    /// Requests that ask for a long wait.
    parked: Vec<PlannedRequest>,
    /// Something was answered in this turn: whoever leaves before that gets nowhere.
    has_landed: bool,
}

/// Goes on with reading, and with what comes after it.
pub(super) async fn go_on(mut desk: Desk<'_>) -> Result<(), HandleError> {
    let Some(definition) = definition(&desk).await? else {
        let failure = failure_of(Class::Shape, "the version of its definition is gone");
        return settle::fail(&mut desk, failure).await;
    };
    desk.patience = definition.limits().timeout;
    desk.renew_now().await?;
    let connection = Connection::of(&desk.account, definition.clone());
    let opened = match desk.ports.readers.open(&connection).await {
        Ok(opened) => opened,
        Err(failure) => return settle::fail(&mut desk, failure).await,
    };
    let mut inputs = inputs(desk.ports, definition.app(), opened.variables).await?;
    inputs.explain = Explain::Reasons;
    let pull = match start(&mut desk, &definition, inputs).await? {
        Ok(pull) => pull,
        Err(failure) => return settle::fail(&mut desk, failure).await,
    };
    let shelf = Shelf {
        store: desk.ports.store.clone(),
        clock: desk.ports.clock.clone(),
        reader: opened.reader.clone(),
        roster: desk.sync.entity.roster.clone(),
        definition: definition.fingerprint(),
    };
    let reading = Reading {
        desk: &mut desk,
        pull,
        reader: opened.reader,
        shelf,
        kept: Vec::new(),
        flights: FuturesUnordered::new(),
        parked: Vec::new(),
        has_landed: false,
    };
    if Box::pin(reading.run()).await? {
        return compare::go_on(desk).await;
    }
    Ok(())
}

async fn definition(desk: &Desk<'_>) -> Result<Option<Arc<Definition>>, HandleError> {
    let sync = &desk.sync.entity;
    let key = Key::DefinitionVersion(sync.definition.clone(), sync.version);
    let stored = desk.ports.store.find::<DefinitionVersion>(&key).await?;
    stored
        .map(|stored| compiled(&stored.entity.file))
        .transpose()
}

/// The pull as it was put down, or a new one.
async fn start(
    desk: &mut Desk<'_>,
    definition: &Arc<Definition>,
    inputs: Inputs,
) -> Result<Result<Pull, Failure>, HandleError> {
    if let Some(checkpoint) = point::kept(desk).await? {
        let resumed = Pull::resume(definition.clone(), inputs.clone(), checkpoint, []);
        if let Ok(mut pull) = resumed
            && let Some(held) = point::held(desk).await?
        {
            desk.each_seen(|hash| pull.recall(hash)).await?;
            held.into_iter().for_each(|user| pull.hold(user));
            return Ok(Ok(pull));
        }
        tracing::info!("a checkpoint does not fit any more: the list is read anew");
    }
    desk.start_over();
    let pull = Pull::start(definition.clone(), inputs);
    Ok(pull.map_err(|mistakes| failure_of(Class::Shape, in_lines(&mistakes))))
}

async fn fly(shelf: Shelf, request: Box<PlannedRequest>) -> Landed {
    let (outcome, kept) = shelf.ask(&request).await;
    (request.id, outcome, kept)
}

impl Reading<'_, '_> {
    /// True if the list was read to its end; false if the worker is done with the sync for now.
    async fn run(mut self) -> Result<bool, HandleError> {
        loop {
            let now = self.desk.ports.clock.now();
            match self.pull.step(now) {
                Step::Send(request) if request.wait.least > longest_sleep(&request) => {
                    self.parked.push(*request);
                }
                Step::Send(request) => self.send(request),
                Step::Users(batch) => self.users(*batch).await?,
                Step::Await => match self.flights.next().await {
                    Some(landed) => self.land(landed),
                    None => self.stay(),
                },
                Step::Done(certificate) => return self.ended(*certificate).await,
            }
            if self.kept.len() >= KEPT_AT_ONCE {
                self.shelve().await?;
            }
            if self.put_down().await? {
                return Ok(false);
            }
        }
    }

    fn send(&mut self, request: Box<PlannedRequest>) {
        let flight = fly(self.shelf.clone(), request);
        self.flights.push(Box::pin(flight));
    }

    fn land(&mut self, (id, outcome, kept): Landed) {
        let now = self.desk.ports.clock.now();
        let is_read = self.pull.receive(id, outcome, now);
        self.kept.extend(kept.filter(|_| is_read));
        self.has_landed = true;
    }

    /// Puts down the details that were read.
    async fn shelve(&mut self) -> Result<(), HandleError> {
        let kept = std::mem::take(&mut self.kept);
        self.desk.commit(kept, Vec::new()).await
    }

    fn should_leave(&self) -> bool {
        self.has_landed && self.desk.should_leave()
    }

    /// Compares and writes a page while the next one is on its way. Not if it is time to put down how far it has come: that
    /// is possible only before the next page is there.
    async fn users(&mut self, batch: Batch) -> Result<(), HandleError> {
        let puts_down = !self.parked.is_empty() || self.should_leave() || self.desk.should_keep();
        let whys = whys(&batch, &*self.reader);
        let taking = Box::pin(take(self.desk, batch, whys));
        let (taken, landed) = if puts_down {
            (taking.await, None)
        } else {
            join(taking, self.flights.next()).await
        };
        if let Some(landed) = landed {
            self.land(landed);
        }
        match taken {
            Ok(()) => Ok(()),
            Err(Stop::Handle(error)) => Err(error),
            Err(Stop::Fail(failure)) => {
                self.pull.abandon(*failure);
                Ok(())
            }
        }
    }

    /// Nothing is under way: what was parked is waited for here, if it could not be put down.
    fn stay(&mut self) {
        if !self.parked.is_empty() && self.pull.checkpoint().is_some() {
            return;
        }
        match self.parked.pop() {
            Some(request) if request.wait.least <= LONGEST_STAY => self.send(Box::new(request)),
            Some(request) => self.pull.abandon(asks_to_wait(&request)),
            None => {
                let why = "a request was lost within Sando";
                self.pull.abandon(failure_of(Class::RemoteDown, why));
            }
        }
    }

    /// Puts down how far it has come, when it is time for that; true if the worker leaves.
    async fn put_down(&mut self) -> Result<bool, HandleError> {
        let leaves = self.should_leave();
        if self.parked.is_empty() && !leaves && !self.desk.should_keep() {
            return Ok(false);
        }
        self.pull.sent_besides(self.reader.tokens_sent());
        let Some(checkpoint) = self.pull.checkpoint() else {
            self.desk.renew().await?;
            return Ok(false);
        };
        let now = self.desk.ports.clock.now();
        self.shelve().await?;
        let waits = self.parked.iter().map(|request| request.wait.least).max();
        if (leaves || waits.is_some()) && self.gets_nowhere() {
            self.give_up();
            return Ok(false);
        }
        let hand_on = match waits {
            Some(wait) => now.checked_add(wait).ok(),
            None => leaves.then_some(now),
        };
        match self.keep_point(checkpoint).await? {
            true => self.desk.keep(hand_on).await?,
            false if hand_on.is_none() => {
                self.desk.renew().await?;
                return Ok(false);
            }
            false => {
                let why = "what is read has to be united and is too much to be continued later";
                self.pull.abandon(failure_of(Class::Shape, why));
                return Ok(false);
            }
        }
        Ok(hand_on.is_some())
    }

    /// An application is given up that makes every request wait, or answers nothing usable in several turns: how often a
    /// request was tried is not part of a checkpoint.
    fn gets_nowhere(&mut self) -> bool {
        let far = self.pull.progress();
        let sync = &mut self.desk.sync.entity;
        sync.waits = if far > sync.waited_at {
            1
        } else {
            sync.waits.saturating_add(1)
        };
        sync.waited_at = sync.waited_at.max(far);
        sync.waits > MOST_RETRIES
    }

    fn give_up(&mut self) {
        let why = "nothing that can be used came of it, however often it was tried";
        let failure = match self.parked.first() {
            Some(request) => asks_to_wait(request),
            None => failure_of(Class::RemoteDown, why),
        };
        let failure = match self.pull.joining() {
            Some(name) => of_join(name, failure),
            None => failure,
        };
        self.parked.clear();
        self.pull.abandon(failure);
    }

    /// Keeps a checkpoint, and who is held beside it; false if that is too much.
    async fn keep_point(&mut self, checkpoint: Checkpoint) -> Result<bool, HandleError> {
        if self.pull.held() > MOST_HELD || !point::keep(self.desk, checkpoint).await? {
            return Ok(false);
        }
        let held = self.pull.take_held();
        point::keep_held(self.desk, &held).await?;
        Ok(true)
    }

    async fn ended(mut self, certificate: Certificate) -> Result<bool, HandleError> {
        self.shelve().await?;
        if self.pull.lost_its_place() && !self.desk.sync.entity.begun_anew {
            self.desk.start_over();
            self.desk.sync.entity.begun_anew = true;
            let now = self.desk.ports.clock.now();
            self.desk.keep(Some(now)).await?;
            return Ok(false);
        }
        let mut certificate = self.masked(certificate);
        let besides = self.reader.tokens_sent();
        certificate.requests = certificate.requests.saturating_add(besides);
        let failure = certificate.failure.clone();
        let is_complete = certificate.complete;
        self.desk.sync.entity.certificate = Some(certificate);
        if is_complete {
            self.desk.sync.entity.point = None;
            self.desk.sync.entity.phase = Phase::Compare { cursor: None };
            self.desk.keep(None).await?;
            return Ok(true);
        }
        let usual = || failure_of(Class::Shape, "the list was not read to its end");
        settle::fail(self.desk, failure.unwrap_or_else(usual)).await?;
        Ok(false)
    }

    /// Without secrets, and small enough to be kept.
    fn masked(&self, mut certificate: Certificate) -> Certificate {
        certificate.mask(&|text| self.reader.mask(text));
        let size = serde_json::to_string(&certificate).map_or(usize::MAX, |text| text.len());
        if size > LARGEST_CERTIFICATE {
            certificate.listings.clear();
            certificate.warnings.clear();
            certificate.left_out.clear();
        }
        certificate
    }
}

/// Why users are what they are, without any secret.
fn whys(batch: &Batch, reader: &dyn Reader) -> HashMap<IdHash, Vec<String>> {
    let mask = |text: &str| reader.mask(text);
    let explained = batch.explained.iter().filter_map(|explanation| {
        let user = &explanation.user.as_ref()?.user;
        let why = explanation.why(&mask).into_iter().take(MOST_SENTENCES);
        let cut = why.map(|text| text.chars().take(LONGEST_SENTENCE).collect());
        Some((IdHash::of(&user.external_id), cut.collect()))
    });
    explained.collect()
}

/// Compares users with what is kept of them, and writes what differs.
async fn take(
    desk: &mut Desk<'_>,
    batch: Batch,
    mut whys: HashMap<IdHash, Vec<String>>,
) -> Result<(), Stop> {
    batch.users.iter().for_each(|user| desk.shape.count(user));
    for dropped in &batch.dropped {
        desk.shape.count_dropped(dropped);
    }
    let mut users = batch.users.into_iter().peekable();
    while users.peek().is_some() {
        let portion: Vec<MappedUser> = users.by_ref().take(AT_ONCE).collect();
        let ids: Vec<IdHash> = portion
            .iter()
            .map(|mapped| IdHash::of(&mapped.user.external_id))
            .collect();
        let roster = &desk.sync.entity.roster;
        let keys: Vec<Key> = ids
            .iter()
            .map(|id| Key::Entry(roster.clone(), *id))
            .collect();
        let stored = desk.get_all(&keys).await?;
        let comparing = desk.comparing();
        let mut writes = Vec::new();
        for (((mapped, id), key), stored) in portion.into_iter().zip(ids).zip(keys).zip(stored) {
            let entry: Option<Loaded<Entry>> = stored
                .map(|stored| stored.read())
                .transpose()
                .map_err(HandleError::from)?;
            let why = whys.remove(&id).unwrap_or_default();
            let found = seen(
                entry.as_ref().map(|entry| &entry.entity),
                mapped,
                why,
                &comparing,
            );
            let version = entry.map_or(Version::ABSENT, |entry| entry.version);
            writes.push((found.write, key, version));
            count(
                desk,
                found.change,
                found.loss.as_ref().map(|loss| &loss.lost),
            );
            if let Some(loss) = found.loss {
                desk.loses(loss);
            }
        }
        desk.write(writes).await?;
    }
    desk.saw(batch.seen);
    Ok(())
}

fn count(desk: &mut Desk<'_>, change: Change, lost: Option<&Lost>) {
    let counts = &mut desk.counts;
    let of_change = match change {
        Change::New => &mut counts.new,
        Change::Changed => &mut counts.changed,
        Change::Unchanged => &mut counts.unchanged,
    };
    *of_change = of_change.saturating_add(1);
    let of_loss = match lost {
        Some(Lost::Inactive) => &mut counts.inactive,
        Some(Lost::Licenses(_)) => &mut counts.lost_license,
        Some(Lost::Vanished) | None => return,
    };
    *of_loss = of_loss.saturating_add(1);
}

fn asks_to_wait(request: &PlannedRequest) -> Failure {
    let secs = request.wait.least.as_secs();
    Failure {
        purpose: request.purpose.clone(),
        ..failure_of(
            Class::Quota,
            format!("the application asks to wait {secs} s, again and again"),
        )
    }
}

/// How long a request may be waited for without putting the sync down.
fn longest_sleep(request: &PlannedRequest) -> Duration {
    match request.purpose {
        Purpose::Join { .. } => LONGEST_JOIN_SLEEP,
        _ => LONGEST_SLEEP,
    }
}

/// What to do about a joined list that never ends in one turn.
fn of_join(name: &str, failure: Failure) -> Failure {
    const TO_DO: &str = "a joined list has to be read in one turn of 10 minutes: ask for larger pages or fewer items, or set \
         `limits.requests_per_second` to what the application allows";
    Failure {
        purpose: Purpose::Join {
            name: name.to_owned(),
        },
        message: format!("{}; {TO_DO}", failure.message),
        ..failure
    }
}

/// The list of users failed without an answer.
pub(super) fn failure_of(class: Class, message: impl Into<String>) -> Failure {
    Failure::new(class, Purpose::Users { of: String::new() }, message)
}
