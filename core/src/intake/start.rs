//! Which workflows an event starts: the rules, and the runs that follow from them.

use std::collections::BTreeSet;

use super::{Decided, Intake};
use crate::access::desired;
use crate::audit::Cause;
use crate::company::Company;
use crate::condition::{Missing, Truth};
use crate::event::{Event, EventState, Why};
use crate::grant::Entitlement;
use crate::ids::{RunId, Slug, StepId};
use crate::person::Person;
use crate::rule::EventKind;
use crate::run::{Expanded, Run, RunState, Step, StepWork};
use crate::workflow::Workflow;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Which workflows an event of a person starts, and whether in earnest.
#[derive(Clone, PartialEq, Debug)]
pub struct Started {
    /// The workflow.
    pub workflow: Slug,
    /// Everything is computed and shown, nothing done.
    pub dry_run: bool,
}

impl Started {
    /// The built-in workflow of events of a kind, in earnest; none if they start nothing by themselves.
    #[must_use]
    pub fn built_in(kind: EventKind) -> Option<Self> {
        let workflow = Slug::parse(kind.default_workflow()?).ok()?;
        Some(Self {
            workflow,
            dry_run: false,
        })
    }
}

/// What the rules say about an event; the lines say why, rule by rule.
#[must_use]
pub fn matching(
    kind: EventKind,
    input: &Value,
    company: &Company,
    now: Timestamp,
) -> (Vec<Started>, Vec<Why>) {
    let rules: Vec<_> = company
        .rules
        .values()
        .filter(|rule| rule.event == kind)
        .collect();
    if rules.is_empty() {
        return without_rules(kind, now);
    }
    let mut started = Vec::new();
    let mut why = Vec::new();
    for rule in rules {
        let explained = rule.when.evaluate(input, Missing::IsUnknown, now);
        let truth = explained.truth;
        let found = explained.why.clone();
        let detail = json!(explained.without_values().why);
        let text = match truth {
            Truth::True => format!(
                "rule `{}` matches and starts `{}`",
                rule.rule, rule.workflow
            ),
            Truth::False => format!("rule `{}` does not match", rule.rule),
            Truth::Unknown => format!(
                "rule `{}` cannot be decided: a value is missing or unknown",
                rule.rule
            ),
        };
        why.push(Why {
            at: now,
            text,
            detail,
            found,
            matched: truth.is_true().then(|| rule.rule.clone()),
        });
        if truth.is_true() {
            let outside = rule
                .pilot
                .as_ref()
                .is_some_and(|pilot| !pilot.when.truth(input, Missing::IsUnknown, now).is_true());
            started.push(Started {
                workflow: rule.workflow.clone(),
                dry_run: rule.dry_run || outside,
            });
        }
    }
    (started, why)
}

/// What an event starts that no rule names.
fn without_rules(kind: EventKind, now: Timestamp) -> (Vec<Started>, Vec<Why>) {
    let started = Started::built_in(kind);
    let why = match &started {
        Some(started) => format!(
            "no rule names `{}`: the built-in `{}` is due",
            kind.as_str(),
            started.workflow
        ),
        None => format!("no rule names `{}`", kind.as_str()),
    };
    (started.into_iter().collect(), vec![Why::said(now, why)])
}

pub(super) fn start(intake: &Intake<'_>, person: &Person, decided: &mut Decided) {
    let document = intake
        .candidacy
        .map_or(Value::Null, |candidacy| candidacy.document.clone());
    let (kind, now) = (intake.fact.kind, intake.now);
    let input = rule_input(&decided.event, person, &document);
    let (started, why) = matching(kind, &input, intake.company, now);
    decided.event.why.extend(why);
    for start in &started {
        match intake.company.workflows.get(&start.workflow) {
            Some(workflow) => {
                let run = new_run(workflow, &decided.event, person, start.dry_run, intake.now);
                decided.event.runs.push(run.id.clone());
                decided.runs.push(run);
            }
            None => decided.ask(
                "A rule names a workflow that does not exist",
                format!("`{}`", start.workflow),
                intake.now,
            ),
        }
    }
    if started.is_empty() {
        decided.event.state = EventState::Ignored;
        let undecided = undecided(kind, &input, intake.company, now);
        if kind.default_workflow().is_some() && !undecided.is_empty() {
            let detail = format!(
                "`{}` asks for a value that is missing: replay the event once Lever has it",
                undecided.join("`, `")
            );
            decided.ask(
                "No rule starts anything, and one cannot be decided",
                detail,
                now,
            );
        }
    }
}

/// The rules about such events for which a value is missing.
fn undecided<'a>(
    kind: EventKind,
    input: &Value,
    company: &'a Company,
    now: Timestamp,
) -> Vec<&'a str> {
    let rules = company.rules.values().filter(|rule| rule.event == kind);
    let unknown =
        rules.filter(|rule| rule.when.truth(input, Missing::IsUnknown, now) == Truth::Unknown);
    unknown.map(|rule| rule.rule.as_str()).collect()
}

/// The runs that follow from a person who changed: those of the rules; without a rule the built-in `change`, if
/// something else is due than was. Says why in the event.
#[must_use]
pub fn changed(
    before: &Person,
    after: &Person,
    event: &mut Event,
    document: &Value,
    company: &Company,
    now: Timestamp,
) -> Vec<Run> {
    if after.baselined {
        event.state = EventState::Baselined;
        return Vec::new();
    }
    let named = company.rules.values().any(|rule| rule.event == event.kind);
    let differs = due_of(before, company, now) != due_of(after, company, now);
    if !named && (!differs || event.kind.default_workflow().is_none()) {
        event.state = EventState::Ignored;
        let why = "no rule names it, and nothing else is due than was";
        event.why.push(Why::said(now, why));
        return Vec::new();
    }
    let input = rule_input(event, after, document);
    let (started, why) = matching(event.kind, &input, company, now);
    event.why.extend(why);
    if started.is_empty() {
        event.state = EventState::Ignored;
    }
    let mut runs = Vec::new();
    for start in &started {
        let Some(workflow) = company.workflows.get(&start.workflow) else {
            let why = format!("the workflow `{}` does not exist", start.workflow);
            event.why.push(Why::said(now, why));
            event.state = EventState::NeedsHuman;
            continue;
        };
        let run = new_run(workflow, event, after, start.dry_run, now);
        event.runs.push(run.id.clone());
        runs.push(run);
    }
    runs
}

/// What is due where, and where nobody can tell.
fn due_of(
    person: &Person,
    company: &Company,
    now: Timestamp,
) -> (Vec<(Slug, Entitlement)>, BTreeSet<Slug>) {
    let desired = desired(person, company, now);
    let due = desired
        .due
        .into_iter()
        .map(|(app, due)| (app, due.entitlement));
    (due.collect(), desired.unknown)
}

/// What rules can read: the person's attributes, the candidacy's document, and the event.
#[must_use]
pub fn rule_input(event: &Event, person: &Person, document: &Value) -> Value {
    let mut input = person.for_conditions();
    if let Value::Object(fields) = &mut input {
        if let Value::Object(parts) = document {
            fields.extend(
                parts
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone())),
            );
        }
        fields.insert(
            "event".to_owned(),
            json!({ "kind": event.kind, "source": event.source, "id": event.id }),
        );
        fields.insert("state".to_owned(), json!(person.state));
    }
    input
}

/// A run of a workflow because of an event; the same event starts the same run, a replay another one. Its note goes to the
/// candidacy that the event is about.
#[must_use]
pub fn new_run(
    workflow: &Workflow,
    event: &Event,
    person: &Person,
    dry_run: bool,
    now: Timestamp,
) -> Run {
    let id = RunId::derived(&[
        event.id.as_str(),
        workflow.workflow.as_str(),
        &event.replays.to_string(),
    ]);
    let cause = Cause::of("event", &event.id);
    let run = run_of(id, workflow, person, cause, event.occurred_at, dry_run, now);
    Run {
        event: Some(event.kind),
        opportunity: event.opportunity.clone().or(run.opportunity),
        ..run
    }
}

/// A run of a workflow.
#[must_use]
pub fn run_of(
    id: RunId,
    workflow: &Workflow,
    person: &Person,
    cause: Cause,
    occurred_at: Timestamp,
    dry_run: bool,
    now: Timestamp,
) -> Run {
    let steps = workflow.steps.iter().map(|step| {
        let work = StepWork::Workflow {
            kind: step.kind.clone(),
            expanded: Expanded::No,
        };
        let needs = step.needs.iter().map(StepId::of).collect();
        Step::new(StepId::of(&step.id), work, needs)
    });
    Run {
        id,
        workflow: workflow.workflow.clone(),
        direction: workflow.direction,
        person: person.id.clone(),
        opportunity: person.opportunity.clone(),
        cause,
        event: None,
        state: RunState::Running,
        dry_run: dry_run || workflow.dry_run,
        replayed: false,
        by_hand: false,
        cancelling: false,
        steps: steps.collect(),
        occurred_at,
        started_at: now,
        finished_at: None,
        look_at: Some(now),
        missing: Vec::new(),
        asks: 0,
        requested_by: None,
        told: false,
        told_early: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_starts_without_a_rule_is_a_built_in_workflow_in_earnest() {
        let known: Vec<Slug> = Workflow::built_in()
            .into_iter()
            .map(|workflow| workflow.workflow)
            .collect();
        for kind in EventKind::ALL {
            let started = Started::built_in(*kind);
            assert_eq!(started.is_some(), kind.default_workflow().is_some());
            if let Some(started) = started {
                assert!(known.contains(&started.workflow), "{started:?}");
                assert!(!started.dry_run, "{started:?}");
            }
        }
    }
}
