//! The brake (L31): put on, shown, and let go after seeing what it held back. Of removals a part can be refused (L9).

mod refuse;

pub use refuse::Accept;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::config::ConfigKind;
use crate::effect::Goal;
use crate::handle::{drive, wake};
use crate::ids::{AppSlug, GrantId, PersonId, RunId, Slug, StepId, derive};
use crate::ports::Ports;
use crate::run::{Run, RunState, Step, StepWork, WaitsFor};
use crate::settings::{Pause, Paused};
use crate::store::{Entity, Loaded, PageRequest, Query, as_json};

use super::{AdminError, Expect, Who, files};

/// What is paused, or resumed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Brake {
    /// Everything.
    All,
    /// What takes away.
    Removals,
    /// One application.
    App(AppSlug),
}

fn id() -> Slug {
    Slug::parse("pause").expect("the word is a slug")
}

fn read(file: Option<&Value>) -> Pause {
    file.and_then(|file| serde_json::from_value(file.clone()).ok())
        .unwrap_or_default()
}

/// What is paused now.
///
/// # Errors
/// If the store cannot be read.
pub async fn now(ports: &Ports) -> Result<Pause, AdminError> {
    let stored = files::find(ports, ConfigKind::Pause, &id()).await?;
    Ok(read(stored.map(|stored| stored.entity.file).as_ref()))
}

/// How many users were suspended or removed within the hour before, as the cap counts them.
///
/// # Errors
/// If the store cannot be read.
pub async fn removals(ports: &Ports, at: Timestamp) -> Result<u32, AdminError> {
    Ok(drive::removals(ports, at).await?)
}

/// Puts the brake on; what runs finishes.
///
/// # Errors
/// If the store did not do it.
pub async fn pause(
    ports: &Ports,
    who: &Who,
    brake: &Brake,
    reason: &str,
) -> Result<Pause, AdminError> {
    let paused = Paused {
        since: who.at,
        by: who.actor.clone(),
        reason: reason.to_owned(),
    };
    set(ports, who, brake, Some(&paused)).await?;
    now(ports).await
}

async fn set(
    ports: &Ports,
    who: &Who,
    brake: &Brake,
    paused: Option<&Paused>,
) -> Result<(), AdminError> {
    let edit = |file: Option<&Value>| {
        let mut pause = read(file);
        match brake {
            Brake::All => pause.all = paused.cloned(),
            Brake::Removals => pause.removals = paused.cloned(),
            Brake::App(app) => {
                match paused {
                    Some(paused) => pause.apps.insert(app.clone(), paused.clone()),
                    None => pause.apps.remove(app),
                };
            }
        }
        Ok(json!(pause))
    };
    files::change(
        ports,
        who,
        ConfigKind::Pause,
        &id(),
        &Expect::Anything,
        edit,
    )
    .await?;
    Ok(())
}

/// An effect that is held back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Held {
    /// The run.
    pub run: RunId,
    /// Its step.
    pub step: StepId,
    /// Whose.
    pub person: PersonId,
    /// Where.
    pub app: Option<AppSlug>,
    /// Of which grant; by it a removal is accepted or refused.
    pub grant: Option<GrantId>,
    /// What it ends in.
    pub goal: Goal,
    /// It gives less than there is: only a part is taken away.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub less: bool,
    /// It takes back what a run gave that was cancelled.
    #[serde(skip)]
    pub undoing: bool,
}

/// What goes on when the brake is let go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// The effects, in the order of their runs' ids.
    pub effects: Vec<Held>,
    /// Of exactly what is held back.
    pub hash: String,
    /// The removals that were refused: they do not go on.
    pub refused: Vec<Held>,
}

/// What came of resuming.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Resumed {
    /// Nothing yet: this is what would go on.
    Shown(Plan),
    /// It is not what was shown any more.
    Changed(Plan),
    /// It goes on.
    Done(Plan),
}

/// Lets the brake go if `confirm` is the hash of what it holds back now. Removals that are not accepted are called off before
/// it is: who has the access keeps it until they leave.
///
/// # Errors
/// `Refused` if it is not on, or if somebody cannot keep what is refused to be taken; `Invalid` for what is not held back.
pub async fn resume(
    ports: &Ports,
    who: &Who,
    brake: &Brake,
    accept: &Accept,
    confirm: Option<&str>,
) -> Result<Resumed, AdminError> {
    if *accept != Accept::All && *brake != Brake::Removals {
        let message = "only removals are accepted in part: say the scope `removals`";
        return Err(AdminError::mistake("accept", message));
    }
    let on = now(ports).await?;
    let is_on = match brake {
        Brake::All => on.all.is_some(),
        Brake::Removals => on.removals.is_some(),
        Brake::App(app) => on.apps.contains_key(app),
    };
    if !is_on {
        return Err(AdminError::refused("not_paused", "it is not paused"));
    }
    let mut plan = held(ports, brake).await?;
    match confirm {
        None => return Ok(Resumed::Shown(plan)),
        Some(hash) if hash != plan.hash => return Ok(Resumed::Changed(plan)),
        Some(_) => {}
    }
    accept.divide(&mut plan)?;
    refuse::refuse(ports, who, &plan.refused).await?;
    set(ports, who, brake, None).await?;
    let runs = |effects: &[Held]| -> BTreeSet<RunId> {
        effects.iter().map(|held| held.run.clone()).collect()
    };
    let go_on = runs(&plan.effects);
    for id in &go_on {
        match brake {
            Brake::Removals => wake::release(ports, id, who).await?,
            Brake::All | Brake::App(_) => wake::wake(ports, id, who).await?,
        }
    }
    for id in runs(&plan.refused).difference(&go_on) {
        wake::wake(ports, id, who).await?;
    }
    Ok(Resumed::Done(plan))
}

/// The effects that this brake holds back.
async fn held(ports: &Ports, brake: &Brake) -> Result<Plan, AdminError> {
    let query = Query::States {
        kind: Run::KIND,
        states: vec![RunState::Running.as_str()],
    };
    let mut page = PageRequest {
        limit: 100,
        cursor: None,
    };
    let mut effects = Vec::new();
    loop {
        let answer = ports.store.list(&query, &page).await?;
        for stored in &answer.items {
            // The index may lag: what counts is the run itself.
            let run: Loaded<Run> = stored.read()?;
            effects.extend(of_run(&run.entity, brake));
        }
        if answer.next.is_none() {
            break;
        }
        page.cursor = answer.next;
    }
    effects.sort_by(|left, right| (&left.run, &left.step).cmp(&(&right.run, &right.step)));
    let hash = derive(&[&as_json(&effects)]);
    Ok(Plan {
        effects,
        hash,
        refused: Vec::new(),
    })
}

fn of_run<'a>(run: &'a Run, brake: &'a Brake) -> impl Iterator<Item = Held> + 'a {
    run.steps
        .iter()
        .filter(|step| !step.has_ended() && step.waits_for == Some(WaitsFor::Pause))
        .filter(|step| is_held(step, brake))
        .map(|step| Held {
            run: run.id.clone(),
            step: step.id.clone(),
            person: run.person.clone(),
            app: step.app().cloned(),
            grant: step.grant().cloned(),
            goal: goal(step),
            less: step.lessens,
            undoing: step.undoing,
        })
}

fn is_held(step: &Step, brake: &Brake) -> bool {
    match brake {
        Brake::All => true,
        Brake::Removals => step.takes_something(),
        Brake::App(app) => step.app() == Some(app),
    }
}

fn goal(step: &Step) -> Goal {
    match &step.work {
        StepWork::Grant { goal, .. } => *goal,
        StepWork::Workflow { .. } => Goal::Sent,
    }
}
