//! Accounts that nobody here gave and a roster shows: whoever leaves loses them too (L10), and what people who left still
//! hold can be taken away later (X13).

use jiff::Timestamp;
use serde_json::json;

use crate::account::Account;
use crate::audit::StreamId;
use crate::changes::{Changes, Line, Origin};
use crate::company::Company;
use crate::grant::{Entitlement, Grant, GrantState};
use crate::ids::{AppSlug, EventId, TaskId};
use crate::person::{CanonicalEmail, Person};
use crate::ports::Ports;
use crate::report::addresses_of;
use crate::roster::{Entry, holder_of};
use crate::rule::EventKind;
use crate::store::{Entity, Group, Key, Loaded, PageRequest, Query};
use crate::task::{Task, TaskKind, TaskState};

use super::{HandleError, lifecycle, load};

/// How many accounts are taken along when somebody leaves; what is left shows as residue.
const MOST: usize = 20;
/// How many entries of one address are looked at.
const ENTRIES: usize = 100;

/// An account that a roster shows of somebody.
struct Shown {
    app: AppSlug,
    account: String,
    external_id: String,
    licenses: Vec<String>,
    /// Under the address at work: where effects look for users.
    at_work: bool,
    at: Timestamp,
}

/// What the rosters show of somebody, under any of their addresses.
async fn shown(ports: &Ports, person: &Person) -> Result<Vec<Shown>, HandleError> {
    let accounts: Vec<Loaded<Account>> = ports.store.all(&Group::Accounts).await?;
    let work = person.text("work_email");
    let work = work.and_then(|address| CanonicalEmail::parse(address).ok());
    let mut found: Vec<Shown> = Vec::new();
    for address in addresses_of(person) {
        let query = Query::Person {
            person: holder_of(&address),
            kind: Entry::KIND,
        };
        let page = PageRequest {
            limit: ENTRIES,
            cursor: None,
        };
        for stored in ports.store.list(&query, &page).await?.items {
            let entry: Loaded<Entry> = stored.read()?;
            let of = |account: &&Loaded<Account>| account.entity.roster == entry.entity.roster;
            let Some(account) = accounts.iter().find(of) else {
                continue;
            };
            found.extend(one(&account.entity, &entry.entity, &address, work.as_ref()));
        }
    }
    Ok(found)
}

/// What an entry shows now; none if the user cannot use the application, or has another address by now.
fn one(
    account: &Account,
    entry: &Entry,
    address: &CanonicalEmail,
    work: Option<&CanonicalEmail>,
) -> Option<Shown> {
    let face = entry.visible(account.applied)?;
    let has = CanonicalEmail::parse(face.user.email.as_deref()?).ok()?;
    (has == *address && face.user.active && !face.deleted).then(|| Shown {
        app: account.app.clone(),
        account: account.label(),
        external_id: face.user.external_id.clone(),
        licenses: face.user.licenses.clone(),
        at_work: Some(address) == work,
        at: account.applied_at.unwrap_or(face.at),
    })
}

/// Makes what the rosters show of somebody who leaves a part of what is taken away: an account under the address at work
/// becomes a grant that is held; one under another address, which effects would not find, a task for the owner. Answers
/// how many there were.
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
    let mut taken: Vec<(AppSlug, bool)> = Vec::new();
    for shown in shown(ports, person).await? {
        let known = grants.iter().find(|grant| grant.entity.app == shown.app);
        let twice = taken.contains(&(shown.app.clone(), shown.at_work));
        if twice || taken.len() >= MOST || is_in_hand(known, &shown) {
            continue;
        }
        if shown.at_work {
            hold(known, person, &shown, company, changes);
        } else {
            let task = a_task(person, &shown, company, now);
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
        taken.push((shown.app, shown.at_work));
    }
    Ok(taken.len())
}

/// Is it a grant that is taken away anyway, or was it taken away since the roster was read?
fn is_in_hand(known: Option<&Loaded<Grant>>, shown: &Shown) -> bool {
    let Some(grant) = known.map(|known| &known.entity) else {
        return false;
    };
    let over = grant.state == GrantState::Revoked && grant.change.is_none();
    let ours = grant.external_id.as_ref().map(|id| id.as_str()) == Some(shown.external_id.as_str());
    match (shown.at_work, over) {
        (true, true) => grant.changed_at >= shown.at,
        (true, false) => true,
        (false, _) => ours,
    }
}

/// Writes down that the person has it.
fn hold(
    known: Option<&Loaded<Grant>>,
    person: &Person,
    shown: &Shown,
    company: &Company,
    changes: &mut Changes,
) {
    let now = changes.origin.at;
    let app = company.apps.get(&shown.app);
    let plan = app.and_then(|app| {
        let held = |plan: &&crate::app::Plan| shown.licenses.contains(&plan.id);
        app.plans.iter().find(held).map(|plan| plan.id.clone())
    });
    let entitlement = Entitlement {
        plan,
        ..Entitlement::default()
    };
    let mark = |grant: &mut Grant| {
        grant.held = Some(entitlement.clone());
        grant.state = GrantState::Active;
        grant.from_roster = true;
        grant.reason = Some(format!("seen in the roster of {}", shown.account));
        grant.changed_at = now;
    };
    match known {
        Some(known) => {
            let mut known = known.clone();
            mark(&mut known.entity);
            changes.update(&known);
        }
        None => {
            let mut grant = Grant::desired(&person.id, &shown.app, entitlement.clone(), now);
            mark(&mut grant);
            changes.insert(&grant);
        }
    }
    let line = Line::new(
        StreamId::Person(person.id.clone()),
        "account found in a roster",
        format!("app/{}", shown.app),
    );
    changes.say(line.after(json!({ "account": shown.account, "roster_at": shown.at })));
}

fn a_task(person: &Person, shown: &Shown, company: &Company, now: Timestamp) -> Task {
    let app = company.apps.get(&shown.app);
    let label = app.map_or(shown.app.as_str(), |app| app.label());
    let owner = app.and_then(|app| app.owner.clone());
    let epoch = person.access_epoch.to_string();
    let id = [
        "roster",
        person.id.as_str(),
        &epoch,
        &shown.account,
        &shown.external_id,
    ];
    Task {
        id: TaskId::derived(&id),
        kind: TaskKind::Manual,
        owner: owner.unwrap_or_else(|| Task::NOBODY.to_owned()),
        title: format!("Take away access to {label} under another address"),
        state: TaskState::Open,
        person: Some(person.id.clone()),
        run: None,
        step: None,
        app: Some(shown.app.clone()),
        detail: format!(
            "the person left, and {} shows the user `{}` under an address that is not the one at work",
            shown.account, shown.external_id
        ),
        due: None,
        created_at: now,
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
    if take_along(ports, &person.entity, company, &mut changes).await? == 0 {
        return Ok(false);
    }
    let now = changes.origin.at;
    let at = now.as_millisecond().to_string();
    let id = EventId::derived(&["cleared", person.entity.id.as_str(), &at]);
    let event = lifecycle::person_event(id, EventKind::Terminated, "residue", &person.entity, now);
    // Not exempt from the cap on removals: it may be many.
    lifecycle::start_with(ports, person, event, company, false, changes).await?;
    Ok(true)
}
