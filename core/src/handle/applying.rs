//! Applies changed files: plans them again, puts them if the plan still holds, and starts what follows for everybody.
//!
//! Each portion is committed together with how far it came: wherever a worker dies, the next one goes on from there.

use jiff::Timestamp;

use crate::access::{PlannedEffect, Way, desired, plan};
use crate::audit::Cause;
use crate::changes::{Changes, Origin};
use crate::company::Company;
use crate::config::{ConfigItem, ConfigKind};
use crate::effect::Goal;
use crate::grant::Grant;
use crate::ids::{EventId, JobId};
use crate::impact::FileChange;
use crate::job::{Applying, Job, Stage, Work};
use crate::mistake::{Mistake, in_lines};
use crate::person::Person;
use crate::ports::Ports;
use crate::rule::EventKind;
use crate::store::{Group, Key, Loaded, PageRequest, StoreError};

use super::{HandleError, files, ledger, lifecycle, load, planning, wake};

/// Files of one commit, and people of one portion.
const AT_ONCE: usize = 20;
/// How often a person is looked at again because they moved meanwhile.
const TRIES: u32 = 10;

/// Works on the next portion of a job that applies files, and puts down how far it came.
///
/// # Errors
/// If the store did not do it: the portion is done again.
pub async fn turn(ports: &Ports, mut job: Loaded<Job>) -> Result<(), HandleError> {
    let now = ports.clock.now();
    let origin = Origin {
        actor: job.entity.actor.clone(),
        ..Origin::sando(Cause::of("api", &job.entity.id), &job.entity.id, now)
    };
    let mut changes = Changes::new(origin);
    match portion(ports, &mut job.entity, &mut changes).await {
        Ok(Next::Portion) => job.entity.look_at = now,
        Ok(Next::Nothing) => job.entity.end(None, now),
        Err(HandleError::Config(mistakes)) => job.entity.end(Some(in_lines(&mistakes)), now),
        Err(error) => return Err(error),
    }
    changes.update(&job);
    ledger::commit(ports, changes).await
}

/// What comes after a portion.
enum Next {
    /// Another one.
    Portion,
    /// It is done.
    Nothing,
}

/// One portion.
async fn portion(ports: &Ports, job: &mut Job, changes: &mut Changes) -> Result<Next, HandleError> {
    let id = job.id.clone();
    let Work::Apply(applying) = &mut job.work else {
        return Ok(Next::Nothing);
    };
    match applying.stage.clone() {
        Stage::Planning => {
            if planning::portion(ports, &mut applying.planning).await? {
                if applying.planning.hash() != applying.wanted {
                    return Err(moved());
                }
                applying.stage = Stage::Putting(0);
            }
            Ok(Next::Portion)
        }
        Stage::Putting(from) => {
            put_some(ports, applying, from, changes).await?;
            Ok(Next::Portion)
        }
        Stage::Starting(cursor) => {
            let changed = &applying.planning.changes;
            let wakes = changed.iter().any(|change| may_ask(change.kind));
            let (started, next) = start_some(ports, &id, cursor, wakes, &changes.origin).await?;
            applying.started = applying.started.saturating_add(started);
            let over = next.is_none();
            applying.stage = Stage::Starting(next);
            Ok(if over { Next::Nothing } else { Next::Portion })
        }
    }
}

/// The plan that was seen is not what would be done now.
fn moved() -> HandleError {
    let why = "the plan does not hold any more: plan again, nothing was put";
    HandleError::Config(vec![Mistake::new("", why)])
}

/// Puts the next files, together with how far that is.
async fn put_some(
    ports: &Ports,
    applying: &mut Applying,
    from: usize,
    changes: &mut Changes,
) -> Result<(), HandleError> {
    let stored: Vec<Loaded<ConfigItem>> = ports.store.all(&Group::Config).await?;
    if from == 0 && !applying.planning.begin_with(&stored) {
        return Err(moved());
    }
    let all = &applying.planning.changes;
    for FileChange { kind, id, file } in all.iter().skip(from).take(AT_ONCE) {
        let stored = stored
            .iter()
            .find(|stored| stored.entity.kind == *kind && stored.entity.id == *id);
        match (file, stored) {
            (Some(file), stored) => {
                let item = ConfigItem {
                    kind: *kind,
                    id: id.clone(),
                    file: file.clone(),
                    changed_at: changes.origin.at,
                };
                files::put(changes, stored, item);
            }
            (None, Some(stored)) => files::delete(changes, stored),
            (None, None) => {}
        }
    }
    let next = from.saturating_add(AT_ONCE);
    applying.stage = if next < all.len() {
        Stage::Putting(next)
    } else {
        Stage::Starting(None)
    };
    Ok(())
}

/// Can a file of this kind change who is asked, or when? What runs has its rule and its workflow from when it began.
fn may_ask(kind: ConfigKind) -> bool {
    !matches!(kind, ConfigKind::Rule | ConfigKind::Workflow)
}

/// Starts what follows for the next people and, if it `wakes`, wakes what waits; answers for how many that was, and where
/// the ones after them begin.
async fn start_some(
    ports: &Ports,
    job: &JobId,
    cursor: Option<String>,
    wakes: bool,
    origin: &Origin,
) -> Result<(u64, Option<String>), HandleError> {
    let company = load::company(ports).await?;
    let page = PageRequest {
        limit: AT_ONCE,
        cursor,
    };
    let answer = ports.store.list(&planning::receivers(), &page).await?;
    let mut started = 0_u64;
    for stored in &answer.items {
        let person: Loaded<Person> = stored.read()?;
        let id = person.entity.id.clone();
        if start(ports, job, person, &company, origin).await? {
            started = started.saturating_add(1);
        }
        // Who is asked, and when, may be all that has changed: what waits looks for itself.
        if wakes {
            wake::runs_of(ports, &id, origin).await?;
        }
    }
    Ok((started, answer.next))
}

/// Starts a person's change, if there is anything that is not under way already. Never twice for one job.
async fn start(
    ports: &Ports,
    job: &JobId,
    mut person: Loaded<Person>,
    company: &Company,
    origin: &Origin,
) -> Result<bool, HandleError> {
    let event = EventId::derived(&["applied", job.as_str(), person.entity.id.as_str()]);
    let mut tries = 0;
    loop {
        let known = ports.store.get(&Key::Event(event.clone())).await?.is_some();
        if known
            || person.entity.baselined
            || !has_open_ends(ports, &person.entity, company, origin.at).await?
        {
            return Ok(known);
        }
        let id = person.entity.id.clone();
        let kind = EventKind::PersonChanged;
        let fact = lifecycle::person_event(event.clone(), kind, "apply", &person.entity, origin.at);
        match lifecycle::start(ports, person, fact, company, false, origin.clone()).await {
            Err(HandleError::Store(StoreError::Conflict { .. })) if tries < TRIES => tries += 1,
            done => return done.map(|()| true),
        }
        match load::person(ports, &id).await? {
            Some(moved) => person = moved,
            None => return Ok(false),
        }
    }
}

/// Does anything differ between what is due and what is there, and no run works on it?
async fn has_open_ends(
    ports: &Ports,
    person: &Person,
    company: &Company,
    now: Timestamp,
) -> Result<bool, HandleError> {
    let grants = load::grants(ports, &person.id).await?;
    let grants: Vec<Grant> = grants.into_iter().map(|grant| grant.entity).collect();
    let desired = desired(person, company, now);
    let effects: Vec<PlannedEffect> = [Way::Give, Way::Take]
        .into_iter()
        .flat_map(|way| plan(&person.id, &desired, &grants, company, way))
        .filter(|effect| !company.is_on_trial(&effect.app))
        .collect();
    if effects.is_empty() {
        return Ok(false);
    }
    let runs = wake::running(ports, &person.id).await?;
    let under_way = |effect: &PlannedEffect| {
        let steps = runs.iter().flat_map(|run| &run.entity.steps);
        let mut of_app = steps.filter(|step| step.app() == Some(&effect.app) && !step.has_ended());
        let gives = effect.goal == Goal::Give;
        let mut grants = grants.iter().filter(|grant| grant.app == effect.app);
        of_app.any(|step| step.is_giving() == gives)
            && grants.all(|grant| !gives || grant.wanted == effect.entitlement)
    };
    Ok(!effects.iter().all(under_way))
}
