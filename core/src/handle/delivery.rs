//! Looks into a delivery: reads Lever, and turns what is true there into events, persons and runs.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::audit::{Cause, StreamId};
use crate::catch_up::REGISTRATION;
use crate::changes::{Changes, Line, Origin};
use crate::claim::{Claim, Held, Holder};
use crate::company::Company;
use crate::event::{DeliveryState, Hint, KnownCandidacy, StoredDelivery};
use crate::ids::{LeverId, PersonId, derive};
use crate::intake::{Changed, Decided, Fact, Facts, Intake, Match, decide, facts};
use crate::lever::Candidacy;
use crate::person::{CanonicalEmail, Lifecycle, Person};
use crate::ports::{Ports, Reading, RemoteError};
use crate::retention::kept_since;
use crate::rule::EventKind;
use crate::store::{Key, Loaded, StoreError};

use super::events::say_event;
use super::offer::{self, ask_to_look};
use super::rosters::Rosters;
use super::{HandleError, candidate, held, ledger, load, tasks, wake};

/// How often a decision is made anew because something moved in between.
const TRIES: u32 = 10;

/// Seconds until Lever is asked again while it does not answer; the last one repeats for as long as it takes.
const LEVER_DOWN: [i64; 5] = [5, 15, 60, 180, 600];

/// Seconds until Lever is asked again that did not answer so often before.
pub(super) fn again_after(unanswered: u32) -> i64 {
    let place = usize::try_from(unanswered).unwrap_or(usize::MAX);
    LEVER_DOWN.get(place).copied().unwrap_or(600)
}

/// Looks into one delivery that is due.
///
/// # Errors
/// If the store did not do it; the delivery stays due.
pub async fn look(ports: &Ports, mut delivery: Loaded<StoredDelivery>) -> Result<(), HandleError> {
    let opportunity = delivery.entity.hint.opportunity.clone();
    let hint = delivery.entity.hint.event.clone();
    let source = match delivery.entity.hint.registration.as_str() {
        REGISTRATION => REGISTRATION,
        _ => "webhook",
    };
    let mut outcome = take_in(ports, &opportunity, &hint, source).await?;
    if matches!(outcome, Outcome::Erased) && is_hired_again(ports, &delivery.entity.hint).await? {
        outcome = Outcome::Hidden(HIRED_AGAIN);
    }
    if let Outcome::Down(error) = &outcome {
        let id = &delivery.entity.id;
        tracing::warn!(delivery.id = %id, %error, "Lever could not be read: what a webhook told of waits");
    }
    let now = ports.clock.now();
    settle(&mut delivery.entity, &outcome, now);
    let origin = Origin::sando(
        Cause::of("delivery", &delivery.entity.id),
        &delivery.entity.id,
        now,
    );
    let mut changes = Changes::new(origin);
    changes.update(&delivery);
    match outcome {
        Outcome::Hidden(why) => ask_to_look(ports, &opportunity, why, now, &mut changes).await?,
        Outcome::Facts(_) => offer::nobody_has_to_look(ports, &opportunity, &mut changes).await?,
        _ => {}
    }
    ledger::commit(ports, changes).await
}

const HIRED_AGAIN: &str = "the candidate was erased here and hired since: add the person by hand";

/// Does the hint tell that somebody was hired after they were erased here, and not in Lever?
async fn is_hired_again(ports: &Ports, hint: &Hint) -> Result<bool, HandleError> {
    let key = Key::Candidacy(hint.opportunity.clone());
    let known = ports.store.find::<KnownCandidacy>(&key).await?;
    let is_again = known.is_some_and(|known| known.entity.is_hired_again(hint.triggered_at));
    Ok(is_again && hint.event == "candidateHired")
}

/// What came of looking at an opportunity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// These are true; each is an event now, or was one before.
    Facts(Vec<Fact>),
    /// What was expected does not show.
    NotYet(&'static str),
    /// Only a human can see it.
    Hidden(&'static str),
    /// Lever did not answer.
    Down(RemoteError),
    /// Its person was erased: nothing follows from it any more.
    Erased,
}

fn settle(delivery: &mut StoredDelivery, outcome: &Outcome, now: Timestamp) {
    let later = |secs: i64| {
        now.saturating_add(SignedDuration::from_secs(secs))
            .unwrap_or(Timestamp::MAX)
    };
    let place = usize::try_from(delivery.looks).unwrap_or(usize::MAX);
    if !matches!(outcome, Outcome::Down(_)) {
        delivery.unanswered = 0;
    }
    match outcome {
        Outcome::Facts(facts) => {
            let hint = &delivery.hint;
            let explains = |fact: &&Fact| fact.explains(hint);
            let explained = facts.iter().find(explains);
            let fact = explained.or(facts.last());
            delivery.event = fact.map(|fact| fact.id.clone());
            let led_to = fact.map_or_else(String::new, |fact| format!("led to {}", fact.id));
            match StoredDelivery::LOOKS.get(place) {
                Some(secs) if explained.is_none() => {
                    delivery.why = format!("{led_to}, which is older than the webhook");
                    delivery.look_again(later(i64::from(*secs)));
                }
                _ => {
                    delivery.why = led_to;
                    delivery.close(DeliveryState::Done);
                }
            }
        }
        Outcome::Hidden(why) => {
            delivery.why = (*why).to_owned();
            delivery.close(DeliveryState::Done);
        }
        Outcome::NotYet(why) => {
            delivery.why = (*why).to_owned();
            match StoredDelivery::LOOKS.get(place) {
                Some(secs) => delivery.look_again(later(i64::from(*secs))),
                None => delivery.close(DeliveryState::NothingToDo),
            }
        }
        Outcome::Erased => {
            delivery.why = "the candidate was erased here: nothing follows from it".to_owned();
            delivery.close(DeliveryState::NothingToDo);
        }
        Outcome::Down(error) => {
            delivery.look_at = Some(later(again_after(delivery.unanswered)));
            delivery.unanswered = delivery.unanswered.saturating_add(1);
            delivery.why = format!("Lever could not be read: {error}");
        }
    }
}

/// Reads an opportunity and takes in every fact it shows: webhook, replay and catch-up all come here.
///
/// The version of what was known is loaded before Lever is read and checked when an event is committed, so an older
/// reading never overwrites a newer one.
///
/// # Errors
/// If the store did not do it.
pub async fn take_in(
    ports: &Ports,
    opportunity: &LeverId,
    hint: &str,
    source: &str,
) -> Result<Outcome, HandleError> {
    let mut tries = 0;
    loop {
        match take_in_once(ports, opportunity, hint, source).await {
            Err(HandleError::Store(StoreError::Conflict { .. })) if tries < TRIES => tries += 1,
            outcome => return outcome,
        }
    }
}

async fn take_in_once(
    ports: &Ports,
    opportunity: &LeverId,
    hint: &str,
    source: &str,
) -> Result<Outcome, HandleError> {
    let company = load::company(ports).await?;
    let key = Key::Candidacy(opportunity.clone());
    let stored = ports.store.find::<KnownCandidacy>(&key).await?;
    if stored.as_ref().is_some_and(|stored| stored.entity.erased) {
        return Ok(Outcome::Erased);
    }
    let reading = match ports.lever.read(opportunity, &company.needs()).await {
        Ok(reading) => reading,
        Err(error) => return Ok(Outcome::Down(error)),
    };
    let now = ports.clock.now();
    let mut known = stored.as_ref().map_or_else(
        || KnownCandidacy::unknown(opportunity.clone(), now),
        |stored| stored.entity.clone(),
    );
    if let Reading::Present(candidacy) = &reading {
        if known.is_newer_than(candidacy) {
            return Ok(Outcome::NotYet("Lever shows an older state than it did"));
        }
        known.saw(candidacy.updated_at);
    }
    let found = match facts(&reading, &known, hint, now) {
        Facts::NotYet(why) => return Ok(Outcome::NotYet(why)),
        Facts::Hidden(why) => return Ok(Outcome::Hidden(why)),
        Facts::True(found) => found,
    };
    let mut scene = Scene {
        company,
        stored,
        known,
        reading,
        source: source.to_owned(),
    };
    for fact in &found {
        if !is_known(ports, &scene, fact, now).await? {
            take_fact(ports, &mut scene, fact).await?;
        }
    }
    offer::renew(ports, &scene).await?;
    Ok(Outcome::Facts(found))
}

/// Is a fact an event already, or was it one that was kept for long enough?
async fn is_known(
    ports: &Ports,
    scene: &Scene,
    fact: &Fact,
    now: Timestamp,
) -> Result<bool, HandleError> {
    let days = scene.company.settings.retention.events_days;
    if scene.known.has_in_force(&fact.id) || fact.is_history(kept_since(now, days)) {
        return Ok(true);
    }
    let event = Key::Event(fact.id.clone());
    Ok(ports.store.get(&event).await?.is_some())
}

/// Everything read before a fact is decided about.
pub(super) struct Scene {
    pub(super) company: Company,
    pub(super) stored: Option<Loaded<KnownCandidacy>>,
    pub(super) known: KnownCandidacy,
    pub(super) reading: Reading,
    pub(super) source: String,
}

impl Scene {
    pub(super) fn candidacy(&self) -> Option<&Candidacy> {
        match &self.reading {
            Reading::Present(candidacy) => Some(candidacy),
            _ => None,
        }
    }
}

async fn take_fact(ports: &Ports, scene: &mut Scene, fact: &Fact) -> Result<(), HandleError> {
    let matched = candidate::matched(ports, &scene.known, scene.candidacy()).await?;
    let others = candidate::others(ports, scene.candidacy(), &matched).await?;
    let taken = candidate::taken(ports, &scene.company, scene.candidacy(), &matched).await?;
    let address = free_address(ports, scene, &matched).await?;
    let also_hired = still_hired(ports, scene, &matched).await?;
    let decided = decide(&Intake {
        fact,
        candidacy: scene.candidacy(),
        known: &scene.known,
        matched: matched.clone(),
        taken,
        others,
        company: &scene.company,
        fresh: fresh_person(ports),
        address,
        also_hired,
        source: &scene.source,
        now: ports.clock.now(),
    });
    let changes = write_down(ports, scene, &decided).await?;
    let origin = changes.origin.clone();
    ledger::commit(ports, changes).await?;
    if fact.kind != EventKind::Hired
        && let Some(changed) = &decided.person
    {
        // What still waits for somebody who is withdrawn, for a human perhaps, is looked at again.
        wake::runs_of(ports, &changed.person().id, &origin).await?;
    }
    // A second fact of the same reading is decided on what the first one left.
    scene.stored = ports
        .store
        .find(&Key::Candidacy(scene.known.opportunity.clone()))
        .await?;
    scene.known = decided.known;
    Ok(())
}

/// Another candidacy of the person that is still hired, since they last left: what it gives stays.
async fn still_hired(
    ports: &Ports,
    scene: &Scene,
    matched: &Match,
) -> Result<Option<LeverId>, HandleError> {
    let Match::One(person) = matched else {
        return Ok(None);
    };
    let known = &person.entity.identifiers.opportunities;
    let left = person.entity.left_before;
    for other in known
        .iter()
        .filter(|other| **other != scene.known.opportunity)
    {
        let key = Key::Candidacy(other.clone());
        let candidacy = ports.store.find::<KnownCandidacy>(&key).await?;
        if candidacy.is_some_and(|candidacy| candidacy.entity.is_hired_since(left)) {
            return Ok(Some(other.clone()));
        }
    }
    Ok(None)
}

/// The first address of the pattern that nobody has, for a person who has none.
async fn free_address(
    ports: &Ports,
    scene: &Scene,
    matched: &Match,
) -> Result<Option<String>, HandleError> {
    let has_one =
        matches!(matched, Match::One(person) if person.entity.text("work_email").is_some());
    let Some(candidacy) = scene.candidacy().filter(|_| !has_one) else {
        return Ok(None);
    };
    let mut attributes = scene.company.mapping.read(candidacy).attributes;
    if let Match::One(person) = matched {
        for (name, value) in person.entity.corrected.iter() {
            attributes.set(name.clone(), value.clone());
        }
    }
    address_from(ports, &scene.company, &attributes, 1).await
}

/// The first address from `number` on that nobody has claimed and no roster shows.
///
/// # Errors
/// If the store cannot be read.
pub async fn address_from(
    ports: &Ports,
    company: &Company,
    attributes: &crate::person::Attributes,
    number: u32,
) -> Result<Option<String>, HandleError> {
    let mut rosters = Rosters::of(ports);
    for number in number..number.saturating_add(200) {
        let Some(address) = company.mapping.address(attributes, number) else {
            return Ok(None);
        };
        let Ok(canonical) = CanonicalEmail::parse(&address) else {
            return Ok(None);
        };
        let claim = Key::Claim(Claim::address(&canonical));
        let is_claimed = ports.store.get(&claim).await?.is_some();
        if !is_claimed && rosters.under(&canonical).await?.is_empty() {
            return Ok(Some(address));
        }
    }
    Ok(None)
}

/// An id that says nothing about the person.
#[must_use]
pub fn fresh_person(ports: &Ports) -> PersonId {
    let mut bytes = [0_u8; 16];
    ports.chance.fill(&mut bytes);
    PersonId::derived(&[&hex::encode(bytes), &derive(&["person"])])
}

async fn write_down(
    ports: &Ports,
    scene: &Scene,
    decided: &Decided,
) -> Result<Changes, HandleError> {
    let event = &decided.event;
    let now = event.received_at;
    let mut changes = Changes::new(Origin::sando(Cause::of("event", &event.id), &event.id, now));
    changes.insert(event);
    match &scene.stored {
        Some(stored) => changes.update(&Loaded {
            entity: decided.known.clone(),
            ..stored.clone()
        }),
        None => changes.insert(&decided.known),
    }
    if let Some(changed) = &decided.person {
        let person = changed.person();
        write_person(ports, changed, &mut changes).await?;
        let before = load::person(ports, &person.id).await?;
        // Of whoever left, or has left after all, the day is that of the leaving.
        let is_of_leaving = |person: &Person| person.state == Lifecycle::Left;
        if let Some(before) = before.map(|before| before.entity)
            && !is_of_leaving(&before)
            && !is_of_leaving(person)
        {
            say_last_day(Some(&before), person, &mut changes);
        }
        let held = Box::pin(held::already(ports, changed, &scene.company)).await?;
        held::write(ports, changed.person(), &held, &mut changes).await?;
        let is_hired = event.kind == EventKind::Hired && decided.known.hired_at.is_some();
        if is_hired && matches!(changed, Changed::Updated(_)) {
            tasks::end_no_longer_hired(ports, &changed.person().id, &mut changes).await?;
        }
    }
    if let Some(other) = &decided.read_again {
        offer::soon(ports, other, &mut changes).await?;
    }
    for run in &decided.runs {
        changes.insert(run);
    }
    if let Some(task) = &decided.task {
        tasks::ask(ports, task, &mut changes).await?;
    }
    say_event(event, &mut changes);
    Ok(changes)
}

/// Writes a person with every claim that comes with them, and what changed, encrypted.
///
/// # Errors
/// If the store cannot be read.
pub async fn write_person(
    ports: &Ports,
    changed: &Changed,
    changes: &mut Changes,
) -> Result<(), HandleError> {
    let person = changed.person();
    let before = match changed {
        Changed::New(person) => {
            changes.insert(&**person);
            None
        }
        Changed::Updated(loaded) => {
            changes.update(loaded);
            load::person(ports, &person.id).await?
        }
    };
    for claim in claims_of_person(person) {
        let mine = Holder::Person(person.id.clone());
        match ports.store.find::<Held>(&Key::Claim(claim.clone())).await? {
            None => changes.insert(&Held {
                claim,
                holder: mine,
            }),
            // Taken since it was found free: choose another one.
            // Or known since to be somebody: match again, so that one human stays one person.
            Some(held)
                if held.entity.holder != mine
                    && (matches!(claim, Claim::Address(_)) || before.is_none()) =>
            {
                return Err(StoreError::Conflict {
                    key: Key::Claim(claim),
                }
                .into());
            }
            Some(_) => {}
        }
    }
    let shown =
        |person: &Person| json!({ "state": person.state, "attributes": person.effective() });
    let before = before.map(|before| shown(&before.entity));
    let after = shown(person);
    if before.as_ref() != Some(&after) {
        let action = if before.is_none() {
            "person added"
        } else {
            "person changed"
        };
        let line = Line::new(
            StreamId::Person(person.id.clone()),
            action,
            format!("person/{}", person.id),
        );
        changes.say(line.personal(before, Some(after)));
    }
    Ok(())
}

/// Says that the last day was set, moved or taken away.
pub fn say_last_day(before: Option<&Person>, after: &Person, changes: &mut Changes) {
    let before = before.and_then(|before| before.leaves_at);
    let action = match after.leaves_at {
        same if same == before => return,
        Some(_) => "termination set",
        None => "termination undone",
    };
    let shown = |at: Timestamp| json!({ "leaves_at": at });
    let stream = StreamId::Person(after.id.clone());
    let line = Line::new(stream, action, format!("person/{}", after.id));
    changes.say(line.personal(before.map(shown), after.leaves_at.map(shown)));
}

pub(super) fn claims_of_person(person: &Person) -> Vec<Claim> {
    let mut claims = Claim::all_of(&person.identifiers);
    let work = person.text("work_email");
    let work = work.and_then(|address| CanonicalEmail::parse(address).ok());
    claims.extend(work.as_ref().map(Claim::address));
    claims
}
