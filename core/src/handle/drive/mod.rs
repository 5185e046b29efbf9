//! Drives a run: advances it, makes the effects that are due, commits, until nothing is left to do now.

mod before;
mod brake;
mod effects;
mod ended;
mod job;
mod note;
mod readdress;
mod settle;
mod stuck;

use crate::access::desired;
use crate::advance::{Said, Situation, Turn, advance};
use crate::approval::Approval;
use crate::audit::StreamId;
use crate::changes::{Changes, Line, Origin};
use crate::company::Company;
use crate::grant::Grant;
use crate::ids::{AppSlug, StepId};
use crate::metric::Metric;
use crate::person::{Lifecycle, Person};
use crate::ports::Ports;
use crate::run::{Run, RunState};
use crate::store::{Entity, Loaded, StoreError, Version};
use crate::task::Task;
use crate::workflow::Direction;

use super::{HandleError, lease_from, leaving, ledger, load, tasks};

pub(crate) use brake::removals;
pub(super) use note::said;

/// How often a run is read again because something moved in between, before it is left to its next due time.
const TRIES: u32 = 8;

/// Everything a worker has in hand while it holds a run.
struct Hand {
    run: Loaded<Run>,
    person: Loaded<Person>,
    grants: Vec<Loaded<Grant>>,
    tasks: Vec<Loaded<Task>>,
    approvals: Vec<Loaded<Approval>>,
    company: Company,
    /// The application that is the company's directory, where the run may take away.
    directory: Option<AppSlug>,
    /// What rosters still show of whoever left, a line each.
    residue: Vec<String>,
}

/// Drives a run that this worker has claimed.
///
/// # Errors
/// If the store did not do it; the run stays due and is found again when the lease ends.
pub async fn run(ports: &Ports, claimed: Loaded<Run>) -> Result<(), HandleError> {
    let Some(mut hand) = Hand::load(ports, claimed).await? else {
        return Ok(());
    };
    let mut tries = 0;
    loop {
        match drive(ports, &mut hand).await {
            Err(HandleError::Store(StoreError::Conflict { .. })) if tries < TRIES => {
                tries += 1;
                let Some(again) = hand.reload(ports).await? else {
                    return Ok(());
                };
                hand = again;
            }
            done => return done,
        }
    }
}

async fn drive(ports: &Ports, hand: &mut Hand) -> Result<(), HandleError> {
    loop {
        let now = ports.clock.now();
        let desired = desired(&hand.person.entity, &hand.company, now);
        let situation = Situation {
            person: &hand.person.entity,
            grants: &hand.grants,
            tasks: &hand.tasks,
            approvals: &hand.approvals,
            company: &hand.company,
            desired: &desired,
            directory: hand.directory.as_ref(),
            now,
        };
        let turn = advance(&mut hand.run.entity, &situation);
        let over = turn.todo.is_empty() && !turn.again;
        hand.commit_turn(ports, &turn, over).await?;
        if over {
            return Ok(());
        }
        if !turn.again && !note::leave_out(ports, hand, &turn.todo).await? {
            hand.look_at_residue(ports, &turn.todo).await?;
            // `advance` names only steps that can be worked on; if it ever does not, this does not go in a circle over them.
            if !effects::perform(ports, hand, &turn.todo).await? {
                return Ok(());
            }
        }
    }
}

impl Hand {
    async fn load(ports: &Ports, run: Loaded<Run>) -> Result<Option<Self>, HandleError> {
        let Some(person) = load::person(ports, &run.entity.person).await? else {
            return Ok(None);
        };
        let grants = load::grants(ports, &run.entity.person).await?;
        let tasks = load::tasks(ports, &run.entity).await?;
        let approvals = load::approvals(ports, &run.entity, &grants).await?;
        let company = load::company(ports).await?;
        let gives = run.entity.direction == Some(Direction::Grant);
        let directory = if gives {
            None
        } else {
            load::directory(ports, &company).await?
        };
        Ok(Some(Self {
            run,
            person,
            grants,
            tasks,
            approvals,
            company,
            directory,
            residue: Vec::new(),
        }))
    }

    /// Reads everything again; none if somebody else has written the run since our last commit.
    async fn reload(&self, ports: &Ports) -> Result<Option<Self>, HandleError> {
        let stored = ports.store.find::<Run>(&self.run.entity.key()).await?;
        match stored.filter(|run| run.version == self.run.version) {
            Some(run) => Self::load(ports, run).await,
            None => Ok(None),
        }
    }

    /// Looks at what rosters still show of whoever left, if a note is to be written.
    async fn look_at_residue(&mut self, ports: &Ports, todo: &[StepId]) -> Result<(), HandleError> {
        let (run, person) = (&self.run.entity, &self.person.entity);
        let is_note = |id: &StepId| run.step(id).is_some_and(|step| step.kind() == "lever_note");
        if person.state == Lifecycle::Left && todo.iter().any(is_note) {
            self.residue = leaving::residue(ports, person, &self.grants, &self.company).await?;
        }
        Ok(())
    }

    fn stream(&self) -> StreamId {
        StreamId::Person(self.person.entity.id.clone())
    }

    /// Changes that this run is the cause of.
    fn changes(&self, ports: &Ports) -> Changes {
        let run = &self.run.entity;
        Changes::new(Origin::sando(run.cause.clone(), &run.id, ports.clock.now()))
    }

    /// Commits what a turn wants; without work left the run is given back with its next due time.
    async fn commit_turn(
        &mut self,
        ports: &Ports,
        turn: &Turn,
        over: bool,
    ) -> Result<(), HandleError> {
        let nothing = turn.new_grants.is_empty()
            && turn.changed_grants.is_empty()
            && turn.new_tasks.is_empty()
            && turn.closed_tasks.is_empty()
            && turn.new_approvals.is_empty()
            && turn.changed_approvals.is_empty()
            && turn.said.is_empty()
            && !turn.tells;
        if nothing && !over {
            return Ok(());
        }
        let mut changes = self.wanted(ports, turn);
        if over && self.run.entity.state != RunState::Running {
            let (state, run) = (self.run.entity.state.as_str(), &self.run.entity.id);
            changes.say(Line::new(
                self.stream(),
                format!("run {state}"),
                format!("run/{run}"),
            ));
        }
        if over && let Some(failed) = self.failed() {
            changes.measure(Metric::RunFailures, failed);
        }
        if turn.tells {
            self.tell_owners(ports, &mut changes).await?;
        }
        self.fence(&mut changes, over);
        self.commit(ports, changes, over).await?;
        self.grants.extend(turn.new_grants.iter().map(new));
        self.tasks.extend(turn.new_tasks.iter().map(new));
        for closed in &turn.closed_tasks {
            let id = &closed.entity.id;
            self.tasks.retain(|known| known.entity.id != *id);
            self.tasks.push(written(closed));
        }
        for changed in &turn.changed_grants {
            self.take_back(changed);
        }
        for changed in &turn.changed_approvals {
            let id = &changed.entity.id;
            self.approvals.retain(|known| known.entity.id != *id);
            self.approvals.push(written(changed));
        }
        self.approvals.extend(turn.new_approvals.iter().map(new));
        Ok(())
    }

    /// What a turn wants changed.
    fn wanted(&self, ports: &Ports, turn: &Turn) -> Changes {
        let mut changes = self.changes(ports);
        for grant in &turn.new_grants {
            changes.insert(grant);
        }
        for grant in &turn.changed_grants {
            changes.update(grant);
        }
        for task in &turn.new_tasks {
            changes.insert_task(task);
        }
        for task in &turn.closed_tasks {
            changes.update(task);
            changes.say(tasks::ended(&task.entity));
        }
        for approval in &turn.new_approvals {
            changes.insert(approval);
        }
        for approval in &turn.changed_approvals {
            changes.update(approval);
        }
        for said in &turn.said {
            changes.say(self.line(said));
        }
        changes
    }

    /// Whoever owns what somebody lost who has left is told.
    async fn tell_owners(&self, ports: &Ports, changes: &mut Changes) -> Result<(), HandleError> {
        let (run, person) = (&self.run.entity, &self.person.entity);
        leaving::tell(ports, run, person, &self.grants, &self.company, changes).await
    }

    /// The person must not have moved; who waits to be erased until this run is over is looked at again.
    fn fence(&self, changes: &mut Changes, over: bool) {
        let mut person = self.person.clone();
        match &mut person.entity.erasure {
            Some(erasure) if over && self.run.entity.state != RunState::Running => {
                erasure.look_at = erasure.look_at.or(Some(changes.origin.at));
                changes.update(&person);
            }
            _ => changes.check(person.entity.key(), person.version),
        }
    }

    /// How the run ended, if it did: 1 if something in it failed.
    fn failed(&self) -> Option<i64> {
        match self.run.entity.state {
            RunState::Finished => Some(0),
            RunState::Failed => Some(1),
            RunState::Running | RunState::Cancelled => None,
        }
    }

    fn line(&self, said: &Said) -> Line {
        let mut line = Line::new(self.stream(), &said.action, &said.target);
        if let Some(before) = &said.before {
            line = line.before(before.clone());
        }
        match &said.after {
            Some(after) => line.after(after.clone()),
            None => line,
        }
    }

    /// Commits with the run, which stays with this worker for another lease unless it is given back.
    async fn commit(
        &mut self,
        ports: &Ports,
        mut changes: Changes,
        give_back: bool,
    ) -> Result<(), HandleError> {
        if give_back {
            changes.update(&self.run);
        } else {
            changes.update_leased(&self.run, lease_from(ports.clock.now()));
        }
        ledger::commit(ports, changes).await?;
        self.run.version = self.run.version.next();
        Ok(())
    }

    /// A grant was written: what is in hand is what is stored.
    fn take_back(&mut self, changed: &Loaded<Grant>) {
        if let Some(grant) = self
            .grants
            .iter_mut()
            .find(|grant| grant.entity.id == changed.entity.id)
        {
            *grant = written(changed);
        }
    }
}

fn written<E: Clone>(changed: &Loaded<E>) -> Loaded<E> {
    Loaded {
        version: changed.version.next(),
        ..changed.clone()
    }
}

fn new<E: Clone>(entity: &E) -> Loaded<E> {
    Loaded {
        entity: entity.clone(),
        version: Version::ABSENT.next(),
        due: None,
    }
}
