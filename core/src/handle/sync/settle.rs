//! How a sync ends: its roster counts, it is held, or nothing follows from it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::desk::{Desk, origin};
use crate::account::Account;
use crate::changes::{Changes, Line};
use crate::config::{ConfigItem, ConfigKind};
use crate::definition::{At, Failure};
use crate::handle::{HandleError, directory, ledger, load};
use crate::ids::{EffectKey, JobId};
use crate::job::{Evidence, Job, Work};
use crate::letter::{ADMINISTRATORS, About, Letter};
use crate::metric::Metric;
use crate::ports::Ports;
use crate::store::{Entity, Key, Loaded, StoreError};
use crate::sync::shape::Contract;
use crate::sync::{Counts, Sync, SyncState, guard};

/// How often the end is decided anew because the account moved in between.
const TRIES: u32 = 10;

/// Has the account this sync under way?
pub(super) fn has(account: &Account, sync: &Sync) -> bool {
    account.roster == sync.roster && account.syncing == Some(sync.number)
}

/// The list was read and compared to its end: may it count?
pub(super) async fn decide(desk: &mut Desk<'_>) -> Result<(), HandleError> {
    desk.flush().await?;
    desk.sync.entity.counts = desk.counts;
    desk.sync.entity.shape.clone_from(&desk.shape);
    let settings = load::settings(desk.ports).await?;
    let certificate = desk.sync.entity.certificate.as_ref();
    let doubt = certificate.and_then(|certificate| certificate.doubt.as_deref());
    match guard::objection(&desk.counts, &settings.guard, doubt) {
        None => apply(desk).await,
        Some(why) => {
            desk.sync.entity.held = Some(why);
            end(desk, SyncState::Held).await
        }
    }
}

/// The roster counts from now on.
pub(super) async fn apply(desk: &mut Desk<'_>) -> Result<(), HandleError> {
    end(desk, SyncState::Done).await
}

/// Nothing follows from the sync; what was there before stays.
pub(super) async fn fail(desk: &mut Desk<'_>, mut failure: Failure) -> Result<(), HandleError> {
    failure.at.get_or_insert_with(|| {
        Box::new(At {
            app: desk.account.app.to_string(),
            request: None,
        })
    });
    desk.sync.entity.counts = desk.counts;
    desk.sync.entity.failure = Some(failure);
    end(desk, SyncState::Failed).await
}

/// The sync of an account that was replaced or disconnected meanwhile.
pub(super) async fn gone(ports: &Ports, mut sync: Loaded<Sync>) -> Result<(), HandleError> {
    let now = ports.clock.now();
    sync.entity.end(SyncState::Dropped, now);
    let mut changes = Changes::new(origin(&sync.entity, now));
    changes.update(&sync);
    ledger::commit(ports, changes).await
}

/// Ends the sync and frees its account, in one commit.
async fn end(desk: &mut Desk<'_>, state: SyncState) -> Result<(), HandleError> {
    let key = desk.account.key();
    let directory = match state {
        SyncState::Done => load::settings(desk.ports).await?.directory,
        _ => None,
    };
    for _ in 0..TRIES {
        let account = desk.ports.store.find::<Account>(&key).await?;
        let account = account.filter(|account| has(&account.entity, &desk.sync.entity));
        let Some(mut account) = account else {
            return gone(desk.ports, desk.sync.clone()).await;
        };
        let now = desk.ports.clock.now();
        let mut sync = desk.sync.clone();
        let was_failing = account.entity.failing().is_some();
        let before = account.entity.applied;
        sync.entity.end(state, now);
        settle(&mut account.entity, &mut sync.entity, now);
        let mut changes = Changes::new(desk.origin());
        changes.say(line(&account.entity, &sync.entity));
        changes.update(&sync);
        changes.update(&account);
        if state == SyncState::Done {
            changes.insert(&evidence(&account.entity, &sync.entity, before, now));
        }
        let feeding = directory
            .as_ref()
            .and_then(|directory| directory::feeding(&account.entity, directory));
        let failure = sync.entity.failure.as_ref();
        // Of failures in a row that disable nothing, the first one is told.
        let fails = failure.is_some_and(|failure| failure.disable || !was_failing);
        if fails || state == SyncState::Held || !sync.entity.emptied.is_empty() {
            for letter in letters(desk.ports, &account.entity, &sync.entity).await? {
                changes.tell(letter);
            }
        }
        if let Some(feeding) = feeding {
            changes.insert(&directory::job(feeding, now));
        }
        changes.measure(Metric::SyncFailures, i64::from(state == SyncState::Failed));
        match ledger::commit(desk.ports, changes).await {
            // Only its account moved, not the sync: a notification was sent, or it was disabled.
            Err(HandleError::Store(StoreError::Conflict { key: moved })) if moved == key => {}
            done => return done,
        }
    }
    Err(StoreError::Conflict { key }.into())
}

fn settle(account: &mut Account, sync: &mut Sync, now: Timestamp) {
    account.ended(sync, now);
    match sync.state {
        SyncState::Done => {
            account.applied = sync.number;
            account.applied_at = Some(now);
            account.applied_from = Some(sync.started_at);
            account.users = sync.counts.users;
            account.active = sync.counts.active;
            account.licensed = sync.counts.licensed;
            account.using = sync.counts.using;
            let contract = Contract::after(account.contract.as_ref(), sync);
            sync.emptied = contract.found_by(sync.number).cloned().collect();
            account.contract = Some(contract);
        }
        SyncState::Held => {
            account.held = Some(sync.number);
        }
        SyncState::Running | SyncState::Dropped | SyncState::Failed => {}
    }
}

/// What the roster says of tasks, and of people, is looked at next.
fn evidence(account: &Account, sync: &Sync, since: u64, now: Timestamp) -> Job {
    let number = sync.number.to_string();
    let id = JobId::derived(&["evidence", sync.roster.as_str(), &number]);
    let evidence = Evidence {
        roster: sync.roster.clone(),
        account: account.label(),
        app: account.app.clone(),
        sync: sync.number,
        from: sync.started_at,
        cursor: None,
        tasks: 0,
        all_tasks: false,
        users: None,
        since,
    };
    Job::new(id, "sando", Work::Evidence(evidence), now)
}

fn line(account: &Account, sync: &Sync) -> Line {
    let target = format!("sync/{}", sync.number);
    let line = Line::new(
        account.stream(),
        format!("sync {}", sync.state.as_str()),
        target,
    );
    let line = line.after(shown(&sync.counts));
    match &sync.failure {
        Some(failure) => line.result(format!("failed: {}", failure.class.name())),
        None => line,
    }
}

fn shown(counts: &Counts) -> Value {
    json!(counts)
}

/// The letters about an account that somebody has to look at: to administrators, and to the owner of the application.
async fn letters(
    ports: &Ports,
    account: &Account,
    sync: &Sync,
) -> Result<Vec<Letter>, HandleError> {
    let key = Key::Config(ConfigKind::App, account.app.clone());
    let stored = ports.store.find::<ConfigItem>(&key).await?;
    let owner = stored.and_then(|stored| {
        let owner = stored.entity.file.get("owner")?.as_str()?;
        Some(owner.to_owned())
    });
    let mut to = vec![ADMINISTRATORS.to_owned()];
    to.extend(owner.filter(|owner| owner != ADMINISTRATORS));
    let number = sync.number.to_string();
    let (roster, state) = (account.roster.as_str(), sync.state.as_str());
    let letter = |to: &String| {
        let id = EffectKey::derived(&["letter", "sync", roster, &number, state, to]);
        let (definition, name) = (account.definition.clone(), account.name.clone());
        let about = About::Account(definition, name, sync.number);
        Letter::new(id, to, about, ports.clock.now())
    };
    Ok(to.iter().map(letter).collect())
}
