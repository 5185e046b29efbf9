//! Tells a story in one of the ways in which its deliveries can come, and compares what has come of it.

use std::collections::BTreeSet;
use std::fmt;

use jiff::SignedDuration;
use sando_core::admin::AdminError;
use sando_core::approval::{Approval, ApprovalState};
use sando_core::audit::StreamId;
use sando_core::event::Hint;
use sando_core::handle::{catch_up, inbox};
use sando_core::person::Lifecycle;
use sando_core::run::{Run, RunState};
use sando_core::task::{Task, TaskState};

use super::acts::{Call, elsewhere, in_lever};
use super::diary::Diary;
use super::story::{Act, Seen, Story};
use super::world::{World, moment};

/// After everything that happens so much time passes.
const BREATH: SignedDuration = SignedDuration::from_mins(2);
/// And so much after the last thing: polling finds what it has to find.
const REST: SignedDuration = SignedDuration::from_hours(3);

/// A way in which the deliveries of a story come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// Each at its time, once.
    Forwards,
    /// Each twice, and all of them once more at the end.
    Twice,
    /// This one after the next one.
    Swapped(usize),
    /// None of what this one tells comes; polling finds it.
    Lost(usize),
    /// None at all: polling alone.
    Alone,
}

impl Way {
    /// Is Lever polled?
    fn polls(self) -> bool {
        matches!(self, Self::Lost(_) | Self::Alone)
    }

    /// Does everything come in time, so that what is seen on the way is as written?
    fn is_in_time(self) -> bool {
        matches!(self, Self::Forwards | Self::Twice)
    }
}

/// The ways in which a story can be told.
#[must_use]
pub fn ways(story: &Story) -> Vec<Way> {
    let calls = |act: &Act| match act {
        Act::Hired(_) | Act::Resent(_) => 2,
        Act::Unhired(_) | Act::Rejected(_) | Act::Deleted(_) | Act::Lies(_) => 1,
        Act::Comes(_) | Act::Staged(_) => 1,
        _ => 0,
    };
    let counts: Vec<usize> = story.life.iter().map(calls).filter(|n| *n > 0).collect();
    let all: usize = counts.iter().sum();
    let swapped = (0..all.saturating_sub(1)).map(Way::Swapped);
    let lost = (0..counts.len()).map(Way::Lost);
    [Way::Forwards, Way::Twice]
        .into_iter()
        .chain(swapped)
        .chain(lost)
        .chain([Way::Alone])
        .collect()
}

/// One telling.
struct Telling<'a> {
    story: &'a Story,
    way: Way,
    world: World,
    /// Something happens that no webhook tells of: polling finds it while time passes.
    polls: bool,
    /// Calls so far, and what told of how many things they were.
    calls: Vec<Hint>,
    told: usize,
    held: Option<Hint>,
    wrong: Vec<String>,
    /// Kept where everything comes in time.
    diary: Option<Diary>,
}

/// What has come of telling a story.
#[derive(Default)]
pub struct Told {
    /// Everything that is not as it says.
    pub wrong: Vec<String>,
    /// After each thing that happens: who has what, who is told what, and what the trail says. Empty where deliveries do
    /// not come in time.
    pub diary: String,
}

/// Tells a story.
pub async fn tell(story: &Story, way: Way) -> Told {
    let world = World::begin(moment(story.begins)).await;
    let is_untold = |act: &Act| matches!(act, Act::Anonymised(_));
    let polls = story.life.iter().any(is_untold);
    let mut telling = Telling {
        story,
        way,
        world,
        polls,
        calls: Vec::new(),
        told: 0,
        held: None,
        wrong: Vec::new(),
        diary: way.is_in_time().then(Diary::default),
    };
    if polls || way.polls() {
        let begun = catch_up::begin(&telling.world.ports).await;
        begun.expect("polling can begin");
    }
    for (place, act) in story.life.iter().enumerate() {
        if let Err(error) = telling.happen(act).await {
            telling.wrong(format!("act {place} {act:?}: {error:?}"));
            return telling.into_told();
        }
        if !matches!(act, Act::See(_)) {
            let what = story.lines.get(place).map_or("", String::as_str);
            telling.write_down(Some(act), what).await;
        }
    }
    telling.rest().await;
    telling.write_down(None, "at rest").await;
    telling.compare_end().await;
    telling.into_told()
}

impl Telling<'_> {
    fn wrong(&mut self, what: impl fmt::Display) {
        let line = format!("{} ({:?}): {what}", self.story.story, self.way);
        self.wrong.push(line);
    }

    fn into_told(self) -> Told {
        Told {
            wrong: self.wrong,
            diary: self.diary.map_or_else(String::new, Diary::into_text),
        }
    }

    async fn write_down(&mut self, act: Option<&Act>, what: &str) {
        let Some(diary) = &mut self.diary else { return };
        if let Some(act) = act {
            diary.meet(act);
        }
        Box::pin(diary.write(&self.world, what)).await;
    }

    async fn happen(&mut self, act: &Act) -> Result<(), AdminError> {
        match act {
            Act::Pass(time) => {
                let time: SignedDuration = time.parse().expect("a length of time");
                if self.polls {
                    self.world.poll_for(time);
                }
                self.world.work_for(time).await;
            }
            Act::Until(at) => self.world.work_until(moment(*at)).await,
            Act::See(seen) if self.way.is_in_time() => self.compare(seen, "on the way").await,
            Act::See(_) => {}
            _ => {
                match in_lever(&self.world, act) {
                    Some(calls) => self.deliver(&calls).await,
                    None => Box::pin(elsewhere(&self.world, act)).await?,
                }
                self.world.poll_for(REST);
                self.world.work_for(BREATH).await;
            }
        }
        Ok(())
    }

    async fn receive(&self, hint: &Hint) {
        let done = inbox::receive(&self.world.ports, hint.clone()).await;
        done.expect("a delivery can be stored");
    }

    async fn deliver(&mut self, calls: &[Call]) {
        let told = self.told;
        self.told += 1;
        for call in calls {
            let number = self.calls.len();
            let hint = call.hint(number, self.world.now());
            self.calls.push(hint.clone());
            match self.way {
                Way::Alone => {}
                Way::Lost(lost) if lost == told => {}
                Way::Swapped(swapped) if swapped == number => self.held = Some(hint),
                Way::Twice => {
                    self.receive(&hint).await;
                    self.receive(&hint).await;
                }
                Way::Forwards | Way::Lost(_) | Way::Swapped(_) => {
                    self.receive(&hint).await;
                    if let Some(held) = self.held.take() {
                        self.receive(&held).await;
                    }
                }
            }
        }
    }

    /// Everything comes to rest.
    async fn rest(&mut self) {
        if self.way == Way::Twice {
            for hint in &self.calls {
                self.receive(hint).await;
            }
        }
        self.world.poll_for(REST);
        self.world.work_for(REST).await;
    }

    async fn compare_end(&mut self) {
        let end = &self.story.end;
        if self.way.is_in_time() {
            self.compare(end, "at the end").await;
        } else {
            self.compare_less(end).await;
        }
        for doubled in self.world.doubles() {
            self.wrong(doubled);
        }
        for person in self.world.people().await {
            let held = self.world.holds(&person.id);
            let gone = matches!(person.state, Lifecycle::Left | Lifecycle::Withdrawn);
            if gone && !held.is_empty() {
                self.wrong(format!("{:?} holds {held:?}", person.state));
            }
            // Verifies the chain on the way.
            let records = self.world.records(StreamId::Person(person.id)).await;
            let mut events = BTreeSet::new();
            for record in records {
                if record.action.starts_with("event ")
                    && record.action != "event replayed"
                    && !events.insert(record.target.clone())
                {
                    self.wrong(format!("{} is told twice", record.target));
                }
            }
        }
        self.compare_notes().await;
    }

    /// Each note is there once, and so many at least as runs say that they wrote.
    async fn compare_notes(&mut self) {
        let notes = self.world.lever.notes();
        let mut markers = BTreeSet::new();
        for note in &notes {
            let marker = note.text.lines().find(|line| line.starts_with("[sando "));
            if !markers.insert((note.opportunity.clone(), marker)) {
                self.wrong(format!("written twice: {}", note.text));
            }
        }
        let states = RunState::ALL.iter().map(|state| state.as_str()).collect();
        let runs: Vec<Run> = self.world.all(states).await;
        let steps = runs.iter().flat_map(|run| &run.steps);
        let written: u32 = steps.map(|step| step.notes).sum();
        if usize::try_from(written).is_ok_and(|written| written > notes.len()) {
            let there = notes.len();
            self.wrong(format!(
                "runs say that they wrote {written} notes, and {there} are there"
            ));
        }
    }

    /// What has to come of it whatever was seen on the way.
    async fn compare_less(&mut self, end: &Seen) {
        for (who, expect) in &end.of {
            let line = self.world.line(who).await;
            let unseen = self.story.unseen.get(who);
            if line != *expect && Some(&line) != unseen {
                self.wrong(format!("{who}: `{line}` instead of `{expect}`"));
            }
        }
        if self.story.unseen.is_empty() {
            self.compare_tasks(end, "at the end").await;
            if let Some(expect) = end.people {
                self.same(
                    "persons",
                    self.world.people().await.len(),
                    expect,
                    "at the end",
                );
            }
        }
        let notes = self.world.lever.notes().len();
        if end.notes.is_some_and(|most| notes > most) {
            self.wrong(format!("{notes} notes instead of at most {:?}", end.notes));
        }
    }

    fn same<T: PartialEq + fmt::Debug>(&mut self, what: &str, is: T, expect: T, when: &str) {
        if is != expect {
            self.wrong(format!("{when}: {what}: {is:?} instead of {expect:?}"));
        }
    }

    async fn compare(&mut self, seen: &Seen, when: &str) {
        for (who, expect) in &seen.of {
            let line = self.world.line(who).await;
            self.same(who, line, expect.clone(), when);
        }
        let people = self.world.people().await.len();
        self.same("persons", people, seen.people.unwrap_or(people), when);
        let notes = self.world.lever.notes();
        self.same(
            "notes",
            notes.len(),
            seen.notes.unwrap_or(notes.len()),
            when,
        );
        for text in &seen.noted {
            if !notes.iter().any(|note| note.text.contains(text)) {
                self.wrong(format!("{when}: no note says `{text}`: {notes:?}"));
            }
        }
        self.compare_tasks(seen, when).await;
        let waiting = vec![ApprovalState::Waiting.as_str()];
        let waiting = self.world.all::<Approval>(waiting).await.len();
        self.same("approvals", waiting, seen.waiting.unwrap_or(waiting), when);
        self.compare_trail(seen, when).await;
    }

    async fn compare_tasks(&mut self, seen: &Seen, when: &str) {
        let Some(expect) = &seen.tasks else { return };
        let open = vec![TaskState::Open.as_str()];
        let tasks: Vec<Task> = self.world.all(open).await;
        let mut titles: Vec<String> = tasks.into_iter().map(|task| task.title).collect();
        titles.sort();
        self.same("tasks", titles, expect.clone(), when);
    }

    async fn compare_trail(&mut self, seen: &Seen, when: &str) {
        for (who, lines) in &seen.said {
            let said = self.said(who).await;
            for line in lines.iter().filter(|line| !said.contains(line)) {
                self.wrong(format!("{when}: {who}: nothing says `{line}`: {said:?}"));
            }
        }
    }

    /// What a person's audit trail says, in order.
    async fn said(&self, who: &str) -> Vec<String> {
        let Some(person) = self.world.person(who).await else {
            return Vec::new();
        };
        let stream = StreamId::Person(person.entity.id);
        let records = self.world.records(stream).await;
        records.into_iter().map(|record| record.action).collect()
    }
}
