//! Definitions: put, read, listed, rolled back, deleted; every version is kept for a while.

use serde_json::{Value, json};

use crate::account::Account;
use crate::audit::StreamId;
use crate::catalog::{DefinitionItem, DefinitionVersion, LARGEST_FILE, VERSIONS_KEPT};
use crate::changes::{Changes, Line};
use crate::company::Company;
use crate::definition::Definition;
use crate::handle::ledger;
use crate::ids::Slug;
use crate::mistake::{Mistake, join};
use crate::ports::Ports;
use crate::store::{Group, Key, Loaded, Version};

use super::{AdminError, Expect, Who, deciding, files};

/// What came of putting a definition.
#[derive(Clone, Debug)]
pub struct Stored {
    /// As it is stored.
    pub item: Loaded<DefinitionItem>,
    /// It was not there before.
    pub is_new: bool,
    /// What it names and is not there yet, and what its accounts lack.
    pub warnings: Vec<Mistake>,
}

/// A definition; none if it was never put.
///
/// # Errors
/// If the store cannot be read.
pub async fn find(ports: &Ports, id: &Slug) -> Result<Option<Loaded<DefinitionItem>>, AdminError> {
    Ok(ports.store.find(&Key::Definition(id.clone())).await?)
}

/// A definition that must be there.
///
/// # Errors
/// `NotFound` if not.
pub async fn must_be(ports: &Ports, id: &Slug) -> Result<Loaded<DefinitionItem>, AdminError> {
    let found = find(ports, id).await?;
    found.ok_or(AdminError::NotFound("definition"))
}

/// All definitions, by name.
///
/// # Errors
/// If the store cannot be read.
pub async fn all(ports: &Ports) -> Result<Vec<Loaded<DefinitionItem>>, AdminError> {
    Ok(ports.store.all(&Group::Definitions).await?)
}

/// The versions of a definition that are kept, newest first.
///
/// # Errors
/// `NotFound` if there is no such definition.
pub async fn versions(ports: &Ports, id: &Slug) -> Result<Vec<DefinitionVersion>, AdminError> {
    must_be(ports, id).await?;
    let found = kept(ports, id).await?;
    Ok(found.into_iter().rev().map(|item| item.entity).collect())
}

async fn kept(ports: &Ports, id: &Slug) -> Result<Vec<Loaded<DefinitionVersion>>, AdminError> {
    let group = Group::DefinitionVersions(id.clone());
    Ok(ports.store.all(&group).await?)
}

/// Compiles a file that is put under a name.
///
/// # Errors
/// `Invalid` with all mistakes.
pub fn checked(id: &Slug, file: &Value) -> Result<Definition, AdminError> {
    if file.to_string().len() > LARGEST_FILE {
        let message = format!("a definition has at most {LARGEST_FILE} bytes");
        return Err(AdminError::mistake("", message));
    }
    let definition = Definition::compile(file).map_err(AdminError::Invalid)?;
    if definition.slug() != id {
        let message = format!(
            "the file calls itself `{}`, but is put as `{id}`",
            definition.slug()
        );
        return Err(AdminError::mistake("definition", message));
    }
    Ok(definition)
}

/// What a definition names and is not there yet.
#[must_use]
pub fn dangling(definition: &Definition, company: &Company) -> Vec<Mistake> {
    let Some(app) = company.apps.get(definition.app()) else {
        let message = format!("there is no application `{}` yet", definition.app());
        return vec![Mistake::new("app", message)];
    };
    let fields = definition.custom_fields();
    let unknown = fields.filter(|name| !app.custom_fields.contains_key(*name));
    let missing = unknown.map(|name| {
        let message = format!("`{}` has no custom field `{name}` yet: it is text", app.app);
        Mistake::new(join("custom_fields", name), message)
    });
    missing.collect()
}

/// What accounts lack that are connected with a definition, if it is put like this: values for its variables.
///
/// # Errors
/// If the store cannot be read.
pub async fn lacking(ports: &Ports, definition: &Definition) -> Result<Vec<Mistake>, AdminError> {
    let stored = find(ports, definition.slug()).await?;
    let accounts: Vec<Loaded<Account>> = ports.store.all(&Group::Accounts).await?;
    let before = stored.and_then(|stored| Definition::compile(&stored.entity.file).ok());
    let connected = accounts.into_iter().map(|item| item.entity);
    let connected: Vec<Account> = connected
        .filter(|account| account.definition == *definition.slug())
        .collect();
    let asked = definition.variables().iter();
    let asked = asked.filter(|(_, variable)| variable.default.is_none());
    let warnings = asked.filter_map(|(name, variable)| {
        // A secret is not at hand here; whoever was asked for it before has given it.
        let mut earlier = before.iter().flat_map(|before| before.variables().iter());
        let is_kept = variable.secret && earlier.any(|(known, one)| known == name && one.secret);
        let without = connected
            .iter()
            .filter(|account| !is_kept && !account.variables.contains_key(name));
        let labels: Vec<String> = without.map(Account::label).collect();
        let first = labels.first()?;
        let more = match labels.len() {
            1 => String::new(),
            count => format!(" and {} more", count.saturating_sub(1)),
        };
        let give = match variable.secret {
            true => "give it with their credentials",
            false => "connect them again with it, or give it a `default`",
        };
        let message = format!("{first}{more} cannot be read without a value for it: {give}");
        Some(Mistake::new(join("variables", name), message))
    });
    Ok(warnings.collect())
}

/// Puts a definition; what is there already is no new version.
///
/// # Errors
/// `Invalid` with all mistakes, `Stale` if what is there is not what the caller expects.
pub async fn put(
    ports: &Ports,
    who: &Who,
    id: &Slug,
    file: Value,
    expect: &Expect,
) -> Result<Stored, AdminError> {
    deciding!(put_once(ports, who, id, &file, None, expect).await)
}

/// Brings back an earlier version, as a new one.
///
/// # Errors
/// `NotFound` without the definition, `Invalid` if that version is not kept any more.
pub async fn roll_back(
    ports: &Ports,
    who: &Who,
    id: &Slug,
    version: u32,
    expect: &Expect,
) -> Result<Stored, AdminError> {
    must_be(ports, id).await?;
    let key = Key::DefinitionVersion(id.clone(), version);
    let earlier = ports.store.find::<DefinitionVersion>(&key).await?;
    let missing = || AdminError::mistake("version", "there is no such version any more");
    let file = earlier.ok_or_else(missing)?.entity.file;
    deciding!(put_once(ports, who, id, &file, Some(version), expect).await)
}

async fn put_once(
    ports: &Ports,
    who: &Who,
    id: &Slug,
    file: &Value,
    rolled_back_to: Option<u32>,
    expect: &Expect,
) -> Result<Stored, AdminError> {
    let stored = find(ports, id).await?;
    expect.check(stored.as_ref())?;
    let definition = checked(id, file)?;
    let mut warnings = dangling(&definition, &files::company(ports).await?);
    warnings.extend(lacking(ports, &definition).await?);
    if let Some(same) = stored.as_ref().filter(|item| item.entity.file == *file) {
        return Ok(Stored {
            item: same.clone(),
            is_new: false,
            warnings,
        });
    }
    let versions = kept(ports, id).await?;
    let last = versions.last().map_or(0, |version| version.entity.number);
    let item = DefinitionItem {
        id: id.clone(),
        app: definition.app().clone(),
        name: definition.name().to_owned(),
        number: last.saturating_add(1),
        file: file.clone(),
        changed_at: who.at,
        changed_by: who.actor.clone(),
    };
    let mut changes = Changes::new(who.clone());
    changes.insert(&DefinitionVersion {
        id: id.clone(),
        number: item.number,
        file: file.clone(),
        put_at: who.at,
        put_by: who.actor.clone(),
        rolled_back_to,
    });
    for old in &versions {
        if old.entity.number.saturating_add(VERSIONS_KEPT) <= item.number {
            let key = Key::DefinitionVersion(id.clone(), old.entity.number);
            changes.delete(key, old.version);
        }
    }
    let before = stored.as_ref().map(|stored| stored.entity.number);
    let loaded = Loaded {
        version: stored.map_or(Version::ABSENT, |stored| stored.version),
        entity: item,
        due: None,
    };
    changes.update(&loaded);
    changes.say(line("put", &loaded.entity, before, rolled_back_to));
    ledger::commit(ports, changes).await?;
    Ok(Stored {
        warnings,
        item: Loaded {
            version: loaded.version.next(),
            ..loaded
        },
        is_new: before.is_none(),
    })
}

/// Versions never change, so that their numbers say enough.
fn line(
    action: &str,
    item: &DefinitionItem,
    before: Option<u32>,
    rolled_back_to: Option<u32>,
) -> Line {
    let target = format!("definition/{}", item.id);
    let mut line = Line::new(StreamId::Config, format!("definition {action}"), target);
    if let Some(before) = before {
        line = line.before(json!({ "version": before }));
    }
    let after = json!({ "version": item.number, "rolled_back_to": rolled_back_to });
    line.after(after)
}

/// Deletes a definition that no account is connected with.
///
/// # Errors
/// `NotFound` if there is none, `Stale` if it is not what the caller expects, `Refused` while accounts are connected.
pub async fn delete(
    ports: &Ports,
    who: &Who,
    id: &Slug,
    expect: &Expect,
) -> Result<(), AdminError> {
    let stored = must_be(ports, id).await?;
    expect.check(Some(&stored))?;
    let accounts: Vec<Loaded<Account>> = ports.store.all(&Group::Accounts).await?;
    let connected = accounts.iter().filter(|item| item.entity.definition == *id);
    let count = connected.count();
    if count > 0 {
        let detail = format!("{count} accounts are connected with it: disconnect them first");
        return Err(AdminError::refused("in_use", detail));
    }
    let mut changes = Changes::new(who.clone());
    changes.delete(Key::Definition(id.clone()), stored.version);
    let target = format!("definition/{id}");
    let line = Line::new(StreamId::Config, "definition deleted", target);
    changes.say(line.before(json!({ "version": stored.entity.number })));
    Ok(ledger::commit(ports, changes).await?)
}
