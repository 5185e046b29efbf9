//! People from the account that is the company's directory (L30). Whoever is active there and unknown becomes a person who
//! was here already: nothing is given. Whoever appears there, and whoever was active there and is not any more: the rules
//! say what follows.
//!
//! It begins when a sync counts, and looks at the users that changed since the last one that did. Doing a portion twice
//! changes nothing.

use jiff::Timestamp;
use serde_json::json;

use crate::account::{Account, Fed};
use crate::admin::{AdminError, Expect, outside};
use crate::audit::Cause;
use crate::changes::Origin;
use crate::claim::{Claim, Held, Holder};
use crate::company::Company;
use crate::definition::{IdHash, Kind, User};
use crate::event::Event;
use crate::grant::{Grant, GrantState};
use crate::ids::{EventId, JobId, PersonId, RosterId};
use crate::intake::Match;
use crate::job::{Feeding, Job, Work};
use crate::person::{Attributes, CanonicalEmail, Lifecycle, Person};
use crate::ports::Ports;
use crate::roster::{Entry, Face};
use crate::rule::EventKind;
use crate::settings::Directory;
use crate::store::{Commit, Key, Loaded, PageRequest, Put, Query};
use crate::sync::Sync;

use super::rosters::Rosters;
use super::{HandleError, lifecycle, load, whose};

/// Users who are looked at together.
const PORTION: usize = 50;
/// The longest id that is readable in a person's key.
const LONGEST_ID: usize = 100;

/// What is to be done because a sync counts; nothing if its account is not the directory.
#[must_use]
pub fn feeding(account: &Account, directory: &Directory) -> Option<Feeding> {
    if !is_of(account, directory) {
        return None;
    }
    let mapping = directory.mapping();
    let before = account.fed.as_ref();
    Some(Feeding {
        definition: account.definition.clone(),
        account: account.name.clone(),
        app: account.app.clone(),
        roster: account.roster.clone(),
        sync: account.applied,
        since: before.map_or(0, |fed| fed.sync),
        everybody: before.is_none_or(|fed| fed.mapping != mapping),
        mapping,
        cursor: None,
        came: crate::job::FedPeople::default(),
    })
}

fn is_of(account: &Account, directory: &Directory) -> bool {
    account.definition == directory.definition && account.name == directory.account
}

/// The job that does it.
#[must_use]
pub fn job(feeding: Feeding, now: Timestamp) -> Job {
    let sync = feeding.sync.to_string();
    let id = JobId::derived(&["feed", feeding.roster.as_str(), &sync]);
    Job::new(id, "sando", Work::FeedPeople(Box::new(feeding)), now)
}

/// Looks at a portion of the users; true when nothing is left.
///
/// # Errors
/// If the store did not do it.
pub(super) async fn portion(ports: &Ports, feeding: &mut Feeding) -> Result<bool, HandleError> {
    let key = Key::Account(feeding.definition.clone(), feeding.account.clone());
    let account = ports.store.find::<Account>(&key).await?;
    let account = account.filter(|account| account.entity.roster == feeding.roster);
    let company = load::company(ports).await?;
    let directory = company.settings.directory.as_ref();
    let directory = directory.filter(|directory| {
        directory.definition == feeding.definition && directory.account == feeding.account
    });
    let (Some(account), Some(directory)) = (account, directory) else {
        return Ok(true);
    };
    let page = PageRequest {
        limit: PORTION,
        cursor: feeding.cursor.clone(),
    };
    let query = Query::Roster(feeding.roster.clone());
    let page = ports.store.list(&query, &page).await?;
    for stored in &page.items {
        let entry: Loaded<Entry> = stored.read()?;
        let Some(face) = entry.entity.visible(account.entity.applied) else {
            continue;
        };
        let is_changed = face.sync > feeding.since;
        let is_human = matches!(face.user.kind, None | Some(Kind::Person));
        if !is_human {
            continue;
        }
        if face.user.active && !face.deleted {
            if is_changed || feeding.everybody {
                let attributes = directory.read(&json!(face.user));
                take_in(ports, feeding, &company, (&entry.entity, face), &attributes).await?;
            }
        } else if is_changed && was_active(&entry.entity, face, feeding) {
            let_go(ports, feeding, &entry.entity, &face.user).await?;
        }
    }
    feeding.cursor = page.next;
    if feeding.cursor.is_some() {
        return Ok(false);
    }
    remember(ports, feeding).await?;
    Ok(true)
}

/// Was the user active when the directory was looked at last? One who changed twice since then may have been.
fn was_active(entry: &Entry, face: &Face, feeding: &Feeding) -> bool {
    let before = entry.now.as_ref().filter(|before| before.sync < face.sync);
    feeding.since > 0
        && before.is_some_and(|before| {
            before.sync > feeding.since || (before.user.active && !before.deleted)
        })
}

/// From here on only what changes is looked at.
async fn remember(ports: &Ports, feeding: &Feeding) -> Result<(), HandleError> {
    let key = Key::Account(feeding.definition.clone(), feeding.account.clone());
    let Some(mut account) = ports.store.find::<Account>(&key).await? else {
        return Ok(());
    };
    let is_later = |fed: &Fed| fed.sync >= feeding.sync;
    if account.entity.roster != feeding.roster || account.entity.fed.as_ref().is_some_and(is_later)
    {
        return Ok(());
    }
    account.entity.fed = Some(Fed {
        sync: feeding.sync,
        mapping: feeding.mapping.clone(),
    });
    let commit = Commit {
        puts: vec![Put {
            due: account.due,
            ..Put::of(&account.entity, account.version)
        }],
        ..Commit::default()
    };
    Ok(ports.store.commit(&commit).await?)
}

/// The key under which a user of the directory is a person.
fn key_of(user: &User) -> String {
    let id = &user.external_id;
    let is_plain = id.len() <= LONGEST_ID && !id.chars().any(char::is_control);
    if is_plain {
        format!("directory:{id}")
    } else {
        format!("directory:{}", String::from(IdHash::of(id)))
    }
}

/// Who a user of this account is by the key; nobody if the account is not the directory.
///
/// # Errors
/// If the store cannot be read.
pub(crate) async fn by_key(
    ports: &Ports,
    account: &Account,
    user: &User,
) -> Result<Match, HandleError> {
    let company = load::company(ports).await?;
    let directory = company.settings.directory.as_ref();
    let is_it = directory.is_some_and(|directory| is_of(account, directory));
    if !is_it {
        return Ok(Match::Nobody);
    }
    load::matched(ports, &[Claim::outside(&key_of(user))]).await
}

fn origin(feeding: &Feeding, ports: &Ports) -> Origin {
    let name = format!(
        "{}/{}/{}",
        feeding.definition, feeding.account, feeding.sync
    );
    Origin::sando(Cause::of("sync", &name), &name, ports.clock.now())
}

/// Whom a user is: by the key, then as users of any roster.
async fn whose(ports: &Ports, roster: &RosterId, user: &User) -> Result<Match, HandleError> {
    let by_key = load::matched(ports, &[Claim::outside(&key_of(user))]).await?;
    if !matches!(by_key, Match::Nobody) {
        return Ok(by_key);
    }
    whose::of(ports, roster, user).await
}

/// An active user: somebody new, or somebody of whom something changed. Whoever is known from elsewhere is left as they are:
/// what Lever or an HR system says of them counts. Those of the first reading were there already: nobody appears.
async fn take_in(
    ports: &Ports,
    feeding: &mut Feeding,
    company: &Company,
    (entry, face): (&Entry, &Face),
    attributes: &Attributes,
) -> Result<(), HandleError> {
    let user = &face.user;
    let key = key_of(user);
    let is_shown_now = feeding.since > 0 && face.sync > feeding.since;
    let is_new = match whose(ports, &feeding.roster, user).await? {
        Match::One(known) if known.entity.identifiers.key.as_deref() != Some(&key) => {
            // Without a face before this one the user is a new one.
            if is_shown_now && entry.now.is_none() {
                appeared(ports, feeding, company, *known, face).await?;
            }
            return Ok(());
        }
        Match::One(known) => {
            let known = known.entity;
            let is_here = !matches!(known.state, Lifecycle::Left | Lifecycle::Withdrawn);
            if !is_here || is_as(&known, company, attributes) {
                return Ok(());
            }
            false
        }
        Match::Nobody if attributes.text("work_email").is_some() => true,
        Match::Nobody | Match::Several(_) => {
            feeding.came.unclear = feeding.came.unclear.saturating_add(1);
            return Ok(());
        }
    };
    let day = attributes.text("start_date");
    let given = outside::Given {
        start_date: day.and_then(|day| day.get(..10)?.parse().ok()),
        attributes: named(attributes),
        end_date: None,
        appeared: (is_new && is_shown_now).then(|| feeding.roster.clone()),
    };
    let who = origin(feeding, ports);
    let put = Box::pin(outside::put(ports, &who, &key, &given, &Expect::Anything)).await;
    let count = match put {
        Ok(_) if is_new => &mut feeding.came.added,
        Ok(_) => &mut feeding.came.changed,
        Err(AdminError::Handle(error)) => return Err(error),
        // The address is somebody else's, or a value is none: nothing is guessed.
        Err(_) => &mut feeding.came.unclear,
    };
    *count = count.saturating_add(1);
    Ok(())
}

/// Somebody known from elsewhere has a user in the directory, and had none. Not if that is our own doing.
async fn appeared(
    ports: &Ports,
    feeding: &Feeding,
    company: &Company,
    person: Loaded<Person>,
    face: &Face,
) -> Result<(), HandleError> {
    let id = lifecycle::appearance(&feeding.roster, &person.entity);
    let is_known = ports.store.get(&Key::Event(id.clone())).await?.is_some();
    let shown = shown_from(ports, feeding, face).await?;
    let is_ours = |grant: &Grant| match grant.state {
        GrantState::Revoking | GrantState::Revoked => is_taken(grant, Some(shown)),
        state => state != GrantState::Desired,
    };
    let grants = there(ports, feeding, &person.entity, &face.user).await?;
    let mut made = grants.iter().filter(|grant| !grant.from_roster);
    if is_known || made.any(is_ours) {
        return Ok(());
    }
    let who = origin(feeding, ports);
    let kind = EventKind::UserAppeared;
    let event = lifecycle::person_event(id, kind, "directory", &person.entity, who.at);
    Box::pin(lifecycle::start(ports, person, event, company, false, who)).await
}

/// What was given there to whom the user's address was given, or to the person.
async fn there(
    ports: &Ports,
    feeding: &Feeding,
    person: &Person,
    user: &User,
) -> Result<Vec<Grant>, HandleError> {
    let owner = owner(ports, user).await?;
    let owner = owner.unwrap_or_else(|| person.id.clone());
    let grants = load::grants(ports, &owner).await?.into_iter();
    let grants = grants.map(|grant| grant.entity);
    Ok(grants.filter(|grant| grant.app == feeding.app).collect())
}

/// From when on what this shows was so at the earliest: the sync that wrote it began then.
async fn shown_from(
    ports: &Ports,
    feeding: &Feeding,
    face: &Face,
) -> Result<Timestamp, HandleError> {
    let key = Key::Sync(feeding.roster.clone(), face.sync);
    let sync = ports.store.find::<Sync>(&key).await?;
    // A sync that is forgotten by now was long ago.
    Ok(sync.map_or(face.at, |sync| sync.entity.started_at))
}

/// Was it taken away here, after they were shown as active if that is known? What was taken before was given anew by
/// somebody else. What still names its approval was called off: there was nothing to take.
fn is_taken(grant: &Grant, shown: Option<Timestamp>) -> bool {
    match grant.state {
        GrantState::Revoking => true,
        GrantState::Revoked => {
            grant.approval.is_none() && shown.is_none_or(|shown| grant.changed_at >= shown)
        }
        _ => false,
    }
}

/// The attributes without the first day, which is read apart.
fn named(attributes: &Attributes) -> serde_json::Map<String, serde_json::Value> {
    let named = attributes.iter().filter(|(name, _)| *name != "start_date");
    named
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Is everything that the directory says known already?
fn is_as(person: &Person, company: &Company, attributes: &Attributes) -> bool {
    let said: Attributes = named(attributes).into_iter().collect();
    let said = company.mapping.normalised(&said).attributes;
    let day = attributes.text("start_date").and_then(|day| day.get(..10));
    said.iter()
        .all(|(name, value)| person.attributes.get(name) == Some(value))
        && day.is_none_or(|day| person.attributes.text("start_date") == Some(day))
}

/// Who was given the user's address, if somebody was: whoever was merged away keeps theirs, and what was taken with it.
async fn owner(ports: &Ports, user: &User) -> Result<Option<PersonId>, HandleError> {
    let address = user.email.as_deref();
    let Some(Ok(address)) = address.map(CanonicalEmail::parse) else {
        return Ok(None);
    };
    let key = Key::Claim(Claim::address(&address));
    let held = ports.store.find::<Held>(&key).await?;
    Ok(held.and_then(|held| match held.entity.holder {
        Holder::Person(id) => Some(id),
        Holder::Stranger => None,
    }))
}

/// Is it a second user, linked by hand, of somebody whom the directory still shows by another one? They have not left.
async fn is_one_of_several(
    ports: &Ports,
    feeding: &Feeding,
    person: &Person,
    entry: &Entry,
    user: &User,
) -> Result<bool, HandleError> {
    let known = &person.identifiers;
    let key = known.key.as_deref();
    let is_by_link = known.linked(&feeding.roster, entry.id).is_some()
        && key != Some(key_of(user).as_str())
        && matches!(whose::by_address(ports, user).await?, Match::Nobody);
    if !is_by_link {
        return Ok(false);
    }
    if let Some(id) = key.and_then(|key| key.strip_prefix("directory:")) {
        let own = Key::Entry(feeding.roster.clone(), IdHash::of(id));
        let own = ports.store.find::<Entry>(&own).await?;
        let face = own
            .as_ref()
            .and_then(|own| own.entity.visible(feeding.sync));
        if face.is_some_and(|face| face.user.active && !face.deleted) {
            return Ok(true);
        }
    }
    let seen = Rosters::of(ports).of_person(person).await?;
    Ok(seen.iter().any(|one| {
        one.roster == feeding.roster
            && one.is_active()
            && one.face.user.external_id != user.external_id
    }))
}

/// Somebody who was active in the directory and is not any more. Not if that is our own doing.
async fn let_go(
    ports: &Ports,
    feeding: &mut Feeding,
    entry: &Entry,
    user: &User,
) -> Result<(), HandleError> {
    let Match::One(person) = whose(ports, &feeding.roster, user).await? else {
        return Ok(());
    };
    if is_one_of_several(ports, feeding, &person.entity, entry, user).await? {
        return Ok(());
    }
    let is_here = matches!(person.entity.state, Lifecycle::Active | Lifecycle::Leaving);
    let id = person.entity.id.clone();
    let grants = there(ports, feeding, &person.entity, user).await?;
    let active = entry.now.as_ref();
    let active = active.filter(|before| before.user.active && !before.deleted);
    let shown = match active {
        Some(before) => Some(shown_from(ports, feeding, before).await?),
        None => None,
    };
    if !is_here || grants.iter().any(|grant| is_taken(grant, shown)) {
        return Ok(());
    }
    let epoch = person.entity.access_epoch.to_string();
    let hash = String::from(entry.id);
    let event = EventId::derived(&[
        "vanished",
        feeding.roster.as_str(),
        &hash,
        id.as_str(),
        &epoch,
    ]);
    if ports
        .store
        .find::<Event>(&Key::Event(event.clone()))
        .await?
        .is_some()
    {
        return Ok(());
    }
    let gone = lifecycle::vanished(ports, *person, event, origin(feeding, ports));
    Box::pin(gone).await?;
    feeding.came.gone = feeding.came.gone.saturating_add(1);
    Ok(())
}
