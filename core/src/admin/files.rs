//! Files of configuration: put, read, listed, deleted; checked as a whole, and recorded.

use jiff::Timestamp;
use serde_json::Value;

use crate::changes::Changes;
use crate::company::Company;
use crate::config::{ConfigItem, ConfigKind};
use crate::handle::{HandleError, files as write, ledger};
use crate::ids::Slug;
use crate::impact::{FileChange, changed};
use crate::mistake::Mistake;
use crate::ports::Ports;
use crate::store::{Group, Key, Loaded, Version};

use super::{AdminError, Expect, Who, deciding};

/// What came of putting a file.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The file as it is stored.
    pub item: Loaded<ConfigItem>,
    /// It was not there before.
    pub is_new: bool,
    /// What it names and is not there yet.
    pub warnings: Vec<Mistake>,
}

/// One file; none if it was never put.
///
/// # Errors
/// If the store cannot be read.
pub async fn find(
    ports: &Ports,
    kind: ConfigKind,
    id: &Slug,
) -> Result<Option<Loaded<ConfigItem>>, AdminError> {
    Ok(ports.store.find(&Key::Config(kind, id.clone())).await?)
}

/// All files of a kind, by name.
///
/// # Errors
/// If the store cannot be read.
pub async fn all(ports: &Ports, kind: ConfigKind) -> Result<Vec<Loaded<ConfigItem>>, AdminError> {
    let items: Vec<Loaded<ConfigItem>> = ports.store.all(&Group::Config).await?;
    Ok(items
        .into_iter()
        .filter(|item| item.entity.kind == kind)
        .collect())
}

/// Everything as it stands; what is stored and cannot be used is left out, so that it can be mended.
///
/// # Errors
/// If the store cannot be read.
pub async fn company(ports: &Ports) -> Result<Company, AdminError> {
    let items: Vec<Loaded<ConfigItem>> = ports.store.all(&Group::Config).await?;
    let mut company = Company::empty().map_err(HandleError::Config)?;
    for item in items {
        if company.take(&item.entity).is_err() {
            tracing::error!(config.id = %item.entity.id, "a stored file of configuration cannot be used");
        }
    }
    Ok(company)
}

/// The company as it would be with these changes.
///
/// # Errors
/// `Invalid` with all mistakes of the changed files.
pub async fn checked(
    ports: &Ports,
    changes: &[FileChange],
    now: Timestamp,
) -> Result<Company, AdminError> {
    let items: Vec<Loaded<ConfigItem>> = ports.store.all(&Group::Config).await?;
    let items: Vec<ConfigItem> = items.into_iter().map(|item| item.entity).collect();
    changed(&items, changes, now).map_err(AdminError::Invalid)
}

/// Puts a file, over what was there.
///
/// # Errors
/// `Invalid` with all mistakes, `Stale` if what is there is not what the caller expects.
pub async fn put(
    ports: &Ports,
    who: &Who,
    kind: ConfigKind,
    id: &Slug,
    file: Value,
    expect: &Expect,
) -> Result<Stored, AdminError> {
    change(ports, who, kind, id, expect, |_| Ok(file.clone())).await
}

/// Changes a file: the new one follows from the old one.
///
/// # Errors
/// As [`put`], and what `edit` says.
pub async fn change(
    ports: &Ports,
    who: &Who,
    kind: ConfigKind,
    id: &Slug,
    expect: &Expect,
    edit: impl Fn(Option<&Value>) -> Result<Value, AdminError> + Send + Sync,
) -> Result<Stored, AdminError> {
    deciding!(change_once(ports, who, kind, id, expect, &edit).await)
}

async fn change_once(
    ports: &Ports,
    who: &Who,
    kind: ConfigKind,
    id: &Slug,
    expect: &Expect,
    edit: &(impl Fn(Option<&Value>) -> Result<Value, AdminError> + Send + Sync),
) -> Result<Stored, AdminError> {
    let stored = find(ports, kind, id).await?;
    expect.check(stored.as_ref())?;
    let before = stored.as_ref().map(|stored| stored.entity.file.clone());
    let item = ConfigItem {
        kind,
        id: id.clone(),
        file: edit(before.as_ref())?,
        changed_at: who.at,
    };
    let mut company = company(ports).await?;
    company.take(&item).map_err(AdminError::Invalid)?;
    let mut changes = Changes::new(who.clone());
    write::put(&mut changes, stored.as_ref(), item.clone());
    ledger::commit(ports, changes).await?;
    let version = stored
        .as_ref()
        .map_or(Version::ABSENT, |stored| stored.version);
    Ok(Stored {
        warnings: company.dangling(&item),
        item: Loaded {
            entity: item,
            version: version.next(),
            due: None,
        },
        is_new: stored.is_none(),
    })
}

/// Deletes a file.
///
/// # Errors
/// `NotFound` if there is none, `Stale` if it is not what the caller expects.
pub async fn delete(
    ports: &Ports,
    who: &Who,
    kind: ConfigKind,
    id: &Slug,
    expect: &Expect,
) -> Result<(), AdminError> {
    deciding!(delete_once(ports, who, kind, id, expect).await)
}

async fn delete_once(
    ports: &Ports,
    who: &Who,
    kind: ConfigKind,
    id: &Slug,
    expect: &Expect,
) -> Result<(), AdminError> {
    let stored = find(ports, kind, id).await?;
    let stored = stored.ok_or(AdminError::NotFound(kind.as_str()))?;
    expect.check(Some(&stored))?;
    let mut changes = Changes::new(who.clone());
    write::delete(&mut changes, &stored);
    Ok(ledger::commit(ports, changes).await?)
}
