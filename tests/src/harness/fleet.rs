//! Several processes at once in real time, over one database in memory, and what their store has to do.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sando_core::audit::{Record, StreamId};
use sando_core::handle::{self, tick::tick};
use sando_core::ports::{Ports, WorkMessage, WorkQueue};
use sando_core::store::{
    Commit, DueEntry, Group, Key, Page, PageRequest, Query, Store, StoreError, Stored, Version,
};
use sando_infra::budget::Rate;
use sando_infra::dynamo::{DynamoStore, Embedded, Tables};
use sando_infra::secrets::FileSecrets;
use sando_infra::system::SystemClock;
use tempfile::TempDir;

use super::machine::{Base, ports};
use super::{Doom, SecretMeter, Site};

/// Several processes on one database.
pub struct Fleet {
    /// The ports of each process.
    pub processes: Vec<Ports>,
    /// What the store had to do.
    pub meter: Arc<Meter>,
    queue: Arc<RealQueue>,
    _folder: TempDir,
}

impl Fleet {
    /// So many processes, each with clients and a budget of its own.
    pub async fn start(site: &Site, processes: usize, rate: Rate) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path();
        let secrets = FileSecrets::open(&path.join("key"), &path.join("secrets"))
            .expect("secrets can be opened");
        let secrets = Arc::new(secrets);
        site.give_credentials(&*secrets).await;
        let database = Embedded::memory().expect("there is memory");
        let tables = Tables::local();
        tables
            .create(&database.client())
            .await
            .expect("tables can be made");
        let meter = Arc::new(Meter {
            store: DynamoStore::new(database.client(), tables),
            done: Mutex::default(),
        });
        let store: Arc<dyn Store> = meter.clone();
        let puts = site.configuration();
        let commit = Commit {
            puts,
            ..Commit::default()
        };
        store
            .commit(&commit)
            .await
            .expect("the configuration can be put");
        let base = Base {
            database: database.clone(),
            store,
            keeper: Arc::new(SecretMeter::over(secrets.clone())),
            secrets,
            folder: path.to_owned(),
        };
        let queue = Arc::new(RealQueue::default());
        let one = || {
            ports(
                site,
                &base,
                Arc::new(SystemClock),
                queue.clone(),
                rate,
                &Doom::never(),
            )
        };
        Self {
            processes: (0..processes).map(|_| one()).collect(),
            meter,
            queue: queue.clone(),
            _folder: folder,
        }
    }

    /// Works with so many workers in every process, until `over`; answers whether that came within the limit.
    pub async fn work(&self, workers: usize, limit: Duration, over: impl Fn() -> bool) -> bool {
        let working = self
            .processes
            .iter()
            .flat_map(|ports| (0..workers).map(move |_| self.worker(ports)));
        let ticking = self
            .processes
            .iter()
            .take(1)
            .map(|ports| self.ticker(ports));
        let all = futures::future::join(
            futures::future::join_all(working),
            futures::future::join_all(ticking),
        );
        tokio::select! {
            _ = all => false,
            came = sando_world::wait_until(limit, async || over()) => came.is_ok(),
        }
    }

    async fn worker(&self, ports: &Ports) {
        loop {
            match self.queue.take() {
                Some(message) => {
                    // What fails is found again when its lease ends.
                    let _ = handle::work(ports, &message).await;
                }
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }

    async fn ticker(&self, ports: &Ports) {
        loop {
            let _ = tick(ports, SignedDuration::from_secs(5)).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// Messages that are delivered in real time.
#[derive(Default)]
struct RealQueue(Mutex<Vec<(Instant, WorkMessage)>>);

impl RealQueue {
    fn take(&self) -> Option<WorkMessage> {
        let now = Instant::now();
        let mut messages = self
            .0
            .lock()
            .expect("no test panics with the queue in hand");
        let place = messages.iter().position(|(at, _)| *at <= now)?;
        Some(messages.remove(place).1)
    }
}

#[async_trait]
impl WorkQueue for RealQueue {
    async fn send(&self, message: WorkMessage, delay: Duration) {
        let mut messages = self
            .0
            .lock()
            .expect("no test panics with the queue in hand");
        messages.push((Instant::now() + delay, message));
    }
}

/// What a store had to do of one kind.
#[derive(Clone, Copy, Default, Debug)]
pub struct Done {
    /// How often.
    pub calls: u64,
    /// For how long, all calls together, waiting included.
    pub time: Duration,
    /// DynamoDB's units for it, without indexes.
    pub units: usize,
    /// How often it was refused: moved, or busy.
    pub refused: u64,
}

/// A store that counts.
pub struct Meter {
    store: DynamoStore,
    done: Mutex<BTreeMap<&'static str, Done>>,
}

impl Meter {
    /// Everything done so far, by kind.
    #[must_use]
    pub fn done(&self) -> BTreeMap<&'static str, Done> {
        self.done
            .lock()
            .expect("nobody panics while counting")
            .clone()
    }

    async fn meter<T>(
        &self,
        kind: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
        units: impl Fn(&T) -> usize,
    ) -> Result<T, StoreError> {
        let began = Instant::now();
        let result = call.await;
        let mut done = self.done.lock().expect("nobody panics while counting");
        let done = done.entry(kind).or_default();
        done.calls += 1;
        done.time += began.elapsed();
        match &result {
            Ok(answer) => done.units += units(answer),
            Err(_) => done.refused += 1,
        }
        result
    }
}

/// Strongly consistent reads: a unit for each 4 KiB begun.
fn read_units(items: &[Stored]) -> usize {
    let size: usize = items.iter().map(|item| item.body.len() + 200).sum();
    size.div_ceil(4096).max(1)
}

/// Transactional writes: two units for each KiB begun of each item.
fn write_units(commit: &Commit) -> usize {
    let of = |size: usize| 2 * (size + 200).div_ceil(1024);
    let puts: usize = commit.puts.iter().map(|put| of(put.body.len())).sum();
    let record = |record: &Record| serde_json::to_string(record).map_or(0, |text| text.len());
    let records: usize = commit.records.iter().map(|one| of(record(one))).sum();
    puts + records + 2 * (commit.checks.len() + commit.deletes.len())
}

#[async_trait]
impl Store for Meter {
    async fn get(&self, key: &Key) -> Result<Option<Stored>, StoreError> {
        let units = |found: &Option<Stored>| {
            found
                .as_slice()
                .len()
                .max(1)
                .max(read_units(found.as_slice()))
        };
        self.meter("get", self.store.get(key), units).await
    }
    async fn group(&self, group: &Group) -> Result<Vec<Stored>, StoreError> {
        let kind = match group {
            Group::Config => "group config",
            _ => "group other",
        };
        self.meter(kind, self.store.group(group), |items| read_units(items))
            .await
    }
    async fn list(&self, query: &Query, page: &PageRequest) -> Result<Page, StoreError> {
        self.meter("list", self.store.list(query, page), |_| 1)
            .await
    }
    async fn due(
        &self,
        shard: u8,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueEntry>, StoreError> {
        self.meter("due", self.store.due(shard, until, limit), |_| 1)
            .await
    }
    async fn claim(
        &self,
        key: &Key,
        seen: Version,
        until: Timestamp,
    ) -> Result<Stored, StoreError> {
        let units = |item: &Stored| (item.body.len() + 200).div_ceil(1024);
        self.meter("claim", self.store.claim(key, seen, until), units)
            .await
    }
    async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let units = |_: &()| write_units(commit);
        self.meter("commit", self.store.commit(commit), units).await
    }
    async fn records(
        &self,
        stream: &StreamId,
        from: u64,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        self.meter("records", self.store.records(stream, from, limit), |_| 1)
            .await
    }
}
