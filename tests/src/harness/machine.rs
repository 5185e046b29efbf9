//! A Sando process: real store on disk, real clients, killed by its doom.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use jiff::{SignedDuration, Timestamp};
use sando_core::event::{Hint, ToldArchive};
use sando_core::handle::{self, tick::tick};
use sando_core::ids::{LeverId, Slug};
use sando_core::ports::{
    Applications, Clock, Lever, NoReaders, Notifier, Ports, Secrets, WorkQueue,
};
use sando_core::store::{Commit, DUE_SHARDS, Key, Store};
use sando_infra::applications::RemoteApplications;
use sando_infra::budget::{Budget, Rate};
use sando_infra::dynamo::{DynamoStore, Embedded, Tables};
use sando_infra::folder::FolderNotifier;
use sando_infra::http::{Guard, GuardedClient};
use sando_infra::lever::{LeverClient, LeverSettings};
use sando_infra::reading::AccountReaders;
use sando_infra::secrets::FileSecrets;
use sando_infra::system::{SystemChance, SystemClock};

use super::doom::{Doom, Doomed};
use super::{SecretMeter, Site, TestClock, TestQueue, loopback_client};

/// A Sando process.
pub struct Machine {
    /// What its handlers work with.
    pub ports: Ports,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// Its queue `work`.
    pub queue: Arc<TestQueue>,
    doom: Arc<Doom>,
    base: Base,
}

/// What outlives a process.
#[derive(Clone)]
pub(super) struct Base {
    pub(super) database: Embedded,
    pub(super) store: Arc<dyn Store>,
    pub(super) secrets: Arc<FileSecrets>,
    /// The same, as clients read it.
    pub(super) keeper: Arc<SecretMeter>,
    pub(super) folder: PathBuf,
}

/// How long nothing may be due before everything counts as settled.
const QUIET: SignedDuration = SignedDuration::from_hours(30);

impl Machine {
    /// Starts a process on a folder. The first one finds the site's configuration put.
    pub async fn start(folder: &Path, site: &Site, clock: Arc<TestClock>, doom: Arc<Doom>) -> Self {
        Self::through(folder, site, clock, doom, Client::clone).await
    }

    /// The same with a client of the database that does something beside.
    pub async fn through(
        folder: &Path,
        site: &Site,
        clock: Arc<TestClock>,
        doom: Arc<Doom>,
        client: impl FnOnce(&Client) -> Client,
    ) -> Self {
        let secrets = FileSecrets::open(&folder.join("key"), &folder.join("secrets"))
            .expect("secrets can be opened");
        let secrets = Arc::new(secrets);
        let database =
            Embedded::open(&folder.join("sando.db")).expect("the database can be opened");
        let tables = Tables::local();
        tables
            .create(&database.client())
            .await
            .expect("tables can be made");
        let client = client(&database.client());
        let store: Arc<dyn Store> = Arc::new(DynamoStore::new(client, tables));
        site.give_credentials(&*secrets).await;
        let puts = site.configuration();
        // There already when the process was started before.
        let _ = store
            .commit(&Commit {
                puts,
                ..Commit::default()
            })
            .await;
        let base = Base {
            database,
            store,
            keeper: Arc::new(SecretMeter::over(secrets.clone())),
            secrets,
            folder: folder.to_owned(),
        };
        Self::on(base, site, clock, doom)
    }

    /// Starts another process on the same open database and under the same clock, with clients of its own.
    #[must_use]
    pub fn another(&self, site: &Site, doom: Arc<Doom>) -> Self {
        Self::on(self.base.clone(), site, self.clock.clone(), doom)
    }

    fn on(base: Base, site: &Site, clock: Arc<TestClock>, doom: Arc<Doom>) -> Self {
        let queue = Arc::new(TestQueue::new(clock.clone()));
        let ports = ports(site, &base, clock.clone(), queue.clone(), PLENTY, &doom);
        Self {
            ports,
            clock,
            queue,
            doom,
            base,
        }
    }

    /// Reads accounts over HTTP from now on, also of this machine; answers where their credentials are kept.
    pub fn read_accounts(&mut self) -> Arc<FileSecrets> {
        self.ports.readers = Arc::new(AccountReaders {
            http: loopback_client(),
            secrets: self.base.keeper.clone(),
            store: self.ports.store.clone(),
            keys: self.ports.keys.clone(),
            clock: Arc::new(SystemClock),
        });
        self.base.secrets.clone()
    }

    /// What counts how often credentials are read.
    #[must_use]
    pub fn keeper(&self) -> &SecretMeter {
        &self.base.keeper
    }

    /// The folder it lives in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.base.folder
    }

    /// Everything that is stored, as the text of a copy of the database: what was deleted is not in it.
    pub async fn everything(&self) -> String {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let copy = folder.path().join("copy");
        let copied = self.base.database.backup(&copy).await;
        copied.expect("the database can be copied");
        let bytes = std::fs::read(&copy).expect("the copy can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A verified webhook reaches the queue `events`, and its consumer; false if the process was killed.
    pub async fn receive(&self, hint: &Hint) -> bool {
        tokio::select! {
            biased;
            () = self.doom.comes() => false,
            done = handle::inbox::receive(&self.ports, hint.clone()) => {
                done.expect("the delivery can be stored");
                true
            }
        }
    }

    /// Works until nothing is due for long; moves the clock to what is due next. False if the process was killed.
    pub async fn settle(&self) -> bool {
        tokio::select! {
            biased;
            () = self.doom.comes() => false,
            () = self.work_until(Timestamp::MAX) => true,
        }
    }

    /// Works on everything that comes due within this time, and lets the time pass.
    pub async fn work_for(&self, time: SignedDuration) {
        let until = self
            .clock
            .now()
            .saturating_add(time)
            .unwrap_or(Timestamp::MAX);
        self.work_until(until).await;
        self.clock.move_to(until);
    }

    /// Works on everything that is due now; the clock stands still.
    pub async fn work_now(&self) {
        loop {
            while let Some(message) = self.queue.take() {
                handle::work(&self.ports, &message)
                    .await
                    .expect("the work can be done");
            }
            tick(&self.ports, SignedDuration::ZERO)
                .await
                .expect("the schedule can look");
            if self.queue.next().is_none_or(|at| at > self.clock.now()) {
                return;
            }
        }
    }

    async fn work_until(&self, until: Timestamp) {
        loop {
            self.work_now().await;
            let settling = until == Timestamp::MAX;
            match self.next_due(settling).await.filter(|at| *at <= until) {
                Some(at) => self.clock.move_to(at),
                None => return,
            }
        }
    }

    /// The next time at which something is due, in the store or by a message. What comes again and again (reading Lever
    /// again, polling it) is nothing to wait for when everything is to settle.
    async fn next_due(&self, settling: bool) -> Option<Timestamp> {
        let until = self
            .clock
            .now()
            .saturating_add(QUIET)
            .unwrap_or(Timestamp::MAX);
        let mut next = self.queue.next();
        for shard in 0..DUE_SHARDS {
            let first = self
                .ports
                .store
                .due(shard, until, 100)
                .await
                .expect("the store can be read");
            let recurs = |key: &Key| matches!(key, Key::Candidacy(_) | Key::CatchUp | Key::Purge);
            let first = first
                .iter()
                .find(|entry| !settling || !recurs(&entry.key))
                .map(|entry| entry.due);
            next = next.into_iter().chain(first).min();
        }
        next.filter(|at| *at <= until)
    }
}

/// A budget that holds nobody up.
const PLENTY: Rate = Rate::per_second(1_000);

/// The ports of a process with clients of its own.
pub(super) fn ports(
    site: &Site,
    base: &Base,
    clock: Arc<dyn Clock>,
    queue: Arc<dyn WorkQueue>,
    rate: Rate,
    doom: &Arc<Doom>,
) -> Ports {
    let (store, secrets) = (base.store.clone(), base.secrets.clone());
    let http = GuardedClient::new(Guard {
        allow_loopback: true,
        ..Guard::default()
    })
    .expect("TLS works");
    let budget = Budget::new(
        store.clone(),
        Arc::new(SystemClock),
        Slug::parse("lever").expect("a slug"),
        rate,
    );
    let lever: Arc<dyn Lever> = Arc::new(LeverClient::new(LeverSettings {
        base_url: site.lever.api_url().parse().expect("a URL"),
        http: http.clone(),
        secrets: base.keeper.clone(),
        budget: Arc::new(budget),
        clock: Arc::new(SystemClock),
    }));
    let keeper: Arc<dyn Secrets> = base.keeper.clone();
    let remote = RemoteApplications::new(http, keeper, store.clone(), Arc::new(SystemClock));
    let remote = remote.usually(PLENTY);
    let apps: Arc<dyn Applications> = Arc::new(remote);
    let notifier: Arc<dyn Notifier> =
        Arc::new(FolderNotifier::new(base.folder.join("notifications")));
    let doom = || doom.clone();
    Ports {
        store: Arc::new(Doomed::<dyn Store> {
            port: store,
            doom: doom(),
        }),
        work: queue,
        lever: Arc::new(Doomed::<dyn Lever> {
            port: lever,
            doom: doom(),
        }),
        apps: Arc::new(Doomed::<dyn Applications> {
            port: apps,
            doom: doom(),
        }),
        readers: Arc::new(NoReaders),
        notifier: Arc::new(Doomed::<dyn Notifier> {
            port: notifier,
            doom: doom(),
        }),
        keys: secrets,
        clock,
        chance: Arc::new(SystemChance),
    }
}

/// A hint as the webhook function makes it.
#[must_use]
pub fn hint(event: &str, opportunity: &str, token: &str, now: Timestamp) -> Hint {
    Hint {
        registration: Slug::parse("default").expect("a slug"),
        token_hash: token.to_owned(),
        event: event.to_owned(),
        triggered_at: now,
        received_at: now,
        opportunity: LeverId::parse(opportunity).expect("an id"),
        content_hash: format!("{event} {opportunity}"),
        archive: ToldArchive::Nothing,
    }
}
