//! What can be read of a story: after each thing that happens who has what, what waits for whom, who was told what, and
//! what the audit trail has to say. In words: no ids, no times of records. What was made side by side is in order of the
//! alphabet.

use std::collections::BTreeMap;

use sando_core::approval::{Approval, ApprovalState};
use sando_core::audit::{Record, StreamId};
use sando_core::event::{Event, EventState};
use sando_core::ids::{ApprovalId, DeliveryId, EventId, GrantId, JobId, PersonId, RunId, TaskId};
use sando_core::run::{Run, RunState};
use sando_core::store::Entity;
use sando_core::task::{Task, TaskState};

use super::story::Act;
use super::world::World;

/// How ids begin.
const IDS: [&str; 8] = [
    ApprovalId::PREFIX,
    DeliveryId::PREFIX,
    EventId::PREFIX,
    GrantId::PREFIX,
    JobId::PREFIX,
    PersonId::PREFIX,
    RunId::PREFIX,
    TaskId::PREFIX,
];

/// The diary of one telling.
#[derive(Default)]
pub(super) struct Diary {
    /// Everything so far.
    text: String,
    /// Whoever was named so far.
    known: Vec<String>,
    /// What ids stand for, also those of what is deleted.
    words: BTreeMap<String, String>,
    /// Up to where streams, notes and messages are written down.
    read: BTreeMap<StreamId, u64>,
    notes: usize,
    letters: usize,
}

impl Diary {
    /// Everything that was written.
    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// Somebody is named for the first time.
    pub(super) fn meet(&mut self, act: &Act) {
        let who = match act {
            Act::Applies(applicant) | Act::Comes(applicant) => &applicant.who,
            Act::Imported(imported) => &imported.who,
            _ => return,
        };
        if !self.known.contains(who) {
            self.known.push(who.clone());
        }
    }

    /// Writes down how everything stands after this, and what came of it.
    pub(super) async fn write(&mut self, world: &World, what: &str) {
        self.learn(world).await;
        let mut lines = vec![format!("# {what}")];
        for who in &self.known {
            lines.push(format!("{who}: {}", world.line(who).await));
        }
        lines.extend(self.open(world).await);
        lines.extend(self.told(world));
        lines.extend(self.trail(world).await);
        self.text.push_str(&lines.join("\n"));
        self.text.push_str("\n\n");
    }

    /// Learns what new ids stand for.
    async fn learn(&mut self, world: &World) {
        for who in &self.known {
            if let Some(person) = world.person(who).await {
                let id = person.entity.id.to_string();
                self.words.entry(id).or_insert_with(|| who.clone());
            }
        }
        let states = RunState::ALL.iter().map(|state| state.as_str());
        let word = |run: &Run| (run.id.to_string(), format!("run {}", run.workflow));
        self.learn_all(world, states.collect(), word).await;
        let states = EventState::ALL.iter().map(|state| state.as_str());
        let word = |event: &Event| {
            let kind = event.kind.as_str();
            (event.id.to_string(), format!("event {kind}"))
        };
        self.learn_all(world, states.collect(), word).await;
        let states = ApprovalState::ALL.iter().map(|state| state.as_str());
        let word = |asked: &Approval| (asked.id.to_string(), format!("approval {}", asked.app));
        self.learn_all(world, states.collect(), word).await;
        let states = TaskState::ALL.iter().flat_map(|state| state.lists());
        let word = |task: &Task| (task.id.to_string(), format!("task `{}`", task.title));
        self.learn_all(world, states.copied().collect(), word).await;
    }

    async fn learn_all<E: Entity>(
        &mut self,
        world: &World,
        states: Vec<&'static str>,
        word: impl Fn(&E) -> (String, String),
    ) {
        let all: Vec<E> = world.all(states).await;
        self.words.extend(all.iter().map(word));
    }

    fn name(&self, person: &PersonId) -> &str {
        let name = self.words.get(person.as_str());
        name.map_or("somebody", String::as_str)
    }

    /// What waits for a human.
    async fn open(&self, world: &World) -> Vec<String> {
        let tasks: Vec<Task> = world.all(vec![TaskState::Open.as_str()]).await;
        let asked: Vec<Approval> = world.all(vec![ApprovalState::Waiting.as_str()]).await;
        let task = |task: &Task| {
            let about = task.person.as_ref().map(|person| self.name(person));
            let about = about.map_or_else(String::new, |name| format!(" ({name})"));
            format!("open for {}: {}{about}", task.owner, task.title)
        };
        let asked = asked.iter().map(|asked| {
            let (by, who) = (asked.may_decide(world.now()), self.name(&asked.person));
            format!("open for {}: approve {} ({who})", by.join(", "), asked.app)
        });
        let mut open: Vec<String> = tasks.iter().map(task).chain(asked).collect();
        open.sort();
        open
    }

    /// Who was told what since the last time.
    fn told(&mut self, world: &World) -> Vec<String> {
        let (notes, letters) = (world.lever.notes(), world.letters.sent());
        let to_lever = notes.iter().skip(self.notes);
        let to_lever = to_lever.map(|note| {
            (
                format!("Lever, of {}", note.opportunity),
                note.text.as_str(),
            )
        });
        let to_people = letters.iter().skip(self.letters);
        let to_people = to_people.map(|letter| (letter.to.clone(), letter.text.as_str()));
        let mut told: Vec<(String, &str)> = to_lever.chain(to_people).collect();
        (self.notes, self.letters) = (notes.len(), letters.len());
        // What one is told stays in its order.
        told.sort_by(|(one, _), (other, _)| one.cmp(other));
        let line = |(to, text): (String, &str)| format!("told {to}: {}", readable(text));
        told.into_iter().map(line).collect()
    }

    /// What the trail says since the last time: by what it is about, and why.
    async fn trail(&mut self, world: &World) -> Vec<String> {
        let people = world.people().await;
        let mut streams: BTreeMap<String, StreamId> = BTreeMap::new();
        streams.insert("configuration".to_owned(), StreamId::Config);
        streams.insert("deliveries".to_owned(), StreamId::Events);
        let known = self.words.keys().filter_map(|id| PersonId::parse(id).ok());
        for id in known.chain(people.into_iter().map(|person| person.id)) {
            let name = format!("{} {id}", self.name(&id));
            streams.insert(name, StreamId::Person(id));
        }
        let mut lines = Vec::new();
        for (name, stream) in streams {
            let name = name.split(' ').next().unwrap_or_default();
            lines.extend(self.trail_of(world, name, stream).await);
        }
        lines
    }

    async fn trail_of(&mut self, world: &World, name: &str, stream: StreamId) -> Vec<String> {
        let from = self.read.get(&stream).copied().unwrap_or_default();
        let store = &world.ports.store;
        let records = store.records(&stream, from.saturating_add(1), 2000).await;
        let records = records.expect("the store can be read");
        if let Some(last) = records.last() {
            self.read.insert(stream, last.seq);
        }
        let mut causes: Vec<String> = Vec::new();
        let mut said: BTreeMap<(usize, String), Vec<String>> = BTreeMap::new();
        for record in &records {
            let cause = self.cause(record);
            let place = causes.iter().position(|known| *known == cause);
            let place = place.unwrap_or_else(|| {
                causes.push(cause);
                causes.len().saturating_sub(1)
            });
            let said = said.entry((place, self.target(record))).or_default();
            said.push(action(record));
        }
        let mut lines = Vec::new();
        for (place, cause) in causes.iter().enumerate() {
            lines.push(format!("trail of {name}, because of {cause}:"));
            let of_cause = said.iter().filter(|((of, _), _)| *of == place);
            let line = |((_, target), actions): (&(usize, String), &Vec<String>)| {
                format!("  {target}: {}", counted(actions))
            };
            lines.extend(of_cause.map(line));
        }
        lines
    }

    fn cause(&self, record: &Record) -> String {
        let (kind, id) = (&record.cause.kind, &record.cause.id);
        let why = match self.words.get(id) {
            Some(word) => word.clone(),
            None if is_id(id) => kind.clone(),
            None => format!("{kind} {id}"),
        };
        match record.actor.as_str() {
            "sando" => why,
            actor => format!("{why}, by {actor}"),
        }
    }

    fn target(&self, record: &Record) -> String {
        let target = record.target.as_str();
        let (kind, id) = target.split_once('/').unwrap_or((target, ""));
        match self.words.get(id) {
            // Its action says which.
            Some(_) if kind == "event" => kind.to_owned(),
            Some(word) => word.clone(),
            None if is_id(id) => kind.to_owned(),
            None => target.to_owned(),
        }
    }
}

fn is_id(text: &str) -> bool {
    IDS.iter().any(|prefix| text.starts_with(prefix))
}

/// What a record says beyond its target.
fn action(record: &Record) -> String {
    let kind = record.target.split('/').next().unwrap_or_default();
    let action = record.action.strip_prefix(kind).map(str::trim_start);
    let action = action.unwrap_or(&record.action);
    match record.result.as_str() {
        "ok" => action.to_owned(),
        result => format!("{action} ({})", readable(result)),
    }
}

/// One after the other; what comes again at once is counted.
fn counted(actions: &[String]) -> String {
    let again = actions.chunk_by(|one, other| one == other);
    let said = again.filter_map(|same| {
        let first = same.first()?;
        Some(match same.len() {
            1 => first.clone(),
            many => format!("{first} {many} times"),
        })
    });
    said.collect::<Vec<String>>().join(", ")
}

/// A text on one line, without what only a program can read.
fn readable(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("[sando "));
    let lines = lines.map(|line| {
        let words = line.trim_start_matches("- ").split(' ');
        let words = words.map(|word| if is_id(word) { "…" } else { word });
        words.collect::<Vec<&str>>().join(" ")
    });
    lines.collect::<Vec<String>>().join("; ")
}
