//! What runs in a world: workers and the ticker, which may die anywhere, and the people who make things happen.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::SignedDuration;
use sando_core::admin::approvals::{self, Answer};
use sando_core::approval::{ApprovalState, Decider};
use sando_core::audit::Cause;
use sando_core::changes::{Changes, Origin};
use sando_core::claim::{Claim, Held, Holder};
use sando_core::config::{ConfigItem, ConfigKind};
use sando_core::handle::lifecycle::{self, Leaving};
use sando_core::handle::{HandleError, catch_up, checkpoint, inbox, ledger, load, tick, work};
use sando_core::ids::{ApprovalId, EventId, PersonId};
use sando_core::lever::Archived;
use sando_core::person::{Lifecycle, Person};
use sando_core::rule::EventKind;
use sando_core::settings::{Pause, Paused};
use sando_core::store::{Key, Loaded};
use serde_json::json;

use super::clock::after;
use super::company;
use super::executor::Work;
use super::lever::{Entry, Opportunity, Standing};
use super::plan::{Deed, Human, Order, Planned, lever_id};
use super::queue::Message;
use super::world::World;

/// Handles messages, forever.
pub fn worker(world: &Arc<World>) -> Work {
    let world = Arc::clone(world);
    Box::pin(async move {
        loop {
            let (id, message) = world.queues.take().await;
            let handled = match &message {
                Message::Event(hint) => inbox::receive(&world.ports, (**hint).clone()).await,
                Message::Work(message) => work(&world.ports, message).await.map(drop),
            };
            match handled {
                Ok(()) => world.queues.delete(id),
                Err(error) => world.watch.tell(|| {
                    let source = std::error::Error::source(&error);
                    format!("a worker failed at {message:?}: {error} ({source:?})")
                }),
            }
            // A message of `work` may be lost at any time: what is due is found again.
            if matches!(message, Message::Work(_)) {
                world.queues.delete(id);
            }
        }
    })
}

/// Hands on what is due, once a minute; asks only when there is anything.
pub fn ticker(world: &Arc<World>) -> Work {
    let world = Arc::clone(world);
    Box::pin(async move {
        loop {
            let now = world.clock.shows();
            world.clock.until(after(now, Duration::from_secs(60))).await;
            let due = world.watch.next_due();
            if due.is_some_and(|due| due <= world.clock.shows()) {
                let grace = SignedDuration::from_secs(20);
                if let Err(error) = tick::tick(&world.ports, grace).await {
                    world.watch.tell(|| format!("the tick failed: {error}"));
                }
                if let Err(error) = checkpoint::take(&world.ports).await {
                    world
                        .watch
                        .tell(|| format!("the checkpoint failed: {error}"));
                }
            }
        }
    })
}

/// A process that was killed: it starts again after a while.
pub fn restarted(world: &Arc<World>, name: &str) -> Work {
    let down = world.chance.up_to(Duration::from_secs(90));
    let again = if name == "ticker" {
        ticker(world)
    } else {
        worker(world)
    };
    let world = Arc::clone(world);
    Box::pin(async move {
        let now = world.clock.shows();
        world.clock.until(after(now, down)).await;
        again.await;
    })
}

/// Writes the files of the company, and begins to poll Lever.
pub fn setup(world: &Arc<World>) -> Work {
    let world = Arc::clone(world);
    Box::pin(async move {
        for file in &world.files {
            write(&world, file.clone()).await;
        }
        while catch_up::begin(&world.ports).await.is_err() {
            let now = world.clock.shows();
            world.clock.until(after(now, Duration::from_secs(1))).await;
        }
    })
}

/// What happens to people, in order.
pub fn fortune(world: &Arc<World>) -> Work {
    let world = Arc::clone(world);
    Box::pin(async move {
        for human in &world.plan.humans {
            apply(&world, human);
        }
        for planned in &world.plan.deeds {
            world.clock.until(planned.at).await;
            happen(&world, planned).await;
        }
    })
}

fn apply(world: &World, human: &Human) {
    let standing = Standing {
        archived: None,
        deleted: false,
        stage: (lever_id("new"), world.start),
        starts_on: human.starts_on,
        department: human.department.clone(),
    };
    world.lever.apply(Opportunity {
        id: human.opportunity.clone(),
        contact: human.contact.clone(),
        name: human.name.clone(),
        email: human.email.clone(),
        life: vec![Entry {
            at: world.start,
            visible_at: world.start,
            standing,
        }],
    });
    if world.chance.happens(300) {
        world.call_webhook(
            "applicationCreated",
            &human.opportunity,
            &json!({ "change": "applied" }),
        );
    }
}

async fn happen(world: &World, planned: &Planned) {
    let Some(human) = world.plan.humans.get(planned.human) else {
        return;
    };
    world
        .watch
        .tell(|| format!("{:?} of {}", planned.deed, human.opportunity));
    let at = world.clock.shows();
    let archived = |hired: bool| Archived {
        at,
        reason: lever_id(if hired { "hired" } else { "unqualified" }),
        hired,
    };
    let to_archive = json!({ "toArchived": { "archivedAt": at.as_millisecond() } });
    let id = &human.opportunity;
    match planned.deed {
        Deed::Hire => {
            world
                .lever
                .becomes(id, |standing| standing.archived = Some(archived(true)));
            world.call_webhook("candidateHired", id, &json!({ "change": "hired" }));
            world.call_webhook("candidateArchiveChange", id, &to_archive);
        }
        Deed::Unhire => {
            world.lever.becomes(id, |standing| standing.archived = None);
            world.call_webhook("candidateArchiveChange", id, &json!({ "toArchived": null }));
        }
        Deed::Reject => {
            world
                .lever
                .becomes(id, |standing| standing.archived = Some(archived(false)));
            world.call_webhook("candidateArchiveChange", id, &to_archive);
        }
        Deed::Delete => {
            world.lever.becomes(id, |standing| standing.deleted = true);
            world.call_webhook("candidateDeleted", id, &json!({ "change": "deleted" }));
        }
        Deed::Move(days) => {
            let hired = world.lever.opportunity(id);
            let last = hired.and_then(|hired| hired.life.last().cloned());
            if last.is_some_and(|last| last.standing.is_hired()) {
                let days = jiff::Span::new().days(days);
                world.lever.becomes(id, |standing| {
                    standing.starts_on = standing.starts_on.saturating_add(days);
                });
            }
        }
        Deed::Advance => {
            world
                .lever
                .becomes(id, |standing| standing.stage = (lever_id("offer"), at));
            // What no webhook tells is found by polling.
            if world.chance.happens(500) {
                world.call_webhook("candidateStageChange", id, &json!({ "change": "moved" }));
            }
        }
        Deed::Lie => world.call_webhook("candidateHired", id, &json!({ "change": "a lie" })),
        Deed::Terminate => terminate(world, planned.human, human).await,
    }
}

/// Whom a human is to Sando.
///
/// # Errors
/// If the store does not answer.
pub async fn known(world: &World, human: &Human) -> Result<Option<PersonId>, HandleError> {
    let claim = Key::Claim(Claim::Contact(human.contact.clone()));
    let held = world.ports.store.find::<Held>(&claim).await?;
    Ok(match held.map(|held| held.entity.holder) {
        Some(Holder::Person(id)) => Some(id),
        _ => None,
    })
}

async fn terminate(world: &World, number: usize, human: &Human) {
    loop {
        match try_to_terminate(world, human).await {
            Ok(true) => {
                let mut all = world
                    .terminated
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                all.push((number, world.clock.shows()));
                return;
            }
            Ok(false) => return,
            Err(_) => {
                let now = world.clock.shows();
                world.clock.until(after(now, Duration::from_secs(1))).await;
            }
        }
    }
}

/// Answers whether the person is left now; false if there is nobody to terminate.
async fn try_to_terminate(world: &World, human: &Human) -> Result<bool, HandleError> {
    let Some(id) = known(world, human).await? else {
        return Ok(false);
    };
    let Some(person) = load::person(&world.ports, &id).await? else {
        return Ok(false);
    };
    if person.entity.state == Lifecycle::Left {
        return Ok(true);
    }
    if !person.entity.state.may_receive() {
        return Ok(false);
    }
    let at = world.clock.shows();
    let leaving = Leaving {
        at,
        by_hand: true,
        source: "api",
    };
    let mut origin = Origin::sando(Cause::of("api", "terminate"), &id, at);
    origin.actor = "local-admin".to_owned();
    lifecycle::leave(&world.ports, person, leaving, origin).await?;
    Ok(true)
}

/// Those who are asked for approvals: they say yes, say no, or nothing at all.
pub fn approvers(world: &Arc<World>) -> Work {
    let world = Arc::clone(world);
    Box::pin(async move {
        loop {
            let wait = world.chance.up_to(Duration::from_secs(6 * 3600));
            world.clock.until(after(world.clock.shows(), wait)).await;
            let waiting: Vec<ApprovalId> = world
                .watch
                .seen()
                .approvals
                .values()
                .filter(|approval| approval.state == ApprovalState::Waiting)
                .map(|approval| approval.id.clone())
                .collect();
            for id in waiting {
                decide(&world, &id).await;
            }
        }
    })
}

async fn decide(world: &World, id: &ApprovalId) {
    let answer = match world.chance.below(10) {
        0..=4 => Answer::Approve,
        5..=6 => Answer::Reject,
        _ => return,
    };
    let it = Decider {
        actor: "key:it".to_owned(),
        names: ["it".to_owned()].into(),
        is_admin: false,
    };
    let mut who = Origin::sando(Cause::of("api", "decide"), id, world.clock.shows());
    who.actor.clone_from(&it.actor);
    let decided = approvals::decide(&world.ports, &who, &it, id, &answer, "a reason").await;
    world
        .watch
        .tell(|| format!("{answer:?} of {id}: {:?}", decided.err()));
}

/// What administrators do, in order.
pub fn office(world: &Arc<World>) -> Work {
    let world = Arc::clone(world);
    Box::pin(async move {
        for (at, order) in &world.plan.orders {
            world.clock.until(*at).await;
            world.watch.tell(|| format!("{order:?}"));
            match order {
                Order::Pause => write(&world, paused(&world)).await,
                Order::Resume => {
                    let now = world.clock.shows();
                    let file = json!(Pause::default());
                    write(&world, company::file(ConfigKind::Pause, "pause", file, now)).await;
                }
                Order::Edit => edit(&world).await,
            }
        }
    })
}

fn paused(world: &World) -> ConfigItem {
    let now = world.clock.shows();
    let pause = Pause {
        all: Some(Paused {
            since: now,
            by: "local-admin".to_owned(),
            reason: "a test".to_owned(),
        }),
        ..Pause::default()
    };
    company::file(ConfigKind::Pause, "pause", json!(pause), now)
}

/// Writes a file of configuration, however long it takes.
async fn write(world: &World, item: ConfigItem) {
    while try_to_write(world, &item).await.is_err() {
        let now = world.clock.shows();
        world.clock.until(after(now, Duration::from_secs(1))).await;
    }
}

async fn try_to_write(world: &World, item: &ConfigItem) -> Result<(), HandleError> {
    let key = Key::Config(item.kind, item.id.clone());
    let stored = world.ports.store.find::<ConfigItem>(&key).await?;
    let now = world.clock.shows();
    let mut changes = Changes::new(Origin::sando(Cause::of("api", "put"), "put", now));
    match stored {
        Some(stored) => changes.update(&Loaded {
            entity: item.clone(),
            ..stored
        }),
        None => changes.insert(item),
    }
    ledger::commit(&world.ports, changes).await
}

/// Edits a policy, and lets everybody whom it may concern have the difference.
async fn edit(world: &World) {
    let names: Vec<String> = world
        .apps
        .all()
        .map(|app| app.character.app.to_string())
        .collect();
    let name = world.chance.one_of(&names);
    let now = world.clock.shows();
    let policy = company::policy(name, 1);
    write(world, company::file(ConfigKind::Policy, name, policy, now)).await;
    let people: Vec<PersonId> = world.watch.seen().people.keys().cloned().collect();
    for id in people {
        while change(world, &id).await.is_err() {
            let now = world.clock.shows();
            world.clock.until(after(now, Duration::from_secs(1))).await;
        }
    }
}

async fn change(world: &World, id: &PersonId) -> Result<(), HandleError> {
    let event = EventId::derived(&["edited", id.as_str()]);
    let known = world.ports.store.get(&Key::Event(event.clone())).await?;
    let person: Option<Loaded<Person>> = load::person(&world.ports, id).await?;
    let Some(person) = person.filter(|person| person.entity.state.may_receive()) else {
        return Ok(());
    };
    if known.is_some() {
        return Ok(());
    }
    let now = world.clock.shows();
    let company = load::company(&world.ports).await?;
    let event =
        lifecycle::person_event(event, EventKind::PersonChanged, "api", &person.entity, now);
    let origin = Origin::sando(Cause::of("api", "policy"), id, now);
    lifecycle::start(&world.ports, person, event, &company, false, origin).await
}
