//! From a reading of Lever to an event, a person and a run. Pure.

mod address;
mod again;
mod facts;
mod offer;
mod perhaps;
mod start;
mod undone;

pub use address::told_address;
pub use facts::{Fact, Facts, facts};
pub use offer::{Renewal, next_look, renew};
use start::start;
pub use start::{Started, changed, matching, new_run, rule_input, run_of};
pub use undone::NO_LONGER_HIRED;
use undone::{erase, is_denied, takes_back, unhired};

use crate::attributes::{Mapping, Read};
use crate::claim::Claim;
use crate::company::Company;
use crate::event::{Event, EventState, KnownCandidacy, Why};
use crate::ids::{LeverId, PersonId, TaskId};
use crate::lever::Candidacy;
use crate::person::{Attributes, CanonicalEmail, Identifiers, Lifecycle, Person};
use crate::rule::EventKind;
use crate::run::Run;
use crate::store::Loaded;
use crate::task::{Task, TaskKind, TaskState};
use crate::words::Words;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Whom a candidacy belongs to, as the claims say.
#[derive(Clone, Debug)]
pub enum Match {
    /// Nobody we know.
    Nobody,
    /// One person, by contact or address.
    One(Box<Loaded<Person>>),
    /// Several persons: a human has to say.
    Several(BTreeSet<PersonId>),
}

/// Everything a decision about one fact rests on.
#[derive(Clone, Debug)]
pub struct Intake<'a> {
    /// The fact.
    pub fact: &'a Fact,
    /// The candidacy; none if it was deleted.
    pub candidacy: Option<&'a Candidacy>,
    /// What was known of it.
    pub known: &'a KnownCandidacy,
    /// Whom it belongs to.
    pub matched: Match,
    /// Of its contact, its addresses and the work address that it tells of those that somebody else has.
    pub taken: BTreeSet<Claim>,
    /// Which of its addresses are the work address of somebody else, or theirs but for a tag, and whose: nobody is known by
    /// them.
    pub others: BTreeMap<CanonicalEmail, PersonId>,
    /// All configuration.
    pub company: &'a Company,
    /// The id for a person who is new.
    pub fresh: PersonId,
    /// The work address that is free for a person who has none.
    pub address: Option<String>,
    /// Another candidacy of the same person that is still hired.
    pub also_hired: Option<LeverId>,
    /// How we know: `webhook`, `catch-up`, or [`REPLAYED`].
    pub source: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// How we know of a fact that somebody replays by itself.
pub const REPLAYED: &str = "replay";

/// What is to be done about one fact.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The event.
    pub event: Event,
    /// The person, new or changed.
    pub person: Option<Changed>,
    /// The runs that start.
    pub runs: Vec<Run>,
    /// What a human has to look at.
    pub task: Option<Task>,
    /// What is known of the candidacy from now on.
    pub known: KnownCandidacy,
    /// The candidacy that the person's access comes from instead: nobody has read it since it did not.
    pub read_again: Option<LeverId>,
}

/// A person who is new or changed.
#[derive(Clone, Debug)]
pub enum Changed {
    /// New.
    New(Box<Person>),
    /// Changed.
    Updated(Box<Loaded<Person>>),
}

impl Changed {
    /// The person as it will be.
    #[must_use]
    pub fn person(&self) -> &Person {
        match self {
            Self::New(person) => person,
            Self::Updated(loaded) => &loaded.entity,
        }
    }
}

/// Decides about one fact that is not known yet.
#[must_use]
pub fn decide(intake: &Intake<'_>) -> Decided {
    let mut known = intake.known.clone();
    known.read_at = intake.now;
    known.saw(Some(intake.fact.occurred_at).filter(|_| intake.fact.kind == EventKind::Deleted));
    match intake.fact.kind {
        EventKind::Hired => {
            known.hired = Some(intake.fact.id.clone());
            known.hired_at = None;
            known.starts_later = None;
            known.archived = None;
            known.is_denied = false;
        }
        EventKind::Unhired | EventKind::Deleted => {
            known.hired = None;
            known.hired_at = None;
            known.starts_later = None;
            known.is_denied = is_denied(intake.candidacy);
            known.denials = known.denials.saturating_add(known.is_denied.into());
        }
        EventKind::Archived => known.archived = Some(intake.fact.id.clone()),
        EventKind::Unarchived => known.archived = None,
        _ => {}
    }
    let event = new_event(intake);
    let mut decided = Decided {
        event,
        person: None,
        runs: Vec::new(),
        task: None,
        known,
        read_again: None,
    };
    let live_from = intake.company.settings.live_from;
    let live_from = live_from.filter(|_| !takes_back(intake));
    if let Some(live_from) = live_from.filter(|live_from| intake.fact.occurred_at < *live_from) {
        decided.end(
            EventState::Ignored,
            format!("it is older than `live_from` ({live_from})"),
            intake.now,
        );
        return decided;
    }
    match intake.fact.kind {
        EventKind::Hired => hired(intake, &mut decided),
        EventKind::Unhired => unhired(intake, &mut decided),
        EventKind::Deleted => {
            unhired(intake, &mut decided);
            erase(intake, &mut decided);
        }
        _ => other(intake, &mut decided),
    }
    let person = match (&decided.person, &intake.matched) {
        (Some(changed), _) => Some(changed.person()),
        (None, Match::One(loaded)) => Some(&loaded.entity),
        (None, _) => None,
    };
    decided.known.look_at = next_look(person, &decided.known, intake.now);
    decided
}

fn new_event(intake: &Intake<'_>) -> Event {
    Event {
        id: intake.fact.id.clone(),
        kind: intake.fact.kind,
        source: "lever".to_owned(),
        opportunity: Some(intake.known.opportunity.clone()),
        person: intake.known.person.clone(),
        occurred_at: intake.fact.occurred_at,
        received_at: intake.now,
        state: EventState::Done,
        why: vec![Why::said(
            intake.now,
            format!("known by {}, read from Lever", intake.source),
        )],
        runs: Vec::new(),
        replays: 0,
        replayed_by: None,
    }
}

impl Decided {
    fn say(&mut self, text: impl Into<String>, now: Timestamp) {
        self.event.why.push(Why::said(now, text));
    }

    fn end(&mut self, state: EventState, text: impl Into<String>, now: Timestamp) {
        self.event.state = state;
        self.say(text, now);
    }

    fn ask(&mut self, title: &str, detail: String, now: Timestamp) {
        self.end(EventState::NeedsHuman, format!("{title}: {detail}"), now);
        self.task = Some(Task {
            id: TaskId::derived(&[self.event.id.as_str(), "judge"]),
            kind: TaskKind::Judge,
            owner: Task::NOBODY.to_owned(),
            title: title.to_owned(),
            state: TaskState::Open,
            person: self.event.person.clone(),
            run: None,
            step: None,
            app: None,
            detail,
            due: None,
            created_at: now,
            ended_at: None,
            user: None,
            awaits_roster: false,
            perhaps: None,
            among: BTreeSet::new(),
            events: Vec::new(),
        });
    }

    /// Asks a human which of several persons it is; until then nothing starts.
    fn ask_which(&mut self, ids: &BTreeSet<PersonId>, now: Timestamp) {
        self.runs.clear();
        self.event.runs.clear();
        let names: Vec<&str> = ids.iter().map(PersonId::as_str).collect();
        let is_hire = self.event.kind == EventKind::Hired;
        let then = if is_hire {
            "the event goes on then"
        } else {
            "then replay the event"
        };
        let names = names.join(" and ");
        let detail = format!("contact and addresses belong to {names}; merge them, {then}");
        self.ask("One candidate, several persons", detail, now);
        if let Some(task) = self.task.as_mut().filter(|_| is_hire) {
            task.among.clone_from(ids);
            task.events = vec![self.event.id.clone()];
        }
    }
}

fn hired(intake: &Intake<'_>, decided: &mut Decided) {
    let Some(candidacy) = intake.candidacy else {
        return;
    };
    let mut changed = match &intake.matched {
        Match::Several(ids) => {
            decided.ask_which(ids, intake.now);
            return;
        }
        Match::Nobody => Changed::New(Box::new(new_person(intake.fresh.clone(), intake.now))),
        Match::One(loaded) => Changed::Updated(loaded.clone()),
    };
    if let Some(other) = perhaps::who(changed.person(), intake) {
        perhaps::ask(changed, other, candidacy, intake, decided);
        return;
    }
    let person = match &mut changed {
        Changed::New(person) => &mut **person,
        Changed::Updated(loaded) => &mut loaded.entity,
    };
    identify(person, candidacy, intake);
    decided.event.person = Some(person.id.clone());
    decided.known.person = Some(person.id.clone());
    let is_later = again::is_for_later(person, candidacy, intake);
    if is_later || again::is_past(person, candidacy, intake) {
        if is_later {
            again::ask_later(intake, decided);
        } else {
            again::ask(person, candidacy, intake, decided);
        }
        decided.person = Some(changed);
        return;
    }
    decided.known.hired_at = Some(intake.now);
    if person.state.has_started() && person.state != Lifecycle::Left {
        decided.known.starts_later = again::starts_later(person, candidacy, intake);
        decided.say(
            "the person has started: Lever changes no attributes any more",
            intake.now,
        );
    } else {
        take_attributes(person, candidacy, intake, decided);
        begin(person, intake);
    }
    let person = person.clone();
    decided.person = Some(changed);
    if person.baselined {
        decided.end(
            EventState::Baselined,
            "the person was here already: nothing is given before somebody says so",
            intake.now,
        );
        return;
    }
    start(intake, &person, decided);
}

pub(crate) fn new_person(id: PersonId, now: Timestamp) -> Person {
    Person {
        id,
        state: Lifecycle::Candidate,
        access_epoch: 0,
        attributes: Attributes::default(),
        corrected: Attributes::default(),
        unmapped: BTreeSet::new(),
        identifiers: Identifiers::default(),
        opportunity: None,
        starts_on: None,
        starts_at: None,
        leaves_at: None,
        left_before: None,
        baselined: false,
        kept: BTreeMap::new(),
        by_hand: BTreeMap::new(),
        left_with: None,
        merged: None,
        absorbed: BTreeSet::new(),
        apart: BTreeSet::new(),
        erasure: None,
        has_drift: false,
        words: Words::default(),
        created_at: now,
    }
}

/// What somebody else is known by, or has as work address, identifies nobody but them.
fn identify(person: &mut Person, candidacy: &Candidacy, intake: &Intake<'_>) {
    let known = &mut person.identifiers;
    let is_free = |claim: Claim| !intake.taken.contains(&claim);
    let contact = candidacy.contact.iter().cloned();
    known
        .lever_contact
        .extend(contact.filter(|contact| is_free(Claim::Contact(contact.clone()))));
    known.opportunities.insert(candidacy.opportunity.clone());
    let emails = candidacy.addresses();
    let emails =
        emails.filter(|email| !intake.others.contains_key(email) && is_free(Claim::email(email)));
    known.emails.extend(emails);
}

/// Takes what Lever says now; what it does not say stays as it was.
fn take_attributes(
    person: &mut Person,
    candidacy: &Candidacy,
    intake: &Intake<'_>,
    decided: &mut Decided,
) {
    let read = address::read(candidacy, intake.company, person, &intake.taken);
    forget_position(person, candidacy, &intake.company.mapping);
    take_read(person, &read);
    for name in &read.unmapped {
        decided.say(
            format!("the value of `{name}` is unknown: no alias maps it, it cannot be read, or somebody else has it"),
            intake.now,
        );
    }
    if person.text("work_email").is_none()
        && let Some(address) = &intake.address
    {
        person.attributes.set("work_email", address.clone());
    }
    person.opportunity = Some(candidacy.opportunity.clone());
}

/// What another candidacy said of the position is not known of this one, nor is what somebody corrected of it if they have
/// left since. Whom an HR system knows it tells of.
fn forget_position(person: &mut Person, candidacy: &Candidacy, mapping: &Mapping) {
    let from = person.opportunity.as_ref();
    let is_another = from.is_some_and(|from| *from != candidacy.opportunity);
    if !is_another || person.identifiers.key.is_some() {
        return;
    }
    for name in mapping.of_position() {
        person.attributes.remove(name);
        person.unmapped.remove(name);
        if person.state == Lifecycle::Left {
            person.corrected.remove(name);
        }
    }
}

/// What Lever does not say stays as it was; what nobody can read is unknown.
fn take_read(person: &mut Person, read: &Read) {
    read.put_into(person);
}

/// Hired: preboarding until the first day, active from then on. Whoever was here already is not left alone any more.
fn begin(person: &mut Person, intake: &Intake<'_>) {
    person.baselined = false;
    let was_away = !person.state.may_receive();
    person.remember_leaving();
    time(person, intake.company, intake.now);
    if was_away {
        again::forget_leaving(person, intake.now);
    }
}

/// The first day follows from the attributes, in the person's zone.
fn first_day(person: &mut Person, company: &Company) {
    person.starts_on = person.text("start_date").and_then(|date| date.parse().ok());
    let place = company.mapping.place(person);
    person.starts_at = person.starts_on.and_then(|day| place.moment(day, None));
}

/// Before the first day, or begun.
fn time(person: &mut Person, company: &Company, now: Timestamp) {
    first_day(person, company);
    let started = person.starts_at.is_some_and(|at| at <= now);
    person.enter(if started {
        Lifecycle::Active
    } else {
        Lifecycle::Preboarding
    });
}

/// Whatever else a rule may ask for: a person is made only if one does.
fn other(intake: &Intake<'_>, decided: &mut Decided) {
    let Some(candidacy) = intake.candidacy else {
        return;
    };
    let (mut person, loaded) = match &intake.matched {
        Match::One(loaded) => (loaded.entity.clone(), Some(loaded)),
        _ => (new_person(intake.fresh.clone(), intake.now), None),
    };
    if !person.state.has_started() {
        take_attributes(&mut person, candidacy, intake, decided);
    }
    start(intake, &person, decided);
    if decided.runs.is_empty() {
        return;
    }
    if let Match::Several(ids) = &intake.matched {
        decided.ask_which(ids, intake.now);
        return;
    }
    decided.event.person = Some(person.id.clone());
    decided.known.person = Some(person.id.clone());
    if loaded.is_none() {
        identify(&mut person, candidacy, intake);
        decided.person = Some(Changed::New(Box::new(person)));
    }
}
