//! From a reading of Lever to an event, a person and a run. Pure.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::audit::Cause;
use crate::company::Company;
use crate::condition::{Missing, Truth};
use crate::event::{Event, EventState, KnownCandidacy, Why};
use crate::ids::{EventId, LeverId, PersonId, RunId, Slug, StepId, TaskId};
use crate::lever::{Candidacy, fact_id, is_hired};
use crate::person::{Attributes, CanonicalEmail, Identifiers, Lifecycle, Person};
use crate::ports::Reading;
use crate::rule::EventKind;
use crate::run::{Expanded, Run, RunState, Step, StepWork};
use crate::store::Loaded;
use crate::task::{Task, TaskKind, TaskState};
use crate::workflow::Workflow;

/// Something that is true in Lever.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fact {
    /// What.
    pub kind: EventKind,
    /// The same whoever meets it.
    pub id: EventId,
    /// When it became true.
    pub occurred_at: Timestamp,
}

impl Fact {
    /// How much later than the fact its own webhooks may be triggered, in seconds.
    const WEBHOOK_AFTER_SECS: i64 = 5;

    /// Is it what the webhook tells of? A fact that does not explain a newer webhook is perhaps an old reading: Lever
    /// does not show yet what came after it.
    #[must_use]
    pub fn explains(&self, hint: &str, triggered_at: Timestamp) -> bool {
        let of_this_kind = match hint {
            "candidateHired" => self.kind == EventKind::Hired,
            "candidateDeleted" => self.kind == EventKind::Deleted,
            "candidateStageChange" => self.kind == EventKind::StageChanged,
            "applicationCreated" => self.kind == EventKind::Applied,
            "candidateArchiveChange" => true,
            // A webhook that no fact follows from.
            _ => return true,
        };
        let latest = self
            .occurred_at
            .saturating_add(SignedDuration::from_secs(Self::WEBHOOK_AFTER_SECS))
            .unwrap_or(Timestamp::MAX);
        // Nothing comes after a deletion.
        of_this_kind && triggered_at <= latest || self.kind == EventKind::Deleted
    }
}

/// What a reading says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Facts {
    /// These are true; some may be known.
    True(Vec<Fact>),
    /// What the hint tells of does not show.
    NotYet(&'static str),
    /// Only a human can see it.
    Hidden(&'static str),
}

/// The facts that a reading shows, in the light of what was known; the hint only says what to expect.
#[must_use]
pub fn facts(reading: &Reading, known: &KnownCandidacy, hint: &str, now: Timestamp) -> Facts {
    let opportunity = &known.opportunity;
    let candidacy = match reading {
        Reading::Hidden => {
            return Facts::Hidden("the candidacy is confidential, and our key may not see it");
        }
        Reading::Anonymised => return Facts::NotYet("the candidate is anonymised"),
        Reading::Deleted(at) => {
            let id = fact_id("deleted", opportunity, *at, "");
            return Facts::True(vec![Fact {
                kind: EventKind::Deleted,
                id,
                occurred_at: at.unwrap_or(now),
            }]);
        }
        Reading::Present(candidacy) => candidacy,
    };
    let mut found: Vec<Fact> = standing(candidacy, known, now).into_iter().collect();
    match hint {
        "candidateStageChange" => found.extend(candidacy.stage.as_ref().map(|(stage, at)| Fact {
            kind: EventKind::StageChanged,
            id: fact_id("stage", opportunity, Some(*at), stage.as_str()),
            occurred_at: *at,
        })),
        "applicationCreated" => {
            found.extend(candidacy.application.as_ref().map(|application| Fact {
                kind: EventKind::Applied,
                id: fact_id("applied", opportunity, None, application.as_str()),
                occurred_at: candidacy.created_at,
            }))
        }
        _ => {}
    }
    if found.is_empty() {
        Facts::NotYet("Lever does not show what the webhook told of")
    } else {
        Facts::True(found)
    }
}

/// Where the candidacy stands: hired, no longer hired, archived, or taken out of the archive again.
fn standing(candidacy: &Candidacy, known: &KnownCandidacy, now: Timestamp) -> Option<Fact> {
    let opportunity = &candidacy.opportunity;
    let fact = |kind, id, occurred_at| {
        Some(Fact {
            kind,
            id,
            occurred_at,
        })
    };
    match (&candidacy.archived, &known.hired) {
        (Some(archived), _) if is_hired(candidacy) => fact(
            EventKind::Hired,
            fact_id(
                "hired",
                opportunity,
                Some(archived.at),
                archived.reason.as_str(),
            ),
            archived.at,
        ),
        // The id carries the hire that it undoes: the same for both webhooks, and another for the next hire.
        (archived, Some(hire)) => {
            let at = archived.as_ref().map_or(now, |archived| archived.at);
            fact(
                EventKind::Unhired,
                fact_id("unhired", opportunity, None, hire.as_str()),
                at,
            )
        }
        (Some(archived), None) if !archived.hired => fact(
            EventKind::Archived,
            fact_id(
                "archived",
                opportunity,
                Some(archived.at),
                archived.reason.as_str(),
            ),
            archived.at,
        ),
        (None, None) => {
            let archiving = known.archived.as_ref()?;
            fact(
                EventKind::Unarchived,
                fact_id("unarchived", opportunity, None, archiving.as_str()),
                now,
            )
        }
        (Some(_), None) => None,
    }
}

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
    /// All configuration.
    pub company: &'a Company,
    /// The id for a person who is new.
    pub fresh: PersonId,
    /// The work address that is free for a person who has none.
    pub address: Option<String>,
    /// Another candidacy of the same person that is still hired.
    pub also_hired: Option<LeverId>,
    /// How we know: `webhook`, `catch-up`.
    pub source: &'a str,
    /// Now.
    pub now: Timestamp,
}

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
    match intake.fact.kind {
        EventKind::Hired => {
            known.hired = Some(intake.fact.id.clone());
            known.archived = None;
        }
        EventKind::Unhired | EventKind::Deleted => known.hired = None,
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
    };
    let live_from = intake.company.settings.live_from;
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
        EventKind::Unhired | EventKind::Deleted => unhired(intake, &mut decided),
        _ => other(intake, &mut decided),
    }
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
        });
    }
}

fn hired(intake: &Intake<'_>, decided: &mut Decided) {
    let Some(candidacy) = intake.candidacy else {
        return;
    };
    let mut changed = match &intake.matched {
        Match::Several(ids) => {
            let ids: Vec<&str> = ids.iter().map(PersonId::as_str).collect();
            let detail = format!(
                "contact and addresses belong to {}; merge them, then replay the event",
                ids.join(" and ")
            );
            decided.ask("One candidate, several persons", detail, intake.now);
            return;
        }
        Match::Nobody => Changed::New(Box::new(new_person(intake.fresh.clone(), intake.now))),
        Match::One(loaded) => Changed::Updated(loaded.clone()),
    };
    let person = match &mut changed {
        Changed::New(person) => &mut **person,
        Changed::Updated(loaded) => &mut loaded.entity,
    };
    identify(person, candidacy);
    if person.state.has_started() && person.state != Lifecycle::Left {
        decided.say(
            "the person has started: Lever changes no attributes any more",
            intake.now,
        );
    } else {
        take_attributes(person, candidacy, intake, decided);
        begin(person, intake);
    }
    decided.event.person = Some(person.id.clone());
    decided.known.person = Some(person.id.clone());
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
        baselined: false,
        created_at: now,
    }
}

fn identify(person: &mut Person, candidacy: &Candidacy) {
    person
        .identifiers
        .lever_contact
        .extend(candidacy.contact.clone());
    person
        .identifiers
        .opportunities
        .insert(candidacy.opportunity.clone());
    person.identifiers.emails.extend(
        candidacy
            .emails
            .iter()
            .filter_map(|email| CanonicalEmail::parse(email).ok()),
    );
}

/// Takes what Lever says now; what it does not say stays as it was.
fn take_attributes(
    person: &mut Person,
    candidacy: &Candidacy,
    intake: &Intake<'_>,
    decided: &mut Decided,
) {
    let read = intake.company.mapping.read(candidacy);
    for (name, value) in read.attributes.iter() {
        person.attributes.set(name.clone(), value.clone());
        person.unmapped.remove(name);
    }
    for name in &read.unmapped {
        decided.say(
            format!("the value of `{name}` is unknown: no alias maps it, or it cannot be read"),
            intake.now,
        );
    }
    person.unmapped.extend(read.unmapped);
    if person.text("work_email").is_none()
        && let Some(address) = &intake.address
    {
        person.attributes.set("work_email", address.clone());
    }
    person.opportunity = Some(candidacy.opportunity.clone());
}

/// Hired: preboarding until the first day, active from then on.
fn begin(person: &mut Person, intake: &Intake<'_>) {
    person.starts_on = person.text("start_date").and_then(|date| date.parse().ok());
    let place = intake.company.mapping.place(person);
    person.starts_at = person.starts_on.and_then(|day| place.moment(day, None));
    person.leaves_at = None;
    let started = person.starts_at.is_some_and(|at| at <= intake.now);
    person.enter(if started {
        Lifecycle::Active
    } else {
        Lifecycle::Preboarding
    });
}

/// No longer hired, or deleted: by itself only before the first day (L11).
fn unhired(intake: &Intake<'_>, decided: &mut Decided) {
    let Match::One(loaded) = &intake.matched else {
        decided.end(
            EventState::Ignored,
            "nobody has anything because of this candidacy",
            intake.now,
        );
        return;
    };
    let mut loaded = loaded.clone();
    let person = &mut loaded.entity;
    decided.event.person = Some(person.id.clone());
    if person.opportunity.as_ref() != Some(&intake.known.opportunity) {
        decided.end(
            EventState::Ignored,
            "the person's access comes from another candidacy",
            intake.now,
        );
        return;
    }
    if let Some(other) = &intake.also_hired {
        person.opportunity = Some(other.clone());
        decided.person = Some(Changed::Updated(loaded));
        decided.end(
            EventState::Ignored,
            "another candidacy of the person is still hired",
            intake.now,
        );
        return;
    }
    if person.state.has_started() {
        let detail = "the person has started, so nothing is taken away by itself; if they left, terminate the person";
        decided.ask(
            "Lever no longer shows a hire of somebody who has started",
            detail.to_owned(),
            intake.now,
        );
        return;
    }
    if person.state == Lifecycle::Withdrawn {
        decided.end(
            EventState::Ignored,
            "the hire was withdrawn already",
            intake.now,
        );
        return;
    }
    person.enter(Lifecycle::Withdrawn);
    let person = person.clone();
    decided.person = Some(Changed::Updated(loaded));
    start(intake, &person, decided);
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
    decided.event.person = Some(person.id.clone());
    decided.known.person = Some(person.id.clone());
    if loaded.is_none() {
        identify(&mut person, candidacy);
        decided.person = Some(Changed::New(Box::new(person)));
    }
}

/// Which workflows an event of a person starts, and whether in earnest.
#[derive(Clone, PartialEq, Debug)]
pub struct Started {
    /// The workflow.
    pub workflow: Slug,
    /// Everything is computed and shown, nothing done.
    pub dry_run: bool,
}

/// What the rules say about an event; the lines say why, rule by rule.
#[must_use]
pub fn matching(
    kind: EventKind,
    input: &Value,
    company: &Company,
    now: Timestamp,
) -> (Vec<Started>, Vec<Why>) {
    let rules: Vec<_> = company
        .rules
        .values()
        .filter(|rule| rule.event == kind)
        .collect();
    if rules.is_empty() {
        let built_in = kind
            .default_workflow()
            .and_then(|workflow| Slug::parse(workflow).ok());
        let why = match &built_in {
            Some(workflow) => format!(
                "no rule names `{}`: the built-in `{workflow}` is due",
                kind.as_str()
            ),
            None => format!("no rule names `{}`", kind.as_str()),
        };
        let started = built_in
            .map(|workflow| Started {
                workflow,
                dry_run: false,
            })
            .into_iter()
            .collect();
        return (started, vec![Why::said(now, why)]);
    }
    let mut started = Vec::new();
    let mut why = Vec::new();
    for rule in rules {
        let explained = rule.when.evaluate(input, Missing::IsUnknown, now);
        let truth = explained.truth;
        let detail = json!(explained.without_values().why);
        let text = match truth {
            Truth::True => format!(
                "rule `{}` matches and starts `{}`",
                rule.rule, rule.workflow
            ),
            Truth::False => format!("rule `{}` does not match", rule.rule),
            Truth::Unknown => format!(
                "rule `{}` cannot be decided: a value is missing or unknown",
                rule.rule
            ),
        };
        why.push(Why {
            at: now,
            text,
            detail,
        });
        if truth.is_true() {
            let outside = rule
                .pilot
                .as_ref()
                .is_some_and(|pilot| !pilot.when.truth(input, Missing::IsUnknown, now).is_true());
            started.push(Started {
                workflow: rule.workflow.clone(),
                dry_run: rule.dry_run || outside,
            });
        }
    }
    (started, why)
}

fn start(intake: &Intake<'_>, person: &Person, decided: &mut Decided) {
    let document = intake
        .candidacy
        .map_or(Value::Null, |candidacy| candidacy.document.clone());
    let (started, why) = matching(
        intake.fact.kind,
        &rule_input(&decided.event, person, &document),
        intake.company,
        intake.now,
    );
    decided.event.why.extend(why);
    for start in &started {
        match intake.company.workflows.get(&start.workflow) {
            Some(workflow) => {
                let run = new_run(workflow, &decided.event, person, start.dry_run, intake.now);
                decided.event.runs.push(run.id.clone());
                decided.runs.push(run);
            }
            None => decided.ask(
                "A rule names a workflow that does not exist",
                format!("`{}`", start.workflow),
                intake.now,
            ),
        }
    }
    if started.is_empty() {
        decided.event.state = EventState::Ignored;
    }
}

/// What rules can read: the person's attributes, the candidacy's document, and the event.
#[must_use]
pub fn rule_input(event: &Event, person: &Person, document: &Value) -> Value {
    let mut input = person.for_conditions();
    if let Value::Object(fields) = &mut input {
        if let Value::Object(parts) = document {
            fields.extend(
                parts
                    .iter()
                    .map(|(name, value)| (name.clone(), value.clone())),
            );
        }
        fields.insert(
            "event".to_owned(),
            json!({ "kind": event.kind, "source": event.source, "id": event.id }),
        );
        fields.insert("state".to_owned(), json!(person.state));
    }
    input
}

/// A run of a workflow because of an event; the same event starts the same run, a replay another one.
#[must_use]
pub fn new_run(
    workflow: &Workflow,
    event: &Event,
    person: &Person,
    dry_run: bool,
    now: Timestamp,
) -> Run {
    let id = RunId::derived(&[
        event.id.as_str(),
        workflow.workflow.as_str(),
        &event.replays.to_string(),
    ]);
    let cause = Cause::of("event", &event.id);
    run_of(id, workflow, person, cause, event.occurred_at, dry_run, now)
}

/// A run of a workflow.
#[must_use]
pub fn run_of(
    id: RunId,
    workflow: &Workflow,
    person: &Person,
    cause: Cause,
    occurred_at: Timestamp,
    dry_run: bool,
    now: Timestamp,
) -> Run {
    let steps = workflow.steps.iter().map(|step| {
        let work = StepWork::Workflow {
            kind: step.kind.clone(),
            expanded: Expanded::No,
        };
        let needs = step.needs.iter().map(StepId::of).collect();
        Step::new(StepId::of(&step.id), work, needs)
    });
    Run {
        id,
        workflow: workflow.workflow.clone(),
        direction: workflow.direction,
        person: person.id.clone(),
        opportunity: person.opportunity.clone(),
        cause,
        state: RunState::Running,
        dry_run,
        by_hand: false,
        cancelling: false,
        steps: steps.collect(),
        occurred_at,
        started_at: now,
        finished_at: None,
        look_at: Some(now),
        missing: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(kind: EventKind, hint: &str, secs_later: i64, expect: bool) {
        let occurred_at = Timestamp::from_second(1_000).unwrap();
        let opportunity = LeverId::parse("ada").unwrap();
        let fact = Fact {
            kind,
            id: fact_id("fact", &opportunity, None, ""),
            occurred_at,
        };
        let triggered_at = occurred_at + SignedDuration::from_secs(secs_later);
        let explained = fact.explains(hint, triggered_at);
        assert_eq!(explained, expect, "{kind:?} {hint} {secs_later}");
    }

    #[test]
    fn a_fact_explains_its_own_webhooks_and_no_later_ones() {
        check(EventKind::Hired, "candidateHired", 1, true);
        check(EventKind::Hired, "candidateArchiveChange", 1, true);
        check(EventKind::Hired, "candidateArchiveChange", 60, false);
        check(EventKind::Hired, "candidateHired", 60, false);
        check(EventKind::Hired, "candidateDeleted", 1, false);
        check(EventKind::Deleted, "candidateArchiveChange", 60, true);
        check(EventKind::Hired, "interviewCreated", 60, true);
    }
}
