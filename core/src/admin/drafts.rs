//! Drafts: unfinished definitions, saved as one types. They are nobody's configuration, so the audit does not tell of them.

use serde_json::{Map, Value};

use crate::catalog::{Draft, LARGEST_FILE};
use crate::changes::Changes;
use crate::handle::ledger;
use crate::ids::Slug;
use crate::ports::Ports;
use crate::store::{Entity, Group, Key, Loaded, Version};

use super::{AdminError, Expect, Who, deciding};

/// The most drafts that are kept.
const MOST: usize = 1_000;

/// All drafts, by name.
///
/// # Errors
/// If the store cannot be read.
pub async fn all(ports: &Ports) -> Result<Vec<Loaded<Draft>>, AdminError> {
    Ok(ports.store.all(&Group::Drafts).await?)
}

/// A draft that must be there.
///
/// # Errors
/// `NotFound` if not.
pub async fn must_be(ports: &Ports, id: &Slug) -> Result<Loaded<Draft>, AdminError> {
    let draft = ports.store.find(&Key::Draft(id.clone())).await?;
    draft.ok_or(AdminError::NotFound("draft"))
}

/// Saves a draft; answers whether it is new.
///
/// # Errors
/// `Invalid` if it is too large or has credentials, `Stale` if what is there is not what the caller expects.
pub async fn put(
    ports: &Ports,
    who: &Who,
    id: &Slug,
    file: Map<String, Value>,
    expect: &Expect,
) -> Result<(Loaded<Draft>, bool), AdminError> {
    if file.contains_key("credentials") {
        let message = "a draft keeps no credentials: leave them out";
        return Err(AdminError::mistake("credentials", message));
    }
    let file = Value::Object(file);
    if file.to_string().len() > LARGEST_FILE {
        let message = format!("has more than {LARGEST_FILE} bytes");
        return Err(AdminError::mistake("", message));
    }
    let is_new = deciding!(put_once(ports, who, id, &file, expect).await)?;
    Ok((must_be(ports, id).await?, is_new))
}

async fn put_once(
    ports: &Ports,
    who: &Who,
    id: &Slug,
    file: &Value,
    expect: &Expect,
) -> Result<bool, AdminError> {
    let before = ports.store.find::<Draft>(&Key::Draft(id.clone())).await?;
    expect.check(before.as_ref())?;
    if before.is_none() && all(ports).await?.len() >= MOST {
        let detail = format!("there are {MOST} drafts: delete some first");
        return Err(AdminError::refused("too_many", detail));
    }
    let draft = Draft {
        id: id.clone(),
        file: file.clone(),
        saved_at: who.at,
        saved_by: who.actor.clone(),
    };
    let is_new = before.is_none();
    let mut changes = Changes::new(who.clone());
    changes.update(&Loaded {
        version: before.map_or(Version::ABSENT, |before| before.version),
        entity: draft,
        due: None,
    });
    ledger::commit(ports, changes).await?;
    Ok(is_new)
}

/// Deletes a draft.
///
/// # Errors
/// `NotFound` if there is none, `Stale` if it is not what the caller expects.
pub async fn delete(
    ports: &Ports,
    who: &Who,
    id: &Slug,
    expect: &Expect,
) -> Result<(), AdminError> {
    let draft = must_be(ports, id).await?;
    expect.check(Some(&draft))?;
    let mut changes = Changes::new(who.clone());
    changes.delete(draft.entity.key(), draft.version);
    Ok(ledger::commit(ports, changes).await?)
}
