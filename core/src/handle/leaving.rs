//! What is told when somebody has left: to whoever owns what was taken away, and of what rosters still show (L10, X13).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::app::Application;
use crate::audit::StreamId;
use crate::changes::{Changes, Line};
use crate::company::Company;
use crate::drift::Seen;
use crate::grant::Grant;
use crate::ids::{AppSlug, RunId};
use crate::letter::Letter;
use crate::person::{Lifecycle, Person};
use crate::ports::Ports;
use crate::rule::EventKind;
use crate::run::{Run, Step};
use crate::store::{Key, Loaded};

use super::post::{LINES, more, page};
use super::{HandleError, drive, load, residue};

/// How many owners are told of one leaver; each letter takes room in the commit.
const MOST: usize = 40;

fn label<'a>(company: &'a Company, app: &'a AppSlug) -> &'a str {
    let known = company.apps.get(app);
    known.map_or(app.as_str(), Application::label)
}

fn owner<'a>(company: &'a Company, app: &AppSlug) -> Option<&'a str> {
    company.apps.get(app)?.owner.as_deref()
}

/// Never an address: the roster is named, and not the user.
fn line(company: &Company, left: &Seen) -> String {
    let (app, account) = (label(company, &left.app), &left.account);
    let place = if left.at_work {
        ""
    } else {
        " under another address"
    };
    format!("- {app}: the roster of {account} still shows a user{place}")
}

/// What the rosters still show of somebody who left, a line each.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn residue(
    ports: &Ports,
    person: &Person,
    grants: &[Loaded<Grant>],
    company: &Company,
) -> Result<Vec<String>, HandleError> {
    let left = residue::left(ports, person, grants, company).await?;
    Ok(left.iter().map(|left| line(company, left)).collect())
}

/// Tells the owners of what was taken away and of what is left, once others may have joined; and writes down what is left.
/// Before that, whoever owns what does not go on for now.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn tell(
    ports: &Ports,
    run: &Run,
    person: &Person,
    grants: &[Loaded<Grant>],
    company: &Company,
    changes: &mut Changes,
) -> Result<(), HandleError> {
    if !run.told {
        tell_what_lasts(run, company, changes);
        return Ok(());
    }
    let left = residue::left(ports, person, grants, company).await?;
    let steps = run.steps.iter();
    let taken = steps.filter(|step| step.is_taking() && !step.found_nothing());
    let apps = taken.filter_map(Step::app);
    let apps = apps.chain(left.iter().map(|left| &left.app));
    let owners: BTreeSet<&str> = apps.filter_map(|app| owner(company, app)).collect();
    for owner in owners.into_iter().take(MOST) {
        changes.tell(Letter::of_leaver(&run.id, owner, changes.origin.at));
    }
    if !left.is_empty() {
        let shown =
            |left: &Seen| json!({ "app": left.app, "account": left.account, "roster_at": left.at });
        let shown: Vec<Value> = left.iter().map(shown).collect();
        let stream = StreamId::Person(person.id.clone());
        let line = Line::new(stream, "accounts left behind", format!("run/{}", run.id));
        changes.say(line.after(json!(shown)));
    }
    Ok(())
}

/// Tells whoever owns what does not go on for now.
fn tell_what_lasts(run: &Run, company: &Company, changes: &mut Changes) {
    let taken = run.steps.iter().filter(|step| step.is_taking());
    let apps = taken.filter(|step| step.lasts()).filter_map(Step::app);
    let owners: BTreeSet<&str> = apps.filter_map(|app| owner(company, app)).collect();
    for owner in owners.into_iter().take(MOST) {
        changes.tell(Letter::of_what_lasts(&run.id, owner, changes.origin.at));
    }
}

/// What an owner reads of somebody who left: what became of it in their applications, and what is left there. None once it
/// is not so any more.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn told(
    ports: &Ports,
    company: &Company,
    to: &str,
    run: &RunId,
) -> Result<Option<String>, HandleError> {
    let Some(run) = ports.store.find::<Run>(&Key::Run(run.clone())).await? else {
        return Ok(None);
    };
    let Some(person) = load::person(ports, &run.entity.person).await? else {
        return Ok(None);
    };
    let person = person.entity;
    if person.state != Lifecycle::Left || person.merged.is_some() {
        return Ok(None);
    }
    let grants = load::grants(ports, &person.id).await?;
    let left = residue::left(ports, &person, &grants, company).await?;
    let is_theirs = |app: &AppSlug| owner(company, app) == Some(to);
    let mut shown = Vec::new();
    let steps = run.entity.steps.iter();
    for step in steps.filter(|step| step.is_taking() && !step.found_nothing()) {
        let theirs = step.app().filter(|app| is_theirs(app));
        let said = drive::said(&run.entity, step);
        shown.extend(theirs.map(|app| format!("- {}: {said}", label(company, app))));
    }
    let left = left.iter().filter(|left| is_theirs(&left.app));
    shown.extend(left.map(|left| line(company, left)));
    let count = shown.len();
    shown.truncate(LINES);
    shown.extend(more(count));
    let name = person.text("name").unwrap_or_else(|| person.id.as_str());
    let is_back_undone = matches!(
        run.entity.event,
        Some(EventKind::Unhired | EventKind::Deleted)
    );
    let headline = if is_back_undone {
        format!("{name} does not come back after all. In your applications:")
    } else {
        format!("{name} has left. In your applications:")
    };
    let mut lines = vec![headline];
    lines.extend(shown);
    lines.extend(page(company, &format!("/console/people/{}", person.id)));
    Ok((count > 0).then(|| lines.join("\n")))
}
