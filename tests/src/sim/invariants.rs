//! What must hold when everything has come to rest; what must hold always is seen by the watch and the applications.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use sando_core::access::desired;
use sando_core::app::Application;
use sando_core::approval::ApprovalState;
use sando_core::audit::checkpoint::{Demands, ends};
use sando_core::audit::{Broken, Head, Record, StreamId, verify};
use sando_core::company::Company;
use sando_core::grant::{Grant, GrantState};
use sando_core::ids::{ApprovalId, DeliveryId, RunId, Slug};
use sando_core::lever::fact_id;
use sando_core::person::{Lifecycle, Person};
use sando_core::store::{Entity, Group, Key, Loaded, PageRequest, Query, Store, StoreError};
use sando_core::task::{Task, TaskState};

use super::applications::{Account, SimApp};
use super::clock::after;
use super::lever::Opportunity;
use super::plan::Human;
use super::processes::known;
use super::watch::Invariant;
use super::world::World;

/// How long Sando may be behind: Lever down, webhooks sent again.
const BEHIND: Duration = Duration::from_secs(14 * 3600);

/// Asks the store while nothing else runs.
fn ask<T>(work: impl Future<Output = T>) -> Option<T> {
    let mut work = Box::pin(work);
    (0..10_000).find_map(|_| (&mut work).now_or_never())
}

/// Nothing stays due but the next poll.
pub fn at_rest(world: &World) {
    let due: Vec<String> = world
        .watch
        .seen()
        .due
        .iter()
        .filter(|(key, _)| **key != Key::CatchUp)
        .map(|(key, at)| format!("{key:?} at {at}"))
        .collect();
    if !due.is_empty() {
        world.watch.violated(
            Invariant::ComesToRest,
            format!("still due: {}", due.join(", ")),
        );
    }
}

/// What is compared before and after a replay: effects, runs, events, notes.
#[must_use]
pub fn tally(world: &World) -> (u64, usize, usize, usize) {
    let notes = world.lever.notes();
    let seen = world.watch.seen();
    (seen.effects, seen.runs.len(), seen.events.len(), notes)
}

/// Every chain verifies, the heads know every record, no checkpoint contradicts a chain, and what a record names as its
/// cause is there.
pub fn trail_unbroken(world: &World) {
    let store: &dyn Store = &*world.store;
    let heads = ask(store.all::<Head>(&Group::Heads));
    let Some(Ok(heads)) = heads else {
        return world
            .watch
            .violated(Invariant::TrailUnbroken, "no heads".to_owned());
    };
    let mut chains: BTreeMap<StreamId, Vec<Record>> = BTreeMap::new();
    for head in heads {
        let head = head.entity;
        let records: Result<Vec<Record>, StoreError> =
            ask(store.records(&head.stream, 1, 100_000)).unwrap_or(Ok(Vec::new()));
        let broken = records
            .map_err(|error| error.to_string())
            .and_then(|records| {
                verify(&records, &head).map_err(|broken| format!("{broken:?}"))?;
                chains.insert(head.stream, records);
                Ok(())
            });
        if let Err(broken) = broken {
            world.watch.violated(Invariant::TrailUnbroken, broken);
        }
    }
    if let Err(broken) = as_checkpointed(&chains) {
        let what = format!("against a checkpoint: {broken:?}");
        world.watch.violated(Invariant::TrailUnbroken, what);
    }
    let records = chains.values().flatten();
    let causes: BTreeSet<(&str, &str)> = records
        .map(|record| (record.cause.kind.as_str(), record.cause.id.as_str()))
        .collect();
    for (kind, id) in causes {
        if !is_there(world, kind, id) {
            let what = format!("a record without its cause: {kind} {id}");
            world.watch.violated(Invariant::TrailUnbroken, what);
        }
    }
}

/// Was there ever what a record names as its cause? Who is erased takes events, runs and approvals along. What began
/// elsewhere is only named.
fn is_there(world: &World, kind: &str, id: &str) -> bool {
    let found = |key: Key| matches!(ask(world.store.get(&key)), Some(Ok(Some(_))));
    match kind {
        "event" => world.watch.seen().events.contains(id),
        "run" => RunId::parse(id).is_ok_and(|id| world.watch.seen().runs.contains(&id)),
        "approval" => {
            let known = |id: ApprovalId| world.watch.seen().approvals.contains_key(&id);
            ApprovalId::parse(id).is_ok_and(known)
        }
        "delivery" => DeliveryId::parse(id).is_ok_and(|id| found(Key::Delivery(id))),
        _ => !id.is_empty(),
    }
}

/// Everything that a checkpoint names stands where it says.
fn as_checkpointed(chains: &BTreeMap<StreamId, Vec<Record>>) -> Result<(), Broken> {
    for record in chains.get(&StreamId::Checkpoints).into_iter().flatten() {
        for end in ends(record)? {
            let found = chains
                .get(&end.stream)
                .and_then(|chain| chain.iter().find(|record| record.seq == end.seq));
            Demands::judge(&end.stream, end.seq, &end.hash, found)?;
        }
    }
    Ok(())
}

/// No two persons for one human, no two with one address.
pub fn one_person_each(world: &World) {
    let people: Vec<Person> = world
        .watch
        .seen()
        .people
        .values()
        .map(|seen| seen.person.clone())
        .collect();
    let mut contacts = BTreeMap::new();
    let mut addresses = BTreeMap::new();
    for person in &people {
        for contact in &person.identifiers.lever_contact {
            if contacts.insert(contact.clone(), &person.id).is_some() {
                world
                    .watch
                    .violated(Invariant::OnePersonEach, contact.to_string());
            }
        }
        if let Some(address) = person.text("work_email")
            && addresses.insert(address.to_owned(), &person.id).is_some()
        {
            world
                .watch
                .violated(Invariant::AddressesUnique, address.to_owned());
        }
    }
}

/// Everybody has what is due, and nobody else has anything.
pub fn access_as_due(world: &World) {
    let Some(company) = world.watch.seen().company.clone() else {
        return;
    };
    for (number, human) in world.plan.humans.iter().enumerate() {
        let id = ask(known(world, human)).and_then(Result::ok).flatten();
        let person = {
            let seen = world.watch.seen();
            let id = id.or_else(|| seen.contacts.get(&human.contact).cloned());
            id.and_then(|id| seen.people.get(&id).map(|seen| seen.person.clone()))
        };
        judge_state(world, number, human, person.as_ref());
        if let Some(person) = person {
            judge_accounts(world, &company, &person);
        }
    }
    world.apps.all().for_each(|app| nobody_unknown(world, app));
}

/// The last move of everybody is an event, whether or not its webhook came.
pub fn moves_found(world: &World) {
    for human in &world.plan.humans {
        let id = &human.opportunity;
        let Some((stage, at)) = world.lever.last_move(id) else {
            continue;
        };
        let fact = fact_id("stage", id, Some(at), stage.as_str());
        if !world.watch.seen().events.contains(fact.as_str()) {
            let what = format!("nobody saw that {id} moved to {stage} at {at}");
            world.watch.violated(Invariant::MovesFound, what);
        }
    }
}

/// Every account that was made belongs to somebody whom Sando knows.
fn nobody_unknown(world: &World, app: &SimApp) {
    for account in app.accounts() {
        let seen = world.watch.seen();
        let unknown = account
            .owner
            .as_ref()
            .is_some_and(|owner| !seen.people.contains_key(owner));
        drop(seen);
        if unknown {
            let what = format!("{account:?} in `{}` is nobody's", app.character.app);
            world.watch.violated(Invariant::AccessAsDue, what);
        }
    }
}

/// Does the person stand where the truth says?
fn judge_state(world: &World, number: usize, human: &Human, person: Option<&Person>) {
    let Some(opportunity) = world.lever.opportunity(&human.opportunity) else {
        return;
    };
    let left = world
        .terminated
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .iter()
        .find(|(who, _)| *who == number)
        .map(|(_, at)| *at);
    let hires: Vec<Timestamp> = opportunity
        .life
        .iter()
        .filter(|entry| entry.standing.is_hired())
        .filter_map(|entry| entry.standing.archived.as_ref())
        .map(|archived| archived.at)
        .collect();
    let state = person.map(|person| person.state);
    let fits = match (opportunity.life.last(), hires.last(), left) {
        (_, Some(hire), Some(left)) if *hire <= left => state == Some(Lifecycle::Left),
        (Some(last), _, Some(left)) if last.standing.is_hired() => {
            back_or_gone(&opportunity, left, state)
        }
        (Some(last), ..) if last.standing.is_hired() => state.is_some_and(Lifecycle::may_receive),
        (_, None, _) => !state.is_some_and(Lifecycle::may_receive),
        // Hired and not hired any more before Sando saw it.
        (Some(last), Some(hire), _) if matches!(state, None | Some(Lifecycle::Candidate)) => {
            last.at < after(*hire, BEHIND)
        }
        (Some(last), Some(hire), _) => {
            let is_unseen = state == Some(Lifecycle::Withdrawn) && last.at < after(*hire, BEHIND);
            is_unseen || withdrawn_or_started(&opportunity, last.at, left, state)
        }
        (None, ..) => true,
    };
    if !fits {
        let life: Vec<String> = opportunity
            .life
            .iter()
            .map(|entry| format!("{} {:?}", entry.at, entry.standing))
            .collect();
        world.watch.violated(
            Invariant::AccessAsDue,
            format!(
                "{} is {state:?}, starts {}, terminated {left:?}, but: {}",
                human.opportunity,
                human.starts_on,
                life.join("; ")
            ),
        );
    }
}

/// The earliest and the latest first day: it may have moved, and Sando may not have seen it yet.
fn first_days(opportunity: &Opportunity) -> (Option<Timestamp>, Option<Timestamp>) {
    let begins = opportunity.life.iter().filter_map(|entry| {
        let day = entry.standing.starts_on;
        let day = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(day.timestamp())
    });
    (begins.clone().min(), begins.max())
}

/// Hired after leaving: back if the first day is after that too, and gone otherwise.
fn back_or_gone(opportunity: &Opportunity, left: Timestamp, state: Option<Lifecycle>) -> bool {
    let (first, last) = first_days(opportunity);
    match state {
        Some(Lifecycle::Left) => first.is_some_and(|first| first <= left),
        Some(state) => state.may_receive() && last.is_some_and(|last| after(last, BEHIND) > left),
        None => false,
    }
}

/// A hire that is over: withdrawn if that was before the first day, kept if the person had started (L11).
fn withdrawn_or_started(
    opportunity: &Opportunity,
    over: Timestamp,
    left: Option<Timestamp>,
    state: Option<Lifecycle>,
) -> bool {
    let (first, last) = first_days(opportunity);
    match state {
        Some(Lifecycle::Withdrawn) => last.is_some_and(|last| over < after(last, BEHIND)),
        Some(Lifecycle::Active) => first.is_some_and(|first| after(over, BEHIND) > first),
        Some(Lifecycle::Left) => left.is_some(),
        _ => false,
    }
}

fn judge_accounts(world: &World, company: &Company, person: &Person) {
    let now = world.clock.shows();
    let desired = desired(person, company, now);
    let store: &dyn Store = &*world.store;
    let grants = ask(store.all::<Grant>(&Group::Grants(person.id.clone())));
    let grants: Vec<Loaded<Grant>> = grants.and_then(Result::ok).unwrap_or_default();
    for app in world.apps.all() {
        let slug = &app.character.app;
        let failed = grants
            .iter()
            .any(|grant| grant.entity.app == *slug && grant.entity.state == GrantState::Failed);
        let accounts = app.accounts();
        let strange = accounts.iter().any(|account| {
            account.owner.is_none() && person.text("work_email") == Some(account.address.as_str())
        });
        if failed && strange && person.state.may_receive() {
            // A human has it as a task.
            continue;
        }
        let own: Vec<&Account> = accounts
            .iter()
            .filter(|account| account.owner.as_ref() == Some(&person.id))
            .collect();
        let wanted = desired.due.get(slug);
        let active = own.iter().filter(|account| account.active).count();
        let entitled = |due: &sando_core::access::Due| {
            let can = company.apps.get(slug).is_some_and(can_entitle);
            !can || own
                .iter()
                .all(|account| account.entitlement == due.entitlement)
        };
        let fits = match wanted {
            Some(due) => active == 1 && entitled(due),
            None => active == 0,
        };
        let given_up = grants.iter().find(|grant| grant.entity.app == *slug);
        if !fits && given_up.is_some_and(|grant| is_for_a_human(world, &grant.entity)) {
            continue;
        }
        let unanswered = wanted.is_some_and(|due| !due.approvals.is_empty())
            && !is_approved(world, &grants, slug);
        let fits = fits || unanswered && active <= 1;
        if !fits {
            let invariant = if person.state.may_receive() {
                Invariant::AccessAsDue
            } else {
                Invariant::LeaversHoldNothing
            };
            let grant = grants
                .iter()
                .find(|grant| grant.entity.app == *slug)
                .map(|grant| (grant.entity.state, grant.entity.reason.clone()));
            world.watch.violated(
                invariant,
                format!(
                    "{} is {} and has {own:?} in `{slug}`, due {wanted:?}, grant {grant:?}",
                    person.id,
                    person.state.as_str()
                ),
            );
        }
    }
}

/// Did the weather spoil every try, so that a human has it as a task?
fn is_for_a_human(world: &World, grant: &Grant) -> bool {
    let reason = grant.reason.as_deref().unwrap_or_default();
    if grant.state != GrantState::Failed || !reason.starts_with("given up after") {
        return false;
    }
    let query = Query::Person {
        person: grant.person.clone(),
        kind: Task::KIND,
    };
    let page = PageRequest {
        limit: 100,
        cursor: None,
    };
    let store: &dyn Store = &*world.store;
    let tasks = ask(store.list(&query, &page)).and_then(Result::ok);
    let tasks = tasks.map_or_else(Vec::new, |tasks| tasks.items);
    tasks.iter().any(|task| {
        let task = task.read::<Task>().map(|task| task.entity);
        task.is_ok_and(|task| {
            task.state == TaskState::Open && task.app.as_ref() == Some(&grant.app)
        })
    })
}

/// Did somebody say yes to what the person is due there now?
fn is_approved(world: &World, grants: &[Loaded<Grant>], app: &Slug) -> bool {
    let grant = grants.iter().find(|grant| grant.entity.app == *app);
    let seen = world.watch.seen();
    let approval = grant
        .and_then(|grant| grant.entity.approval.as_ref())
        .and_then(|id| seen.approvals.get(id));
    approval.is_some_and(|approval| approval.state == ApprovalState::Approved)
}

fn can_entitle(app: &Application) -> bool {
    app.supports()
        .contains(&sando_core::effect::Action::Entitle)
}
