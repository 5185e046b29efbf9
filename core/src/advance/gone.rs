//! What a step needs is there no more: the file of its application, or what was known of the person there. Nothing counts as
//! done by that: the step fails, and a human is told what to do.

use super::steps::a_task;
use super::{Said, Situation, Turn};
use crate::grant::{Grant, GrantState};
use crate::ids::AppSlug;
use crate::run::{Run, Step, StepState};
use crate::store::Loaded;
use crate::task::{Task, TaskKind, TaskState};
use serde_json::json;

/// An application without a file: does a human do it, as with one that has no API? What they have in hand, and what is to be
/// taken away that nothing here was sent for: only a roster shows it, or a human gave it.
pub(super) fn is_for_a_human(step: &Step, grant: &Grant, situation: &Situation<'_>) -> bool {
    let asked = situation.open_task_of(step);
    let was_asked = asked.is_some_and(|task| task.entity.kind == TaskKind::Manual);
    let is_ours = grant.external_id.is_some() && !grant.from_roster;
    let was_sent = is_ours || grant.creation_intended || grant.change.is_some();
    was_asked || step.is_taking() && !was_sent
}

/// The file of the application is gone. What was sent may have arrived: with the file back it is looked for first.
pub(super) fn without_app(
    run: &Run,
    step: &mut Step,
    grant: &Loaded<Grant>,
    situation: &Situation<'_>,
    turn: &mut Turn,
) {
    let app = grant.entity.app.clone();
    let advice = if run.cancelling {
        "the run was cancelled: look there whether the person has it"
    } else {
        "put its file back and retry the step, or skip it"
    };
    let why = format!("the application `{app}` is not configured any more: {advice}");
    let mut grant = grant.clone();
    grant.entity.state = GrantState::Failed;
    let change = &mut grant.entity.change;
    change.take_if(|change| change.run == run.id);
    grant.entity.reason = Some(why.clone());
    grant.entity.changed_at = situation.now;
    turn.changed_grants.push(grant);
    fail(run, step, &app, &why, situation, turn);
}

/// Nothing is known of what the person has there.
pub(super) fn without_grant(
    run: &Run,
    step: &mut Step,
    app: &AppSlug,
    situation: &Situation<'_>,
    turn: &mut Turn,
) {
    let task = situation.task_of(step);
    if task.is_some_and(|task| task.state == TaskState::Done) {
        step.enter(StepState::Verified, "done by hand");
        return;
    }
    let is_wanted = if step.is_giving() {
        situation.person.state.may_receive()
    } else {
        step.undoing || !situation.desired.may_have(app)
    };
    if run.ends(step) || !is_wanted {
        step.enter(StepState::Cancelled, "it is not wanted any more");
        return;
    }
    let why = format!(
        "nothing is known of what the person has in `{app}`: look there and complete the task, or replay the event"
    );
    fail(run, step, app, &why, situation, turn);
}

fn fail(
    run: &Run,
    step: &mut Step,
    app: &AppSlug,
    why: &str,
    situation: &Situation<'_>,
    turn: &mut Turn,
) {
    step.enter(StepState::Failed, why);
    let said = Said::new("given up", format!("app/{app}"));
    turn.said
        .push(said.after(json!({ "step": step.id, "why": why })));
    // Tried again and failed again: whoever was asked still is.
    if situation.task_of(step).is_some() {
        return;
    }
    let is_known = situation.company.apps.contains_key(app);
    let title = match (is_known, step.is_giving()) {
        (true, true) => format!("Give access to {app}: it does not work by itself"),
        (true, false) => format!("Take away access to {app}: it does not work by itself"),
        (false, true) => format!("{app} is due to somebody, and is not configured"),
        (false, false) => format!("{app} is to be taken away, and is not configured"),
    };
    let nobody = Task::NOBODY.to_owned();
    let task = a_task(run, step, TaskKind::Failed, nobody, title, situation.now);
    step.task = Some(task.id.clone());
    turn.new_tasks.push(task);
}

/// What failed, or a human had in hand, was tried again and is there: nobody has to do it any more.
pub(super) fn close_tasks(run: &Run, situation: &Situation<'_>, turn: &mut Turn) {
    let steps = run.steps.iter();
    let is_so = |step: &Step| step.state == StepState::Verified || step.found_nothing();
    let steps = steps.filter(|step| is_so(step) && step.grant().is_some());
    for task in steps.filter_map(|step| situation.open_task_of(step)) {
        if turn.size() > Turn::FULL {
            turn.again = true;
            return;
        }
        let mut task = task.clone();
        task.entity.end(TaskState::Done, situation.now);
        turn.closed_tasks.push(task);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::access::desired;
    use crate::advance::advance;
    use crate::audit::Cause;
    use crate::company::Company;
    use crate::config::ConfigKind;
    use crate::effect::{Action, Change, Goal, Phase};
    use crate::grant::Entitlement;
    use crate::handle::tasks::reopen;
    use crate::ids::{ExternalId, RunId, Slug, StepId};
    use crate::intake::run_of;
    use crate::person::{Lifecycle, Person};
    use crate::run::RunState;
    use crate::store::Version;
    use crate::testing::{a_person, take};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn slug(text: &str) -> Slug {
        Slug::parse(text).unwrap()
    }

    fn loaded<E>(entity: E) -> Loaded<E> {
        Loaded {
            entity,
            version: Version(1),
            due: None,
        }
    }

    /// A run with everything that is stored around it.
    struct World {
        company: Company,
        person: Person,
        run: Run,
        grants: Vec<Loaded<Grant>>,
        tasks: Vec<Loaded<Task>>,
    }

    impl World {
        /// A run of a built-in workflow for somebody in this state; everybody is due `crm` and `mail`.
        fn of(workflow: &str, state: Lifecycle) -> Self {
            let mut company = Company::empty().unwrap();
            let both = json!([{ "app": "crm" }, { "app": "mail" }]);
            let policy = json!({ "policy": "all", "grants": both });
            take(&mut company, ConfigKind::Policy, "all", policy);
            let person = a_person().in_state(state).build();
            let flow = &company.workflows[&slug(workflow)];
            let (id, cause) = (RunId::derived(&[workflow]), Cause::of("test", "test"));
            let run = run_of(id, flow, &person, cause, NOW, false, NOW);
            let (grants, tasks) = (Vec::new(), Vec::new());
            let mut world = Self {
                company,
                person,
                run,
                grants,
                tasks,
            };
            world.put("crm");
            world.put("mail");
            world
        }

        fn put(&mut self, app: &str) {
            let scim = json!({ "type": "scim", "base_url": "https://app.example" });
            let file = json!({ "app": app, "provisioner": scim });
            take(&mut self.company, ConfigKind::App, app, file);
        }

        fn delete(&mut self, app: &str) {
            self.company.apps.remove(&slug(app)).unwrap();
        }

        /// They have it, and Sando gave it.
        fn has(&mut self, app: &str) -> &mut Grant {
            let wanted = Entitlement::default();
            let mut grant = Grant::desired(&self.person.id, &slug(app), wanted, NOW);
            grant.state = GrantState::Active;
            grant.held = Some(Entitlement::default());
            grant.external_id = ExternalId::try_from("u-1".to_owned()).ok();
            self.grants.push(loaded(grant));
            &mut self.grants.last_mut().unwrap().entity
        }

        /// Advances until nothing moves; answers the steps that can be worked on.
        fn advance(&mut self) -> Vec<String> {
            for _ in 0..10 {
                let turn = advance(
                    &mut self.run,
                    &Situation {
                        person: &self.person,
                        grants: &self.grants,
                        tasks: &self.tasks,
                        approvals: &[],
                        company: &self.company,
                        desired: &desired(&self.person, &self.company, NOW),
                        directory: None,
                        now: NOW,
                    },
                );
                for changed in turn.changed_grants {
                    self.grants
                        .retain(|known| known.entity.id != changed.entity.id);
                    self.grants.push(changed);
                }
                for closed in turn.closed_tasks {
                    self.tasks
                        .retain(|known| known.entity.id != closed.entity.id);
                    self.tasks.push(closed);
                }
                self.grants.extend(turn.new_grants.into_iter().map(loaded));
                self.tasks.extend(turn.new_tasks.into_iter().map(loaded));
                if !turn.again {
                    return turn.todo.iter().map(ToString::to_string).collect();
                }
            }
            panic!("it never comes to rest");
        }

        /// The step of an application.
        fn step(&mut self, app: &str) -> &mut Step {
            let app = slug(app);
            let mut steps = self.run.steps.iter_mut();
            steps.find(|step| step.app() == Some(&app)).unwrap()
        }

        fn retry(&mut self, app: &str) {
            self.step(app)
                .enter(StepState::Waiting, "tried again by hand");
            reopen(&mut self.run, NOW);
        }

        fn grant(&self, app: &str) -> &Grant {
            let app = slug(app);
            let mut grants = self.grants.iter();
            let grant = grants.find(|grant| grant.entity.app == app);
            &grant.unwrap().entity
        }

        /// The kinds and states of its tasks.
        fn tasks(&self) -> Vec<(TaskKind, TaskState)> {
            let tasks = self.tasks.iter().map(|task| &task.entity);
            tasks.map(|task| (task.kind, task.state)).collect()
        }
    }

    #[test]
    fn a_step_without_its_application_fails_with_advice_and_the_others_go_on() {
        let mut world = World::of("onboard", Lifecycle::Active);
        world.delete("crm");

        assert_eq!(world.advance(), ["access/mail"]);
        let step = world.step("crm").clone();
        assert_eq!(step.state, StepState::Failed);
        let why = step.reason.unwrap();
        assert!(why.contains("`crm` is not configured any more"), "{why}");
        assert!(why.contains("retry the step, or skip it"), "{why}");
        assert_eq!(world.tasks(), [(TaskKind::Failed, TaskState::Open)]);
        assert_eq!(world.tasks[0].entity.detail, why);
        assert_eq!(world.run.state, RunState::Running);

        world.step("mail").enter(StepState::Verified, "");
        assert_eq!(world.advance(), [""; 0]);
        assert_eq!(world.run.state, RunState::Failed);
    }

    #[test]
    fn with_its_file_back_it_is_tried_again_and_the_task_is_closed() {
        let mut world = World::of("onboard", Lifecycle::Active);
        world.delete("crm");
        world.advance();
        world.step("mail").enter(StepState::Verified, "");
        world.retry("crm");
        assert_eq!(world.advance(), [""; 0], "the file is still missing");
        assert_eq!(world.step("crm").state, StepState::Failed);
        assert_eq!(world.tasks(), [(TaskKind::Failed, TaskState::Open)]);

        world.put("crm");
        world.retry("crm");
        assert_eq!(world.advance(), ["access/crm"]);
        world.step("crm").enter(StepState::Verified, "");

        assert_eq!(world.advance(), [""; 0]);
        assert_eq!(world.tasks(), [(TaskKind::Failed, TaskState::Done)]);
        assert_eq!(world.run.state, RunState::Finished);
    }

    #[test]
    fn what_was_sent_before_the_file_went_is_looked_for_when_it_is_back() {
        let mut world = World::of("onboard", Lifecycle::Active);
        world.advance();
        world.step("mail").enter(StepState::Verified, "");
        let (run, step) = (world.run.id.clone(), StepId::from("access/crm"));
        world.step("crm").enter(StepState::Unknown, "");
        let mut grants = world.grants.iter_mut().map(|grant| &mut grant.entity);
        let grant = grants.find(|grant| grant.app.as_str() == "crm").unwrap();
        grant.creation_intended = true;
        let change = grant.change.insert(Change::open(run, step, Goal::Give, 1));
        change.phase = Phase::Unknown {
            action: Action::Create,
            saw_absent: true,
            since: NOW,
            look_at: NOW,
        };
        world.delete("crm");

        assert_eq!(world.advance(), [""; 0]);

        let grant = world.grant("crm");
        assert_eq!(grant.state, GrantState::Failed);
        assert_eq!(grant.change, None, "it can be skipped");
        assert!(grant.may_be_held());
        world.put("crm");
        world.retry("crm");
        assert_eq!(world.advance(), ["access/crm"]);
    }

    #[test]
    fn nothing_counts_as_taken_away_because_the_file_is_gone() {
        let mut world = World::of("offboard", Lifecycle::Left);
        world.has("crm");
        world.delete("crm");

        assert_eq!(world.advance(), [""; 0]);

        assert_eq!(world.step("crm").state, StepState::Failed);
        assert_eq!(world.run.state, RunState::Failed);
        let grant = world.grant("crm");
        assert_eq!(grant.state, GrantState::Failed);
        assert!(grant.held.is_some());
        let title = &world.tasks[0].entity.title;
        assert_eq!(title, "crm is to be taken away, and is not configured");
        world.put("crm");
        world.retry("crm");
        assert_eq!(world.advance().len(), 1);
    }

    #[test]
    fn what_only_a_roster_shows_of_an_application_without_a_file_is_taken_by_a_human() {
        let mut world = World::of("offboard", Lifecycle::Left);
        world.has("crm").from_roster = true;
        world.delete("crm");

        assert_eq!(world.advance(), [""; 0]);

        assert_eq!(world.tasks(), [(TaskKind::Manual, TaskState::Open)]);
        assert_eq!(world.advance(), [""; 0]);
        assert_eq!(world.run.state, RunState::Running, "a human has it in hand");
    }

    #[test]
    fn a_run_without_the_grants_of_its_steps_comes_to_rest_and_is_ended_by_hand() {
        let mut world = World::of("onboard", Lifecycle::Active);
        assert_eq!(world.advance(), ["access/crm", "access/mail"]);
        world.grants.clear();

        assert_eq!(world.advance(), [""; 0]);

        let why = world.step("crm").reason.clone().unwrap();
        assert!(why.contains("nothing is known"), "{why}");
        assert_eq!(world.run.state, RunState::Failed);
        for task in &mut world.tasks {
            task.entity.end(TaskState::Done, NOW);
        }
        world.retry("crm");
        world.retry("mail");
        assert_eq!(world.advance(), [""; 0]);
        assert_eq!(world.run.state, RunState::Finished);
    }
}
