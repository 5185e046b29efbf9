//! Takes in what looks and attempts showed, and writes it down: a portion of effects in one commit.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::advance::{HELD, a_task, held, is_over, shown};
use crate::changes::{Changes, Line};
use crate::effect::{Action, Change, Goal, Next, Outcome, Phase, Settled, retry_at};
use crate::grant::{Grant, GrantState};
use crate::ids::{ExternalId, StepId};
use crate::metric::Metric;
use crate::person::Lifecycle;
use crate::ports::{Ports, RemoteError};
use crate::run::{Step, StepState, StepWork, WaitsFor};
use crate::store::{Entity, Loaded, StoreError};
use crate::task::{Task, TaskKind};
use crate::workflow::StepKind;

use super::super::load;
use super::ended::{found_nothing, settle_grant};
use super::job::{Job, Seen, Target};
use super::stuck::{owner, title};
use super::{Hand, HandleError, before, brake};

/// A portion of effects that is written down in one commit.
pub(super) struct Portion<'a> {
    hand: &'a mut Hand,
    changes: Changes,
    now: Timestamp,
    grants: Vec<Loaded<Grant>>,
    tasks: Vec<Task>,
    to_make: Vec<(Job, Action)>,
}

impl<'a> Portion<'a> {
    pub(super) fn new(ports: &Ports, hand: &'a mut Hand) -> Self {
        let changes = hand.changes(ports);
        let now = ports.clock.now();
        Self {
            hand,
            changes,
            now,
            grants: Vec::new(),
            tasks: Vec::new(),
            to_make: Vec::new(),
        }
    }

    /// Takes in what a look saw.
    pub(super) fn after_look(&mut self, mut job: Job, seen: &Seen) {
        match seen {
            Ok(found) => {
                let supports = supports(&job);
                let standing = job.standing(self.hand, self.now);
                let next = job.change.after_look(
                    found.as_ref(),
                    &job.setting(&supports, standing),
                    self.now,
                );
                if let (Some(user), Next::Make(..)) = (found, &next) {
                    job.saw(user);
                }
                self.take(job, next);
            }
            Err(error) => {
                let key = job.key(Action::Send);
                let again = error
                    .is_passing()
                    .then(|| retry_at(&key, job.change.retries, error.asks_to_wait(), self.now))
                    .flatten();
                match again {
                    Some(at) => {
                        job.change.retries = job.change.retries.saturating_add(1);
                        self.look_later(&job, at, error);
                    }
                    None => self.give_up(&job, &error.to_string()),
                }
            }
        }
    }

    /// Takes in how an attempt ended, and what the look after it saw.
    pub(super) fn after_make(
        &mut self,
        mut job: Job,
        action: Action,
        outcome: &Outcome,
        seen: Option<&Seen>,
    ) {
        let key = job.key(action);
        self.tried(&job, action, outcome);
        match job.change.clone().after_make(outcome, &key, self.now) {
            Err(why) => {
                job.disprove(action);
                self.give_up(&job, &why);
            }
            Ok(change) => {
                if matches!(
                    outcome,
                    Outcome::NotDone { .. } | Outcome::Done { was_so: true, .. }
                ) {
                    job.disprove(action);
                }
                job.change = change;
                match seen {
                    Some(seen) => self.after_look(job, seen),
                    None => {
                        let phase = job.change.phase.clone();
                        self.wait(&job, phase);
                    }
                }
            }
        }
    }

    fn take(&mut self, mut job: Job, next: Next) {
        match next {
            Next::Make(action, phase) => self.intend(job, action, phase),
            Next::Wait(phase) => {
                job.change.phase = phase.clone();
                self.wait(&job, phase);
            }
            Next::Settled(Settled::Verified(user)) => self.verified(&job, user),
            Next::Settled(Settled::Withdrawn) => self.withdrawn(&job),
            Next::Settled(Settled::Kept) => self.kept(&job),
            Next::Stranger => self.give_up(
                &job,
                "an account of somebody else has the person's address there",
            ),
            Next::GiveUp(why) => self.give_up(&job, &why),
        }
    }

    /// Commits the intent; the effect is made once that is stored.
    fn intend(&mut self, mut job: Job, action: Action, phase: Phase) {
        if let Some(why) = self.held_back(&job) {
            let due = self.now.saturating_add(HELD).ok();
            self.on_step(&job.step, |step| step.wait(WaitsFor::Pause, due, why));
            return;
        }
        let saw_absent = matches!(
            phase,
            Phase::Intended {
                saw_absent: true,
                ..
            }
        );
        job.change.doubtful |= job.change.phase.has_intent();
        job.change.phase = phase;
        if let Target::User { grant, .. } = &mut job.target {
            grant.entity.creation_intended |= saw_absent && action == Action::Create;
            grant.entity.generation = job.change.generation;
            if job.change.goal == Goal::Give {
                grant.entity.state = GrantState::Pending;
                grant.entity.given = grant.entity.given().with(grant.entity.wanted.clone());
            } else {
                grant.entity.state = GrantState::Revoking;
            }
        }
        self.keep(&job, Some(job.change.clone()));
        self.on_step(&job.step, |step| step.enter(StepState::Running, ""));
        self.say(
            &job,
            &format!("{} intended", action.as_str()),
            "ok".to_owned(),
            Some(action),
        );
        self.to_make.push((job, action));
    }

    fn held_back(&self, job: &Job) -> Option<String> {
        let app = match &job.target {
            Target::User { app, .. } => Some(&app.app),
            _ => None,
        };
        let hand = &self.hand;
        let takes = job.takes_something();
        held(&hand.run.entity, &hand.company, app, takes)
    }

    fn wait(&mut self, job: &Job, phase: Phase) {
        self.keep(job, Some(job.change.clone()));
        self.on_step(&job.step, |step| {
            let reason = match &phase {
                Phase::Unknown { .. } => "nobody knows whether it happened: it is looked for",
                Phase::Accepted { .. } => "accepted, not seen yet",
                Phase::Retry { .. } => "not done, tried again later",
                Phase::Planned | Phase::Intended { .. } => "",
            };
            step.enter(shown(&phase), reason);
            step.due = phase.due();
        });
    }

    fn look_later(&mut self, job: &Job, at: Timestamp, error: &RemoteError) {
        let mut job = job.clone();
        if let Phase::Intended {
            action,
            saw_absent,
            at: since,
        } = job.change.phase
        {
            job.change.phase = Phase::Unknown {
                action,
                saw_absent,
                since,
                look_at: at,
            };
        } else if let Phase::Unknown { look_at, .. } | Phase::Accepted { look_at, .. } =
            &mut job.change.phase
        {
            *look_at = at;
        }
        self.keep(&job, Some(job.change.clone()));
        let state = shown(&job.change.phase);
        self.on_step(&job.step, |step| {
            step.enter(state, format!("it cannot be looked at: {error}"));
            step.waits_for = Some(WaitsFor::Retry);
            step.due = Some(at);
        });
    }

    fn verified(&mut self, job: &Job, user: Option<ExternalId>) {
        let mut job = job.clone();
        let goal = job.change.goal;
        let before = recorded(&job);
        // Of whoever may not receive it any more it only shows that they are there.
        let is_as_wanted = job.standing(self.hand, self.now).may_receive;
        let mut is_new = false;
        let is_nothing = found_nothing(&job);
        if let Target::User { grant, .. } = &mut job.target {
            is_new = goal == Goal::Give && grant.entity.held.is_none();
            if !is_nothing {
                self.measure(goal, is_new);
            }
            settle_grant(&mut grant.entity, goal, user);
            if goal == Goal::Give && is_as_wanted {
                grant.entity.given = grant.entity.wanted.clone();
            }
            if job.change.made.contains(&Action::ReleasePlan) {
                grant.entity.given.plan = None;
            }
        }
        self.keep(&job, None);
        if is_nothing {
            self.say_change(&job, "looked: nothing there", "ok".to_owned(), before);
            self.on_step(&job.step, |step| {
                step.enter(StepState::Skipped, Step::NOTHING_THERE);
            });
            return;
        }
        self.say_change(&job, "verified", "ok".to_owned(), before);
        let run = &self.hand.run.entity;
        if is_new && run.step(&job.step).is_some_and(|step| run.ends(step)) {
            self.take_back(&job);
        } else {
            self.end_step(&job);
        }
    }

    /// How long it took, from the event that it follows from.
    fn measure(&mut self, goal: Goal, is_new: bool) {
        let run = &self.hand.run.entity;
        let took = self.now.duration_since(run.occurred_at).as_secs();
        let lifecycle = self.hand.person.entity.state;
        if goal != Goal::Give && matches!(lifecycle, Lifecycle::Leaving | Lifecycle::Left) {
            self.changes.measure(Metric::TimeToOffboard, took);
        }
        if is_new {
            self.changes.measure(Metric::TimeToProvision, took);
            let starts_at = self.hand.person.entity.starts_at;
            if let Some(at) = starts_at {
                let after = self.now.duration_since(at).as_secs();
                self.changes.measure(Metric::ReadyAfterStart, after);
            }
        }
    }

    /// The run was cancelled while this was on its way: it is there now, and is taken away again.
    fn take_back(&mut self, job: &Job) {
        let Target::User { app, .. } = &job.target else {
            return;
        };
        let taken = app.revoke_goal();
        self.on_step(&job.step, |step| {
            if let StepWork::Grant { goal, .. } = &mut step.work {
                *goal = taken;
            }
            step.undoing = true;
            step.enter(StepState::Waiting, "given while the run was cancelled");
        });
    }

    /// A note may be followed by another one; a request cannot be looked at and stays accepted.
    fn end_step(&mut self, job: &Job) {
        let run = &self.hand.run.entity;
        let (over, lacks) = (is_over(run), !run.missing.is_empty());
        self.on_step(&job.step, |step| match &step.work {
            StepWork::Workflow {
                kind: StepKind::LeverNote { .. },
                ..
            } => {
                step.notes = step.notes.saturating_add(1);
                let of_missing = step.notes_of_missing.saturating_add(lacks.into());
                step.notes_of_missing = of_missing;
                if over {
                    step.enter(StepState::Verified, "");
                } else {
                    step.wait(
                        WaitsFor::Needs,
                        None,
                        "a first note is written; another follows when all has ended",
                    );
                }
            }
            StepWork::Workflow {
                kind: StepKind::Http(_),
                ..
            } => step.enter(StepState::Done, "accepted"),
            _ => step.enter(StepState::Verified, ""),
        });
    }

    fn withdrawn(&mut self, job: &Job) {
        let mut job = job.clone();
        if let Target::User { grant, .. } = &mut job.target {
            settle_grant(&mut grant.entity, Goal::Suspend, None);
            grant.entity.creation_intended = false;
        }
        self.keep(&job, None);
        self.say(&job, "withdrawn", "nothing was made".to_owned(), None);
        self.on_step(&job.step, |step| {
            step.enter(StepState::Cancelled, "the person may no longer receive it")
        });
    }

    fn kept(&mut self, job: &Job) {
        let mut job = job.clone();
        if let Target::User { grant, .. } = &mut job.target {
            grant.entity.keep();
        }
        self.keep(&job, None);
        self.say(&job, "kept", "due again".to_owned(), None);
        self.on_step(&job.step, |step| {
            step.enter(StepState::Cancelled, "the person is due it again")
        });
    }

    /// It will not work by itself: the owner gets it as a task, with everything known.
    fn give_up(&mut self, job: &Job, why: &str) {
        let mut job = job.clone();
        let before = recorded(&job);
        if let Target::User { grant, .. } = &mut job.target {
            grant.entity.state = GrantState::Failed;
            grant.entity.reason = Some(why.to_owned());
        }
        self.keep(&job, None);
        self.say_change(&job, "given up", why.to_owned(), before);
        let run = &self.hand.run.entity;
        let Some(step) = run.step(&job.step) else {
            return;
        };
        let mut task = a_task(
            run,
            step,
            TaskKind::Failed,
            owner(&job),
            title(&job),
            self.now,
        );
        task.detail = why.to_owned();
        let known = step.task.as_ref() == Some(&task.id);
        self.on_step(&job.step, |step| {
            step.enter(StepState::Failed, why);
            step.task = Some(task.id.clone());
        });
        if !known {
            self.tasks.push(task);
        }
    }

    fn tried(&mut self, job: &Job, action: Action, outcome: &Outcome) {
        let (now, word) = (self.now, outcome.word());
        self.on_step(&job.step, |step| {
            step.tried(now, action.as_str(), word.clone())
        });
        self.say(job, action.as_str(), word, Some(action));
    }

    fn say(&mut self, job: &Job, action: &str, result: String, key: Option<Action>) {
        let mut line = Line::new(self.hand.stream(), action, job.name()).result(result);
        if let Some(action) = key {
            line = line.after(json!({ "effect": job.key(action), "step": job.step }));
        }
        self.changes.say(line);
    }

    /// Says what became of a grant, with how it stood before and stands now.
    fn say_change(&mut self, job: &Job, action: &str, result: String, before: Option<Value>) {
        let mut line = Line::new(self.hand.stream(), action, job.name()).result(result);
        if let (Some(before), Some(after)) = (before, recorded(job)) {
            line = line.before(before).after(after);
        }
        self.changes.say(line);
    }

    fn on_step(&mut self, id: &StepId, change: impl FnOnce(&mut Step)) {
        if let Some(step) = self.hand.run.entity.step_mut(id) {
            change(step);
        }
    }

    /// Keeps the change with the grant, or with the step for what is no grant's.
    fn keep(&mut self, job: &Job, change: Option<Change>) {
        match &job.target {
            Target::User { grant, .. } => {
                let mut grant = (**grant).clone();
                grant.entity.change = change;
                grant.entity.changed_at = self.now;
                // What is in hand may have been committed since the job began.
                if let Some(known) = self
                    .hand
                    .grants
                    .iter()
                    .find(|known| known.entity.id == grant.entity.id)
                {
                    grant.version = known.version;
                    grant.entity.before.clone_from(&known.entity.before);
                }
                self.grants
                    .retain(|other| other.entity.id != grant.entity.id);
                self.grants.push(grant);
            }
            _ => self.on_step(&job.step, |step| step.change = change),
        }
    }

    /// Commits; answers what is to be made now that its intent is stored.
    pub(super) async fn commit(mut self, ports: &Ports) -> Result<Vec<(Job, Action)>, HandleError> {
        if !brake::lets_through(ports, self.hand, &self.to_make, &mut self.changes).await? {
            return Ok(Vec::new());
        }
        let person = &self.hand.person.entity.id;
        before::keep(ports, person, &mut self.grants, &self.to_make, self.now).await?;
        for grant in &self.grants {
            self.changes.update(grant);
        }
        for task in &self.tasks {
            self.changes.insert_task(task);
        }
        if !self.to_make.is_empty() {
            if load::pause(ports).await? != self.hand.company.pause {
                // The brake moved since everything was read: decide again.
                let key = self.hand.run.entity.key();
                return Err(StoreError::Conflict { key }.into());
            }
            // The fence: nobody who left in between gets anything more.
            self.changes
                .check(self.hand.person.entity.key(), self.hand.person.version);
        }
        self.hand.commit(ports, self.changes, false).await?;
        for grant in &self.grants {
            self.hand.take_back(grant);
        }
        self.hand.tasks.extend(self.tasks.iter().map(super::new));
        Ok(self.to_make)
    }
}

fn recorded(job: &Job) -> Option<Value> {
    match &job.target {
        Target::User { grant, .. } => Some(grant.entity.recorded()),
        _ => None,
    }
}

fn supports(job: &Job) -> Vec<Action> {
    match &job.target {
        Target::User { app, .. } => app.supports(),
        _ => vec![Action::Send],
    }
}
