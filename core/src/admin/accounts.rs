//! Connected accounts: connected, replaced, tested, enabled, synced, disconnected.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::account::{Account, AccountState, owner};
use crate::auth;
use crate::catalog::DefinitionItem;
use crate::changes::{Changes, Line};
use crate::definition::Definition;
use crate::handle::ledger;
use crate::handle::sync::sample::{Sample, sample};
use crate::handle::sync::{begin, compiled_now};
use crate::ids::{JobId, Slug};
use crate::job::{Forgetting, Job, Work};
use crate::mistake::{Mistake, join, unknown_word};
use crate::ports::{Connection, Ports, SecretValues, Secrets};
use crate::store::{Entity, Group, Key, Loaded, Version};

use super::{AdminError, Expect, Who, deciding, definitions, logins};

/// The most credentials and variables of an account, and the longest of them in bytes.
const MOST_VALUES: usize = 50;
const LONGEST_VALUE: usize = 16 * 1024;

/// What an account is connected with.
#[derive(Clone, Default)]
pub struct Given {
    /// The account's name as it was written; as it is, if this is absent.
    pub label: Option<String>,
    /// The values of the variables.
    pub variables: BTreeMap<String, String>,
    /// Never shown again.
    pub credentials: BTreeMap<String, String>,
    /// What is there under this name is replaced: its credentials and its data.
    pub replace: bool,
}

/// All accounts, by definition and name.
///
/// # Errors
/// If the store cannot be read.
pub async fn all(ports: &Ports) -> Result<Vec<Loaded<Account>>, AdminError> {
    Ok(ports.store.all(&Group::Accounts).await?)
}

/// An account that must be there.
///
/// # Errors
/// `NotFound` if not.
pub async fn must_be(
    ports: &Ports,
    definition: &Slug,
    name: &Slug,
) -> Result<Loaded<Account>, AdminError> {
    let key = Key::Account(definition.clone(), name.clone());
    let found = ports.store.find::<Account>(&key).await?;
    found.ok_or(AdminError::NotFound("account"))
}

/// Connects an account; true if there was none of this name.
///
/// # Errors
/// `Invalid` with all mistakes; `Refused` if there is one already and it is not said that it is replaced.
pub async fn connect(
    ports: &Ports,
    secrets: &dyn Secrets,
    who: &Who,
    (definition, name): (&Slug, &Slug),
    given: &Given,
    expect: &Expect,
) -> Result<bool, AdminError> {
    let item = definitions::find(ports, definition).await?;
    let unknown = || AdminError::mistake("definition", "there is no definition of this name");
    let item = item.ok_or_else(unknown)?.entity;
    let compiled = compiled_now(&item)?;
    check(&compiled, given)?;
    let is_new = deciding!(reserve(ports, who, &item, name, given, expect).await)?;
    let values = SecretValues {
        variables: BTreeMap::new(),
        credentials: given.credentials.clone(),
        set_at: Some(who.at),
    };
    let owner = owner(definition, name);
    secrets.write(&owner, &values).await?;
    ports.readers.forget(&owner).await?;
    // Only now: a sync must not meet the credentials of before.
    let given = auth::Given {
        variables: &Map::new(),
        credentials: &given.credentials,
    };
    let waits_for_login = !compiled.auth().missing(&given).is_empty();
    deciding!(open(ports, who, definition, name, waits_for_login).await)?;
    Ok(is_new)
}

/// Whether everything that is asked was given, and nothing else.
pub(super) fn check(definition: &Definition, given: &Given) -> Result<(), AdminError> {
    let (public, hidden) = (&given.variables, &given.credentials);
    let mut mistakes = Vec::new();
    for (part, values) in [("variables", public), ("credentials", hidden)] {
        if values.len() > MOST_VALUES {
            mistakes.push(Mistake::new(part, format!("at most {MOST_VALUES}")));
        }
        let bad = |text: &&String| text.is_empty() || text.len() > LONGEST_VALUE;
        for name in values
            .iter()
            .filter(|(_, text)| bad(text))
            .map(|(name, _)| name)
        {
            let message = format!("1 to {LONGEST_VALUE} bytes");
            mistakes.push(Mistake::new(join(part, name), message));
        }
    }
    let is_secret = |name: &str| {
        let mut variables = definition.variables().iter();
        variables.any(|(known, variable)| known == name && variable.secret)
    };
    for name in public.keys().filter(|name| is_secret(name)) {
        let message = "is a secret: give it with the credentials";
        mistakes.push(Mistake::new(join("variables", name), message));
    }
    let secret = hidden.iter().filter(|(name, _)| is_secret(name));
    let open = public.iter().filter(|(name, _)| !is_secret(name));
    let all = open.chain(secret);
    let all = all.map(|(name, value)| (name.clone(), value.clone()));
    if let Err(more) = definition.variables().resolve(&all.collect()) {
        let placed = more.into_iter().map(|mistake| {
            let part = if is_secret(&mistake.path) {
                "credentials"
            } else {
                "variables"
            };
            mistake.under(part)
        });
        mistakes.extend(placed);
    }
    mistakes.extend(wrong_credentials(definition, hidden));
    if mistakes.is_empty() {
        Ok(())
    } else {
        Err(AdminError::Invalid(mistakes))
    }
}

/// Credentials that the definition asks for and that are missing, and those that it does not ask for.
fn wrong_credentials(definition: &Definition, hidden: &BTreeMap<String, String>) -> Vec<Mistake> {
    let auth = definition.auth();
    let asked = auth.asked().into_iter();
    // Tokens may also come from the login page.
    let missing = asked.filter(|asked| !asked.optional && !hidden.contains_key(&asked.name));
    let missing = missing.map(|asked| {
        let message = format!("is missing: {}", asked.label);
        Mistake::new(join("credentials", &asked.name), message)
    });
    let mut known: Vec<String> = auth.asked().into_iter().map(|asked| asked.name).collect();
    let secret = definition.variables().iter();
    let secret = secret.filter(|(_, variable)| variable.secret);
    known.extend(secret.map(|(name, _)| name.to_owned()));
    let unknown = hidden.keys().filter(|name| !known.contains(name));
    let unknown = unknown.map(|name| {
        let path = join("credentials", name);
        match known.as_slice() {
            [] => Mistake::new(path, "this definition asks for no credentials"),
            known => unknown_word("credential", &path, name, known.iter().map(String::as_str)),
        }
    });
    missing.chain(unknown).collect()
}

/// Takes the name; what was there is forgotten.
async fn reserve(
    ports: &Ports,
    who: &Who,
    definition: &DefinitionItem,
    name: &Slug,
    given: &Given,
    expect: &Expect,
) -> Result<bool, AdminError> {
    let key = Key::Account(definition.id.clone(), name.clone());
    let before = ports.store.find::<Account>(&key).await?;
    if before.is_some() && !given.replace {
        return Err(AdminError::refused(
            "exists",
            "there is an account of this name: `replace: true` replaces its credentials and deletes its users",
        ));
    }
    expect.check(before.as_ref())?;
    let mut account = Account::connecting(
        definition.id.clone(),
        name.clone(),
        definition.app.clone(),
        given.variables.clone(),
        who.at,
        &who.correlation_id,
    );
    let label = given.label.clone();
    account.written = label.filter(|label| label != name.as_str());
    let mut changes = Changes::new(who.clone());
    let mut line = Line::new(account.stream(), "account connected", target(&account));
    if let Some(before) = &before {
        line = line.before(shown(&before.entity));
        changes.insert(&forgetting(who, &before.entity));
    }
    let names: Vec<&String> = given.credentials.keys().collect();
    let after = json!({ "account": shown(&account), "credentials": names });
    changes.say(line.after(after));
    let is_new = before.is_none();
    changes.update(&Loaded {
        version: before.map_or(Version::ABSENT, |before| before.version),
        entity: account,
        due: None,
    });
    ledger::commit(ports, changes).await?;
    Ok(is_new)
}

async fn open(
    ports: &Ports,
    who: &Who,
    definition: &Slug,
    name: &Slug,
    waits_for_login: bool,
) -> Result<(), AdminError> {
    let mut account = must_be(ports, definition, name).await?;
    account.entity.state = if waits_for_login {
        AccountState::Disabled {
            since: who.at,
            failure: logins::not_yet(),
        }
    } else {
        AccountState::Connected
    };
    account.entity.next_sync_at = who.at;
    let mut changes = Changes::new(who.clone());
    changes.update(&account);
    Ok(ledger::commit(ports, changes).await?)
}

/// Puts new credentials in place of those of an account; its users, its variables and its login stay.
///
/// # Errors
/// `NotFound` if there is none, `Invalid` with all mistakes, `Stale` if it is not what the caller expects.
pub async fn set_credentials(
    ports: &Ports,
    secrets: &dyn Secrets,
    who: &Who,
    (definition, name): (&Slug, &Slug),
    credentials: &BTreeMap<String, String>,
    expect: &Expect,
) -> Result<(), AdminError> {
    let account = must_be(ports, definition, name).await?;
    expect.check(Some(&account))?;
    let item = definitions::must_be(ports, definition).await?.entity;
    let compiled = compiled_now(&item)?;
    let mut variables = account.entity.variables.clone();
    // What was asked for by an earlier version only is in nobody's way.
    variables.retain(|name, _| compiled.variables().iter().any(|(known, _)| known == name));
    let given = Given {
        variables,
        credentials: credentials.clone(),
        ..Given::default()
    };
    check(&compiled, &given)?;
    let values = SecretValues {
        variables: BTreeMap::new(),
        credentials: given.credentials,
        set_at: Some(who.at),
    };
    secrets.write(&account.entity.owner(), &values).await?;
    deciding!(credentials_set(ports, who, definition, name, &values).await)
}

/// From now on syncs use them.
async fn credentials_set(
    ports: &Ports,
    who: &Who,
    definition: &Slug,
    name: &Slug,
    values: &SecretValues,
) -> Result<(), AdminError> {
    let mut account = must_be(ports, definition, name).await?;
    account.entity.credentials_at = Some(who.at);
    let names: Vec<&String> = values.credentials.keys().collect();
    let mut changes = Changes::new(who.clone());
    let line = Line::new(
        account.entity.stream(),
        "credentials set",
        target(&account.entity),
    );
    changes.say(line.after(json!({ "credentials": names })));
    changes.update(&account);
    Ok(ledger::commit(ports, changes).await?)
}

/// Disconnects an account: its credentials and its users are deleted.
///
/// # Errors
/// `NotFound` if there is none, `Stale` if it is not what the caller expects, or if it is replaced meanwhile.
pub async fn disconnect(
    ports: &Ports,
    secrets: &dyn Secrets,
    who: &Who,
    (definition, name): (&Slug, &Slug),
    expect: &Expect,
) -> Result<(), AdminError> {
    let account = must_be(ports, definition, name).await?;
    expect.check(Some(&account))?;
    // First, so that they are gone whatever happens next.
    let owner = account.entity.owner();
    secrets.remove(&owner).await?;
    ports.readers.forget(&owner).await?;
    deciding!(forget(ports, who, &account.entity).await)
}

async fn forget(ports: &Ports, who: &Who, seen: &Account) -> Result<(), AdminError> {
    let account = must_be(ports, &seen.definition, &seen.name).await?;
    // What took its place meanwhile stays.
    if account.entity.roster != seen.roster {
        return Err(AdminError::Stale);
    }
    let mut changes = Changes::new(who.clone());
    changes.insert(&forgetting(who, &account.entity));
    let line = Line::new(
        account.entity.stream(),
        "account disconnected",
        target(&account.entity),
    );
    changes.say(line.before(shown(&account.entity)));
    changes.delete(account.entity.key(), account.version);
    Ok(ledger::commit(ports, changes).await?)
}

fn forgetting(who: &Who, account: &Account) -> Job {
    let work = Work::ForgetRoster(Forgetting {
        roster: account.roster.clone(),
        deleted: 0,
    });
    let id = JobId::derived(&["forget", account.roster.as_str()]);
    Job::new(id, &who.actor, work, who.at)
}

pub(super) fn target(account: &Account) -> String {
    format!("account/{}", account.label())
}

fn shown(account: &Account) -> Value {
    json!({ "roster": account.roster, "variables": account.variables })
}

/// Reads the first page with what is stored; an account that was disabled is synced again if that works.
///
/// # Errors
/// `NotFound` without the account; what the application says is in the sample.
pub async fn test(
    ports: &Ports,
    who: &Who,
    definition: &Slug,
    name: &Slug,
) -> Result<Sample, AdminError> {
    let account = must_be(ports, definition, name).await?.entity;
    let item = definitions::must_be(ports, definition).await?.entity;
    let connection = Connection::of(&account, compiled_now(&item)?);
    let tested = sample(ports, &connection).await?;
    let is_disabled = matches!(account.state, AccountState::Disabled { .. });
    if tested.failure.is_none() && is_disabled {
        deciding!(enable_once(ports, who, definition, name, "account enabled by a test").await)?;
    }
    Ok(tested)
}

/// Enables an account that was disabled; it is synced at once.
///
/// # Errors
/// `NotFound` without the account.
pub async fn enable(
    ports: &Ports,
    who: &Who,
    definition: &Slug,
    name: &Slug,
) -> Result<Loaded<Account>, AdminError> {
    deciding!(enable_once(ports, who, definition, name, "account enabled").await)?;
    must_be(ports, definition, name).await
}

async fn enable_once(
    ports: &Ports,
    who: &Who,
    definition: &Slug,
    name: &Slug,
    action: &str,
) -> Result<(), AdminError> {
    let mut account = must_be(ports, definition, name).await?;
    if !matches!(account.entity.state, AccountState::Disabled { .. }) {
        return Ok(());
    }
    account.entity.state = AccountState::Connected;
    account.entity.next_sync_at = ports.clock.now();
    let mut changes = Changes::new(who.clone());
    let (stream, target) = (account.entity.stream(), target(&account.entity));
    changes.say(Line::new(stream, action, target));
    changes.update(&account);
    Ok(ledger::commit(ports, changes).await?)
}

/// Syncs an account now; answers the number of the sync, or of the one that is under way already.
///
/// # Errors
/// `Refused` while the account is disabled or is being connected.
pub async fn sync(
    ports: &Ports,
    who: &Who,
    definition: &Slug,
    name: &Slug,
) -> Result<u64, AdminError> {
    deciding!(sync_once(ports, who, definition, name).await)
}

async fn sync_once(
    ports: &Ports,
    who: &Who,
    definition: &Slug,
    name: &Slug,
) -> Result<u64, AdminError> {
    let account = must_be(ports, definition, name).await?;
    if let Some(number) = account.entity.syncing {
        return Ok(number);
    }
    match account.entity.state {
        AccountState::Connected => {}
        AccountState::Connecting => {
            let detail =
                "its credentials are not stored yet: connect it again with `replace: true`";
            return Err(AdminError::refused("connecting", detail));
        }
        AccountState::Disabled { .. } => {
            let detail = "the account is disabled: test or enable it first";
            return Err(AdminError::refused("disabled", detail));
        }
    }
    let begun = begin(ports, account, &who.actor, ports.clock.now()).await;
    begun?.ok_or(AdminError::NotFound("definition"))
}
