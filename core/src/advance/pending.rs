//! What a grant that nothing was sent for still waits for follows from how everything stands now: what is due, when,
//! and whether somebody has to say yes first.

use jiff::Timestamp;
use serde_json::json;

use super::grants::end;
use super::{Said, Situation, Turn};
use crate::access::Due;
use crate::app::Application;
use crate::approval::{Approval, ApprovalState, Question};
use crate::grant::Grant;
use crate::ids::AppSlug;
use crate::run::{Run, Step, StepWork, WaitsFor};
use crate::store::Loaded;
use crate::task::TaskState;

/// Can the step go on?
pub(super) enum Pending {
    /// Not before this moment.
    From(Option<Timestamp>),
    /// It waits, or it has ended.
    Held,
}

/// A giving step that nothing was sent for: is it still due, as it is, and when?
pub(super) fn renew(
    run: &Run,
    step: &mut Step,
    grant: &Loaded<Grant>,
    situation: &Situation<'_>,
    turn: &mut Turn,
) -> Pending {
    let app = &grant.entity.app;
    if has_a_human(step, app, situation) {
        return Pending::From(step.due);
    }
    let due = situation
        .desired
        .due_to(app, Some(&grant.entity), situation.company);
    let Some(due) = &due else {
        if situation.desired.unknown.contains(app) {
            let why = "nobody can tell whether it is due: an attribute is missing or unknown";
            step.wait(WaitsFor::Attributes, Some(situation.in_secs(3600)), why);
        } else {
            let approval = asked(step, grant, situation);
            let why = "it is no longer due";
            close_for(approval, ApprovalState::Void, why, situation.now, turn);
            end(step, why, grant, run, situation, turn);
        }
        return Pending::Held;
    };
    if due.entitlement != grant.entity.wanted {
        want_anew(due, grant, turn);
        return Pending::Held;
    }
    let place = situation.company.mapping.place(situation.person);
    let starts_on = situation.person.starts_on;
    let Some(at) = due.deliver.moment(starts_on, &place, run.started_at) else {
        step.wait(WaitsFor::Attributes, None, "no first day is known");
        return Pending::Held;
    };
    if let Some(before) = step.due
        && step.waits_for == Some(WaitsFor::Time)
        && before != at
    {
        let moved = Said::new("delivery moved", format!("app/{app}"));
        turn.said.push(moved.changing(json!(before), json!(at)));
        step.due = Some(at);
    }
    if is_open(run, step, due, grant, situation, turn) {
        Pending::From(Some(at))
    } else {
        Pending::Held
    }
}

/// What somebody is asked for the step; the grant knows nothing of it any more if it was taken away in between.
fn asked<'a>(
    step: &Step,
    grant: &Loaded<Grant>,
    situation: &Situation<'a>,
) -> Option<&'a Loaded<Approval>> {
    let mut approvals = situation.approvals.iter();
    let id = grant.entity.approval.as_ref().or(step.approval())?;
    approvals.find(|approval| approval.entity.id == *id)
}

/// A human has the step in hand: what they were asked for stays.
fn has_a_human(step: &Step, app: &AppSlug, situation: &Situation<'_>) -> bool {
    let manual = situation
        .company
        .apps
        .get(app)
        .is_none_or(Application::is_manual);
    situation
        .task_of(step)
        .is_some_and(|task| manual || task.state == TaskState::Done)
}

/// Something else is due than was wanted: it is wanted from now on, and the step is looked at again.
fn want_anew(due: &Due, grant: &Loaded<Grant>, turn: &mut Turn) {
    let mut grant = grant.clone();
    let target = format!("app/{}", grant.entity.app);
    let (before, after) = (json!(grant.entity.wanted), json!(due.entitlement));
    grant.entity.wanted.clone_from(&due.entitlement);
    grant.entity.policies.clone_from(&due.policies);
    turn.changed_grants.push(grant);
    let said = Said::new("something else is due", target);
    turn.said.push(said.changing(before, after));
    turn.again = true;
}

/// Needs nobody to say yes, or has everybody said it who has to? One list of approvers is asked after the other.
fn is_open(
    run: &Run,
    step: &mut Step,
    due: &Due,
    grant: &Loaded<Grant>,
    situation: &Situation<'_>,
    turn: &mut Turn,
) -> bool {
    let Some(rule) = due.approvals.first() else {
        let unneeded = asked(step, grant, situation);
        let why = "nobody has to say yes any more";
        close_for(unneeded, ApprovalState::Void, why, situation.now, turn);
        return true;
    };
    let place = situation.company.mapping.place(situation.person);
    let effect = due.effect(grant.entity.id.clone(), "due by policy");
    let question = Question {
        run: &run.id,
        requester: run.requested_by.as_ref(),
        step: &step.id.clone(),
        person: situation.person,
        effect: &effect,
        app: situation.company.apps.get(&due.app),
        rule,
        rules: &due.approvals,
        said_yes: Vec::new(),
        place: &place,
        asked_before: grant.entity.asked,
        now: situation.now,
    };
    let known = situation.approval_of(&grant.entity);
    match known.filter(|known| known.entity.is_for(&question)) {
        Some(known) if is_anew(run, step, &known.entity, situation) => {
            ask(step, &question, grant, turn);
            false
        }
        Some(known) => match known.entity.next_of(&due.approvals) {
            Some(rule) => {
                let said_yes = known.entity.all_yes();
                let next = Question {
                    rule,
                    said_yes,
                    ..question
                };
                ask(step, &next, grant, turn);
                false
            }
            None => heed(run, step, &known.entity, grant, situation, turn),
        },
        None => {
            let known = asked(step, grant, situation);
            let why = why_anew(known, &question);
            close_for(known, ApprovalState::Void, why, situation.now, turn);
            ask(step, &question, grant, turn);
            false
        }
    }
}

fn why_anew(known: Option<&Loaded<Approval>>, question: &Question<'_>) -> &'static str {
    let is_same = |known: &Loaded<Approval>| known.entity.plan_hash == question.plan_hash();
    if known.is_some_and(is_same) {
        "others are asked"
    } else {
        "what it was asked for has changed"
    }
}

/// Is what was decided about no answer to this step? A no stands while the person stands where they stood, unless
/// somebody asks by hand; silence is no answer to anybody else.
fn is_anew(run: &Run, step: &Step, known: &Approval, situation: &Situation<'_>) -> bool {
    let answered = step.approval() == Some(&known.id);
    match known.state {
        ApprovalState::Waiting | ApprovalState::Approved => false,
        ApprovalState::Void | ApprovalState::Gone => true,
        ApprovalState::Expired => !answered,
        ApprovalState::Rejected => {
            let same_life = known.epoch == situation.person.access_epoch;
            !answered && (!same_life || run.requested_by.is_some())
        }
    }
}

fn belongs_to(step: &mut Step, known: &Approval) {
    if let StepWork::Grant { approval, .. } = &mut step.work {
        *approval = Some(known.id.clone());
    }
}

fn ask(step: &mut Step, question: &Question<'_>, grant: &Loaded<Grant>, turn: &mut Turn) {
    let made = Approval::ask(question);
    belongs_to(step, &made);
    step.wait(WaitsFor::Approval, None, "waits for approval");
    let mut grant = grant.clone();
    grant.entity.approval = Some(made.id.clone());
    grant.entity.asked = grant.entity.asked.saturating_add(1);
    turn.changed_grants.push(grant);
    let target = format!("approval/{}", made.id);
    let after = json!({ "step": step.id, "app": made.app, "plan_hash": made.plan_hash });
    turn.said
        .push(Said::new("approval asked for", target).after(after));
    turn.new_approvals.push(made);
}

/// What was decided about this plan holds for the step.
fn heed(
    run: &Run,
    step: &mut Step,
    known: &Approval,
    grant: &Loaded<Grant>,
    situation: &Situation<'_>,
    turn: &mut Turn,
) -> bool {
    belongs_to(step, known);
    match known.state {
        ApprovalState::Approved => true,
        ApprovalState::Waiting => {
            // Another run asked: it is told first, so this one looks by itself, too.
            let later = (known.run != run.id).then(|| situation.in_secs(900));
            step.wait(WaitsFor::Approval, later, "waits for approval");
            false
        }
        ApprovalState::Rejected => {
            end(step, "it was not approved", grant, run, situation, turn);
            false
        }
        ApprovalState::Expired => {
            let why = "nobody approved it in time";
            end(step, why, grant, run, situation, turn);
            false
        }
        ApprovalState::Void | ApprovalState::Gone => false,
    }
}

/// Nobody needs the decision any more, or what it was asked for has changed.
pub(super) fn close_for(
    known: Option<&Loaded<Approval>>,
    state: ApprovalState,
    why: &str,
    now: Timestamp,
    turn: &mut Turn,
) {
    let over = |known: &Approval| match known.state {
        ApprovalState::Waiting => true,
        ApprovalState::Approved => state == ApprovalState::Void,
        _ => false,
    };
    let Some(known) = known.filter(|known| over(&known.entity)) else {
        return;
    };
    let mut known = known.clone();
    known.entity.end(state, now);
    // Whoever waits for it decides in this very turn.
    known.entity.tell_at = None;
    let said = Said::new(
        format!("approval {}", state.as_str()),
        format!("approval/{}", known.entity.id),
    );
    turn.said.push(said.after(json!({ "why": why })));
    turn.changed_approvals.push(known);
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::access::desired;
    use crate::advance::advance;
    use crate::audit::Cause;
    use crate::company::Company;
    use crate::config::ConfigKind;
    use crate::grant::GrantState;
    use crate::ids::{RunId, Slug};
    use crate::intake::run_of;
    use crate::person::{Lifecycle, Person};
    use crate::run::{RunState, StepState};
    use crate::store::Version;
    use crate::testing::{a_person, take};

    /// A run with everything that is stored around it.
    struct World {
        company: Company,
        person: Person,
        run: Run,
        grants: Vec<Loaded<Grant>>,
        approvals: Vec<Loaded<Approval>>,
        now: Timestamp,
    }

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

    /// A run of `onboard` for an engineer whose only grant is this one.
    fn a_world(grant: Value) -> World {
        let person = a_person().in_state(Lifecycle::Preboarding).build();
        let mut company = Company::empty().unwrap();
        let now: Timestamp = "2027-03-01T09:00:00Z".parse().unwrap();
        let scim = json!({ "type": "scim", "base_url": "https://github.example" });
        let app = json!({ "app": "github", "provisioner": scim });
        take(&mut company, ConfigKind::App, "github", app);
        let id = RunId::derived(&["hired"]);
        let flow = &company.workflows[&slug("onboard")];
        let run = run_of(
            id,
            flow,
            &person,
            Cause::of("test", "test"),
            now,
            false,
            now,
        );
        let mut world = World {
            company,
            person,
            run,
            grants: Vec::new(),
            approvals: Vec::new(),
            now,
        };
        world.policy(grant);
        world
    }

    impl World {
        fn policy(&mut self, mut grant: Value) {
            grant["app"] = json!("github");
            let when = json!([{ "path": "department", "op": "is", "value": "Engineering" }]);
            let policy = json!({ "policy": "engineers", "when": when, "grants": [grant] });
            take(&mut self.company, ConfigKind::Policy, "engineers", policy);
        }

        /// Advances until nothing moves; answers the steps that can be worked on.
        fn advance(&mut self) -> Vec<String> {
            for _ in 0..10 {
                let desired = desired(&self.person, &self.company, self.now);
                let situation = Situation {
                    person: &self.person,
                    grants: &self.grants,
                    tasks: &[],
                    approvals: &self.approvals,
                    company: &self.company,
                    desired: &desired,
                    directory: None,
                    now: self.now,
                };
                let turn = advance(&mut self.run, &situation);
                self.grants.extend(turn.new_grants.into_iter().map(loaded));
                for changed in turn.changed_grants {
                    self.grants
                        .retain(|known| known.entity.id != changed.entity.id);
                    self.grants.push(changed);
                }
                for changed in turn.changed_approvals {
                    self.approvals
                        .retain(|known| known.entity.id != changed.entity.id);
                    self.approvals.push(changed);
                }
                self.approvals
                    .extend(turn.new_approvals.into_iter().map(loaded));
                if !turn.again {
                    return turn.todo.iter().map(ToString::to_string).collect();
                }
            }
            panic!("it never comes to rest");
        }

        fn step(&self) -> &Step {
            self.run.steps.last().unwrap()
        }

        fn states(&self) -> Vec<&'static str> {
            let states = self
                .approvals
                .iter()
                .map(|approval| approval.entity.state.as_str());
            states.collect()
        }

        fn decide(&mut self, state: ApprovalState) {
            let now = self.now;
            self.approvals.last_mut().unwrap().entity.end(state, now);
        }
    }

    fn gated() -> Value {
        json!({ "plan": "team", "approval": { "by": ["role:it"] } })
    }

    #[test]
    fn what_needs_an_approval_waits_until_somebody_says_yes() {
        let mut world = a_world(gated());

        assert_eq!(world.advance(), [""; 0]);
        assert_eq!(world.step().waits_for, Some(WaitsFor::Approval));
        assert_eq!(world.states(), ["waiting"]);
        assert_eq!(world.run.look_at, None);
        world.decide(ApprovalState::Approved);

        assert_eq!(world.advance(), ["access/github"]);
        assert_eq!(world.states(), ["approved"]);
    }

    #[test]
    fn each_list_of_approvers_has_to_say_yes_to_the_same_plan() {
        for last in [ApprovalState::Approved, ApprovalState::Rejected] {
            let mut world = a_world(gated());
            let also =
                json!({ "app": "github", "plan": "team", "approval": { "by": ["role:hr"] } });
            let policy = json!({ "policy": "guarded", "grants": [also] });
            take(&mut world.company, ConfigKind::Policy, "guarded", policy);

            assert_eq!(world.advance(), [""; 0]);
            assert_eq!(world.approvals[0].entity.approvers, ["role:hr"]);
            world.decide(ApprovalState::Approved);
            assert_eq!(world.advance(), [""; 0], "the others are asked now");
            assert_eq!(world.step().waits_for, Some(WaitsFor::Approval));
            assert_eq!(world.states(), ["approved", "waiting"]);
            assert_eq!(world.approvals[1].entity.approvers, ["role:it"]);
            world.decide(last);

            let go = last == ApprovalState::Approved;
            let todo = if go { vec!["access/github"] } else { vec![] };
            assert_eq!(world.advance(), todo);
            assert_eq!(world.states(), ["approved", last.as_str()]);
        }
    }

    #[test]
    fn who_said_yes_to_another_plan_is_asked_again() {
        let mut world = a_world(gated());
        let both = |world: &mut World, plan: &str| {
            let also = json!({ "app": "github", "plan": plan, "approval": { "by": ["role:hr"] } });
            let policy = json!({ "policy": "guarded", "grants": [also] });
            take(&mut world.company, ConfigKind::Policy, "guarded", policy);
        };
        both(&mut world, "team");
        world.advance();
        world.decide(ApprovalState::Approved);
        world.advance();
        // Of two plans that are not listed the later one in the alphabet counts.
        both(&mut world, "ultimate");

        assert_eq!(world.advance(), [""; 0]);

        assert_eq!(world.states(), ["approved", "void", "waiting"]);
        let asked = &world.approvals[2].entity;
        assert_eq!(asked.approvers, ["role:hr"]);
        assert!(asked.said_yes.is_empty());
    }

    #[test]
    fn a_no_ends_the_step_and_stands() {
        for (no, stands) in [
            (ApprovalState::Rejected, true),
            (ApprovalState::Expired, false),
        ] {
            let mut world = a_world(gated());
            world.advance();
            world.decide(no);

            assert_eq!(world.advance(), [""; 0]);
            assert_eq!(world.step().state, StepState::Cancelled);
            assert_eq!(world.run.state, RunState::Finished);
            assert_eq!(world.grants[0].entity.state, GrantState::Revoked);

            let flow = &world.company.workflows[&slug("onboard")];
            let cause = Cause::of("test", "again");
            world.run = run_of(
                RunId::derived(&["again"]),
                flow,
                &world.person,
                cause,
                world.now,
                false,
                world.now,
            );
            world.advance();
            let asked = if stands {
                vec!["rejected"]
            } else {
                vec!["expired", "waiting"]
            };
            assert_eq!(world.states(), asked);
        }
    }

    #[test]
    fn a_plan_that_changes_voids_what_was_asked_and_what_was_given() {
        for decided in [None, Some(ApprovalState::Approved)] {
            let mut world = a_world(gated());
            world.advance();
            if let Some(state) = decided {
                world.decide(state);
            }
            world.policy(json!({ "plan": "business", "approval": { "by": ["role:it"] } }));

            assert_eq!(world.advance(), [""; 0], "{decided:?}");

            assert_eq!(world.states(), ["void", "waiting"]);
            let wanted = &world.grants[0].entity.wanted;
            assert_eq!(wanted.plan.as_deref(), Some("business"));
            let effects = &world.approvals[1].entity.effects;
            assert_eq!(effects[0].entitlement, *wanted);
        }
    }

    #[test]
    fn others_are_asked_anew_when_the_policy_names_others() {
        let mut world = a_world(gated());
        world.advance();
        world.policy(json!({ "plan": "team", "approval": { "by": ["role:chief"] } }));

        world.advance();

        assert_eq!(world.states(), ["void", "waiting"]);
        assert_eq!(world.approvals[1].entity.approvers, ["role:chief"]);
    }

    #[test]
    fn a_manager_who_follows_another_is_asked_in_their_place() {
        let mut world = a_world(json!({ "approval": { "by": ["{manager}"] } }));
        let manager = |world: &mut World, address: &str| {
            world.person.attributes.set("manager", address);
            world.advance();
        };
        manager(&mut world, "grace@contoso.example");
        manager(&mut world, "alan@contoso.example");

        assert_eq!(world.states(), ["void", "waiting"]);
        let asked = &world.approvals[1].entity.approvers;
        assert_eq!(*asked, ["alan@contoso.example"]);
        manager(&mut world, "alan@contoso.example");
        assert_eq!(world.states(), ["void", "waiting"], "asked once");
    }

    #[test]
    fn an_approval_that_the_policy_no_longer_asks_for_is_void() {
        let mut world = a_world(gated());
        world.advance();
        world.policy(json!({ "plan": "team" }));

        assert_eq!(world.advance(), ["access/github"]);
        assert_eq!(world.states(), ["void"]);
    }

    #[test]
    fn a_person_who_leaves_is_not_decided_about() {
        for state in [None, Some(ApprovalState::Approved)] {
            let mut world = a_world(gated());
            world.advance();
            if let Some(state) = state {
                world.decide(state);
            }
            world.person.enter(Lifecycle::Withdrawn);

            assert_eq!(world.advance(), [""; 0]);
            let expect = if state.is_none() { "gone" } else { "approved" };
            assert_eq!(world.states(), [expect]);
            assert_eq!(
                world.grants[0].entity.approval, None,
                "asked again if they return"
            );
            assert_eq!(world.run.state, RunState::Finished);
        }
    }

    #[test]
    fn nobody_is_asked_any_more_for_what_another_run_took_away() {
        let open = json!({ "plan": "team" });
        for (department, grant) in [("Sales", gated()), ("Engineering", open)] {
            let mut world = a_world(gated());
            world.advance();
            // As whoever takes away leaves it.
            world.grants[0].entity.approval = None;
            world.policy(grant);
            world.person.attributes.set("department", department);

            world.advance();

            assert_eq!(world.states(), ["void"]);
        }
    }

    #[test]
    fn what_is_no_longer_due_is_not_given() {
        let mut world = a_world(json!({ "deliver": { "before_start": "1d" } }));
        world.person.starts_on = Some("2027-03-20".parse().unwrap());
        world.advance();
        assert_eq!(world.step().waits_for, Some(WaitsFor::Time));
        world.person.attributes.set("department", "Sales");

        assert_eq!(world.advance(), [""; 0]);
        assert_eq!(world.step().state, StepState::Cancelled);
        assert_eq!(world.grants[0].entity.state, GrantState::Revoked);
    }

    #[test]
    fn nobody_knows_whether_it_is_due_so_it_waits() {
        let mut world = a_world(json!({ "deliver": { "before_start": "1d" } }));
        world.person.starts_on = Some("2027-03-20".parse().unwrap());
        world.advance();
        world.person.unmapped.insert("department".to_owned());
        world.now = "2027-03-21T09:00:00Z".parse().unwrap();

        assert_eq!(world.advance(), [""; 0]);
        assert_eq!(world.step().waits_for, Some(WaitsFor::Attributes));
        world.person.unmapped.clear();
        assert_eq!(world.advance(), ["access/github"]);
    }

    #[test]
    fn a_first_day_that_moves_moves_the_delivery() {
        let mut world = a_world(json!({ "deliver": { "before_start": "3d", "at": "09:00" } }));
        world.advance();
        assert_eq!(
            world.step().waits_for,
            Some(WaitsFor::Attributes),
            "no first day yet"
        );
        let mut due = |day: &str| {
            world.person.starts_on = Some(day.parse().unwrap());
            let todo = world.advance();
            (world.step().due.map(|due| due.to_string()), todo.len())
        };

        assert_eq!(
            due("2027-03-20"),
            (Some("2027-03-17T09:00:00Z".to_owned()), 0)
        );
        assert_eq!(
            due("2027-03-30"),
            (Some("2027-03-27T09:00:00Z".to_owned()), 0)
        );
        assert_eq!(due("2027-03-02"), (None, 1), "in the past is now");
    }

    #[test]
    fn a_sensitive_application_is_asked_for_unless_a_policy_says_who_said_yes() {
        let mut world = a_world(json!({}));
        let scim = json!({ "type": "scim", "base_url": "https://github.example" });
        let app = json!({
            "app": "github", "provisioner": scim, "sensitivity": "high", "owner": "code@contoso.example",
        });
        take(&mut world.company, ConfigKind::App, "github", app);

        world.advance();
        assert_eq!(
            world.approvals[0].entity.approvers,
            ["code@contoso.example"]
        );
        world.policy(json!({ "approval": { "given_by": "chief@contoso.example" } }));

        assert_eq!(world.advance(), ["access/github"]);
    }
}
