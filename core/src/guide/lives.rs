//! What happens in a working life: what starts which workflow, what these do, what is known of people, and who is who.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Entry;
use super::words;
use crate::company::Company;
use crate::ids::AppSlug;
use crate::rule::{EventKind, Rule};
use crate::schedule::Delivery;
use crate::workflow::{Direction, StepFile, StepKind, Workflow};

/// The rules, and what starts without one.
pub(super) fn rules(company: &Company) -> Vec<Entry> {
    let named = company.rules.values().map(rule);
    let unnamed = EventKind::ALL.iter().filter_map(|&kind| {
        let workflow = kind.default_workflow()?;
        let is_named = company.rules.values().any(|rule| rule.event == kind);
        let started = format!("When {}, {workflow} starts.", words::event(kind));
        (!is_named).then_some(started)
    });
    let unnamed: Vec<String> = unnamed.collect();
    let rest = (!unnamed.is_empty()).then(|| Entry::new("Without a rule", unnamed));
    named.chain(rest).collect()
}

fn rule(rule: &Rule) -> Entry {
    let when = words::event(rule.event);
    let only = words::conditions(&rule.when);
    let only = only.map_or_else(String::new, |only| format!(", and {only}"));
    let workflow = &rule.workflow;
    let mut lines = vec![format!("When {when}{only}, {workflow} starts.")];
    if rule.dry_run {
        lines.push("On trial: everything is computed and shown, nothing is done.".to_owned());
    }
    if let Some(pilot) = &rule.pilot {
        let whom = words::conditions(&pilot.when).unwrap_or_else(|| "everybody".to_owned());
        lines.push(format!(
            "In earnest only where {whom}; for everybody else it is computed and shown."
        ));
    }
    Entry::new(rule.rule.as_str(), lines)
}

/// The workflows, the built-in ones included.
pub(super) fn workflows(company: &Company) -> Vec<Entry> {
    let all = company.workflows.values();
    all.map(|one| workflow(company, one)).collect()
}

fn workflow(company: &Company, workflow: &Workflow) -> Entry {
    let mut lines = Vec::new();
    if workflow.dry_run {
        lines.push("On trial: everything is computed and shown, nothing is done.".to_owned());
    }
    let steps = workflow.steps.iter();
    lines.extend(steps.map(|one| step(company, workflow, one)));
    Entry::new(workflow.workflow.as_str(), lines)
}

/// What a step takes away, and in which order.
fn takes(company: &Company, workflow: &Workflow, apps: &BTreeSet<AppSlug>) -> String {
    let label = |app: &AppSlug| {
        let known = company.apps.get(app);
        known.map_or_else(|| app.to_string(), |known| known.label().to_owned())
    };
    let named: Vec<String> = apps.iter().map(label).collect();
    let named = named.join(" and ");
    if workflow.direction != Some(Direction::Revoke) {
        let place = if apps.is_empty() { "" } else { " in " };
        return format!("takes away what is not due any more{place}{named}");
    }
    let mut steps = workflow.steps.iter();
    let others = steps.any(|step| step.kind.revokes().is_some_and(|apps| !apps.is_empty()));
    let (what, last) = match (apps.is_empty(), others) {
        (false, _) => (named.as_str(), false),
        (true, true) => ("everything else", true),
        (true, false) => ("everything", true),
    };
    let last = last && company.settings.directory.is_some();
    let last = if last { ", the directory last" } else { "" };
    format!("takes {what} away, sessions first{last}")
}

fn step(company: &Company, workflow: &Workflow, step: &StepFile) -> String {
    let does = match &step.kind {
        StepKind::Grant {} => "gives everything that is due and not yet there".to_owned(),
        StepKind::Revoke { apps } => takes(company, workflow, apps),
        StepKind::Task(task) => {
            let due = task.due.as_ref().map(words::delivery);
            let due = due.map_or_else(String::new, |due| format!(", to be done {due}"));
            format!("asks {} to do this: \"{}\"{due}", task.owner, task.title)
        }
        StepKind::Wait { until } => waits(until),
        StepKind::Notify(notify) => format!("tells {}: \"{}\"", notify.to, notify.text),
        StepKind::Http(http) => format!("calls {} {}", http.method, http.path),
        StepKind::LeverNote { tag: None } => "writes down in Lever how it stands".to_owned(),
        StepKind::LeverNote { tag: Some(tag) } => {
            format!("writes down in Lever how it stands, and gives the tag \"{tag}\"")
        }
    };
    let needs: Vec<&str> = step.needs.iter().map(|need| need.as_str()).collect();
    let after = if needs.is_empty() {
        String::new()
    } else {
        format!("after {}, ", needs.join(" and "))
    };
    format!("{}: {after}{does}.", step.id)
}

fn waits(until: &Delivery) -> String {
    match until {
        Delivery::Now => "waits for nothing".to_owned(),
        until => format!("waits; it goes on {}", words::delivery(until)),
    }
}

/// Which field feeds which attribute, what counts as the same, and what has to be there.
pub(super) fn attributes(company: &Company) -> Vec<Entry> {
    let file = company.mapping.file();
    let one = |(name, value): (&String, &Value)| {
        let mut lines = vec![format!("{}.", source(value))];
        for (counts, also) in file.aliases.get(name).into_iter().flatten() {
            if !also.is_empty() {
                lines.push(format!("{} counts as {counts}.", also.join(", ")));
            }
        }
        if file.aliases.contains_key(name) {
            lines.push("What none of these knows is reported, and decides nothing.".to_owned());
        }
        if file.required.contains(name) {
            let owner = file.owner.as_deref().unwrap_or("role:admin");
            lines.push(format!("Without it nothing is given: {owner} is asked."));
        }
        Entry::new(name.as_str(), lines)
    };
    file.attributes.iter().map(one).collect()
}

/// Where an attribute comes from.
fn source(value: &Value) -> String {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    if let Some(path) = value.as_str() {
        return format!("{path} in Lever");
    }
    if let Some(pattern) = text("address") {
        return format!("Made as {pattern}, and given to nobody twice");
    }
    if let Some(path) = text("user_email") {
        return format!("The address of the Lever user at {path}");
    }
    let first = value.get("first_of").and_then(Value::as_array);
    let paths = first.map(|all| all.iter().filter_map(Value::as_str).collect::<Vec<&str>>());
    match (first, paths) {
        (Some(all), Some(paths)) if all.len() == paths.len() => {
            format!("{} in Lever, whichever is there first", paths.join(" or "))
        }
        _ => format!("Made by this expression: {value}"),
    }
}

/// Time zones and days off.
pub(super) fn locations(company: &Company) -> Vec<Entry> {
    let all = company.mapping.file().locations.iter();
    all.map(|(name, location)| {
        let mut lines = vec![format!("Time zone {}.", location.timezone)];
        if location.holidays.is_some() {
            lines.push("Days off by a calendar.".to_owned());
        }
        if !location.dates.is_empty() {
            let days: Vec<String> = location.dates.iter().map(ToString::to_string).collect();
            lines.push(format!("Days off: {}.", days.join(", ")));
        }
        Entry::new(name.as_str(), lines)
    })
    .collect()
}

/// Who is meant by a role or group.
pub(super) fn roles(company: &Company) -> Vec<Entry> {
    let all = company.settings.roles.iter();
    all.map(|(role, addresses)| {
        let who = match addresses.as_slice() {
            [] => "Nobody.".to_owned(),
            some => format!("{}.", some.join(", ")),
        };
        Entry::new(role.as_str(), vec![who])
    })
    .collect()
}

/// What stops by itself, and what is paused.
pub(super) fn brakes(company: &Company) -> Vec<Entry> {
    let settings = &company.settings;
    let caps = vec![
        format!(
            "More than {} removals in an hour pause removals, until somebody has looked.",
            settings.removals_per_hour
        ),
        format!(
            "A change that takes access away from more than {} people in an hour, or from more than {} % of all, is held.",
            settings.movers_per_hour, settings.movers_percent
        ),
        format!(
            "A reading of an application that takes more than {} users, and more than {} % of all, away is held; so is an empty one.",
            settings.guard.users, settings.guard.percent
        ),
    ];
    let pause = &company.pause;
    let all = pause.all.iter().map(|paused| ("Everything", paused));
    let removals = pause.removals.iter();
    let removals = removals.map(|paused| ("What takes access away", paused));
    let apps = pause.apps.iter();
    let apps = apps.map(|(app, paused)| (app.as_str(), paused));
    let paused = all.chain(removals).chain(apps);
    let paused: Vec<String> = paused
        .map(|(what, paused)| format!("{what}, by {}: {}.", paused.by, paused.reason))
        .collect();
    let now = (!paused.is_empty()).then(|| Entry::new("Paused now", paused));
    let caps = Entry::new("By themselves", caps);
    std::iter::once(caps).chain(now).collect()
}
