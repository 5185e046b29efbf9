//! Accounts that nobody here gave and a roster shows: whoever leaves loses them too (L10), and what people who left still
//! hold can be taken away later (X13).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::json;

use crate::audit::StreamId;
use crate::changes::{Changes, Line, Origin};
use crate::company::Company;
use crate::definition::IdHash;
use crate::drift::{Drift, DriftKind, Seen};
use crate::grant::{Grant, GrantState};
use crate::ids::{AppSlug, EventId, PersonId, TaskId};
use crate::person::Person;
use crate::ports::Ports;
use crate::rule::EventKind;
use crate::store::{Key, Loaded};
use crate::task::{Task, TaskKind, TaskState};

use super::rosters::Rosters;
use super::{HandleError, ledger, lifecycle, load};

/// How many accounts are taken along when somebody leaves; what is left shows as residue.
const MOST: usize = 20;

/// Makes what the rosters show of somebody who leaves a part of what is taken away: an account under the address at work
/// becomes a grant that is held; what effects would not find, under another address or in another account, a task for the
/// owner. Answers how many there were.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn take_along(
    ports: &Ports,
    person: &Person,
    company: &Company,
    changes: &mut Changes,
) -> Result<usize, HandleError> {
    let now = changes.origin.at;
    let grants = load::grants(ports, &person.id).await?;
    let seen = active(Rosters::of(ports).of_person(person).await?);
    let mut held: BTreeSet<&AppSlug> = BTreeSet::new();
    let mut taken = 0_usize;
    for shown in &seen {
        let known = grants.iter().find(|grant| grant.entity.app == shown.app);
        let reached = is_reached(shown, &seen, known, company);
        if taken >= MOST || is_in_hand(known, shown, reached) {
            continue;
        }
        if shown.at_work && reached && held.insert(&shown.app) {
            hold(known, person, shown, company, changes);
        } else {
            let task = if shown.at_work {
                another(person, shown, company, now)
            } else {
                a_task(person, shown, company, now)
            };
            if ports
                .store
                .get(&Key::Task(task.id.clone()))
                .await?
                .is_some()
            {
                continue;
            }
            changes.insert_task(&task);
        }
        taken = taken.saturating_add(1);
    }
    Ok(taken)
}

fn active(seen: Vec<Seen>) -> Vec<Seen> {
    seen.into_iter().filter(Seen::is_active).collect()
}

/// What the rosters still show of somebody who left, and nothing of theirs takes away.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn left(
    ports: &Ports,
    person: &Person,
    grants: &[Loaded<Grant>],
    company: &Company,
) -> Result<Vec<Seen>, HandleError> {
    let seen = active(Rosters::of(ports).of_person(person).await?);
    let is_left = |shown: &&Seen| {
        let known = grants.iter().find(|grant| grant.entity.app == shown.app);
        !is_in_hand(known, shown, is_reached(shown, &seen, known, company))
    };
    Ok(seen.iter().filter(is_left).take(MOST).cloned().collect())
}

/// Is it in the account that effects reach? An application may have several: that is the one it is read from, or where its
/// file does not say, the one that shows the user whom the grant keeps, or else the first by name.
fn is_reached(
    shown: &Seen,
    all: &[Seen],
    known: Option<&Loaded<Grant>>,
    company: &Company,
) -> bool {
    let app = company.apps.get(&shown.app);
    if let Some(read) = app.and_then(|app| app.read.as_ref()) {
        let label = format!("{}/{}", read.definition, read.account);
        return label.eq_ignore_ascii_case(&shown.account);
    }
    let of_app = || all.iter().filter(|other| other.app == shown.app);
    let ours = of_app().find(|other| known.is_some_and(|known| is_ours(&known.entity, other)));
    let at_work = of_app().filter(|other| other.at_work);
    let home = ours.or_else(|| at_work.min_by(|one, other| one.account.cmp(&other.account)));
    home.is_none_or(|home| home.roster == shown.roster)
}

/// Is it the user whom the grant keeps?
fn is_ours(grant: &Grant, shown: &Seen) -> bool {
    let known = grant.external_id.as_ref().map(|id| id.as_str());
    known == Some(shown.face.user.external_id.as_str())
}

/// Is it a grant that is taken away anyway, or was it taken away since the roster was read? Never in an account that effects
/// do not reach.
fn is_in_hand(known: Option<&Loaded<Grant>>, shown: &Seen, reached: bool) -> bool {
    let Some(grant) = known.map(|known| &known.entity).filter(|_| reached) else {
        return false;
    };
    let over = grant.state == GrantState::Revoked && grant.change.is_none();
    match (shown.at_work, over) {
        (true, true) => grant.changed_at >= shown.at,
        (true, false) => true,
        (false, _) => is_ours(grant, shown),
    }
}

/// Writes down that the person has it.
fn hold(
    known: Option<&Loaded<Grant>>,
    person: &Person,
    shown: &Seen,
    company: &Company,
    changes: &mut Changes,
) {
    let found = Drift {
        app: shown.app.clone(),
        account: shown.account.clone(),
        kind: DriftKind::Unexplained,
        external_id: Some(shown.face.user.external_id.clone()),
        plan: shown.plan(company.apps.get(&shown.app)),
        at_work: shown.at_work,
        seen_at: shown.at,
        why: String::new(),
    };
    keep(&found, known, &person.id, changes);
    let line = Line::new(
        StreamId::Person(person.id.clone()),
        "account found in a roster",
        format!("app/{}", shown.app),
    );
    changes.say(line.after(json!({ "account": shown.account, "roster_at": shown.at })));
}

/// Writes a grant down as a roster shows it.
pub(super) fn keep(
    drift: &Drift,
    known: Option<&Loaded<Grant>>,
    person: &PersonId,
    changes: &mut Changes,
) {
    let grant = drift.as_seen(known.map(|known| &known.entity), person, changes.origin.at);
    match known {
        Some(known) => changes.update(&Loaded {
            entity: grant,
            ..known.clone()
        }),
        None => changes.insert(&grant),
    }
}

fn a_task(person: &Person, shown: &Seen, company: &Company, now: Timestamp) -> Task {
    let app = company.apps.get(&shown.app);
    let label = app.map_or(shown.app.as_str(), |app| app.label());
    let owner = app.and_then(|app| app.owner.clone());
    let user = IdHash::of(&shown.face.user.external_id);
    let (what, who) = if shown.linked {
        ("of a linked user", "who was linked to them by hand")
    } else {
        (
            "under another address",
            "under an address that is not the one at work",
        )
    };
    let epoch = person.access_epoch.to_string();
    let id = [
        "roster",
        person.id.as_str(),
        &epoch,
        &shown.account,
        &shown.face.user.external_id,
    ];
    Task {
        id: TaskId::derived(&id),
        kind: TaskKind::Manual,
        owner: owner.unwrap_or_else(|| Task::NOBODY.to_owned()),
        title: format!("Take away access to {label} {what}"),
        state: TaskState::Open,
        person: Some(person.id.clone()),
        run: None,
        step: None,
        app: Some(shown.app.clone()),
        detail: format!(
            "the person left, and {} shows the user `{}` {who}",
            shown.account, shown.face.user.external_id
        ),
        due: None,
        created_at: now,
        ended_at: None,
        user: Some((shown.roster.clone(), user)),
        awaits_roster: false,
        perhaps: None,
        among: BTreeSet::new(),
        events: Vec::new(),
    }
}

/// As [`a_task`], for a user under the address at work whom effects would not find.
fn another(person: &Person, shown: &Seen, company: &Company, now: Timestamp) -> Task {
    let app = company.apps.get(&shown.app);
    let label = app.map_or(shown.app.as_str(), |app| app.label());
    let (account, user) = (&shown.account, &shown.face.user.external_id);
    Task {
        title: format!("Take away access to {label} in {account}"),
        detail: format!(
            "the person left, and {account} shows the user `{user}`, whom nothing here takes away: access to {label} is \
             given and taken elsewhere"
        ),
        ..a_task(person, shown, company, now)
    }
}

/// Licences of users who cannot use the application any more: effects would not give them back, so whoever owns the
/// application is asked to, once. Answers how many there were.
async fn ask_back(
    ports: &Ports,
    person: &Person,
    company: &Company,
    changes: &mut Changes,
) -> Result<usize, HandleError> {
    let mut asked = 0_usize;
    let seen = Rosters::of(ports).of_person(person).await?;
    let paid = |shown: &Seen| !shown.is_active() && !shown.face.user.licenses.is_empty();
    for shown in seen.into_iter().filter(paid).take(MOST) {
        let task = licence_task(person, &shown, company, changes.origin.at);
        if ports
            .store
            .get(&Key::Task(task.id.clone()))
            .await?
            .is_some()
        {
            continue;
        }
        changes.insert_task(&task);
        let line = Line::new(
            StreamId::Person(person.id.clone()),
            "licences asked back",
            format!("app/{}", shown.app),
        );
        changes.say(line.after(json!({ "account": shown.account, "task": task.id })));
        asked = asked.saturating_add(1);
    }
    Ok(asked)
}

fn licence_task(person: &Person, shown: &Seen, company: &Company, now: Timestamp) -> Task {
    let user = &shown.face.user;
    let epoch = person.access_epoch.to_string();
    let id = [
        "licences",
        person.id.as_str(),
        &epoch,
        &shown.account,
        &user.external_id,
    ];
    let app = company.apps.get(&shown.app);
    let label = app.map_or(shown.app.as_str(), |app| app.label());
    Task {
        id: TaskId::derived(&id),
        title: format!("Take back licences of {label}"),
        detail: format!(
            "the person left, and the user `{}` of {}, who cannot use it any more, still holds {}",
            user.external_id,
            shown.account,
            user.licenses.join(", ")
        ),
        // A roster that shows the user as not active says nothing about this task.
        user: None,
        ..a_task(person, shown, company, now)
    }
}

/// Takes away what the rosters still show of somebody who left; answers whether there was anything.
///
/// # Errors
/// `Conflict` if the person moved meanwhile; otherwise if the store did not do it.
pub async fn clear(
    ports: &Ports,
    person: Loaded<Person>,
    company: &Company,
    origin: Origin,
) -> Result<bool, HandleError> {
    let mut changes = Changes::new(origin);
    let asked = ask_back(ports, &person.entity, company, &mut changes).await?;
    if take_along(ports, &person.entity, company, &mut changes).await? == 0 {
        if asked > 0 {
            ledger::commit(ports, changes).await?;
        }
        return Ok(asked > 0);
    }
    let now = changes.origin.at;
    let at = now.as_millisecond().to_string();
    let id = EventId::derived(&["cleared", person.entity.id.as_str(), &at]);
    let event = lifecycle::person_event(id, EventKind::Terminated, "residue", &person.entity, now);
    // Not exempt from the cap on removals: it may be many.
    lifecycle::start_with(ports, person, event, company, false, changes).await?;
    Ok(true)
}
