//! Everything of Sando in one process: adapters, workers, schedule.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use jiff::SignedDuration;
use sando_core::account::Account;
use sando_core::admin::settings::LeverSecrets;
use sando_core::admin::{self, AdminError, Expect};
use sando_core::audit::Cause;
use sando_core::changes::Origin;
use sando_core::event::EventMessage;
use sando_core::handle;
use sando_core::ids::Slug;
use sando_core::ports::{EventsQueue, Lever, Notifier, Ports, RemoteError, Secrets, Sent, Tokens};
use sando_core::retention::kept_since;
use sando_core::store::{Key, Store, StoreError};
use sando_core::sync::{Sync, SyncState};
use sando_infra::applications::RemoteApplications;
use sando_infra::budget::{Budget, Rate};
use sando_infra::dynamo::{DynamoStore, Embedded, Tables};
use sando_infra::folder::FolderNotifier;
use sando_infra::http::{Guard, GuardedClient};
use sando_infra::lever::{LeverClient, LeverSettings};
use sando_infra::notify::{Besides, PostOffice};
use sando_infra::oidc::ProviderTokens;
use sando_infra::queue::{LocalQueue, LocalWork};
use sando_infra::reading::AccountReaders;
use sando_infra::secrets::FileSecrets;
use sando_infra::system::{SystemChance, SystemClock};
use sando_webhook::Webhook;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::config::Config;
use crate::data_dir::DataDir;

/// How many pieces of work are under way at once.
const WORKERS: usize = 16;
/// How many messages of the queue `events` are taken at once.
const BATCH: usize = 10;
/// How long a message is hidden from others while it is being stored.
const HIDDEN: Duration = Duration::from_secs(30);
/// How often a message is tried before it is put aside.
const RECEIVES: u32 = 10;
/// What was due this long ago and was not worked on has lost its message.
const GRACE: SignedDuration = SignedDuration::from_secs(2);

/// Everything of Sando in one process.
pub struct Engine {
    /// What handlers work with.
    pub ports: Ports,
    /// Credentials.
    pub secrets: Arc<dyn Secrets>,
    /// Who verifies tokens of an OpenID Connect provider.
    pub tokens: Arc<dyn Tokens>,
    /// The webhook function.
    pub webhook: Webhook,
    database: Embedded,
    told: FolderNotifier,
    events: Arc<Events>,
    work: Arc<LocalWork>,
}

/// The queue `events` as the webhook function sees it.
struct Events(LocalQueue);

#[async_trait]
impl EventsQueue for Events {
    async fn send(&self, message: &EventMessage) -> Result<(), RemoteError> {
        let failed = |why: String| RemoteError::NoAnswer {
            remote: "events".to_owned(),
            why,
            sent: Sent::Perhaps,
        };
        let body = serde_json::to_string(message).map_err(|error| failed(error.to_string()))?;
        self.0
            .send(body, Duration::ZERO)
            .await
            .map_err(|error| failed(error.to_string()))
    }
}

impl Engine {
    /// Opens everything in the data folder.
    ///
    /// # Errors
    /// If something cannot be opened; the message says what to do.
    pub async fn open(config: &Config, data: &DataDir) -> anyhow::Result<Self> {
        let secrets = Arc::new(FileSecrets::open(&data.key_file(), &data.secrets_file())?);
        let database = Embedded::open(&data.database()).context("the database cannot be opened")?;
        let tables = Tables::local();
        tables
            .create(&database.client())
            .await
            .context("the tables cannot be made")?;
        let clock = Arc::new(SystemClock);
        let store = Arc::new(DynamoStore::new(database.client(), tables.clone()));
        let http = GuardedClient::new(Guard {
            allow_loopback: config.allow_loopback,
            ..Guard::default()
        })?;
        let lever = lever(config, &http, &secrets, store.clone())?;
        let work = Arc::new(LocalWork::new());
        let queue = LocalQueue::new(database.client(), &tables.queue, clock.clone(), RECEIVES);
        let events = Arc::new(Events(queue));
        let tokens = &config.lever_signing_tokens;
        let webhook = Webhook::new(
            tokens,
            secrets.clone(),
            events.clone(),
            clock.clone(),
            config.lever_max_age,
        );
        let apps =
            RemoteApplications::new(http.clone(), secrets.clone(), store.clone(), clock.clone());
        let ports = Ports {
            work: work.clone(),
            lever,
            readers: Arc::new(AccountReaders {
                http: http.clone(),
                secrets: secrets.clone(),
                store: store.clone(),
                keys: secrets.clone(),
                clock: clock.clone(),
            }),
            apps: Arc::new(apps.keeping_tokens(store.clone(), secrets.clone())),
            notifier: post_office(config, data, &http, &secrets, store.clone()),
            store,
            keys: secrets.clone(),
            clock,
            chance: Arc::new(SystemChance),
        };
        connect_lever(config, &ports, &*secrets).await?;
        free_syncs(&ports).await?;
        Ok(Self {
            ports,
            secrets,
            tokens: Arc::new(ProviderTokens::new(http)),
            webhook,
            database,
            told: FolderNotifier::new(data.notifications()),
            events,
            work,
        })
    }

    /// Works until told to stop: what has begun is finished, nothing new is begun.
    pub async fn run(self: Arc<Self>, stop: watch::Receiver<bool>) {
        let mut tasks = JoinSet::new();
        tasks.spawn(self.clone().take_in(stop.clone()));
        tasks.spawn(self.clone().tick(stop.clone()));
        tasks.spawn(self.clone().every_minute(stop.clone()));
        for _ in 0..WORKERS {
            tasks.spawn(self.clone().work());
        }
        let mut stop = stop;
        let _ = stop.wait_for(|stop| *stop).await;
        self.work.close();
        while tasks.join_next().await.is_some() {}
    }

    /// The consumer of `events`: stores each delivery, and only then lets the message go.
    async fn take_in(self: Arc<Self>, stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.events.0.receive(BATCH, HIDDEN).await {
                Ok(messages) if messages.is_empty() => {
                    self.events.0.wait(Duration::from_millis(500)).await
                }
                Ok(messages) => {
                    for message in messages {
                        self.take_in_one(&message).await;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "the queue `events` cannot be read");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    async fn take_in_one(&self, message: &sando_infra::queue::Received) {
        let Ok(told) = serde_json::from_str::<EventMessage>(&message.body) else {
            // It comes again until it is put aside, where somebody can look at it.
            tracing::error!(
                receives = message.receive_count,
                "a message of `events` cannot be read"
            );
            return;
        };
        let done = handle::inbox::take_in(&self.ports, told).await;
        let gone = match done {
            Ok(()) => self
                .events
                .0
                .delete(&message.receipt)
                .await
                .map_err(anyhow::Error::from),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = gone {
            tracing::error!(error = %format_args!("{error:#}"), "a delivery could not be stored: it comes again");
        }
    }

    async fn work(self: Arc<Self>) {
        while let Some(message) = self.work.next().await {
            if let Err(error) = handle::work(&self.ports, &message).await {
                let error = anyhow::Error::from(error);
                tracing::error!(key = ?message.key, error = %format_args!("{error:#}"), "work failed: it is found again");
            }
        }
    }

    /// Every second: finds what is due and has lost its message.
    async fn tick(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = second.tick() => {}
                _ = stop.changed() => return,
            }
            if let Err(error) = handle::tick::tick(&self.ports, GRACE).await {
                tracing::error!(%error, "the schedule could not look for what is due");
            }
        }
    }

    async fn count(&self) -> Result<(), AdminError> {
        let accounts = admin::accounts::all(&self.ports).await?;
        let accounts: Vec<Account> = accounts.into_iter().map(|one| one.entity).collect();
        Ok(handle::count::daily(&self.ports, &accounts).await?)
    }

    /// Every minute: takes a checkpoint of the audit, counts what is counted once a day, and forgets what has outlived
    /// its time, as DynamoDB does by itself.
    async fn every_minute(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut minute = tokio::time::interval(Duration::from_mins(1));
        for number in 0_u64.. {
            tokio::select! {
                _ = minute.tick() => {}
                _ = stop.changed() => return,
            }
            if let Err(error) = handle::checkpoint::take(&self.ports).await {
                let error = anyhow::Error::from(error);
                tracing::error!(error = %format_args!("{error:#}"), "no checkpoint of the audit could be taken: the next one covers it");
            }
            if let Err(error) = handle::retention::begin(&self.ports).await {
                tracing::error!(%error, "deleting what was kept for long enough could not begin");
            }
            if let Err(error) = self.count().await {
                tracing::error!(%error, "what is counted once a day was not: the next minute does it");
            }
            if let Err(error) = self.database.forget_expired().await {
                tracing::error!(%error, "what has expired could not be forgotten");
            }
            if number.is_multiple_of(60) {
                self.forget_told().await;
            }
        }
    }

    /// What people were told lies in a folder for as long as letters are kept.
    async fn forget_told(&self) {
        let settings = match handle::load::settings(&self.ports).await {
            Ok(settings) => settings,
            Err(error) => {
                tracing::error!(%error, "for how long letters are kept cannot be read");
                return;
            }
        };
        let days = settings.retention.letters_days;
        let moment = kept_since(self.ports.clock.now(), days);
        if let Err(error) = self.told.forget_before(moment).await {
            tracing::error!(%error, "what people were told could not be deleted");
        }
    }
}

/// Tells people by what the settings name, and keeps what was told in a folder.
fn post_office(
    config: &Config,
    data: &DataDir,
    http: &GuardedClient,
    secrets: &Arc<FileSecrets>,
    store: Arc<dyn Store>,
) -> Arc<dyn Notifier> {
    Arc::new(PostOffice {
        besides: Besides::Kept(Arc::new(FolderNotifier::new(data.notifications()))),
        store,
        secrets: secrets.clone(),
        http: http.clone(),
        allow_loopback: config.allow_loopback,
    })
}

/// Lever's client, with the budget that all of its calls share.
fn lever(
    config: &Config,
    http: &GuardedClient,
    secrets: &Arc<FileSecrets>,
    store: Arc<dyn Store>,
) -> anyhow::Result<Arc<dyn Lever>> {
    let rate = Rate::per_second(config.lever_requests_per_second);
    let clock = Arc::new(SystemClock);
    let budget = Budget::new(store, clock.clone(), Slug::parse("lever")?, rate);
    let base_url = config.lever_api_url.parse();
    Ok(Arc::new(LeverClient::new(LeverSettings {
        base_url: base_url.context("SANDO_LEVER_API_URL is no URL")?,
        http: http.clone(),
        secrets: secrets.clone(),
        budget: Arc::new(budget),
        clock,
    })))
}

/// Whoever worked on this folder before has ended, perhaps in the middle of a sync: it goes on now, and not only when its
/// lease, the longest there is, has ended.
async fn free_syncs(ports: &Ports) -> Result<(), AdminError> {
    let now = ports.clock.now();
    for account in admin::accounts::all(ports).await? {
        let Account {
            roster, syncing, ..
        } = account.entity;
        let Some(number) = syncing else { continue };
        let key = Key::Sync(roster, number);
        let Some(sync) = ports.store.find::<Sync>(&key).await? else {
            continue;
        };
        // One that waits for an application is due later by itself.
        if sync.entity.state == SyncState::Running && sync.entity.look_at <= now {
            match ports.store.claim(&key, sync.version, now).await {
                Ok(_) | Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// The API key of the environment counts: it is kept where the client reads it. The first one connects Lever.
async fn connect_lever(
    config: &Config,
    ports: &Ports,
    secrets: &dyn Secrets,
) -> anyhow::Result<()> {
    let Some(key) = &config.lever_api_key else {
        return Ok(());
    };
    let known = secrets.read("lever", true).await?.unwrap_or_default();
    if known.credentials.get("api_key") == Some(key) {
        return Ok(());
    }
    let who = Origin {
        actor: "environment".to_owned(),
        cause: Cause::of("start", "SANDO_LEVER_API_KEY"),
        correlation_id: "start".to_owned(),
        at: ports.clock.now(),
    };
    let (settings, _) = admin::settings::current(ports).await?;
    let lever = LeverSecrets {
        api_key: Some(key.clone()),
        registrations: None,
    };
    admin::settings::put(ports, secrets, &who, settings, &lever, &Expect::Anything).await?;
    Ok(())
}
