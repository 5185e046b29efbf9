//! What comes next in a run. Pure: it is told how everything stands and says what to change and what to do.
//!
//! `advance` moves every step as far as it goes without touching the outside: it turns `grant` and `revoke` steps
//! into one step a grant, lets steps wait for time, people and each other, cancels what is no longer wanted, and
//! names the steps whose effects can be worked on now.

use jiff::{SignedDuration, Timestamp};

use crate::access::{PlannedEffect, Way, desired, is_due, plan};
use crate::app::Application;
use crate::company::Company;
use crate::effect::{Goal, Phase};
use crate::grant::{Grant, GrantState};
use crate::ids::{AppSlug, StepId, TaskId};
use crate::person::Person;
use crate::run::{Expanded, Run, RunState, Step, StepState, StepWork, WaitsFor};
use crate::settings::Paused;
use crate::store::Loaded;
use crate::task::{Task, TaskKind, TaskState};
use crate::template::{Encoding, Placeholders, Template};
use crate::workflow::{StepKind, TaskStep};

/// How many grants one commit takes in.
pub const PORTION: usize = 20;

/// How everything stands.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The person.
    pub person: &'a Person,
    /// The person's grants.
    pub grants: &'a [Loaded<Grant>],
    /// The tasks that the run's steps have.
    pub tasks: &'a [Loaded<Task>],
    /// All configuration.
    pub company: &'a Company,
    /// Now.
    pub now: Timestamp,
}

/// What `advance` wants.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// Grants that policies ask for and nobody had yet.
    pub new_grants: Vec<Grant>,
    /// Grants that change without an effect.
    pub changed_grants: Vec<Loaded<Grant>>,
    /// Tasks to be made.
    pub new_tasks: Vec<Task>,
    /// Tasks that are no longer wanted.
    pub closed_tasks: Vec<Loaded<Task>>,
    /// What is to be recorded: action and target.
    pub said: Vec<(String, String)>,
    /// Steps whose effects can be worked on now.
    pub todo: Vec<StepId>,
    /// There is more to turn into steps: commit, and advance again.
    pub again: bool,
}

impl Situation<'_> {
    fn grant_of(&self, step: &Step) -> Option<&Loaded<Grant>> {
        let id = step.grant()?;
        self.grants.iter().find(|grant| grant.entity.id == *id)
    }

    fn open_task_of(&self, step: &Step) -> Option<&Loaded<Task>> {
        let id = step.task.as_ref()?;
        let mut tasks = self.tasks.iter();
        tasks.find(|task| task.entity.id == *id && task.entity.state == TaskState::Open)
    }

    fn task_of(&self, step: &Step) -> Option<&Task> {
        let id = step.task.as_ref()?;
        self.tasks
            .iter()
            .map(|task| &task.entity)
            .find(|task| task.id == *id)
    }

    fn in_secs(&self, secs: i64) -> Timestamp {
        self.now
            .saturating_add(SignedDuration::from_secs(secs))
            .unwrap_or(Timestamp::MAX)
    }
}

/// Moves the run as far as it goes without touching the outside.
#[must_use]
pub fn advance(run: &mut Run, situation: &Situation<'_>) -> Turn {
    let mut turn = Turn::default();
    if run.state != RunState::Running {
        return turn;
    }
    run.missing = lacking(run, situation);
    if !run.missing.is_empty() {
        ask_for_attributes(run, situation, &mut turn);
    }
    // Grants first, so that the steps around them see how they stand now.
    let count = run.steps.len();
    for grants in [true, false] {
        for place in 0..count {
            advance_at(run, place, grants, situation, &mut turn);
        }
    }
    turn.again |= run.steps.len() > count;
    close(run, situation, &turn);
    turn
}

fn advance_at(
    run: &mut Run,
    place: usize,
    grants: bool,
    situation: &Situation<'_>,
    turn: &mut Turn,
) {
    let step = run
        .steps
        .get(place)
        .filter(|step| step.grant().is_some() == grants && !step.has_ended());
    let Some(step) = step.cloned() else { return };
    let moved = match &step.work {
        StepWork::Grant { .. } => advance_grant(run, step, situation, turn),
        StepWork::Workflow { .. } => advance_step(run, step, situation, turn),
    };
    if let Some(slot) = run.steps.get_mut(place) {
        *slot = moved;
    }
}

/// The required attributes that hold a giving run up.
fn lacking(run: &Run, situation: &Situation<'_>) -> Vec<String> {
    let gives = run.steps.iter().any(|step| {
        matches!(
            &step.work,
            StepWork::Workflow {
                kind: StepKind::Grant {},
                ..
            }
        )
    });
    if gives && situation.person.state.may_receive() {
        situation.company.mapping.missing(situation.person)
    } else {
        Vec::new()
    }
}

fn ask_for_attributes(run: &Run, situation: &Situation<'_>, turn: &mut Turn) {
    let id = TaskId::derived(&[run.id.as_str(), "missing"]);
    if run.dry_run || situation.tasks.iter().any(|task| task.entity.id == id) {
        return;
    }
    turn.said.push((
        format!("waits for attributes: {}", run.missing.join(", ")),
        format!("run/{}", run.id),
    ));
    turn.new_tasks.push(Task {
        id,
        kind: TaskKind::Missing,
        owner: Task::NOBODY.to_owned(),
        title: format!("Complete the person: {}", run.missing.join(", ")),
        state: TaskState::Open,
        person: Some(run.person.clone()),
        run: Some(run.id.clone()),
        step: None,
        app: None,
        detail: "Nothing is given before these attributes are known; they are corrected on the person, or in Lever."
            .to_owned(),
        due: None,
        created_at: situation.now,
    });
}

/// A step as the workflow names it.
fn advance_step(run: &mut Run, mut step: Step, situation: &Situation<'_>, turn: &mut Turn) -> Step {
    let StepWork::Workflow { kind, expanded } = step.work.clone() else {
        return step;
    };
    let is_around_grants = matches!(kind, StepKind::Grant {} | StepKind::Revoke {});
    if run.ends(&step) && !is_around_grants && step.change.is_none() {
        step.enter(StepState::Cancelled, "the run was cancelled");
        return step;
    }
    if !matches!(kind, StepKind::LeverNote {})
        && let Some(need) = step
            .needs
            .iter()
            .find(|need| !run.step(need).is_none_or(Step::lets_on))
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
        StepKind::Grant {} | StepKind::Revoke {} => {
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
        StepKind::Wait { until } => {
            let place = situation.company.mapping.place(situation.person);
            match until.moment(situation.person.starts_on, &place, run.started_at) {
                Some(at) if at <= situation.now => step.enter(StepState::Verified, ""),
                Some(at) => step.wait(WaitsFor::Time, Some(at), format!("waits until {at}")),
                None => step.wait(
                    WaitsFor::Attributes,
                    Some(situation.in_secs(3600)),
                    "no first day is known",
                ),
            }
        }
        StepKind::Task(task) => advance_task(run, &mut step, &task, situation, turn),
        StepKind::LeverNote {} => advance_note(run, &mut step, situation, turn),
        StepKind::Notify(_) | StepKind::Http(_) => ready(run, &mut step, situation, turn),
    }
    step
}

/// Turns the plan of a `grant` or `revoke` step into one step a grant, a portion at a time.
fn expand(run: &mut Run, step: &mut Step, way: Way, situation: &Situation<'_>, turn: &mut Turn) {
    if !run.missing.is_empty() && way == Way::Give {
        let why = format!("waits for attributes: {}", run.missing.join(", "));
        step.wait(WaitsFor::Attributes, Some(situation.in_secs(900)), why);
        return;
    }
    let desired = desired(situation.person, situation.company, situation.now);
    let grants: Vec<Grant> = situation
        .grants
        .iter()
        .map(|grant| grant.entity.clone())
        .collect();
    let left: Vec<PlannedEffect> = plan(&run.person, &desired, &grants, situation.company, way)
        .into_iter()
        .filter(|effect| run.step(&step.id.inside(&effect.app)).is_none())
        .collect();
    let room = Run::MAX_STEPS.saturating_sub(run.steps.len());
    let portion = left.len().min(PORTION).min(room);
    for effect in left.iter().take(portion) {
        let child = planned_step(run, &step.id, effect, situation, turn);
        run.steps.push(child);
    }
    if left.len() > portion && room > portion {
        turn.again = true;
        step.enter(StepState::Running, "planning");
        return;
    }
    if let StepWork::Workflow { expanded, .. } = &mut step.work {
        *expanded = Expanded::All;
    }
}

fn planned_step(
    run: &Run,
    parent: &StepId,
    effect: &PlannedEffect,
    situation: &Situation<'_>,
    turn: &mut Turn,
) -> Step {
    let work = StepWork::Grant {
        grant: effect.grant.clone(),
        app: effect.app.clone(),
        goal: effect.goal,
        approval: None,
    };
    let mut child = Step::new(parent.inside(&effect.app), work, Vec::new());
    child.reason = Some(effect.why.clone());
    if run.dry_run {
        child.enter(StepState::Planned, effect.why.clone());
        return child;
    }
    if effect.goal == Goal::Give {
        want(effect, situation, turn);
        let place = situation.company.mapping.place(situation.person);
        match effect
            .deliver
            .moment(situation.person.starts_on, &place, run.started_at)
        {
            Some(at) => child.due = Some(at),
            None => child.wait(WaitsFor::Attributes, None, "no first day is known"),
        }
        if let Some(approval) = &effect.approval {
            child.wait(
                WaitsFor::Approval,
                None,
                format!("waits for approval by {}", approval.by.join(", ")),
            );
        }
    }
    child
}

/// Keeps what is wanted of a grant: a new one, or the one that is there with what is wanted now.
fn want(effect: &PlannedEffect, situation: &Situation<'_>, turn: &mut Turn) {
    match situation
        .grants
        .iter()
        .find(|grant| grant.entity.id == effect.grant)
    {
        None => {
            let person = &situation.person.id;
            let mut grant = Grant::desired(
                person,
                &effect.app,
                effect.entitlement.clone(),
                situation.now,
            );
            grant.policies.clone_from(&effect.policies);
            turn.new_grants.push(grant);
        }
        Some(grant) => {
            let mut grant = grant.clone();
            grant.entity.wanted.clone_from(&effect.entitlement);
            grant.entity.policies.clone_from(&effect.policies);
            if matches!(grant.entity.state, GrantState::Revoked | GrantState::Failed)
                && grant.entity.change.is_none()
            {
                grant.entity.state = GrantState::Desired;
            }
            turn.changed_grants.push(grant);
        }
    }
    turn.said
        .push(("desired".to_owned(), format!("app/{}", effect.app)));
}

/// The state of a `grant` or `revoke` step follows from the steps inside it.
fn gather(run: &Run, step: &mut Step) {
    let StepWork::Workflow {
        expanded: Expanded::All,
        ..
    } = step.work
    else {
        return;
    };
    let children: Vec<&Step> = run
        .steps
        .iter()
        .filter(|child| child.id.parent().as_ref() == Some(&step.id))
        .collect();
    if children
        .iter()
        .all(|child| child.lets_on() || child.state == StepState::Cancelled)
    {
        let state = if run.dry_run {
            StepState::Planned
        } else {
            StepState::Verified
        };
        step.enter(
            state,
            if children.is_empty() {
                "nothing to do"
            } else {
                ""
            },
        );
    } else if children.iter().all(|child| child.has_ended()) {
        step.enter(StepState::Failed, "not everything worked");
    } else {
        step.enter(StepState::Running, "");
    }
}

fn advance_task(
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

fn follow_task(step: &mut Step, task: &Task) {
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

/// The note: once when nothing busy is left, and once more when all has ended, if something was waiting before.
fn advance_note(run: &Run, step: &mut Step, situation: &Situation<'_>, turn: &mut Turn) {
    if run.opportunity.is_none() {
        step.enter(StepState::Skipped, "there is no candidacy in Lever");
        return;
    }
    let mut others = run.steps.iter().filter(|other| !is_note(other));
    let busy = others.any(|other| is_busy(run, other));
    if step.change.is_some() || is_over(run) || !busy && step.notes == 0 {
        ready(run, step, situation, turn);
    } else {
        step.wait(WaitsFor::Needs, None, "waits for the other steps");
    }
}

/// Has everything besides the notes ended, or got stuck behind what failed? The last note is written then.
#[must_use]
pub fn is_over(run: &Run) -> bool {
    run.steps
        .iter()
        .filter(|step| !is_note(step))
        .all(|step| step.has_ended() || !can_move(run, step))
}

fn is_note(step: &Step) -> bool {
    matches!(
        &step.work,
        StepWork::Workflow {
            kind: StepKind::LeverNote {},
            ..
        }
    )
}

/// Is something going on that the note should wait for?
fn is_busy(run: &Run, step: &Step) -> bool {
    match step.waits_for {
        _ if step.has_ended() => false,
        Some(WaitsFor::Time | WaitsFor::Approval | WaitsFor::Human | WaitsFor::Attributes) => false,
        Some(WaitsFor::Needs) => step
            .needs
            .iter()
            .filter_map(|need| run.step(need))
            .any(|need| is_busy(run, need)),
        // A step with steps inside is as busy as they are.
        None if step.state == StepState::Running
            && step.change.is_none()
            && step.grant().is_none() =>
        {
            run.steps
                .iter()
                .filter(|child| child.id.parent().as_ref() == Some(&step.id))
                .any(|child| is_busy(run, child))
        }
        _ => true,
    }
}

/// Can the step still get anywhere without somebody mending what it needs?
fn can_move(run: &Run, step: &Step) -> bool {
    let stuck = |need: &StepId| {
        run.step(need).is_some_and(|need| {
            matches!(need.state, StepState::Failed | StepState::Cancelled)
                || !need.has_ended() && !can_move(run, need)
        })
    };
    step.waits_for != Some(WaitsFor::Needs) || is_note(step) || !step.needs.iter().any(stuck)
}

/// An effect that is no grant's: can it be worked on now?
fn ready(run: &Run, step: &mut Step, situation: &Situation<'_>, turn: &mut Turn) {
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
        step.wait(WaitsFor::Pause, Some(situation.in_secs(60)), why);
        return;
    }
    let due = step.change.as_ref().and_then(|change| change.phase.due());
    let at = next_try(step, due);
    hand_out(step, at, situation.now, turn);
}

/// When a step is worked on again: what a failed look or the brake put off, no earlier than it was put off to.
fn next_try(step: &Step, due: Option<Timestamp>) -> Option<Timestamp> {
    let put_off = matches!(step.waits_for, Some(WaitsFor::Retry | WaitsFor::Pause));
    due.max(step.due.filter(|_| put_off))
}

/// Why an effect of this run may not start now. The brake that the cap on removals put on by itself does not hold a
/// termination by hand (L31).
pub(crate) fn held(
    run: &Run,
    company: &Company,
    app: Option<&AppSlug>,
    takes_away: bool,
) -> Option<String> {
    let by_cap = company
        .pause
        .removals
        .as_ref()
        .is_some_and(|paused| paused.by == Paused::BY_CAP);
    let exempt = run.by_hand && takes_away && by_cap;
    company.pause.holds(app, takes_away && !exempt)
}

/// Names the step as one to be worked on, or lets it wait for its next look or try.
fn hand_out(step: &mut Step, at: Option<Timestamp>, now: Timestamp, turn: &mut Turn) {
    match at {
        Some(at) if at > now => {
            step.due = Some(at);
            if step.state == StepState::Ready || step.state == StepState::Waiting {
                step.waits_for.get_or_insert(WaitsFor::Retry);
            }
        }
        _ => {
            step.waits_for = None;
            step.due = None;
            if step.state == StepState::Waiting {
                step.state = StepState::Ready;
            }
            turn.todo.push(step.id.clone());
        }
    }
}

/// One grant inside a `grant` or `revoke` step.
fn advance_grant(run: &Run, mut step: Step, situation: &Situation<'_>, turn: &mut Turn) -> Step {
    let StepWork::Grant { goal, app, .. } = step.work.clone() else {
        return step;
    };
    // A grant that this very commit makes is worked on in the next turn.
    let Some(grant) = situation.grant_of(&step) else {
        turn.again = true;
        return step;
    };
    let change = grant.entity.change.as_ref();
    let ours = change.filter(|change| change.run == run.id);
    // What was accepted before a run was cancelled is looked for as well, and taken back.
    let ends = run.ends(&step);
    let begun = ours.is_some_and(|change| ends && !change.made.is_empty());
    let intended = begun || change.is_some_and(|change| change.phase.has_intent());
    if !intended && is_called_off(&mut step, goal, grant, run, situation, turn) {
        return step;
    }
    if intended && ours.is_none() {
        step.wait(
            WaitsFor::OtherRun,
            Some(situation.in_secs(5)),
            "another run has the same grant in hand",
        );
        return step;
    }
    if ours.is_none() && is_there(goal, &grant.entity) {
        step.enter(StepState::Verified, "it is so already");
        return step;
    }
    if step.waits_for == Some(WaitsFor::Approval)
        || step.waits_for == Some(WaitsFor::Attributes) && step.due.is_none()
    {
        return step;
    }
    if by_hand(run, &mut step, &app, grant, situation, turn) {
        return step;
    }
    if let Some(why) = held(run, situation.company, Some(&app), goal != Goal::Give)
        && !intended
    {
        let due = step.due.max(Some(situation.in_secs(60)));
        step.wait(WaitsFor::Pause, due, why);
        return step;
    }
    let at = match ours {
        Some(change) => next_try(&step, change.phase.due()),
        None => step.due,
    };
    if ours.is_none() && at.is_some_and(|at| at > situation.now) {
        step.wait(
            WaitsFor::Time,
            at,
            format!("waits until {}", at.unwrap_or(situation.now)),
        );
        return step;
    }
    hand_out(&mut step, at, situation.now, turn);
    step
}

/// Nothing was sent, and the run ends, the person may not receive it any more, or is due again what was to be taken
/// away: the step ends.
fn is_called_off(
    step: &mut Step,
    goal: Goal,
    grant: &Loaded<Grant>,
    run: &Run,
    situation: &Situation<'_>,
    turn: &mut Turn,
) -> bool {
    let (person, app) = (situation.person, &grant.entity.app);
    let ends = run.ends(step);
    let due_again = || !step.undoing && is_due(person, situation.company, app, situation.now);
    if goal == Goal::Give {
        if !ends && person.state.may_receive() {
            return false;
        }
        cancel(step, grant, run, situation, turn);
    } else {
        if !ends && !due_again() {
            return false;
        }
        keep(step, grant, run, situation, turn);
    }
    true
}

/// Does the grant already stand where the step wants it?
fn is_there(goal: Goal, grant: &Grant) -> bool {
    match goal {
        Goal::Give => {
            grant.state == GrantState::Active && grant.held.as_ref() == Some(&grant.wanted)
        }
        Goal::Suspend | Goal::Remove => {
            grant.state == GrantState::Revoked && grant.change.is_none()
        }
        Goal::Sent => false,
    }
}

/// The person may not receive it any more, and nothing was sent: the step ends without an effect.
fn cancel(
    step: &mut Step,
    grant: &Loaded<Grant>,
    run: &Run,
    situation: &Situation<'_>,
    turn: &mut Turn,
) {
    let why = if run.ends(step) {
        "the run was cancelled".to_owned()
    } else {
        format!("the person is {}", situation.person.state.as_str())
    };
    step.enter(StepState::Cancelled, why);
    turn.said
        .push(("cancelled".to_owned(), format!("app/{}", grant.entity.app)));
    if let Some(task) = situation.open_task_of(step) {
        let mut task = task.clone();
        task.entity.state = TaskState::Cancelled;
        turn.closed_tasks.push(task);
    }
    let untouched = !grant.entity.may_be_held() && grant.entity.state != GrantState::Revoked;
    let free = grant
        .entity
        .change
        .as_ref()
        .is_none_or(|change| change.run == run.id);
    if untouched && free {
        let mut grant = grant.clone();
        grant.entity.state = GrantState::Revoked;
        grant.entity.change = None;
        grant.entity.changed_at = situation.now;
        turn.changed_grants.push(grant);
    }
}

/// What was to be taken away is due again, and nothing was sent: it stays.
fn keep(
    step: &mut Step,
    grant: &Loaded<Grant>,
    run: &Run,
    situation: &Situation<'_>,
    turn: &mut Turn,
) {
    step.enter(StepState::Cancelled, "the person is due it again");
    turn.said
        .push(("kept".to_owned(), format!("app/{}", grant.entity.app)));
    let change = grant.entity.change.as_ref();
    if change.is_some_and(|change| change.run == run.id) {
        let mut grant = grant.clone();
        grant.entity.keep();
        grant.entity.changed_at = situation.now;
        turn.changed_grants.push(grant);
    }
}

/// An application that a human provisions, or an effect that a human took over: is there a task, and is it done?
fn by_hand(
    run: &Run,
    step: &mut Step,
    app: &AppSlug,
    grant: &Loaded<Grant>,
    situation: &Situation<'_>,
    turn: &mut Turn,
) -> bool {
    let known = situation.company.apps.get(app);
    let manual = known.is_none_or(Application::is_manual);
    let done = situation.task_of(step).map(|task| task.state);
    if done == Some(TaskState::Done) {
        step.enter(StepState::Verified, "done by hand");
        turn.changed_grants
            .push(settled_by_hand(grant, step, situation.now));
        turn.said
            .push(("done by hand".to_owned(), format!("app/{app}")));
        return true;
    }
    if !manual {
        return false;
    }
    if done == Some(TaskState::Cancelled) {
        step.enter(StepState::Cancelled, "the task was cancelled");
    } else if done == Some(TaskState::Open) {
        step.wait(WaitsFor::Human, None, "waits for a human");
    } else if step.due.is_some_and(|due| due > situation.now) {
        step.wait(WaitsFor::Time, step.due, "waits for its time");
    } else if let Some(why) = held(run, situation.company, Some(app), !step.is_giving()) {
        step.wait(WaitsFor::Pause, Some(situation.in_secs(60)), why);
    } else {
        turn.new_tasks
            .push(manual_task(run, step, app, known, grant, situation));
        step.task = turn.new_tasks.last().map(|task| task.id.clone());
        step.wait(WaitsFor::Human, None, "waits for a human");
        let mut grant = grant.clone();
        grant.entity.state = if step.is_giving() {
            GrantState::Pending
        } else {
            GrantState::Revoking
        };
        turn.changed_grants.push(grant);
    }
    true
}

fn manual_task(
    run: &Run,
    step: &Step,
    app: &AppSlug,
    known: Option<&Application>,
    grant: &Loaded<Grant>,
    situation: &Situation<'_>,
) -> Task {
    let label = known.map_or(app.as_str(), Application::label);
    let verb = if step.is_giving() {
        "Give access to"
    } else {
        "Take away access to"
    };
    let owner = known
        .and_then(|app| app.owner.clone())
        .unwrap_or_else(|| Task::NOBODY.to_owned());
    let mut task = a_task(
        run,
        step,
        TaskKind::Manual,
        owner,
        format!("{verb} {label}"),
        situation.now,
    );
    let wanted = &grant.entity.wanted;
    let parts = [
        wanted.plan.as_ref().map(|plan| format!("plan {plan}")),
        wanted.role.as_ref().map(|role| format!("role {role}")),
        (!wanted.groups.is_empty()).then(|| {
            format!(
                "groups {}",
                wanted.groups.iter().cloned().collect::<Vec<_>>().join(", ")
            )
        }),
    ];
    task.detail = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    if known.is_none() {
        task.detail = format!(
            "There is no application `{app}` in the configuration. {}",
            task.detail
        );
    }
    task
}

/// What a human did counts as held, or as gone.
fn settled_by_hand(grant: &Loaded<Grant>, step: &Step, now: Timestamp) -> Loaded<Grant> {
    let mut grant = grant.clone();
    let entity = &mut grant.entity;
    entity.change = None;
    entity.reason = None;
    entity.changed_at = now;
    if step.is_giving() {
        entity.state = GrantState::Active;
        entity.held = Some(entity.wanted.clone());
    } else {
        entity.state = GrantState::Revoked;
        entity.held = None;
    }
    grant
}

/// Closes the run if nothing is left, or says when to look again.
fn close(run: &mut Run, situation: &Situation<'_>, turn: &Turn) {
    let over = run
        .steps
        .iter()
        .all(|step| step.has_ended() || !can_move(run, step));
    if over && turn.todo.is_empty() && !turn.again {
        let failed = run.steps.iter().any(|step| step.state == StepState::Failed);
        run.state = if run.cancelling {
            RunState::Cancelled
        } else if failed {
            RunState::Failed
        } else {
            RunState::Finished
        };
        run.finished_at = Some(situation.now);
        run.look_at = None;
        return;
    }
    let next = run
        .steps
        .iter()
        .filter(|step| !step.has_ended())
        .filter_map(|step| step.due)
        .min();
    run.look_at = if turn.todo.is_empty() && !turn.again {
        next
    } else {
        Some(situation.now)
    };
}

/// The phase of a step's effect as the state that is shown.
#[must_use]
pub fn shown(phase: &Phase) -> StepState {
    match phase {
        Phase::Planned | Phase::Retry { .. } => StepState::Ready,
        Phase::Intended { .. } => StepState::Running,
        Phase::Unknown { .. } => StepState::Unknown,
        Phase::Accepted { .. } => StepState::Done,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::config::{ConfigItem, ConfigKind};
    use crate::effect::Change;
    use crate::grant::Entitlement;
    use crate::ids::{RunId, Slug};
    use crate::intake::run_of;
    use crate::store::Version;
    use crate::testing::a_person;

    fn slug(text: &str) -> Slug {
        Slug::parse(text).unwrap()
    }

    /// A company with `figma`, which everybody is due.
    fn a_company() -> Company {
        let mut company = Company::empty().unwrap();
        let scim = json!({ "type": "scim", "base_url": "https://figma.example" });
        let app = json!({ "app": "figma", "provisioner": scim });
        let policy = json!({ "policy": "figma", "grants": [{ "app": "figma" }] });
        for (kind, file) in [(ConfigKind::App, app), (ConfigKind::Policy, policy)] {
            let item = ConfigItem {
                kind,
                id: slug("figma"),
                file,
                changed_at: Timestamp::UNIX_EPOCH,
            };
            company.take(&item).unwrap();
        }
        company
    }

    /// A run of a built-in workflow with one step for `figma`.
    fn a_run(workflow: &str, company: &Company, person: &Person, goal: Goal) -> Run {
        let workflow = &company.workflows[&slug(workflow)];
        let cause = crate::audit::Cause::of("test", "test");
        let at = Timestamp::UNIX_EPOCH;
        let id = RunId::derived(&[workflow.workflow.as_str()]);
        let mut run = run_of(id, workflow, person, cause, at, false, at);
        let app = slug("figma");
        let work = StepWork::Grant {
            grant: Grant::id_for(&person.id, &app),
            app: app.clone(),
            goal,
            approval: None,
        };
        let step = Step::new(run.steps[0].id.inside(&app), work, Vec::new());
        run.steps.push(step);
        if let StepWork::Workflow { expanded, .. } = &mut run.steps[0].work {
            *expanded = Expanded::All;
        }
        run
    }

    fn a_grant(person: &Person) -> Loaded<Grant> {
        let at = Timestamp::UNIX_EPOCH;
        Loaded {
            entity: Grant::desired(&person.id, &slug("figma"), Entitlement::default(), at),
            version: Version(1),
            due: None,
        }
    }

    #[test]
    fn a_look_that_failed_is_not_repeated_before_its_time() {
        let (company, person) = (a_company(), a_person().build());
        let mut run = a_run("onboard", &company, &person, Goal::Give);
        let now = Timestamp::from_second(1_000).unwrap();
        let later = Timestamp::from_second(1_005).unwrap();
        let mut grant = a_grant(&person);
        let step = run.steps.last_mut().unwrap();
        step.enter(StepState::Ready, "it cannot be looked at");
        step.due = Some(later);
        step.waits_for = Some(WaitsFor::Retry);
        let change = Change::open(run.id.clone(), step.id.clone(), Goal::Give, 1);
        grant.entity.change = Some(change);

        let turn = advance(
            &mut run,
            &Situation {
                person: &person,
                grants: &[grant],
                tasks: &[],
                company: &company,
                now,
            },
        );

        assert_eq!(turn.todo, []);
        assert_eq!(run.look_at, Some(later));
    }

    #[test]
    fn what_is_stuck_behind_a_failed_step_does_not_keep_the_last_note_back() {
        let (company, person) = (a_company(), a_person().build());
        let mut run = a_run("change", &company, &person, Goal::Give);
        run.opportunity = Some(crate::ids::LeverId::parse("ada").unwrap());
        let child = run.steps.last_mut().unwrap();
        child.enter(StepState::Failed, "refused");
        let grants = [a_grant(&person)];
        let situation = Situation {
            person: &person,
            grants: &grants,
            tasks: &[],
            company: &company,
            now: Timestamp::UNIX_EPOCH,
        };

        let turn = advance(&mut run, &situation);

        assert_eq!(turn.todo, [StepId::from("lever")]);
        assert!(is_over(&run));
    }

    #[test]
    fn what_is_due_again_is_not_taken_away_by_an_older_run() {
        let (company, person) = (a_company(), a_person().build());
        let mut run = a_run("withdraw", &company, &person, Goal::Suspend);
        let mut grant = a_grant(&person);
        grant.entity.state = GrantState::Active;
        grant.entity.held = Some(Entitlement::default());
        let grants = [grant];
        let situation = Situation {
            person: &person,
            grants: &grants,
            tasks: &[],
            company: &company,
            now: Timestamp::UNIX_EPOCH,
        };

        let turn = advance(&mut run, &situation);

        assert_eq!(turn.todo, []);
        assert_eq!(run.steps.last().unwrap().state, StepState::Cancelled);
        assert_eq!(run.state, RunState::Finished);
    }
}
