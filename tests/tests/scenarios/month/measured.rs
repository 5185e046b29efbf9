//! What single pieces of work need.

use std::fmt;
use std::ops::{Add, Sub};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use jiff::SignedDuration;
use sando_core::admin::{Expect, accounts, definitions};
use sando_core::audit::{Cause, StreamId};
use sando_core::changes::{Changes, Line, Origin};
use sando_core::handle::{self, Worked, catch_up, ledger};
use sando_core::ids::{LeverId, Slug};
use sando_core::ports::{Anchors, KeyWrap, RemoteError, WorkMessage};
use sando_core::store::Key;
use sando_infra::secrets::FileSecrets;
use sando_schedule::Schedule;
use sando_tests::harness::{Scene, SiteOptions, UnitMeter, Units, engineer};
use sando_world::SaasApp;
use sando_world::saas::{List, Paging};
use serde_json::json;

use super::prices;

/// What a piece of work needs.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Work {
    /// Of DynamoDB.
    pub(super) units: Units,
    /// Messages sent.
    pub(super) messages: f64,
    /// Calls of Lever and of applications.
    pub(super) remote: f64,
    /// Keys wrapped or unwrapped.
    pub(super) keys: f64,
    /// Calls of the keeper of secrets, by invocations that know none yet.
    pub(super) secrets: f64,
    /// Checkpoints put.
    pub(super) objects: f64,
    /// Invocations.
    pub(super) begun: f64,
}

impl Work {
    fn by(self, other: Self, each: impl Fn(f64, f64) -> f64) -> Self {
        Self {
            units: Units {
                reads: each(self.units.reads, other.units.reads),
                writes: each(self.units.writes, other.units.writes),
                calls: each(self.units.calls, other.units.calls),
                items: each(self.units.items, other.units.items),
            },
            messages: each(self.messages, other.messages),
            remote: each(self.remote, other.remote),
            keys: each(self.keys, other.keys),
            secrets: each(self.secrets, other.secrets),
            objects: each(self.objects, other.objects),
            begun: each(self.begun, other.begun),
        }
    }

    pub(super) fn times(self, times: f64) -> Self {
        self.by(self, |one, _| one * times)
    }

    /// What DynamoDB takes for it, in dollars.
    pub(super) fn database_dollars(self) -> f64 {
        (self.units.writes * prices::WRITES + self.units.reads * prices::READS) / 1e6
    }
}

impl Add for Work {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.by(other, |one, other| one + other)
    }
}

impl Sub for Work {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self.by(other, |one, other| one - other)
    }
}

/// What each kind of work needs.
pub(super) struct Measured {
    /// A minute in which nothing happened, on average over those in which accounts are looked at and those in which not.
    pub(super) tick: Work,
    /// What a minute needs more in which something happened.
    pub(super) checkpoint: Work,
    /// From two webhooks to the note, with three applications.
    pub(super) hire: Work,
    /// From the termination to the note.
    pub(super) leaver: Work,
    /// A webhook about somebody who is not hired.
    pub(super) candidate: Work,
    /// An offer read again.
    pub(super) offer: Work,
    /// A poll of Lever.
    pub(super) poll: Work,
    /// A sync without users.
    pub(super) sync: Work,
    /// A user of a sync in whom nothing differs.
    pub(super) user: Work,
    /// What a user costs more who is new or differs.
    pub(super) change: Work,
}

/// How many are measured of what differs from one to another.
const SAMPLE: u32 = 10;
/// The users of the smaller and of the larger account.
const USERS: [usize; 2] = [100, 1_100];

impl Measured {
    pub(super) async fn now() -> Self {
        let desk = Desk::start().await;
        let [small, large] = USERS;
        let first = desk.connect("small", small).await;
        desk.connect("large", large).await;
        let sync_small = desk.sync("small").await;
        let sync_large = desk.sync("large").await;
        let more = 1.0 / f64::from(u32::try_from(large - small).unwrap());
        let user = (sync_large - sync_small).times(more);
        let users = f64::from(u32::try_from(small).unwrap());
        for number in 0..38 {
            desk.connect(&format!("empty-{number}"), 1).await;
        }
        let mut ids = Vec::new();
        let hire = desk.hires(&mut ids).await;
        let offer = desk.offers(&ids).await;
        let leaver = desk.leavers(&ids).await;
        let candidate = desk.candidates().await;
        let poll = desk.poll().await;
        desk.minute().await;
        let tick = desk.quiet_minute().await;
        desk.minute().await;
        desk.happens().await;
        let checkpoint = desk.minutes(1).await - tick;
        Self {
            tick,
            checkpoint,
            hire,
            leaver,
            candidate,
            offer,
            poll,
            sync: sync_small - user.times(users),
            user,
            change: (first - sync_small).times(1.0 / users),
        }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:32} {:>9} {:>9} {:>9} {:>9} {:>7} {:>7} {:>17}",
            "each", "writes", "reads", "messages", "remote", "keys", "secrets", "database $ / 1000"
        )?;
        let works = [
            ("minute", self.tick),
            ("busy minute, beside", self.checkpoint),
            ("hire", self.hire),
            ("leaver", self.leaver),
            ("webhook about a candidate", self.candidate),
            ("offer read again", self.offer),
            ("poll of Lever", self.poll),
            ("sync", self.sync),
            ("user of a sync", self.user),
            ("user who differs, beside", self.change),
        ];
        for (what, work) in works {
            writeln!(
                f,
                "{what:32} {:9.2} {:9.2} {:9.2} {:9.2} {:7.2} {:7.2} {:17.4}",
                work.units.writes,
                work.units.reads,
                work.messages,
                work.remote,
                work.keys,
                work.secrets,
                work.database_dollars() * 1e3
            )?;
        }
        Ok(())
    }
}

/// A whole Sando whose needs are counted.
struct Desk {
    scene: Scene,
    app: SaasApp,
    meter: UnitMeter,
    counts: Arc<Counts>,
    secrets: Arc<FileSecrets>,
}

#[derive(Default)]
struct Counts {
    messages: AtomicU32,
    keys: AtomicU32,
    objects: AtomicU32,
}

fn one_more(count: &AtomicU32) {
    count.fetch_add(1, Ordering::Relaxed);
}

fn number(count: &AtomicU32) -> f64 {
    f64::from(count.load(Ordering::Relaxed))
}

struct CountedKeys(Arc<dyn KeyWrap>, Arc<Counts>);

#[async_trait]
impl KeyWrap for CountedKeys {
    async fn wrap(&self, key: &[u8]) -> Result<Vec<u8>, RemoteError> {
        one_more(&self.1.keys);
        self.0.wrap(key).await
    }
    async fn unwrap(&self, wrapped: &[u8]) -> Result<Vec<u8>, RemoteError> {
        one_more(&self.1.keys);
        self.0.unwrap(wrapped).await
    }
}

struct CountedAnchors(Arc<Counts>);

#[async_trait]
impl Anchors for CountedAnchors {
    async fn keep(&self, _: &str, _: String) -> Result<(), RemoteError> {
        one_more(&self.0.objects);
        Ok(())
    }
}

fn slug(text: &str) -> Slug {
    Slug::parse(text).unwrap()
}

impl Desk {
    async fn start() -> Self {
        let (meter, counts) = (UnitMeter::default(), Arc::new(Counts::default()));
        let on = meter.clone();
        let mut scene = Scene::through(SiteOptions::default(), move |client| on.on(client)).await;
        let ports = &mut scene.machine.ports;
        ports.keys = Arc::new(CountedKeys(ports.keys.clone(), counts.clone()));
        let secrets = scene.machine.read_accounts();
        let app = SaasApp::start().await.unwrap();
        Self {
            scene,
            app,
            meter,
            counts,
            secrets,
        }
    }

    fn so_far(&self) -> Work {
        let site = &self.scene.site;
        let traffic = [
            site.lever.traffic(),
            site.mail.traffic(),
            site.design.traffic(),
            site.wiki.traffic(),
            self.app.traffic(),
        ];
        let remote = traffic
            .iter()
            .map(|one| u32::try_from(one.requests()).unwrap())
            .sum::<u32>();
        Work {
            units: self.meter.units(),
            messages: number(&self.counts.messages),
            remote: f64::from(remote),
            keys: number(&self.counts.keys),
            secrets: f64::from(self.scene.machine.keeper().calls()),
            objects: number(&self.counts.objects),
            begun: number(&self.counts.messages),
        }
    }

    fn who(&self) -> Origin {
        Origin {
            actor: "local-admin".to_owned(),
            ..Origin::sando(Cause::of("api", "month"), "month", self.scene.now())
        }
    }

    /// A message came, and an invocation begins.
    fn begin(&self) {
        one_more(&self.counts.messages);
        self.scene.machine.keeper().begin();
    }

    /// Works on every message, also on those that are not for now; what comes later is the schedule's business.
    async fn drain(&self) {
        let machine = &self.scene.machine;
        while let Some(at) = machine.queue.next() {
            machine.clock.move_to(at);
            while let Some(message) = machine.queue.take() {
                self.begin();
                handle::work(&machine.ports, &message).await.unwrap();
            }
        }
    }

    /// Works on something as if its time had come.
    async fn work_on(&self, key: Key) {
        let ports = &self.scene.machine.ports;
        let version = ports.store.get(&key).await.unwrap().unwrap().version;
        self.begin();
        let worked = handle::work(ports, &WorkMessage { key, version }).await;
        assert_eq!(worked.unwrap(), Worked::Done);
        self.drain().await;
    }

    /// Connects an account with so many users, and syncs it for the first time.
    async fn connect(&self, name: &str, users: usize) -> Work {
        let path = format!("/{name}");
        self.app.list(
            &path,
            List::of(List::users(users))
                .paged(Paging::offset())
                .at_most(200),
        );
        let ports = &self.scene.machine.ports;
        let (id, file) = (
            slug(name),
            json!({
                "definition": name, "app": "acme", "base_url": self.app.base_url(), "auth": { "type": "none" },
                "users": { "path": path, "pagination": { "type": "offset", "size": 200 } },
                "map": { "external_id": "id", "email": "email", "full_name": "name" },
                "status": { "active_when": [{ "path": "state", "op": "is", "value": "active" }] },
            }),
        );
        definitions::put(ports, &self.who(), &id, file, &Expect::Anything)
            .await
            .unwrap();
        let before = self.so_far();
        let given = accounts::Given::default();
        let of = (&id, &slug("all"));
        accounts::connect(
            ports,
            &*self.secrets,
            &self.who(),
            of,
            &given,
            &Expect::Anything,
        )
        .await
        .unwrap();
        self.drain().await;
        let account = accounts::must_be(ports, &id, &slug("all"))
            .await
            .unwrap()
            .entity;
        assert_eq!(
            account.users,
            u64::try_from(users).unwrap(),
            "{:?}",
            account.last
        );
        self.so_far() - before
    }

    async fn sync(&self, name: &str) -> Work {
        let before = self.so_far();
        let (ports, id) = (&self.scene.machine.ports, slug(name));
        accounts::sync(ports, &self.who(), &id, &slug("all"))
            .await
            .unwrap();
        self.drain().await;
        let account = accounts::must_be(ports, &id, &slug("all"))
            .await
            .unwrap()
            .entity;
        assert_eq!(account.applied, 2);
        self.so_far() - before
    }

    async fn hires(&self, ids: &mut Vec<String>) -> Work {
        let before = self.so_far();
        for number in 0..SAMPLE {
            let candidate =
                engineer(&format!("P{number} Lind")).starting_at(self.scene.in_days(20));
            let hired = self.scene.hire(candidate).opportunity;
            for event in ["candidateHired", "candidateArchiveChange"] {
                self.scene.hear(event, &hired).await;
            }
            self.drain().await;
            assert_eq!(self.scene.site.lever.notes(&hired).len(), 1);
            ids.push(hired);
        }
        (self.so_far() - before).times(1.0 / f64::from(SAMPLE))
    }

    async fn offers(&self, ids: &[String]) -> Work {
        let before = self.so_far();
        for id in ids {
            self.work_on(Key::Candidacy(LeverId::parse(id).unwrap()))
                .await;
        }
        (self.so_far() - before).times(1.0 / f64::from(SAMPLE))
    }

    async fn leavers(&self, ids: &[String]) -> Work {
        let before = self.so_far();
        for id in ids {
            self.scene.terminate(id).await;
            self.drain().await;
        }
        assert_eq!(self.scene.site.active(), [0, 0, 0]);
        (self.so_far() - before).times(1.0 / f64::from(SAMPLE))
    }

    async fn candidates(&self) -> Work {
        let before = self.so_far();
        for number in 0..SAMPLE {
            let candidate = engineer(&format!("C{number} Moss"));
            let ids = self.scene.site.lever.create_candidate(candidate);
            self.scene
                .hear("candidateStageChange", &ids.opportunity)
                .await;
            self.drain().await;
        }
        (self.so_far() - before).times(1.0 / f64::from(SAMPLE))
    }

    async fn poll(&self) -> Work {
        catch_up::begin(&self.scene.machine.ports).await.unwrap();
        self.drain().await;
        self.scene.machine.clock.pass(SignedDuration::from_hours(1));
        let before = self.so_far();
        self.work_on(Key::CatchUp).await;
        self.so_far() - before
    }

    /// A minute on average, of five in which no account happened to be due.
    async fn quiet_minute(&self) -> Work {
        let mut least = self.minutes(5).await;
        for _ in 0..2 {
            let again = self.minutes(5).await;
            if again.units.calls < least.units.calls {
                least = again;
            }
        }
        least.times(0.2)
    }

    /// Something happens that the trail tells of.
    async fn happens(&self) {
        let mut changes = Changes::new(self.who());
        changes.say(Line::new(StreamId::Config, "changed", "policy/everybody"));
        ledger::commit(&self.scene.machine.ports, changes)
            .await
            .unwrap();
    }

    /// So many minutes of the schedule.
    async fn minutes(&self, many: u32) -> Work {
        let before = self.so_far();
        for _ in 0..many {
            self.minute().await;
        }
        self.so_far() - before
    }

    async fn minute(&self) {
        let machine = &self.scene.machine;
        machine.clock.pass(SignedDuration::from_mins(1));
        machine.keeper().begin();
        let anchors: Arc<dyn Anchors> = Arc::new(CountedAnchors(self.counts.clone()));
        let standing = Schedule::new(machine.ports.clone(), Some(anchors))
            .every_minute()
            .await;
        assert!(!standing.unwrap().checkpoints_fail);
        self.drain().await;
    }
}
