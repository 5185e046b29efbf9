//! Steps as the workflow names them: tasks, waits, notes, messages, requests.

use super::expand::{expand, gather};
use super::grants::{hand_out, next_try};
use super::order::lets_on;
use super::{Situation, Turn, is_busy, is_note, is_over};
use crate::access::Way;
use crate::ids::TaskId;
use crate::person::Person;
use crate::rule::EventKind;
use crate::run::{Expanded, Run, Step, StepState, StepWork, WaitsFor};
use crate::schedule::Delivery;
use crate::task::{Task, TaskKind, TaskState};
use crate::template::{Encoding, Placeholders, Template};
use crate::workflow::{StepKind, TaskStep};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// A step as the workflow names it.
pub(super) fn advance_step(
    run: &mut Run,
    mut step: Step,
    situation: &Situation<'_>,
    turn: &mut Turn,
) -> Step {
    let StepWork::Workflow { kind, expanded } = step.work.clone() else {
        return step;
    };
    if let Some(why) = called_off(run, &step, &kind, situation.person) {
        step.change = None;
        step.enter(StepState::Cancelled, why);
        let task = situation.open_task_of(&step).cloned();
        turn.closed_tasks.extend(task.map(|mut task| {
            task.entity.end(TaskState::Cancelled, situation.now);
            task
        }));
        return step;
    }
    if !matches!(kind, StepKind::LeverNote { .. })
        && let Some(need) = step
            .needs
            .iter()
            .find(|need| !lets_on(run, &step, need, situation))
    {
        let failed = run
            .step(need)
            .is_some_and(|need| need.state == StepState::Failed);
        let why = if failed {
            format!("waits for `{need}`, which failed")
        } else {
            format!("waits for `{need}`")
        };
        step.wait(WaitsFor::Needs, None, why);
        return step;
    }
    match kind {
        StepKind::Grant {} | StepKind::Revoke { .. } => {
            let way = if matches!(kind, StepKind::Grant {}) {
                Way::Give
            } else {
                Way::Take
            };
            if expanded == Expanded::No && !run.cancelling {
                expand(run, &mut step, way, situation, turn);
            }
            gather(run, &mut step);
        }
        StepKind::Wait { until } => advance_wait(run, &mut step, &until, situation),
        StepKind::Task(task) => advance_task(run, &mut step, &task, situation, turn),
        StepKind::LeverNote { .. } => advance_note(run, &mut step, situation, turn),
        StepKind::Notify(_) | StepKind::Http(_) => ready(run, &mut step, situation, turn),
    }
    step
}

/// Why nothing more is done about a step of which nothing is on its way: the run was cancelled, or gives to somebody who is
/// gone. What stands around grants ends as they do; whether a note is left out is decided when it would be written.
fn called_off(run: &Run, step: &Step, kind: &StepKind, person: &Person) -> Option<String> {
    let change = step.change.as_ref();
    let sent = change.is_some_and(|change| change.phase.has_intent());
    match kind {
        StepKind::Grant {} | StepKind::Revoke { .. } => None,
        _ if run.ends(step) && change.is_none() => Some("the run was cancelled".to_owned()),
        StepKind::LeverNote { .. } => None,
        _ => (run.is_in_vain(person) && !sent).then(|| person.state.sentence()),
    }
}

/// Lets time pass; a dry run only says until when.
fn advance_wait(run: &Run, step: &mut Step, until: &Delivery, situation: &Situation<'_>) {
    let place = situation.company.mapping.place(situation.person);
    let unknown = "no first day is known";
    match until.moment(situation.person.starts_on, &place, run.started_at) {
        Some(at) if run.dry_run => step.enter(StepState::Planned, format!("waits until {at}")),
        None if run.dry_run => step.enter(StepState::Planned, unknown),
        Some(at) if at <= situation.now => step.enter(StepState::Verified, ""),
        Some(at) => step.wait(WaitsFor::Time, Some(at), format!("waits until {at}")),
        None => step.wait(WaitsFor::Attributes, Some(situation.in_secs(3600)), unknown),
    }
}

pub(super) fn advance_task(
    run: &Run,
    step: &mut Step,
    task: &TaskStep,
    situation: &Situation<'_>,
    turn: &mut Turn,
) {
    if run.dry_run {
        step.enter(StepState::Planned, format!("a task for {}", task.owner));
        return;
    }
    match situation.task_of(step) {
        Some(made) => follow_task(step, made),
        None => {
            let place = situation.company.mapping.place(situation.person);
            let due = task
                .due
                .as_ref()
                .and_then(|due| due.moment(situation.person.starts_on, &place, run.started_at));
            let title = filled(&task.title, situation.person);
            let owner = filled(&task.owner, situation.person);
            let made = a_task(run, step, TaskKind::Step, owner, title, situation.now);
            step.task = Some(made.id.clone());
            step.wait(WaitsFor::Human, None, format!("waits for {}", task.owner));
            turn.new_tasks.push(Task { due, ..made });
        }
    }
}

pub(super) fn follow_task(step: &mut Step, task: &Task) {
    match task.state {
        TaskState::Open => step.wait(WaitsFor::Human, None, "waits for a human"),
        TaskState::Done => step.enter(StepState::Verified, "done by hand"),
        TaskState::Cancelled => step.enter(StepState::Cancelled, "the task was cancelled"),
    }
}

/// A task because of a step; made once, whoever comes by.
#[must_use]
pub fn a_task(
    run: &Run,
    step: &Step,
    kind: TaskKind,
    owner: String,
    title: String,
    now: Timestamp,
) -> Task {
    Task {
        id: TaskId::derived(&[run.id.as_str(), step.id.as_str()]),
        kind,
        owner,
        title,
        state: TaskState::Open,
        person: Some(run.person.clone()),
        run: Some(run.id.clone()),
        step: Some(step.id.clone()),
        app: step.app().cloned(),
        detail: step.reason.clone().unwrap_or_default(),
        due: None,
        created_at: now,
        ended_at: None,
        user: None,
        awaits_roster: false,
        perhaps: None,
        among: BTreeSet::new(),
        events: Vec::new(),
    }
}

/// A text with the person's attributes filled in; what is missing is left out.
#[must_use]
pub fn filled(text: &str, person: &Person) -> String {
    let Ok(template) = Template::parse(text, Placeholders::AnyName) else {
        return text.to_owned();
    };
    let value = |name: &str| {
        Some(
            person
                .attribute(name)
                .cloned()
                .unwrap_or_else(|| "—".into()),
        )
    };
    template
        .render(value, Encoding::None)
        .unwrap_or_else(|_| text.to_owned())
}

/// The note: once when nothing busy is left, and once more when all has ended, if something was waiting before. One that only
/// told which attributes are missing does not count as the first.
pub(super) fn advance_note(run: &Run, step: &mut Step, situation: &Situation<'_>, turn: &mut Turn) {
    if run.opportunity.is_none() {
        step.enter(StepState::Skipped, "there is no candidacy in Lever");
        return;
    }
    let others = || run.steps.iter().filter(|other| !is_note(other));
    let busy = others().any(|other| is_busy(run, other));
    let did_nothing = || !others().any(Step::is_work);
    // Whoever is here already may be hired for another job, and has everything.
    let was_here = run.event == Some(EventKind::Hired) && situation.person.state.has_started();
    let is_again = run.replayed || was_here;
    if is_again && is_over(run) && step.change.is_none() && did_nothing() {
        step.enter(StepState::Skipped, "nothing had to be done again");
        return;
    }
    let is_first = step.notes == 0 || run.missing.is_empty() && step.notes == step.notes_of_missing;
    if step.change.is_some() || is_over(run) || !busy && is_first {
        ready(run, step, situation, turn);
    } else {
        step.wait(WaitsFor::Needs, None, "waits for the other steps");
    }
}

/// An effect that is no grant's: can it be worked on now?
pub(super) fn ready(run: &Run, step: &mut Step, situation: &Situation<'_>, turn: &mut Turn) {
    if run.dry_run {
        step.enter(StepState::Planned, "");
        return;
    }
    if let Some(why) = situation.company.pause.holds(None, false)
        && step
            .change
            .as_ref()
            .is_none_or(|change| !change.phase.has_intent())
    {
        step.wait(WaitsFor::Pause, Some(situation.while_held()), why);
        return;
    }
    let due = step.change.as_ref().and_then(|change| change.phase.due());
    let at = next_try(step, due);
    hand_out(step, at, situation.now, turn);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::access::Desired;
    use crate::advance::advance;
    use crate::audit::Cause;
    use crate::company::Company;
    use crate::config::ConfigKind;
    use crate::effect::{Action, Change, Goal, Phase};
    use crate::ids::{LeverId, RunId, Slug, StepId};
    use crate::intake::run_of;
    use crate::person::Lifecycle;
    use crate::run::RunState;
    use crate::store::{Loaded, Version};
    use crate::testing::{a_person, take};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// An onboarding that needs no access, of somebody in this state.
    struct World {
        company: Company,
        person: Person,
        tasks: Vec<Loaded<Task>>,
        run: Run,
    }

    impl World {
        fn of(state: Lifecycle, direction: Option<&str>) -> Self {
            let mut company = Company::empty().unwrap();
            let mut file = json!({ "workflow": "onboard", "steps": [
                { "id": "laptop", "type": "task", "owner": "it@contoso.example", "title": "Laptop" },
                { "id": "settled", "type": "wait", "until": { "after_start": "3d" } },
                { "id": "hello", "type": "notify", "to": "{manager}", "text": "Welcome" },
                { "id": "course", "type": "http", "path": "https://lms.example/enrol" },
            ] });
            if let Some(direction) = direction {
                file["direction"] = Value::from(direction);
            }
            take(&mut company, ConfigKind::Workflow, "onboard", file);
            let person = a_person().in_state(state).build();
            let workflow = &company.workflows[&Slug::parse("onboard").unwrap()];
            let (id, cause) = (RunId::derived(&["onboard"]), Cause::of("test", "test"));
            let run = run_of(id, workflow, &person, cause, NOW, false, NOW);
            Self {
                company,
                person,
                tasks: Vec::new(),
                run,
            }
        }

        fn advance(&mut self) -> Turn {
            let situation = Situation {
                person: &self.person,
                grants: &[],
                tasks: &self.tasks,
                approvals: &[],
                company: &self.company,
                desired: &Desired::default(),
                directory: None,
                now: NOW,
            };
            let turn = advance(&mut self.run, &situation);
            self.tasks.extend(turn.new_tasks.iter().map(|task| Loaded {
                entity: task.clone(),
                version: Version(1),
                due: None,
            }));
            turn
        }
    }

    #[test]
    fn nothing_more_is_done_of_an_onboarding_for_somebody_who_is_gone() {
        for gone in [Lifecycle::Left, Lifecycle::Withdrawn] {
            let mut world = World::of(Lifecycle::Preboarding, Some("grant"));
            assert_eq!(world.advance().new_tasks.len(), 1);
            world.person.state = gone;

            let turn = world.advance();

            assert_eq!(turn.todo, []);
            assert_eq!(turn.closed_tasks[0].entity.state, TaskState::Cancelled);
            let mut steps = world.run.steps.iter();
            assert!(steps.all(|step| step.state == StepState::Cancelled));
            assert_eq!(world.run.state, RunState::Finished);
        }
    }

    #[test]
    fn a_workflow_for_candidates_or_leavers_goes_on() {
        for (state, direction) in [
            (Lifecycle::Candidate, Some("grant")),
            (Lifecycle::Left, Some("revoke")),
            (Lifecycle::Left, None),
        ] {
            let mut world = World::of(state, direction);

            let turn = world.advance();

            assert_eq!(turn.new_tasks.len(), 1, "{state:?}");
            assert_eq!(turn.todo.len(), 2, "{state:?}");
        }
    }

    #[test]
    fn what_was_sent_before_somebody_left_is_still_looked_for() {
        let mut world = World::of(Lifecycle::Left, Some("grant"));
        let id = StepId::from("course");
        let change = Change::open(world.run.id.clone(), id.clone(), Goal::Sent, 1);
        let phase = Phase::Intended {
            action: Action::Send,
            saw_absent: true,
            at: NOW,
        };
        world.run.step_mut(&id).unwrap().change = Some(Change { phase, ..change });

        let turn = world.advance();

        assert_eq!(turn.todo, [id]);
    }

    #[test]
    fn a_note_that_only_told_what_is_missing_does_not_count_as_the_first() {
        for (of_missing, expect) in [(1, 1), (0, 0)] {
            let mut world = World::of(Lifecycle::Preboarding, Some("grant"));
            world.run.opportunity = Some(LeverId::parse("opp-1").unwrap());
            let work = StepWork::Workflow {
                kind: StepKind::LeverNote { tag: None },
                expanded: Expanded::No,
            };
            let mut note = Step::new(StepId::from("lever"), work, Vec::new());
            (note.notes, note.notes_of_missing) = (1, of_missing);
            world.run.steps.truncate(1);
            world.run.steps.push(note);

            let turn = world.advance();

            assert_eq!(turn.todo.len(), expect, "{of_missing}");
        }
    }
}
