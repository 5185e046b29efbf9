//! Loads what decisions rest on.

use std::collections::{BTreeMap, BTreeSet};

use crate::account::Account;
use crate::approval::Approval;
use crate::claim::{Claim, Held, Holder};
use crate::company::Company;
use crate::config::{ConfigItem, ConfigKind};
use crate::grant::Grant;
use crate::ids::{AppSlug, ApprovalId, PersonId, Slug};
use crate::intake::Match;
use crate::mistake::Mistake;
use crate::person::Person;
use crate::ports::Ports;
use crate::run::{Expanded, Run, Step, StepState, StepWork};
use crate::settings::{Pause, Settings};
use crate::store::{Group, Key, Loaded, PageRequest, Query, Stored, Version};
use crate::task::Task;
use crate::workflow::StepKind;

use super::HandleError;

/// All configuration, as it is now.
///
/// # Errors
/// If the store cannot be read, or what is stored cannot be used.
pub async fn company(ports: &Ports) -> Result<Company, HandleError> {
    let items: Vec<Loaded<ConfigItem>> = ports.store.all(&Group::Config).await?;
    let items: Vec<ConfigItem> = items.into_iter().map(|item| item.entity).collect();
    Company::load(&items).map_err(HandleError::Config)
}

/// The settings.
///
/// # Errors
/// If the store cannot be read, or what is stored cannot be used.
pub async fn settings(ports: &Ports) -> Result<Settings, HandleError> {
    let (settings, _) = stored_settings(ports).await?;
    settings.map_err(HandleError::Config)
}

/// The settings as they are stored, with their version, or why they cannot be used; for those who mend them.
///
/// # Errors
/// If the store cannot be read.
pub async fn stored_settings(
    ports: &Ports,
) -> Result<(Result<Settings, Vec<Mistake>>, Version), HandleError> {
    let key = Key::Config(ConfigKind::Settings, Slug::parse("settings")?);
    let stored = ports.store.find::<ConfigItem>(&key).await?;
    Ok(stored.map_or_else(
        || (Ok(Settings::default()), Version::ABSENT),
        |stored| {
            let settings = crate::company::read(&stored.entity.file);
            (settings, stored.version)
        },
    ))
}

/// What is paused right now.
///
/// # Errors
/// If the store cannot be read, or what is stored cannot be used.
pub async fn pause(ports: &Ports) -> Result<Pause, HandleError> {
    let key = Key::Config(ConfigKind::Pause, Slug::parse("pause")?);
    let Some(stored) = ports.store.find::<ConfigItem>(&key).await? else {
        return Ok(Pause::default());
    };
    crate::company::read(&stored.entity.file).map_err(HandleError::Config)
}

/// The application whose account is the company's directory; none without one.
///
/// # Errors
/// If the store cannot be read.
pub async fn directory(ports: &Ports, company: &Company) -> Result<Option<AppSlug>, HandleError> {
    let Some(directory) = &company.settings.directory else {
        return Ok(None);
    };
    let key = Key::Account(directory.definition.clone(), directory.account.clone());
    let account = ports.store.find::<Account>(&key).await?;
    Ok(account.map(|account| account.entity.app))
}

/// A person.
///
/// # Errors
/// If the store cannot be read.
pub async fn person(ports: &Ports, id: &PersonId) -> Result<Option<Loaded<Person>>, HandleError> {
    Ok(ports.store.find(&Key::Person(id.clone())).await?)
}

/// A person; whoever was merged into somebody else is that person.
///
/// # Errors
/// If the store cannot be read.
pub async fn surviving(
    ports: &Ports,
    id: &PersonId,
) -> Result<Option<Loaded<Person>>, HandleError> {
    let mut found = person(ports, id).await?;
    // Nobody is merged into somebody who was merged away, so this comes to an end.
    while let Some(merged) = found.as_ref().and_then(|one| one.entity.merged.as_ref()) {
        let into = merged.into.clone();
        found = person(ports, &into).await?;
    }
    Ok(found)
}

/// The grants of a person.
///
/// # Errors
/// If the store cannot be read.
pub async fn grants(ports: &Ports, person: &PersonId) -> Result<Vec<Loaded<Grant>>, HandleError> {
    Ok(ports.store.all(&Group::Grants(person.clone())).await?)
}

/// Everything of one kind that belongs to a person.
pub(super) async fn of_kind(
    ports: &Ports,
    id: &PersonId,
    kind: &'static str,
) -> Result<Vec<Stored>, HandleError> {
    let query = Query::Person {
        person: id.clone(),
        kind,
    };
    let mut page = PageRequest {
        limit: 100,
        cursor: None,
    };
    let mut found = Vec::new();
    loop {
        let answer = ports.store.list(&query, &page).await?;
        found.extend(answer.items);
        page.cursor = answer.next;
        if page.cursor.is_none() {
            return Ok(found);
        }
    }
}

/// The tasks that the steps of a run have.
///
/// # Errors
/// If the store cannot be read.
pub async fn tasks(ports: &Ports, run: &Run) -> Result<Vec<Loaded<Task>>, HandleError> {
    let mut tasks = Vec::new();
    let missing = (!run.missing.is_empty()).then(|| run.missing_task());
    // What a human had because of a grant's step is closed once it is there, whoever sees that first.
    let may_be_open = |step: &&Step| {
        let is_so = step.state == StepState::Verified || step.found_nothing();
        !step.has_ended() || step.grant().is_some() && is_so
    };
    let of_steps = run.steps.iter().filter(may_be_open);
    let of_steps = of_steps.filter_map(|step| step.task.clone());
    for id in of_steps.chain(missing) {
        tasks.extend(ports.store.find(&Key::Task(id)).await?);
    }
    Ok(tasks)
}

/// The approvals of what the steps of a run wait to give.
///
/// # Errors
/// If the store cannot be read.
pub async fn approvals(
    ports: &Ports,
    run: &Run,
    grants: &[Loaded<Grant>],
) -> Result<Vec<Loaded<Approval>>, HandleError> {
    let waiting = || {
        let steps = run.steps.iter().filter(|step| !step.has_ended());
        steps.filter(|step| step.is_giving())
    };
    // What a run will give, and has no steps for yet, was perhaps asked for by another run.
    let expands = run.steps.iter().any(|step| {
        matches!(
            &step.work,
            StepWork::Workflow {
                kind: StepKind::Grant {},
                expanded: Expanded::No,
            }
        )
    });
    let waits = |grant: &Grant| expands || waiting().any(|step| step.grant() == Some(&grant.id));
    let of_grants = grants
        .iter()
        .filter(|grant| waits(&grant.entity))
        .filter_map(|grant| grant.entity.approval.clone());
    let of_steps = waiting().filter_map(|step| step.approval().cloned());
    let asked: BTreeSet<ApprovalId> = of_grants.chain(of_steps).collect();
    let mut approvals = Vec::new();
    for id in asked {
        approvals.extend(ports.store.find(&Key::Approval(id)).await?);
    }
    Ok(approvals)
}

/// Whom these claims belong to; strongly consistent, never from an index.
///
/// # Errors
/// If the store cannot be read.
pub async fn matched(ports: &Ports, claims: &[Claim]) -> Result<Match, HandleError> {
    let mut found = BTreeSet::new();
    for claim in claims {
        let held = ports.store.find::<Held>(&Key::Claim(claim.clone())).await?;
        if let Some(Loaded {
            entity:
                Held {
                    holder: Holder::Person(id),
                    ..
                },
            ..
        }) = held
        {
            found.insert(id);
        }
    }
    let mut people = BTreeMap::new();
    for id in &found {
        if let Some(person) = surviving(ports, id).await? {
            people.insert(person.entity.id.clone(), person);
        }
    }
    if people.len() > 1 {
        return Ok(Match::Several(people.into_keys().collect()));
    }
    let one = people.into_values().next();
    Ok(one.map_or(Match::Nobody, |person| Match::One(Box::new(person))))
}
