//! Replays events on today's rules, or on those of a draft: shown first, or done.

mod answered;
mod how;
pub mod range;
pub mod rehearsal;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::access::{PlannedEffect, Way, desired, plan};
use crate::audit::StreamId;
use crate::changes::{Changes, Line, Origin};
use crate::company::Company;
use crate::config::ConfigItem;
use crate::drift::{Drift, with_seen};
use crate::event::{Event, EventState, KnownCandidacy, Why};
use crate::grant::Grant;
use crate::ids::{EventId, RunId};
use crate::impact::{FileChange, changed};
use crate::intake::{Changed, Decided, Fact, Intake, Match, decide, matching, new_run, rule_input};
use crate::lever::{Candidacy, is_hired};
use crate::person::{Lifecycle, Person};
use crate::ports::{Ports, Reading, RemoteError};
use crate::rule::EventKind;
use crate::run::Run;
use crate::store::{Group, Key, Loaded, StoreError};

use super::delivery::{address_from, fresh_person, write_person};
use super::events::say_values;
use super::{HandleError, candidate, held, ledger, load, tasks};

pub use how::How;

/// How often a decision is made anew because something moved in between.
const TRIES: u32 = 10;

/// Why an event was not replayed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is no such event, or no more.
    #[error("there is no such event")]
    NotFound,
    /// There is nobody to give anything to.
    #[error("the event belongs to nobody, and Lever shows nobody any more")]
    Nobody,
    /// The job has replayed it already.
    #[error("the job has replayed it already")]
    Already,
    /// The store, the configuration or a key.
    #[error(transparent)]
    Handle(#[from] HandleError),
    /// Lever was not read.
    #[error(transparent)]
    Remote(#[from] RemoteError),
}

impl From<StoreError> for ReplayError {
    fn from(error: StoreError) -> Self {
        Self::Handle(error.into())
    }
}

/// What a replay does, or would do.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// The event as it is (or would be) afterwards.
    pub event: Event,
    /// The runs that start.
    pub runs: Vec<Run>,
    /// The effects of those runs, as far as they can be told now.
    pub plan: Vec<PlannedEffect>,
    /// The person it is about.
    pub person: Option<Person>,
    /// Nothing was done.
    pub dry_run: bool,
}

/// An event that must be there.
///
/// # Errors
/// `NotFound` if not.
pub async fn event(ports: &Ports, id: &EventId) -> Result<Loaded<Event>, ReplayError> {
    let stored = ports.store.find::<Event>(&Key::Event(id.clone())).await?;
    stored.ok_or(ReplayError::NotFound)
}

/// Replays an event. Done in earnest it applies a baselined person, too.
///
/// # Errors
/// `NotFound`, `Nobody`, `Already`; `Remote` if Lever has to be read and cannot be.
pub async fn replay(
    ports: &Ports,
    who: &Origin,
    id: &EventId,
    how: How<'_>,
) -> Result<Replayed, ReplayError> {
    let mut tries = 0;
    loop {
        match once(ports, who, id, how).await {
            Err(ReplayError::Handle(HandleError::Store(StoreError::Conflict { .. })))
                if tries < TRIES =>
            {
                tries += 1;
            }
            done => return done,
        }
    }
}

/// The configuration as it is, or as it would be.
async fn configuration(
    ports: &Ports,
    draft: &[FileChange],
    now: Timestamp,
) -> Result<Company, HandleError> {
    if draft.is_empty() {
        return load::company(ports).await;
    }
    let stored: Vec<Loaded<ConfigItem>> = ports.store.all(&Group::Config).await?;
    let stored: Vec<ConfigItem> = stored.into_iter().map(|item| item.entity).collect();
    changed(&stored, draft, now).map_err(HandleError::Config)
}

/// Everything that a replay rests on.
struct Scene {
    event: Loaded<Event>,
    company: Company,
    person: Option<Loaded<Person>>,
    candidacy: Option<Candidacy>,
    /// Lever may have it, and does not show it to us.
    is_hidden: bool,
    known: Option<Loaded<KnownCandidacy>>,
    /// The person's access comes from another candidacy, which is still hired.
    from_another: bool,
    /// It goes on after an answer.
    answered: bool,
}

impl Scene {
    async fn load(
        ports: &Ports,
        who: &Origin,
        id: &EventId,
        how: How<'_>,
    ) -> Result<Self, ReplayError> {
        let event = event(ports, id).await?;
        let by_job = how.job.is_some() && event.entity.replayed_by.as_ref() == how.job;
        if by_job || how.answered && event.entity.state != EventState::NeedsHuman {
            return Err(ReplayError::Already);
        }
        let mut company = configuration(ports, how.draft, who.at).await?;
        if !how.answered {
            // Whoever replays by hand means it, however old the fact is.
            company.settings.live_from = None;
        }
        let mut scene = Self {
            event,
            company,
            person: None,
            candidacy: None,
            known: None,
            from_another: false,
            answered: how.answered,
            is_hidden: false,
        };
        scene.read_lever(ports).await?;
        if let Some(person) = &scene.event.entity.person {
            // What Lever tells of somebody who was merged away is about the one who stayed.
            scene.person = match scene.event.entity.source.as_str() {
                "lever" => load::surviving(ports, person).await?,
                _ => load::person(ports, person).await?,
            };
        }
        scene.find_another(ports).await?;
        Ok(scene)
    }

    /// Does the access come from elsewhere? A range is replayed newest first: an older hire must not win by that.
    async fn find_another(&mut self, ports: &Ports) -> Result<(), ReplayError> {
        let person = self.person.as_ref().map(|person| &person.entity);
        let from = person.and_then(|person| person.opportunity.clone());
        let this = self.event.entity.opportunity.as_ref();
        if let Some(other) = from.filter(|from| Some(from) != this) {
            let key = Key::Candidacy(other);
            let other = ports.store.find::<KnownCandidacy>(&key).await?;
            self.from_another = other.is_some_and(|other| other.entity.hired.is_some());
        }
        Ok(())
    }

    async fn read_lever(&mut self, ports: &Ports) -> Result<(), ReplayError> {
        let event = &self.event.entity;
        let Some(opportunity) = event
            .opportunity
            .as_ref()
            .filter(|_| event.source == "lever")
        else {
            return Ok(());
        };
        let key = Key::Candidacy(opportunity.clone());
        self.known = ports.store.find(&key).await?;
        let erased = |known: &Loaded<KnownCandidacy>| known.entity.erased;
        if self.known.as_ref().is_some_and(erased) {
            return Ok(());
        }
        let reading = ports.lever.read(opportunity, &self.company.needs()).await?;
        match reading {
            Reading::Present(candidacy) => self.candidacy = Some(*candidacy),
            Reading::Hidden | Reading::Deleted(None) => self.is_hidden = true,
            Reading::Deleted(Some(_)) | Reading::Anonymised => {}
        }
        Ok(())
    }

    /// Is the fact decided about as if it had just been met? Only where nobody is known yet, and while Lever still shows it
    /// as it was; of hires in force alone, too: their attributes are read anew. Of somebody who has left only a hire that
    /// waits for a human is: whether they come back is not decided yet.
    fn is_met_anew(&self) -> bool {
        let event = &self.event.entity;
        let shown = |candidacy: &Candidacy| match event.kind {
            EventKind::Hired => is_hired(candidacy),
            EventKind::Unhired => !is_hired(candidacy),
            _ => true,
        };
        let is_shown = self.candidacy.as_ref().is_some_and(shown);
        let is_hire = event.kind == EventKind::Hired;
        match &self.person {
            None => is_shown,
            Some(person) if person.entity.state == Lifecycle::Left => {
                is_hire && is_shown && event.state == EventState::NeedsHuman
            }
            Some(_) => is_hire && is_shown && !self.from_another,
        }
    }
}

async fn once(
    ports: &Ports,
    who: &Origin,
    id: &EventId,
    how: How<'_>,
) -> Result<Replayed, ReplayError> {
    let scene = Scene::load(ports, who, id, how).await?;
    let decided = match how.answered {
        true if !scene.is_in_force() => scene.over(who),
        false if !scene.is_met_anew() => match_again(&scene, who)?,
        _ => meet(ports, &scene, who, how).await?,
    };
    let replayed = numbered(decided, &scene, who, how);
    let held = match &replayed.person {
        Some(changed) => held::already(ports, changed, &scene.company).await?,
        None => Vec::new(),
    };
    let answer = shown(ports, &scene, &replayed, &held, who, how.dry_run).await?;
    if !how.dry_run {
        write_down(ports, &scene, replayed, &held, who).await?;
    }
    Ok(answer)
}

async fn meet(
    ports: &Ports,
    scene: &Scene,
    who: &Origin,
    how: How<'_>,
) -> Result<Decided, ReplayError> {
    let event = &scene.event.entity;
    let Some(candidacy) = &scene.candidacy else {
        return match_again(scene, who);
    };
    let unknown = || KnownCandidacy::unknown(candidacy.opportunity.clone(), who.at);
    let known = scene
        .known
        .as_ref()
        .map_or_else(unknown, |known| known.entity.clone());
    let mut matched = match &scene.person {
        Some(person) => Match::One(Box::new(person.clone())),
        None => candidate::matched(ports, &known, Some(candidacy)).await?,
    };
    let others = candidate::others(ports, Some(candidacy), &matched).await?;
    let taken = candidate::taken(ports, &scene.company, Some(candidacy), &matched).await?;
    let mut has_address = false;
    if let Match::One(person) = &mut matched {
        person.entity.baselined &= scene.answered;
        has_address = person.entity.text("work_email").is_some();
    }
    let attributes = scene.company.mapping.read(candidacy).attributes;
    let address = if has_address {
        None
    } else {
        address_from(ports, &scene.company, &attributes, 1).await?
    };
    let fact = Fact {
        kind: event.kind,
        id: event.id.clone(),
        occurred_at: event.occurred_at,
    };
    Ok(decide(&Intake {
        fact: &fact,
        candidacy: Some(candidacy),
        known: &known,
        matched,
        taken,
        others,
        company: &scene.company,
        fresh: fresh_person(ports),
        address,
        also_hired: None,
        source: how.source(),
        now: who.at,
    }))
}

/// The person as they are, on today's rules.
fn match_again(scene: &Scene, who: &Origin) -> Result<Decided, ReplayError> {
    let Some(person) = &scene.person else {
        return Err(ReplayError::Nobody);
    };
    let mut person = person.clone();
    person.entity.baselined = false;
    let mut event = scene.event.entity.clone();
    event.person = Some(person.entity.id.clone());
    event.why.clear();
    let document = scene
        .candidacy
        .as_ref()
        .map_or(Value::Null, |candidacy| candidacy.document.clone());
    let input = rule_input(&event, &person.entity, &document);
    let (started, why) = matching(event.kind, &input, &scene.company, who.at);
    event.why.extend(why);
    event.runs.clear();
    let mut runs = Vec::new();
    event.state = EventState::Ignored;
    for start in &started {
        event.state = EventState::Done;
        if let Some(workflow) = scene.company.workflows.get(&start.workflow) {
            let run = new_run(workflow, &event, &person.entity, start.dry_run, who.at);
            event.runs.push(run.id.clone());
            runs.push(run);
        } else {
            let text = format!("the workflow `{}` does not exist", start.workflow);
            event.why.push(Why::said(who.at, text));
            event.state = EventState::NeedsHuman;
        }
    }
    let known = scene.known.as_ref().map(|known| known.entity.clone());
    Ok(Decided {
        known: known.unwrap_or_else(|| nothing_known(&event)),
        event,
        person: Some(Changed::Updated(Box::new(person))),
        runs,
        task: None,
        read_again: None,
    })
}

/// Stands in for a candidacy where there is none; it is never written.
fn nothing_known(event: &Event) -> KnownCandidacy {
    let none = crate::ids::LeverId::parse("none").expect("the word is an id");
    let opportunity = event.opportunity.clone().unwrap_or(none);
    KnownCandidacy::unknown(opportunity, event.received_at)
}

/// The replay continues the event: its lines, its runs, with runs of their own.
fn numbered(mut decided: Decided, scene: &Scene, who: &Origin, how: How<'_>) -> Decided {
    let stored = &scene.event.entity;
    let number = stored.replays.saturating_add(1);
    let mut why = stored.why.clone();
    let text = match how {
        How { dry_run: true, .. } => "a replay would do:",
        How { answered: true, .. } => "whose it is was answered",
        _ => "replayed by hand",
    };
    why.push(Why::said(who.at, text));
    why.append(&mut decided.event.why);
    let mut runs = stored.runs.clone();
    for run in &mut decided.runs {
        let workflow = run.workflow.as_str();
        run.id = RunId::derived(&[stored.id.as_str(), workflow, &number.to_string()]);
        run.by_hand = false;
        run.replayed = !how.answered;
        run.requested_by = who.by_somebody();
        runs.push(run.id.clone());
    }
    decided.event = Event {
        person: decided.event.person.or_else(|| stored.person.clone()),
        state: decided.event.state,
        why,
        runs,
        replays: number,
        replayed_by: how.job.cloned(),
        ..stored.clone()
    };
    decided
}

async fn shown(
    ports: &Ports,
    scene: &Scene,
    decided: &Decided,
    held: &[Drift],
    who: &Origin,
    dry_run: bool,
) -> Result<Replayed, ReplayError> {
    let person = decided
        .person
        .as_ref()
        .map(|changed| changed.person().clone())
        .or_else(|| scene.person.as_ref().map(|person| person.entity.clone()));
    let mut effects = Vec::new();
    if let Some(person) = &person {
        let grants: Vec<Grant> = load::grants(ports, &person.id)
            .await?
            .into_iter()
            .map(|grant| grant.entity)
            .collect();
        let grants = with_seen(grants, held, &person.id, who.at);
        let desired = desired(person, &scene.company, who.at);
        for way in ways(&decided.runs) {
            effects.extend(plan(&person.id, &desired, &grants, &scene.company, way));
        }
    }
    Ok(Replayed {
        event: decided.event.clone(),
        runs: decided.runs.clone(),
        plan: effects,
        person,
        dry_run,
    })
}

/// Which ways the runs go, by their steps.
fn ways(runs: &[Run]) -> Vec<Way> {
    let has = |wanted: &str| {
        runs.iter()
            .flat_map(|run| &run.steps)
            .any(|step| step.kind() == wanted)
    };
    let give = has("grant").then_some(Way::Give);
    let take = has("revoke").then_some(Way::Take);
    give.into_iter().chain(take).collect()
}

async fn write_down(
    ports: &Ports,
    scene: &Scene,
    decided: Decided,
    held: &[Drift],
    who: &Origin,
) -> Result<(), ReplayError> {
    let mut changes = Changes::new(who.clone());
    changes.update(&Loaded {
        entity: decided.event.clone(),
        ..scene.event.clone()
    });
    match &scene.known {
        Some(known) => changes.update(&Loaded {
            entity: decided.known.clone(),
            ..known.clone()
        }),
        None if scene.candidacy.is_some() => changes.insert(&decided.known),
        None => {}
    }
    if let Some(changed) = &decided.person {
        write_person(ports, changed, &mut changes).await?;
        held::write(ports, changed.person(), held, &mut changes).await?;
        // Who is only matched again, on what was known, was not hired anew.
        let is_met = scene.answered || scene.is_met_anew();
        let is_hired = decided.event.kind == EventKind::Hired && decided.known.hired_at.is_some();
        if is_hired && is_met && matches!(changed, Changed::Updated(_)) {
            tasks::end_no_longer_hired(ports, &changed.person().id, &mut changes).await?;
        }
    }
    for run in &decided.runs {
        changes.insert(run);
    }
    if let Some(task) = &decided.task {
        tasks::ask(ports, task, &mut changes).await?;
    }
    let event = &decided.event;
    let stream = event
        .person
        .clone()
        .map_or(StreamId::Events, StreamId::Person);
    let new: Vec<&RunId> = decided.runs.iter().map(|run| &run.id).collect();
    let action = if scene.answered {
        "waiting event went on"
    } else {
        "event replayed"
    };
    let line = Line::new(stream, action, format!("event/{}", event.id));
    changes.say(line.after(json!({ "state": event.state, "runs": new })));
    say_values(event, &mut changes);
    Ok(ledger::commit(ports, changes).await?)
}
