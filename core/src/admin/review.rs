//! Decisions in an access review: an access is confirmed, or its owner is to take it away (L26).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use crate::account::Account;
use crate::approval::Decider;
use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::definition::{IdHash, User};
use crate::handle::seats::{Desk, page};
use crate::handle::{ledger, reminder, whose};
use crate::ids::{PersonId, Slug, TaskId};
use crate::intake::Match;
use crate::person::Person;
use crate::ports::Ports;
use crate::report::{Place as At, Seat};
use crate::review::{Reviewed, Verdict};
use crate::roster::Entry;
use crate::store::{Key, Loaded, Version};
use crate::task::{Task, TaskKind, TaskState};

use super::{AdminError, LONGEST_REASON, Who, accounts, deciding, files};

/// How many pages are read for one that has something wanted.
const MOST_PAGES: usize = 20;

/// A user of a connected account.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The definition.
    pub definition: &'a Slug,
    /// The account's name.
    pub name: &'a Slug,
    /// The application's id of the user.
    pub external_id: &'a str,
}

/// A seat with the last decision about it.
pub type Row = (Seat, Option<Reviewed>);

/// One page of the access review.
#[derive(Clone, PartialEq, Debug)]
pub struct Page {
    /// The seats that are wanted.
    pub rows: Vec<Row>,
    /// Where the next page begins.
    pub next: Option<At>,
}

/// One page of the access review, account by account: what is wanted of so many users, and of more while that is nothing.
///
/// # Errors
/// If the store cannot be read.
pub async fn read(
    ports: &Ports,
    desk: &Desk,
    from: Option<At>,
    limit: usize,
    is_wanted: impl Fn(&Row) -> bool,
) -> Result<Page, AdminError> {
    let mut found = Page {
        rows: Vec::new(),
        next: from,
    };
    for _ in 0..MOST_PAGES {
        let some = page(ports, desk, found.next.as_ref(), limit).await?;
        let mut seats = some.seats;
        seats.retain(Seat::is_active);
        let decisions = decisions(ports, &desk.accounts, &seats).await?;
        let rows = seats.into_iter().zip(decisions);
        found.rows.extend(rows.filter(&is_wanted));
        found.next = some.next;
        if found.next.is_none() || !found.rows.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// The last decisions about these seats, in their order.
pub(super) async fn decisions(
    ports: &Ports,
    accounts: &[Account],
    seats: &[Seat],
) -> Result<Vec<Option<Reviewed>>, AdminError> {
    let mut found = Vec::with_capacity(seats.len());
    for seat in seats.chunks(100) {
        let keys: Vec<Option<Key>> = seat.iter().map(|seat| key(accounts, seat)).collect();
        let known: Vec<Key> = keys.iter().flatten().cloned().collect();
        let mut read = ports.store.get_all(&known).await?.into_iter();
        for key in keys {
            let stored = key.and_then(|_| read.next()).flatten();
            let reviewed = stored.map(|stored| stored.read::<Reviewed>()).transpose()?;
            found.push(reviewed.map(|reviewed| reviewed.entity));
        }
    }
    Ok(found)
}

fn key(accounts: &[Account], seat: &Seat) -> Option<Key> {
    let of = |account: &&Account| account.label() == seat.account;
    let account = accounts.iter().find(of)?;
    let id = IdHash::of(&seat.external_id);
    Some(Key::Reviewed(account.roster.clone(), id))
}

/// Decides about a user: what is revoked becomes a task of the application's owner, who is told.
///
/// # Errors
/// `NotFound` without such a user, `Forbidden` about access of one's own, `Refused` for a user who cannot use the
/// application, `Invalid` without a reason.
pub async fn decide(
    ports: &Ports,
    who: &Who,
    decider: &Decider,
    place: Place<'_>,
    verdict: Verdict,
    reason: &str,
) -> Result<Reviewed, AdminError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        let wanted = format!("why, in 1 to {LONGEST_REASON} characters: it is kept in the audit");
        return Err(AdminError::mistake("reason", wanted));
    }
    deciding!(decide_once(ports, who, decider, place, verdict, reason).await)
}

async fn decide_once(
    ports: &Ports,
    who: &Who,
    decider: &Decider,
    place: Place<'_>,
    verdict: Verdict,
    reason: &str,
) -> Result<Reviewed, AdminError> {
    let account = accounts::must_be(ports, place.definition, place.name).await?;
    let account = account.entity;
    let user = user(ports, &account, place.external_id).await?;
    let id = IdHash::of(place.external_id);
    let key = Key::Reviewed(account.roster.clone(), id);
    let before: Option<Loaded<Reviewed>> = ports.store.find(&key).await?;
    let task = open_task(ports, before.as_ref()).await?;
    let person = person_of(ports, &account, &user).await?;
    if let Some(person) = &person {
        is_not_own(decider, person)?;
    }
    let person = person.map(|person| person.id);
    let mut changes = Changes::new(who.clone());
    let task = match (verdict, task) {
        (Verdict::Revoked, Some(task)) => Some(task.entity.id),
        (Verdict::Revoked, None) => {
            let task = a_task(ports, &account, &user, person.clone(), reason, who.at).await?;
            changes.insert_task(&task);
            Some(task.id)
        }
        (Verdict::Confirmed, Some(mut task)) => {
            if task.entity.state == TaskState::Open {
                task.entity.end(TaskState::Cancelled, who.at);
            }
            // That it was called done is not held against a roster any more.
            task.entity.awaits_roster = false;
            changes.update(&task);
            None
        }
        (Verdict::Confirmed, None) => None,
    };
    let reviewed = Reviewed {
        roster: account.roster.clone(),
        id,
        verdict,
        by: who.actor.clone(),
        at: who.at,
        task,
    };
    changes.update(&Loaded {
        entity: reviewed.clone(),
        version: before.map_or(Version::ABSENT, |before| before.version),
        due: None,
    });
    changes.say(line(&account, &reviewed, person, place.external_id, reason));
    let mut reviews = reminder::reviews(ports, who.at).await?;
    if reviews.entity.decided(who.at) {
        changes.update(&reviews);
    }
    ledger::commit(ports, changes).await?;
    Ok(reviewed)
}

fn is_not_own(decider: &Decider, person: &Person) -> Result<(), AdminError> {
    let free = decider.is_not_concerned(person, None);
    free.map_err(|refusal| AdminError::Forbidden {
        code: refusal.code(),
        detail: refusal.to_string(),
    })
}

/// The user, who must be able to use the application.
async fn user(ports: &Ports, account: &Account, external_id: &str) -> Result<User, AdminError> {
    let key = Key::Entry(account.roster.clone(), IdHash::of(external_id));
    let entry = ports.store.find::<Entry>(&key).await?;
    let entry = entry.map(|entry| entry.entity);
    let face = entry
        .as_ref()
        .and_then(|entry| entry.visible(account.applied));
    let face = face.ok_or(AdminError::NotFound("user"))?;
    if face.deleted || !face.user.active {
        let why = "the user cannot use the application any more: there is nothing to decide";
        return Err(AdminError::refused("no_access", why));
    }
    Ok(face.user.clone())
}

/// The task of the last decision, while somebody is at it or a roster can still open it again.
async fn open_task(
    ports: &Ports,
    before: Option<&Loaded<Reviewed>>,
) -> Result<Option<Loaded<Task>>, AdminError> {
    let Some(id) = before.and_then(|before| before.entity.task.clone()) else {
        return Ok(None);
    };
    let task = ports.store.find::<Task>(&Key::Task(id)).await?;
    let matters = |task: &Task| task.state == TaskState::Open || task.awaits_roster;
    Ok(task.filter(|task| matters(&task.entity)))
}

async fn person_of(
    ports: &Ports,
    account: &Account,
    user: &User,
) -> Result<Option<Person>, AdminError> {
    Ok(match whose::of(ports, &account.roster, user).await? {
        Match::One(person) => Some(person.entity),
        Match::Nobody | Match::Several(_) => None,
    })
}

async fn a_task(
    ports: &Ports,
    account: &Account,
    user: &User,
    person: Option<PersonId>,
    reason: &str,
    now: Timestamp,
) -> Result<Task, AdminError> {
    let company = files::company(ports).await?;
    let app = company.apps.get(&account.app);
    let label = app.map_or(account.app.as_str(), |app| app.label());
    let at = now.as_millisecond().to_string();
    let id = ["review", account.roster.as_str(), &user.external_id, &at];
    Ok(Task {
        id: TaskId::derived(&id),
        kind: TaskKind::Manual,
        owner: app
            .and_then(|app| app.owner.clone())
            .unwrap_or_else(|| Task::NOBODY.to_owned()),
        title: format!("Take away access to {label}: decided in an access review"),
        state: TaskState::Open,
        person,
        run: None,
        step: None,
        app: Some(account.app.clone()),
        detail: format!(
            "the user `{}` of {} is to lose it: {reason}",
            user.external_id,
            account.label()
        ),
        due: None,
        created_at: now,
        ended_at: None,
        user: Some((account.roster.clone(), IdHash::of(&user.external_id))),
        awaits_roster: false,
        perhaps: None,
        among: BTreeSet::new(),
        events: Vec::new(),
    })
}

fn line(
    account: &Account,
    reviewed: &Reviewed,
    person: Option<PersonId>,
    external_id: &str,
    reason: &str,
) -> Line {
    let is_known = person.is_some();
    let stream = person.map_or_else(|| account.stream(), StreamId::Person);
    let target = format!("app/{}", account.app);
    let line = match reviewed.verdict {
        Verdict::Confirmed => Line::new(stream, "access confirmed in a review", target),
        Verdict::Revoked => Line::new(stream, "access revoked in a review", target),
    };
    let account = account.label();
    if is_known {
        let user = json!({ "account": account, "user": external_id, "task": reviewed.task, "reason": reason });
        return line.personal(None, Some(user));
    }
    // Nobody's stream has no key: the user is named by the hash that the roster has, and the reason may name somebody.
    line.after(json!({ "account": account, "user": reviewed.id, "task": reviewed.task }))
}
