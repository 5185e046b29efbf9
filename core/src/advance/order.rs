//! In what order access is taken away (L10): one `revoke` step after another, the directory last. Whoever is later waits
//! until the earlier ones were tried, and not until they worked: nothing that fails keeps other access open.

use super::{Situation, Turn, is_busy, is_note};
use crate::ids::StepId;
use crate::person::Lifecycle;
use crate::run::{Expanded, Run, Step, StepWork, WaitsFor};
use crate::workflow::Direction;

/// May a step go on as far as one that it needs is concerned? What takes away needs of what takes away before it only
/// that all of it was tried.
pub(super) fn lets_on(run: &Run, step: &Step, need: &StepId, situation: &Situation<'_>) -> bool {
    let Some(before) = run.step(need) else {
        return true;
    };
    let both_take = step.revokes().is_some() && before.revokes().is_some();
    before.lets_on() || both_take && was_all_tried(run, before, situation)
}

fn was_all_tried(run: &Run, step: &Step, situation: &Situation<'_>) -> bool {
    let begun = !matches!(
        step.work,
        StepWork::Workflow {
            expanded: Expanded::No,
            ..
        }
    );
    let mut inside = run
        .steps
        .iter()
        .filter(|child| child.id.parent().as_ref() == Some(&step.id));
    step.has_ended() || begun && inside.all(|child| was_tried(run, child, situation))
}

/// Is it over, on its way, or does it wait for anything but its turn?
fn was_tried(run: &Run, step: &Step, situation: &Situation<'_>) -> bool {
    let grant = situation.grant_of(step);
    let change = grant.and_then(|grant| grant.entity.change.as_ref());
    step.has_ended()
        || step.waits_for.is_some()
        || change.is_some_and(|change| change.run == run.id)
}

/// Nothing begins in the directory before everything else that can be taken away now was tried.
pub(super) fn directory_last(run: &mut Run, situation: &Situation<'_>, turn: &mut Turn) {
    let Some(directory) = situation.directory else {
        return;
    };
    let begins = |id: &StepId| {
        let step = run.step(id).filter(|step| step.is_taking());
        step.filter(|step| !was_tried(run, step, situation))
            .and_then(Step::app)
    };
    let is_other = |id: &StepId| begins(id).is_some_and(|app| app != directory);
    if !turn.todo.iter().any(is_other) {
        return;
    }
    let is_last = |id: &&StepId| begins(id) == Some(directory);
    let last: Vec<StepId> = turn.todo.iter().filter(is_last).cloned().collect();
    turn.todo.retain(|id| !last.contains(id));
    for id in &last {
        if let Some(step) = run.step_mut(id) {
            step.reason = Some("the directory comes last".to_owned());
        }
    }
}

/// How much else a turn may want that tells the owners: there may be many of them.
const BESIDES: usize = 15;

/// How often it is tried in vain before the owners are told that it does not go on for now.
const TRIED: u32 = 2;

/// Tells the owners, once, as soon as nothing busy is left of what was taken away from somebody who left: now, or in a turn of its
/// own if this one wants much already. Once before that, if what is left does not answer or is paused.
pub(super) fn tell_owners(run: &mut Run, situation: &Situation<'_>, turn: &mut Turn) {
    if run.told || turn.again || !leaves(run, situation) {
        return;
    }
    let is_settled = is_settled(run);
    if !is_settled && (run.told_early || !lasts(run, situation)) {
        return;
    }
    if turn.size() > BESIDES {
        turn.again = true;
        return;
    }
    if is_settled {
        run.told = true;
    } else {
        run.told_early = true;
    }
    turn.tells = true;
}

/// Has somebody left, and is something taken away from them?
fn leaves(run: &Run, situation: &Situation<'_>) -> bool {
    let left = situation.person.state == Lifecycle::Left;
    let takes = run.direction == Some(Direction::Revoke) && !run.dry_run;
    left && takes && run.steps.iter().any(Step::is_taking)
}

/// Is nothing busy left?
fn is_settled(run: &Run) -> bool {
    let mut others = run.steps.iter().filter(|step| !is_note(step));
    !others.any(|step| is_busy(run, step))
}

/// Is nothing left of what is taken away but what does not answer, is paused, or is not busy?
fn lasts(run: &Run, situation: &Situation<'_>) -> bool {
    let retries = |step: &Step| {
        let grant = situation.grant_of(step);
        let change = grant.and_then(|grant| grant.entity.change.as_ref());
        change.map_or(0, |change| change.retries)
    };
    let lasts = |step: &Step| match step.waits_for {
        Some(WaitsFor::Retry) => step.lasts() && retries(step) >= TRIED,
        _ => step.lasts(),
    };
    let taking = || run.steps.iter().filter(|step| step.is_taking());
    taking().any(lasts) && taking().all(|step| lasts(step) || !is_busy(run, step))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::{Value, json};

    use super::*;
    use crate::access::Desired;
    use crate::advance::advance;
    use crate::audit::Cause;
    use crate::company::Company;
    use crate::config::ConfigKind;
    use crate::effect::{Change, Goal, Phase};
    use crate::grant::{Entitlement, Grant, GrantState};
    use crate::ids::{AppSlug, RunId, Slug};
    use crate::intake::run_of;
    use crate::person::Person;
    use crate::run::{RunState, StepState};
    use crate::store::{Loaded, Version};
    use crate::testing::{a_person, take};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn slug(text: &str) -> Slug {
        Slug::parse(text).unwrap()
    }

    /// Somebody who left and has these applications.
    struct World {
        company: Company,
        person: Person,
        grants: Vec<Loaded<Grant>>,
        run: Run,
        directory: Option<AppSlug>,
    }

    impl World {
        fn of(apps: &[&str], steps: Value, directory: Option<&str>) -> Self {
            let mut company = Company::empty().unwrap();
            let person = a_person().in_state(Lifecycle::Left).build();
            let mut grants = Vec::new();
            for app in apps {
                let scim = json!({ "type": "scim", "base_url": "https://app.example" });
                let manual = json!({ "type": "manual" });
                let provisioner = if *app == "desk" { manual } else { scim };
                let file = json!({ "app": app, "provisioner": provisioner });
                take(&mut company, ConfigKind::App, app, file);
                let mut grant = Grant::desired(&person.id, &slug(app), Entitlement::default(), NOW);
                grant.state = GrantState::Active;
                grant.held = Some(Entitlement::default());
                grants.push(Loaded {
                    entity: grant,
                    version: Version(1),
                    due: None,
                });
            }
            let file = json!({ "workflow": "offboard", "direction": "revoke", "steps": steps });
            take(&mut company, ConfigKind::Workflow, "offboard", file);
            let workflow = &company.workflows[&slug("offboard")];
            let (id, cause) = (RunId::derived(&["offboard"]), Cause::of("test", "test"));
            let run = run_of(id, workflow, &person, cause, NOW, false, NOW);
            Self {
                company,
                person,
                grants,
                run,
                directory: directory.map(slug),
            }
        }

        /// Advances until there is something to do or nothing moves; answers the steps that can be worked on, and whether
        /// the owners are told.
        fn advance(&mut self) -> (Vec<String>, bool) {
            let mut tells = false;
            for _ in 0..10 {
                let turn = advance(
                    &mut self.run,
                    &Situation {
                        person: &self.person,
                        grants: &self.grants,
                        tasks: &[],
                        approvals: &[],
                        company: &self.company,
                        desired: &Desired::default(),
                        directory: self.directory.as_ref(),
                        now: NOW,
                    },
                );
                tells |= turn.tells;
                for changed in turn.changed_grants {
                    self.grants
                        .retain(|known| known.entity.id != changed.entity.id);
                    self.grants.push(changed);
                }
                if !turn.again {
                    return (turn.todo.iter().map(ToString::to_string).collect(), tells);
                }
            }
            panic!("it never comes to rest");
        }

        fn step(&mut self, id: &str) -> &mut Step {
            self.run.step_mut(&StepId::from(id)).unwrap()
        }

        /// It was tried, and is tried again in an hour.
        fn failed_for_now(&mut self, id: &str) {
            let later = NOW + jiff::SignedDuration::from_hours(1);
            let (run, app) = (self.run.id.clone(), self.step(id).app().cloned());
            let step = self.step(id);
            step.enter(StepState::Ready, "it cannot be looked at");
            step.waits_for = Some(WaitsFor::Retry);
            step.due = Some(later);
            let mut grants = self.grants.iter_mut();
            let grant = grants.find(|one| Some(&one.entity.app) == app.as_ref());
            let change = Change::open(run, StepId::from(id), Goal::Suspend, 1);
            grant.unwrap().entity.change = Some(change);
        }

        fn taken(&mut self, id: &str) {
            let app = self.step(id).app().cloned();
            self.step(id).enter(StepState::Verified, "");
            let mut grants = self.grants.iter_mut();
            let grant = grants.find(|one| Some(&one.entity.app) == app.as_ref());
            let grant = &mut grant.unwrap().entity;
            (grant.state, grant.held, grant.change) = (GrantState::Revoked, None, None);
        }
    }

    fn everything() -> Value {
        json!([{ "id": "revoke", "type": "revoke" }])
    }

    #[test]
    fn the_directory_is_begun_once_everything_else_was_tried() {
        let mut world = World::of(&["code", "idp", "mail"], everything(), Some("idp"));
        assert_eq!(world.advance().0, ["revoke/code", "revoke/mail"]);
        // Nothing was done meanwhile: a worker that was killed.
        assert_eq!(world.advance().0, ["revoke/code", "revoke/mail"]);

        world.taken("revoke/mail");
        assert_eq!(world.advance().0, ["revoke/code"]);
        world.failed_for_now("revoke/code");
        assert_eq!(world.advance().0, ["revoke/idp"]);
    }

    #[test]
    fn what_waits_or_failed_does_not_keep_the_directory_open() {
        let mut world = World::of(&["code", "desk", "idp"], everything(), Some("idp"));
        world.company.pause.apps.insert(
            slug("code"),
            crate::settings::Paused {
                since: NOW,
                by: "test".to_owned(),
                reason: "a test".to_owned(),
            },
        );

        assert_eq!(world.advance().0, ["revoke/idp"]);
        let desk = world.step("revoke/desk");
        assert_eq!(desk.waits_for, Some(WaitsFor::Human));
    }

    #[test]
    fn without_a_directory_everything_goes_at_once() {
        let mut world = World::of(&["code", "idp", "mail"], everything(), None);

        assert_eq!(
            world.advance().0,
            ["revoke/code", "revoke/idp", "revoke/mail"]
        );
    }

    #[test]
    fn steps_that_name_applications_give_the_order_and_the_others_take_the_rest() {
        let steps = json!([
            { "id": "first", "type": "revoke", "apps": ["vpn"] },
            { "id": "rest", "type": "revoke", "needs": ["first"] },
            { "id": "last", "type": "revoke", "needs": ["rest"], "apps": ["mail"] },
        ]);
        let mut world = World::of(&["code", "mail", "vpn"], steps, None);
        assert_eq!(world.advance().0, ["first/vpn"]);

        world.failed_for_now("first/vpn");
        assert_eq!(world.advance().0, ["rest/code"]);
        world.step("rest/code").enter(StepState::Failed, "refused");
        assert_eq!(world.advance().0, ["last/mail"]);
        world.taken("last/mail");
        world.taken("first/vpn");
        assert_eq!(world.advance().0, Vec::<String>::new());
        assert_eq!(world.run.state, RunState::Failed, "a human has one");
        assert_eq!(world.run.steps.len(), 3 + 3);
    }

    #[test]
    fn owners_are_told_once_when_nothing_busy_is_left() {
        let mut world = World::of(&["code", "desk"], everything(), None);
        assert_eq!(world.advance(), (vec!["revoke/code".to_owned()], false));
        world.failed_for_now("revoke/code");
        assert!(!world.advance().1, "it is tried again");

        world.taken("revoke/code");
        assert!(world.advance().1, "what waits for a human may wait long");
        world.taken("revoke/desk");
        assert_eq!(world.advance(), (Vec::new(), false));
        assert_eq!(world.run.state, RunState::Finished);
    }

    #[test]
    fn owners_are_told_before_of_what_does_not_answer_and_then_how_it_ended() {
        let mut world = World::of(&["code", "desk"], everything(), None);
        world.advance();
        world.failed_for_now("revoke/code");
        let code = world.grants.iter_mut();
        let code = { code }.find(|grant| grant.entity.app == slug("code"));
        code.unwrap().entity.change.as_mut().unwrap().retries = TRIED;

        assert!(world.advance().1);
        assert!(!world.advance().1, "once");
        world.taken("revoke/code");
        assert!(world.advance().1, "it has ended");
    }

    #[test]
    fn owners_are_told_before_of_what_is_paused() {
        let mut world = World::of(&["code"], everything(), None);
        world.company.pause.all = Some(crate::settings::Paused {
            since: NOW,
            by: "test".to_owned(),
            reason: "a test".to_owned(),
        });

        assert_eq!(world.advance(), (Vec::new(), true));
        assert!(!world.advance().1, "once");
        assert!(!world.run.told);
    }

    #[test]
    fn what_is_on_its_way_was_tried() {
        let mut world = World::of(&["code", "idp"], everything(), Some("idp"));
        world.advance();
        world.failed_for_now("revoke/code");
        world.step("revoke/code").enter(StepState::Unknown, "");
        let change = world.grants[0].entity.change.as_mut().unwrap();
        change.phase = Phase::Unknown {
            action: crate::effect::Action::Suspend,
            saw_absent: false,
            since: NOW,
            look_at: NOW,
        };

        assert_eq!(world.advance().0, ["revoke/code", "revoke/idp"]);
    }
}
