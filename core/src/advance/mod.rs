//! What comes next in a run. Pure: it is told how everything stands and says what to change and what to do.
//!
//! `advance` moves every step as far as it goes without touching the outside: it turns `grant` and `revoke` steps
//! into one step a grant, lets steps wait for time, people and each other, cancels what is no longer wanted, and
//! names the steps whose effects can be worked on now.

mod by_hand;
mod expand;
mod gone;
mod grants;
mod lacking;
mod order;
mod pending;
mod steps;

use gone::close_tasks;
use grants::advance_grant;
pub(crate) use grants::held;
use lacking::{ask_for_attributes, lacking, nothing_lacks};
use order::{directory_last, tell_owners};
use steps::advance_step;
pub use steps::{a_task, filled};

use crate::access::Desired;
use crate::approval::Approval;
use crate::company::Company;
use crate::effect::Phase;
use crate::grant::Grant;
use crate::ids::{AppSlug, ApprovalId, StepId};
use crate::person::Person;
use crate::run::{Run, RunState, Step, StepState, StepWork, WaitsFor};
use crate::store::Loaded;
use crate::task::{Task, TaskState};
use crate::workflow::StepKind;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// How many grants one commit takes in: each may be given up, which is a grant, a task, a letter and records.
pub const PORTION: usize = 12;

/// How often what the brake holds is looked at again: whoever lets it go wakes what it held, this is for the rest.
pub const HELD: SignedDuration = SignedDuration::from_mins(10);

/// How everything stands.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The person.
    pub person: &'a Person,
    /// The person's grants.
    pub grants: &'a [Loaded<Grant>],
    /// The tasks that the run's steps have.
    pub tasks: &'a [Loaded<Task>],
    /// The approvals that its steps were asked for.
    pub approvals: &'a [Loaded<Approval>],
    /// All configuration.
    pub company: &'a Company,
    /// What the person is due by it.
    pub desired: &'a Desired,
    /// The application that is the company's directory.
    pub directory: Option<&'a AppSlug>,
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
    /// Approvals to be asked for.
    pub new_approvals: Vec<Approval>,
    /// Approvals that nobody needs any more.
    pub changed_approvals: Vec<Loaded<Approval>>,
    /// What is to be recorded.
    pub said: Vec<Said>,
    /// Steps whose effects can be worked on now.
    pub todo: Vec<StepId>,
    /// There is more to turn into steps: commit, and advance again.
    pub again: bool,
    /// Whoever owns what was taken from somebody who left is to be told.
    pub tells: bool,
}

/// Something to be recorded: what, on what, how it was and is. Never a name or an address.
#[derive(Clone, PartialEq, Debug)]
pub struct Said {
    /// What, in the past tense.
    pub action: String,
    /// On what.
    pub target: String,
    /// How it was.
    pub before: Option<Value>,
    /// How it is.
    pub after: Option<Value>,
}

impl Said {
    fn new(action: impl Into<String>, target: String) -> Self {
        Self {
            action: action.into(),
            target,
            before: None,
            after: None,
        }
    }

    fn after(mut self, after: Value) -> Self {
        self.after = Some(after);
        self
    }

    fn changing(mut self, before: Value, after: Value) -> Self {
        self.before = Some(before);
        self.after = Some(after);
        self
    }
}

impl Turn {
    /// The most that one turn may want before it is committed; one step adds a handful.
    const FULL: usize = 50;

    /// How many items its commit will have, about.
    fn size(&self) -> usize {
        self.new_grants.len()
            + self.changed_grants.len()
            + self.new_tasks.len()
            + self.closed_tasks.len().saturating_mul(2)
            + self.new_approvals.len()
            + self.changed_approvals.len()
            + self.said.len()
    }
}

impl Situation<'_> {
    /// Was the person here already, and has nobody applied them? Only what is undone by hand gives or takes anything then.
    fn is_left_alone(&self, run: &Run) -> bool {
        self.person.baselined && self.person.state.may_receive() && !run.by_hand
    }

    fn approval_of(&self, grant: &Grant) -> Option<&Loaded<Approval>> {
        self.approval(grant.approval.as_ref()?)
    }

    fn approval(&self, id: &ApprovalId) -> Option<&Loaded<Approval>> {
        let mut approvals = self.approvals.iter();
        approvals.find(|approval| approval.entity.id == *id)
    }

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

    fn while_held(&self) -> Timestamp {
        self.now.saturating_add(HELD).unwrap_or(Timestamp::MAX)
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
    let lacked = !run.missing.is_empty();
    run.missing = lacking(run, situation);
    match (lacked, run.missing.is_empty()) {
        (true, true) => nothing_lacks(run, situation, &mut turn),
        (false, false) => ask_for_attributes(run, situation, &mut turn),
        _ => {}
    }
    // Grants first, so that the steps around them see how they stand now.
    let count = run.steps.len();
    for grants in [true, false] {
        for place in 0..count {
            advance_at(run, place, grants, situation, &mut turn);
        }
    }
    turn.again |= run.steps.len() > count;
    close_tasks(run, situation, &mut turn);
    directory_last(run, situation, &mut turn);
    tell_owners(run, situation, &mut turn);
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
    if turn.size() > Turn::FULL {
        turn.again = true;
        return;
    }
    let moved = match &step.work {
        StepWork::Grant { .. } => advance_grant(run, step, situation, turn),
        StepWork::Workflow { .. } => advance_step(run, step, situation, turn),
    };
    if let Some(slot) = run.steps.get_mut(place) {
        *slot = moved;
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
            kind: StepKind::LeverNote { .. },
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
    use crate::effect::Goal;
    use crate::grant::GrantState;
    use crate::run::Expanded;

    use serde_json::json;

    use super::*;
    use crate::access::desired;
    use crate::config::ConfigKind;
    use crate::effect::Change;
    use crate::grant::Entitlement;
    use crate::ids::{RunId, Slug};
    use crate::intake::run_of;
    use crate::person::Lifecycle;
    use crate::store::Version;
    use crate::testing::{a_person, take};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

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
            take(&mut company, kind, "figma", file);
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

    /// Advances the run of somebody who has this grant and nothing else.
    fn advanced(
        run: &mut Run,
        company: &Company,
        person: &Person,
        grant: Loaded<Grant>,
        now: Timestamp,
    ) -> Turn {
        advance(
            run,
            &Situation {
                person,
                grants: &[grant],
                tasks: &[],
                approvals: &[],
                company,
                desired: &desired(person, company, now),
                directory: None,
                now,
            },
        )
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

        let turn = advanced(&mut run, &company, &person, grant, now);

        assert_eq!(turn.todo, []);
        assert_eq!(run.look_at, Some(later));
    }

    #[test]
    fn what_the_brake_holds_is_looked_at_again_every_ten_minutes() {
        let (mut company, person) = (a_company(), a_person().build());
        company.pause.all = Some(crate::settings::Paused {
            since: Timestamp::UNIX_EPOCH,
            by: "test".to_owned(),
            reason: "a test".to_owned(),
        });
        let mut run = a_run("onboard", &company, &person, Goal::Give);

        let turn = advanced(&mut run, &company, &person, a_grant(&person), NOW);

        assert_eq!(turn.todo, []);
        assert_eq!(run.look_at, Some(Timestamp::from_second(600).unwrap()));
    }

    #[test]
    fn what_is_stuck_behind_a_failed_step_does_not_keep_the_last_note_back() {
        let (company, person) = (a_company(), a_person().build());
        let mut run = a_run("change", &company, &person, Goal::Give);
        run.opportunity = Some(crate::ids::LeverId::parse("ada").unwrap());
        let child = run.steps.last_mut().unwrap();
        child.enter(StepState::Failed, "refused");

        let turn = advanced(&mut run, &company, &person, a_grant(&person), NOW);

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

        let turn = advanced(&mut run, &company, &person, grant, NOW);

        assert_eq!(turn.todo, []);
        assert_eq!(run.steps.last().unwrap().state, StepState::Cancelled);
        assert_eq!(run.state, RunState::Finished);
    }

    #[test]
    fn what_the_onboarding_called_off_is_not_taken_away_by_the_run_that_waited() {
        let mut company = a_company();
        company.pause.all = Some(crate::settings::Paused {
            since: NOW,
            by: "test".to_owned(),
            reason: "a test".to_owned(),
        });
        let person = a_person().in_state(Lifecycle::Withdrawn).build();
        let mut taking = a_run("withdraw", &company, &person, Goal::Suspend);
        let turn = advanced(&mut taking, &company, &person, a_grant(&person), NOW);
        assert_eq!(turn.todo, [], "it is paused");
        let mut giving = a_run("onboard", &company, &person, Goal::Give);
        let turn = advanced(&mut giving, &company, &person, a_grant(&person), NOW);
        let ended = turn.changed_grants[0].clone();
        assert_eq!(ended.entity.state, GrantState::Revoked);
        company.pause.all = None;

        advanced(&mut taking, &company, &person, ended, NOW);

        assert!(taking.steps.last().unwrap().found_nothing());
    }
}
