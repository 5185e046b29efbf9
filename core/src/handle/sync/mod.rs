//! Works on syncs: reads the list page by page, writes what differs, looks who is not in it, and lets it count or not.
//!
//! A worker has a sync alone while its lease lasts; every commit names the version of the sync, so that whoever had it before
//! writes nothing any more. What was read is put down at checkpoints, from which any other worker goes on.

mod compare;
mod desk;
mod point;
mod read;
mod release;
pub mod sample;
mod settle;
mod shelf;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::account::{Account, AccountState};
use crate::app::Application;
use crate::audit::Cause;
use crate::catalog::DefinitionItem;
use crate::changes::{Changes, Line, Origin};
use crate::config::{ConfigItem, ConfigKind};
use crate::definition::{Definition, Inputs};
use crate::ids::{AppSlug, Slug};
use crate::ports::Ports;
use crate::store::{Key, Loaded};
use crate::sync::shape::Emptied;
use crate::sync::{Phase, Sync, SyncState};

use super::{HandleError, ledger, load};
use desk::Desk;

/// How long a worker stays at a sync before it hands it on, where nobody says otherwise.
pub const TURN: SignedDuration = SignedDuration::from_mins(10);

/// Works on a sync until it ends, waits long, or the time is over.
///
/// # Errors
/// If the store did not do it; the sync is found again when the lease ends.
pub async fn work(ports: &Ports, sync: Loaded<Sync>, until: Timestamp) -> Result<(), HandleError> {
    if sync.entity.state != SyncState::Running {
        return Ok(());
    }
    let key = Key::Account(sync.entity.definition.clone(), sync.entity.name.clone());
    let account = ports.store.find::<Account>(&key).await?;
    let account = account.filter(|account| settle::has(&account.entity, &sync.entity));
    let Some(account) = account else {
        return settle::gone(ports, sync).await;
    };
    let mut desk = Desk::new(ports, sync, account.entity, until);
    match desk.sync.entity.phase {
        Phase::Read => Box::pin(read::go_on(desk)).await,
        Phase::Compare { .. } => Box::pin(compare::go_on(desk)).await,
        Phase::Release { .. } => Box::pin(release::go_on(&mut desk)).await,
    }
}

/// Works on an account that is due: begins its daily sync.
///
/// # Errors
/// If the store did not do it; the account is found again when the lease ends.
pub async fn account(ports: &Ports, account: Loaded<Account>) -> Result<(), HandleError> {
    let now = ports.clock.now();
    if account.entity.wants_sync(now) {
        return begin(ports, account, "sando", now).await.map(|_| ());
    }
    let mut changes = Changes::new(origin(&account.entity, now));
    changes.update(&account);
    ledger::commit(ports, changes).await
}

/// Begins a sync of an account that has none under way; answers its number, or none if its definition is gone.
///
/// # Errors
/// If the store did not do it.
pub async fn begin(
    ports: &Ports,
    mut account: Loaded<Account>,
    actor: &str,
    now: Timestamp,
) -> Result<Option<u64>, HandleError> {
    let key = Key::Definition(account.entity.definition.clone());
    let definition = ports.store.find::<DefinitionItem>(&key).await?;
    let mut changes = Changes::new(Origin {
        actor: actor.to_owned(),
        ..origin(&account.entity, now)
    });
    let Some(definition) = definition else {
        let (id, name) = (&account.entity.definition, &account.entity.name);
        account.entity.next_sync_at = crate::account::next_slot(id, name, now);
        changes.update(&account);
        ledger::commit(ports, changes).await?;
        return Ok(None);
    };
    let number = definition.entity.number;
    let mut sync = Sync::begin(&mut account.entity, number, actor, now);
    sync.kept_days = load::settings(ports).await?.retention.syncs_days;
    let target = format!("sync/{}", sync.number);
    let line = Line::new(account.entity.stream(), "sync begun", target);
    changes.say(line.after(serde_json::json!({ "definition_version": number })));
    changes.update(&account);
    changes.insert(&sync);
    ledger::commit(ports, changes).await?;
    Ok(Some(sync.number))
}

/// What an account waits for that this sync disabled, that is held with it or fails since then, for people; nothing if it waits
/// no more.
pub(super) async fn waits(
    ports: &Ports,
    definition: &Slug,
    name: &Slug,
    number: u64,
) -> Result<Option<String>, HandleError> {
    let key = Key::Account(definition.clone(), name.clone());
    let Some(account) = ports.store.find::<Account>(&key).await? else {
        return Ok(None);
    };
    let account = account.entity;
    let label = account.label();
    if account.held == Some(number) {
        let key = Key::Sync(account.roster.clone(), number);
        let sync = ports.store.find::<Sync>(&key).await?;
        let why = sync.and_then(|sync| sync.entity.held).unwrap_or_default();
        return Ok(Some(format!(
            "The sync of {label} is held: {why}. Nothing was changed. Look at it, then release all of it, some or none; \
             otherwise the next sync decides anew."
        )));
    }
    let emptied = emptied(&account, number);
    let last = account.last.as_ref().map_or(0, |last| last.number);
    let (failure, what, then) = match (&account.state, account.failing()) {
        (AccountState::Disabled { .. }, _) if last != number => return Ok(None),
        (AccountState::Disabled { failure, .. }, _) => (
            failure,
            format!("The account {label} is disabled"),
            "Mend it and test the account: after a test that works it is synced again.",
        ),
        // Told of the first of several: what the last one said counts.
        (_, Some(failure)) if last >= number && emptied.is_none() => (
            failure,
            format!("The last sync of {label} failed"),
            "It is read again every day, and nobody is told again until it worked in between.",
        ),
        _ => return Ok(emptied),
    };
    let words = failure.remote.as_deref();
    let words = words.map_or_else(String::new, |words| format!(" It says: {words}"));
    let class = failure.class.name();
    Ok(Some(format!(
        "{what}: {failure} ({class}).{words} Its users stay as they were. {then}"
    )))
}

/// How many fields a letter names.
const MOST_FIELDS: usize = 10;

/// The fields that this sync found to be empty, as long as they are.
fn emptied(account: &Account, number: u64) -> Option<String> {
    let found = account.contract.as_ref()?.found_by(number);
    let fields: Vec<String> = found
        .take(MOST_FIELDS)
        .map(|one| {
            let Emptied {
                field,
                before,
                before_rows,
                now,
                now_rows,
                ..
            } = one;
            format!("`{field}` has a value in {now} of {now_rows} rows, before in {before} of {before_rows}")
        })
        .collect();
    (!fields.is_empty()).then(|| {
        format!(
            "What {} answers is suddenly empty in places: {}. The sync counts, so lists and reports show it as it is now. \
             Look at an answer, and mend the mapping of the definition `{}` if the application moved the field.",
            account.label(),
            fields.join("; "),
            account.definition
        )
    })
}

fn origin(account: &Account, now: Timestamp) -> Origin {
    Origin::sando(Cause::of("schedule", account.label()), account.label(), now)
}

/// What a definition is read with beside its variables: what its application says of custom fields, and its name.
///
/// # Errors
/// If the store cannot be read.
pub async fn inputs(
    ports: &Ports,
    app: &AppSlug,
    variables: Map<String, Value>,
) -> Result<Inputs, HandleError> {
    let key = Key::Config(ConfigKind::App, app.clone());
    let stored = ports.store.find::<ConfigItem>(&key).await?;
    let file = stored.map(|stored| stored.entity.file);
    let app: Option<Application> = file.and_then(|file| serde_json::from_value(file).ok());
    let mut inputs = Inputs {
        variables,
        ..Inputs::default()
    };
    if let Some(app) = app {
        inputs.app_name = Some(app.label().to_owned());
        inputs.custom_fields = app.custom_fields;
    }
    Ok(inputs)
}

/// A definition as it is now.
pub(crate) fn compiled_now(item: &DefinitionItem) -> Result<Arc<Definition>, HandleError> {
    compiled(&item.file)
}

/// A definition that was checked when it was put.
pub(super) fn compiled(file: &Value) -> Result<Arc<Definition>, HandleError> {
    let definition = Definition::compile(file).map_err(HandleError::Config)?;
    Ok(Arc::new(definition))
}
